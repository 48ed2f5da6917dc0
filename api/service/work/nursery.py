"""Where workers come from: a template process that has loaded the rooms once, and forks."""

import os
import socket
import subprocess
import sys
from contextlib import suppress
from multiprocessing.connection import Connection
from threading import Lock

from api.service.work.template import FORK, NUMBER, WAIT
from api.service.work.worker_process import WorkerProcess

START_UP_S = 60.0
_FEW_ARENAS = {"MALLOC_ARENA_MAX": "2", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}


class Nursery:
    """Starts workers; the template itself is started when the first one is wanted, and anew if it dies."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._template: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None

    def warm(self) -> None:
        """Start the template; it loads its rooms while others go on."""
        with self._lock:
            self._ready()

    def start(self) -> WorkerProcess:
        """A fresh worker. Raises OSError where the system gives no process."""
        ours, theirs = socket.socketpair()
        errors = os.memfd_create("skb worker errors")
        try:
            pid = self._ask(FORK + bytes(NUMBER.size), [theirs.fileno(), errors])
        except OSError:
            ours.close()
            os.close(errors)
            raise
        finally:
            theirs.close()
        return WorkerProcess(pid, Connection(ours.detach()), errors, self._wait)

    def close(self) -> None:
        """End the template, and with it every worker."""
        with self._lock:
            self._drop()

    def _wait(self, pid: int) -> int | None:
        """How a process that ends ended, as `os.waitpid` tells it; None where the template is gone."""
        try:
            return self._ask(WAIT + NUMBER.pack(pid), [])
        except OSError:
            return None

    def _ask(self, message: bytes, descriptors: list[int]) -> int:
        with self._lock:
            control = self._ready() if message[:1] == FORK else self._control
            if control is None:
                raise ConnectionError("the template is gone")
            try:
                socket.send_fds(control, [message], descriptors)
                said = control.recv(NUMBER.size, socket.MSG_WAITALL)
                if len(said) < NUMBER.size:
                    raise ConnectionError("the template is gone")
            except OSError:
                self._drop()
                raise
            (number,) = NUMBER.unpack(said)
            return int(number)

    def _ready(self) -> socket.socket:
        if self._template is not None and self._template.poll() is not None:
            self._drop()
        if self._control is None:
            ours, theirs = socket.socketpair()
            with theirs:
                self._template = subprocess.Popen(
                    [sys.executable, "-m", "api.service.work.template", str(theirs.fileno())],
                    pass_fds=[theirs.fileno()],
                    stdin=subprocess.DEVNULL,
                    start_new_session=True,
                    env={**os.environ, **_FEW_ARENAS},
                )
            ours.settimeout(START_UP_S)
            self._control = ours
        return self._control

    def _drop(self) -> None:
        if self._control is not None:
            self._control.close()
            self._control = None
        if self._template is not None:
            with suppress(ProcessLookupError):
                self._template.kill()
            self._template.wait()
            self._template = None
