"""A worker as the service sees it: a line to a process that can be asked and killed."""

import logging
import os
import signal
from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from multiprocessing.connection import Connection
from threading import Lock
from time import monotonic
from typing import Any

from api.failures import BadRequest, TimeIsUp
from api.service.work.failures import MemoryIsUp, WorkerDied
from api.service.work.orders import MachineAt, MachineKey, Order, Word
from api.service.work.worker import HELD_MACHINES

GRACE_S = 2.0
READING_S = 60.0
_SHOWN_ERRORS = 4000
_NO_MEMORY = ("bad_alloc", "Cannot allocate memory", "Resource temporarily unavailable", "MemoryError")

_log = logging.getLogger(__name__)

Hear = Callable[[Mapping[str, Any]], None]


class WorkerProcess:
    """Asked by one thread at a time; `kill` may come from any."""

    def __init__(self, pid: int, line: Connection, errors: int, wait: Callable[[int], int | None]) -> None:
        self.pid = pid
        self.orders = 0
        self.is_usable = True
        self._line, self._errors, self._wait = line, errors, wait
        self._held: OrderedDict[MachineKey, None] = OrderedDict()
        self._lock = Lock()
        self._is_over = False

    def holds(self, machine: MachineAt) -> bool:
        return machine.key in self._held

    def is_alive(self) -> bool:
        """Whether an idle worker still listens: it says nothing unless asked, so that only its end can be read."""
        return not self._line.poll(0)

    def ask(self, order: Order, seconds: float, hear: Hear) -> Any:
        """The answer to an order.

        Raises TimeIsUp (the worker is killed), MemoryIsUp, WorkerDied, and what the task refuses as BadRequest.
        """
        self.orders += 1
        try:
            self._line.send(self._lightened(order))
            word = self._hear_out(seconds, hear)
        except (EOFError, OSError) as error:
            raise self._obituary(order) from error
        if word is None:
            self.end()
            raise TimeIsUp(
                f"the work was ended after {seconds:g} s; less of it is accepted", details={"seconds": seconds}
            )
        if word.kind == "answer":
            return word.content
        self._held.clear()
        raise self._failure(*word.content)

    def kill(self) -> None:
        """End the process, whatever it does; who waits for its answer is told that it died."""
        with self._lock:
            self._kill()

    def end(self) -> int | None:
        """Kill and bury; how it ended, None where it was over already."""
        with self._lock:
            if self._is_over:
                return None
            self._kill()
            self._is_over = True
        status = self._wait(self.pid)
        self._line.close()
        os.close(self._errors)
        return status

    def _kill(self) -> None:
        self.is_usable = False
        if not self._is_over:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)

    def resident_bytes(self) -> int:
        with suppress(OSError), open(f"/proc/{self.pid}/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        return 0

    def _hear_out(self, seconds: float, hear: Hear) -> Word | None:
        """The last word; None where time is up, which counts from when the machines are read."""
        deadline = monotonic() + READING_S
        while self._line.poll(max(0.0, deadline - monotonic())):
            word: Word = self._line.recv()
            if word.kind == "ready":
                deadline = monotonic() + seconds + GRACE_S
            elif word.kind == "event":
                hear(word.content)
            else:
                return word
        return None

    def _lightened(self, order: Order) -> Order:
        """The order without the snapshots that the worker holds; keeps the same book as the worker's shelf."""
        machines = []
        for one in order.machines:
            machines.append(replace(one, snapshot=None) if one.key in self._held else one)
            self._held[one.key] = None
            self._held.move_to_end(one.key)
            while len(self._held) > HELD_MACHINES:
                self._held.popitem(last=False)
        return replace(order, machines=tuple(machines))

    def _failure(self, code: str, message: str, details: dict[str, object], fault: str) -> Exception:
        if fault == "ours":
            return RuntimeError(f"in a worker: {message}")
        if fault == "limit":
            self.is_usable = False
            return MemoryIsUp(message, code=code, details=details)
        return BadRequest(message, code=code, details=details)

    def _obituary(self, order: Order) -> Exception:
        errors = self._last_errors()
        status = self.end()
        if any(sign in errors for sign in _NO_MEMORY):
            return MemoryIsUp(
                f"the work needed more than the {order.memory_bytes} bytes of memory that it was given",
                details={"memory_bytes": order.memory_bytes},
            )
        if status is None or (os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL):
            return WorkerDied(
                "the process of the work was ended from outside; it may be asked again", details={"retry_after_s": 1}
            )
        _log.error("a worker crashed (status %s) in %s: %s", status, order.task, errors)
        return WorkerDied("the process of the work crashed; other requests are not concerned", code="worker_crashed")

    def _last_errors(self) -> str:
        with self._lock:
            if self._is_over:
                return ""
            size = os.fstat(self._errors).st_size
            return os.pread(self._errors, _SHOWN_ERRORS, max(0, size - _SHOWN_ERRORS)).decode(errors="replace")
