"""User-level threads: what a dispatcher runs while it has the core."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kernelsim.core.dispatcher import Dispatcher


class UserThread:
    """A thread of one dispatcher. Subclasses say what it does with the core; times are absolute picoseconds.

    `start(now, runs_from)` is its dispatch at `now`: it computes from `runs_from` on, when the switch is
    over. `settle(now)` brings its books up to date, `reconsider()` asks it to think again because its core
    has changed.
    """

    __slots__ = ("blocked", "dispatcher", "yielded_in")

    def __init__(self) -> None:
        self.dispatcher: Dispatcher
        self.blocked = False
        self.yielded_in = -1

    def start(self, now: int, runs_from: int) -> None:
        """It has the core."""
        raise NotImplementedError

    def stop(self, now: int) -> None:
        """It has lost the core."""
        raise NotImplementedError

    def settle(self, now: int) -> None:
        """Account for the time up to `now`."""

    def reconsider(self) -> None:
        """Other dispatchers have come to its core, or left it."""

    def progress(self, now: int) -> int:
        """Iterations done by `now`, as far as they are this thread's own."""
        return 0
