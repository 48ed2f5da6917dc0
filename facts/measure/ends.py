"""The two ends of a visit: threads, each on a core of its own, that exchange cache lines."""

from __future__ import annotations

import ctypes
import mmap
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from threading import Barrier, BrokenBarrierError
from typing import Any, NamedTuple

from facts.measure.loops import LINE_BYTES, PING, PONG, RING_LINES, SINK, STREAM, Burst, Loops
from facts.reading import ReadError

PATIENCE = 1 << 26
"""Polls in vain before an end gives up on the other: 20 ms to 0.5 s, longer than a scheduler's time slice."""

_RECEIVER = {PING: PONG, STREAM: SINK}
_BACK = 2 * RING_LINES * LINE_BYTES
_BYTES = _BACK + LINE_BYTES


class Plan(NamedTuple):
    """A burst to be carried out: `sender` is PING (round trips) or STREAM; `by` is 0 or 1, the CPU that sends."""

    sender: int
    by: int
    batches: int
    rounds: int


@dataclass(frozen=True, slots=True)
class Ends:
    """Two threads outside Python's lock; they end with the process, whatever ends it."""

    loops: Loops
    _threads: ThreadPoolExecutor
    _start: Barrier

    def visit(self, cpus: tuple[int, int], plans: Sequence[Plan]) -> list[list[int]]:
        """Return, for each plan, the duration of each batch in ns of the sending CPU's clock.

        `cpus` are OS indices. A batch before the first, in which the other end arrives, is not counted; batches that
        an end gave up are missing. Raises ReadError (code "cannot_pin").
        """
        prepared = [_Prepared(plan, self.loops.read_clock) for plan in plans]
        running = [
            self._threads.submit(self._run, cpu, [each.parts[end] for each in prepared]) for end, cpu in enumerate(cpus)
        ]
        completed = [each.result() for each in running]
        return [each.durations_ns(completed[each.by][at]) for at, each in enumerate(prepared)]

    def _run(self, cpu: int, parts: Sequence[Burst]) -> list[int]:
        """Carry out one end's parts; the number of batches completed of each.

        Both ends start together: one that spun before the other was sent for could keep the sender from its CPU.
        """
        try:
            os.sched_setaffinity(0, {cpu})
        except OSError as error:
            self._start.abort()
            raise ReadError(
                "cannot_pin",
                f"A thread cannot be kept on CPU {cpu} ({error.strerror}); a host where sched_setaffinity is allowed "
                "and the CPU stays online is accepted.",
                {"cpu": cpu},
            ) from error
        try:
            self._start.wait()
        except BrokenBarrierError:
            return [0] * len(parts)
        return [self.loops.run(ctypes.byref(part)) for part in parts]


class _Prepared:
    """The memory of one burst; a fresh private page lies on the node of the CPU that first writes to it, the sender."""

    def __init__(self, plan: Plan, read_clock: int) -> None:
        self.by = plan.by
        page = mmap.mmap(-1, _BYTES, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        self._lines = ctypes.c_char.from_buffer(page)
        self._stamps = (ctypes.c_ulonglong * (plan.batches + 2))()
        there = ctypes.addressof(self._lines)
        shared: dict[str, Any] = {
            "there": there,
            "back": there + _BACK,
            "first": 1,
            "batches": plan.batches + 1,
            "rounds": plan.rounds,
            "patience": PATIENCE,
            "read_clock": read_clock,
            "stamps": ctypes.addressof(self._stamps),
        }
        roles = (plan.sender, _RECEIVER[plan.sender])
        self.parts = [Burst(role=role, **shared) for role in (roles if plan.by == 0 else roles[::-1])]

    def durations_ns(self, completed: int) -> list[int]:
        """Return the durations of the batches that were completed, without the first."""
        return [after - before for before, after in pairwise(self._stamps[: completed + 1])][1:]


@contextmanager
def two_ends(loops: Loops) -> Iterator[Ends]:
    """Start the threads; they have ended when the block is left."""
    with ThreadPoolExecutor(2, thread_name_prefix="skb-measure") as threads:
        start = Barrier(2)
        try:
            yield Ends(loops, threads, start)
        finally:
            start.abort()
