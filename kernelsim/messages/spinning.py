"""How long to poll before blocking: for a fixed time, or as the last waits suggest."""

from collections import deque
from typing import Protocol

from kernelsim.errors import ScenarioError


class SpinRule(Protocol):
    """Asked before each wait for a window, told when a message was there; times in picoseconds."""

    def window_ps(self) -> int:
        """How long to poll this time."""

    def waited(self, duration_ps: int) -> None:
        """A message was there after so long, whether anybody polled still or not."""


class FixedSpin:
    """The same window each time. With the cost of a block as window, no wait costs more than twice what it must
    (dissertation, section 2.6.3; Karlin and others, 1991).
    """

    __slots__ = ("_window_ps",)

    def __init__(self, window_ps: int) -> None:
        _check("a spin window", window_ps, least=0)
        self._window_ps = window_ps

    def window_ps(self) -> int:
        """Always the same."""
        return self._window_ps

    def waited(self, duration_ps: int) -> None:
        """It learns nothing."""


class AdaptiveSpin:
    """The window that would have cost least over the last `memory` waits, at most the cost of a block.

    Windows worth trying are none, the waits themselves, and the cost of a block; of equal ones the longest, so that it
    begins with a block's. A single wait costs at most a window and a block, twice a block (Karlin and others, 1991).
    """

    __slots__ = ("_block_ps", "_last")

    def __init__(self, block_ps: int, memory: int = 16) -> None:
        _check("the cost of a block", block_ps, least=1)
        _check("a memory of waits", memory, least=1)
        self._block_ps = block_ps
        self._last: deque[int] = deque(maxlen=memory)

    def window_ps(self) -> int:
        """What the last waits suggest."""
        windows = {0, self._block_ps, *(wait for wait in self._last if wait < self._block_ps)}
        return min(windows, key=lambda window: (self._cost(window), -window))

    def waited(self, duration_ps: int) -> None:
        """Remember it; the oldest is forgotten."""
        self._last.append(duration_ps)

    def _cost(self, window_ps: int) -> int:
        return sum(wait if wait <= window_ps else window_ps + self._block_ps for wait in self._last)


def _check(what: str, value: int, least: int) -> None:
    if value < least:
        raise ScenarioError("bad_spin", f"{what} of {value}; accepted: {least} or more")
