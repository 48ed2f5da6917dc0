"""A signal: raised once by one core, seen by each other one when the line has come over."""

from collections.abc import Sequence
from typing import Protocol

from kernelsim.engine import Engine


class Waiter(Protocol):
    """Who waits for a signal."""

    @property
    def core(self) -> int: ...
    def told(self, seen_ps: int) -> None: ...


class Signal:
    """`line_ps[a][b]` is how long b needs to see what a has written. Once raised it stays so."""

    __slots__ = ("_engine", "_line_ps", "_raised", "_waiters")

    def __init__(self, engine: Engine, line_ps: Sequence[Sequence[int]]) -> None:
        self._engine = engine
        self._line_ps = line_ps
        self._raised: tuple[int, int] | None = None
        self._waiters: list[Waiter] = []

    @property
    def is_raised(self) -> bool:
        """Whether somebody has raised it, seen or not."""
        return self._raised is not None

    def raise_from(self, core: int) -> None:
        """Raise it now on `core`; those who wait are told when they will see it."""
        if self._raised is not None:
            return
        self._raised = (self._engine.now, core)
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            waiter.told(self._engine.now + self._line_ps[core][waiter.core])

    def raise_at(self, time_ps: int, core: int) -> None:
        """Raise it on `core` at a time to come."""
        self._engine.at(time_ps, lambda: self.raise_from(core))

    def seen_ps(self, core: int) -> int | None:
        """From when on `core` sees it raised; None while it is not."""
        if self._raised is None:
            return None
        raised_ps, source = self._raised
        return raised_ps + self._line_ps[source][core]

    def join(self, waiter: Waiter) -> None:
        """Tell `waiter` once it is raised."""
        self._waiters.append(waiter)

    def leave(self, waiter: Waiter) -> None:
        """Tell `waiter` nothing any more."""
        if waiter in self._waiters:
            self._waiters.remove(waiter)
