"""The two ends of a burst: threads, each on a core of its own, that exchange cache lines."""

from __future__ import annotations

import ctypes
import mmap
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise

from facts.measure.loops import LINE_BYTES, PING, PONG, RING_LINES, SINK, STREAM, Burst, Loops
from facts.reading import ReadError

PATIENCE = 1 << 26
"""Polls in vain before an end gives up on the other: 20 ms to 0.5 s, longer than a scheduler's time slice."""

_BACK = 2 * RING_LINES * LINE_BYTES
_BYTES = _BACK + LINE_BYTES


@dataclass(frozen=True, slots=True)
class Ends:
    """Two threads outside Python's lock; they end with the process, whatever ends it."""

    loops: Loops
    _threads: ThreadPoolExecutor

    def ping(self, src: int, dst: int, batches: int, rounds: int) -> list[int]:
        """Return the duration of each batch of `rounds` round trips, in ns of the clock on the CPU `src`.

        A batch before them, in which the other end wakes, is not counted; batches that one of the ends gave up are
        missing. `src` and `dst` are OS indices.
        """
        return self._burst(PING, PONG, src, dst, batches, rounds)

    def stream(self, src: int, dst: int, batches: int, rounds: int) -> list[int]:
        """Return the duration of each batch of `rounds` messages from `src` to `dst` through a ring of lines."""
        return self._burst(STREAM, SINK, src, dst, batches, rounds)

    def _burst(self, sender: int, receiver: int, src: int, dst: int, batches: int, rounds: int) -> list[int]:
        # A fresh private page lies in the memory of the node that writes to it first: the sender's.
        page = mmap.mmap(-1, _BYTES, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        there = ctypes.addressof(ctypes.c_char.from_buffer(page))
        stamps = (ctypes.c_ulonglong * (batches + 2))()
        parts = [
            Burst(
                role=role,
                there=there,
                back=there + _BACK,
                first=1,
                batches=batches + 1,
                rounds=rounds,
                patience=PATIENCE,
                read_clock=self.loops.read_clock,
                stamps=ctypes.addressof(stamps),
            )
            for role in (receiver, sender)
        ]
        placed = zip((dst, src), parts, strict=True)
        running = [self._threads.submit(_run_pinned, self.loops, cpu, part) for cpu, part in placed]
        _, completed = (each.result() for each in running)
        durations = [after - before for before, after in pairwise(stamps[: completed + 1])]
        return durations[1:]


@contextmanager
def two_ends(loops: Loops) -> Iterator[Ends]:
    """Start the threads; they have ended when the block is left."""
    with ThreadPoolExecutor(2, thread_name_prefix="skb-measure") as threads:
        yield Ends(loops, threads)


def _run_pinned(loops: Loops, cpu: int, part: Burst) -> int:
    try:
        os.sched_setaffinity(0, {cpu})
    except OSError as error:
        raise ReadError(
            "cannot_pin",
            f"A thread cannot be kept on CPU {cpu} ({error.strerror}); a host where sched_setaffinity is allowed "
            "and the CPU stays online is accepted.",
            {"cpu": cpu},
        ) from error
    return loops.run(ctypes.byref(part))
