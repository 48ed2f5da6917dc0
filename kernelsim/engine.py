"""The heart of the simulator: events in the order of time, rank and request."""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from heapq import heapify, heappop, heappush

ARRIVAL, REQUEST, LOOK, EVALUATION = 0, 1 << 19, 1 << 20, 2 << 20
"""Ranks within one instant: first what arrives, then what a scenario asks for, then what CPU drivers decide, then what
programs make of it.

Rank + core number orders the cores within a rank."""


Ask = Callable[[], bool]


def never() -> bool:
    """No."""
    return False


class Engine:
    """Integer time in picoseconds; only the engine moves it. Equal inputs give equal runs."""

    __slots__ = ("_count", "_heap", "_is_asked_to_stop", "executed", "is_stopped", "now", "skipped")

    def __init__(self, is_asked_to_stop: Ask = never) -> None:
        """`is_asked_to_stop` is asked now and then whether a run should end before its time."""
        self._is_asked_to_stop = is_asked_to_stop
        self.is_stopped = False
        self.now = 0
        self.executed = 0
        """Events carried out."""
        self.skipped = 0
        """Events that closed forms stand for."""
        self._heap: list[tuple[int, int, int, Callable[[], None] | None]] = []
        self._count = 0

    def at(self, time_ps: int, action: Callable[[], None], rank: int = ARRIVAL) -> None:
        """Carry out `action` at `time_ps`, not before now. There is no cancelling: a stale action finds that
        it is.
        """
        self._count += 1
        heappush(self._heap, (time_ps, rank, self._count, action))

    def run(self, until_ps: int) -> None:
        """Carry out all events up to, but not including, `until_ps`, which then is now; or, asked to stop, those up to
        now.
        """
        if self.is_stopped:
            return
        end = (until_ps, _BEFORE_ALL, 0, None)
        heappush(self._heap, end)
        with rarely_collected():
            while self._run_some():
                if self._is_asked_to_stop():
                    self.is_stopped = True
                    self._heap.remove(end)
                    heapify(self._heap)
                    return
        self.now = until_ps

    def _run_some(self) -> bool:
        """Whether there are events left before the end, which has no action."""
        heap, pop = self._heap, heappop
        for executed in range(_ASK_EVERY):
            time_ps, _, _, action = pop(heap)
            if action is None:
                self.executed += executed
                return False
            self.now = time_ps
            action()
        self.executed += _ASK_EVERY
        return True


_BEFORE_ALL = -1
"""A rank that comes before all others of its instant."""
_ASK_EVERY = 10_000
"""Events between two questions whether to stop."""
_COLLECT_EVERY = 200_000
"""Objects. A run makes next to no garbage in cycles, but a trace that grows is walked at every collection."""


@contextmanager
def rarely_collected() -> Iterator[None]:
    """Collect cycles seldom meanwhile."""
    before = gc.get_threshold()
    gc.set_threshold(max(before[0], _COLLECT_EVERY) if before[0] else 0, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
