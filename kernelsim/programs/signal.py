"""A signal: raised once by one core, seen by each other one when the line has come over."""

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from kernelsim.engine import Engine
from kernelsim.errors import clock_error


class Waiter(Protocol):
    """Who waits for a signal."""

    @property
    def core(self) -> int: ...
    def told(self, seen_ps: int) -> None: ...


class Signal:
    """`line_ps[a][b]` is how long b needs to see what a has written; without it all see it at once. Once raised it
    stays so, and who has raised it has seen it.
    """

    __slots__ = ("_engine", "_is_due", "_line_ps", "_raised", "_waiters", "raiser", "what")

    def __init__(self, engine: Engine, line_ps: Sequence[Sequence[int]] | None = None, what: str = "a signal") -> None:
        self.what = what
        self.raiser: Callable[[], str | None] | None = None
        """Names the one thread that can raise it, where that is known."""
        self._engine = engine
        self._line_ps = line_ps
        self._is_due = False
        self._raised: tuple[int, int] | None = None
        self._waiters: list[Waiter] = []

    @property
    def is_raised(self) -> bool:
        """Whether somebody has raised it, seen or not."""
        return self._raised is not None

    @property
    def will_be_raised(self) -> bool:
        """Whether it is, or will be whatever programs do: a time that comes, a message on its way."""
        return self._is_due or self._raised is not None

    def promise(self) -> None:
        """It will be raised whatever programs do."""
        self._is_due = True

    def raise_from(self, core: int) -> None:
        """Raise it now on `core`; those who wait are told when they will see it."""
        if self._raised is not None:
            return
        self._raised = (self._engine.now, core)
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            waiter.told(self._engine.now + self._delay_ps(core, waiter.core))

    def raise_at(self, time_ps: int, core: int) -> None:
        """Raise it on `core` at a time to come. Raises ScenarioError for a time that has passed."""
        if time_ps < self._engine.now:
            raise clock_error(f"{self.what} raised at {time_ps} ps", self._engine.now, core)
        self.promise()
        self._engine.at(time_ps, lambda: self.raise_from(core))

    def seen_ps(self, core: int) -> int | None:
        """From when on `core` sees it raised; None while it is not."""
        if self._raised is None:
            return None
        raised_ps, source = self._raised
        return raised_ps + self._delay_ps(source, core)

    def join(self, waiter: Waiter) -> None:
        """Tell `waiter` once it is raised."""
        self._waiters.append(waiter)

    def leave(self, waiter: Waiter) -> None:
        """Tell `waiter` nothing any more."""
        if waiter in self._waiters:
            self._waiters.remove(waiter)

    def _delay_ps(self, source: int, core: int) -> int:
        return 0 if self._line_ps is None or source == core else self._line_ps[source][core]


class FirstOf(Signal):
    """Raised for `core` as soon as one of `signals` is seen there."""

    __slots__ = ("_signals", "core")

    def __init__(self, engine: Engine, core: int, signals: Iterable[Signal]) -> None:
        self._signals = tuple(signals)
        super().__init__(engine, what=" or ".join(signal.what for signal in self._signals))
        self.core = core
        seen = [seen_ps for signal in self._signals if (seen_ps := signal.seen_ps(core)) is not None]
        if seen:
            self.raise_at(max(engine.now, min(seen)), core)
        for signal in self._signals:
            if not signal.is_raised:
                signal.join(self)

    @property
    def will_be_raised(self) -> bool:
        """Whether one of them is, or will be."""
        return super().will_be_raised or any(signal.will_be_raised for signal in self._signals)

    def told(self, seen_ps: int) -> None:
        """One of them has been raised: leave the others."""
        for signal in self._signals:
            signal.leave(self)
        self.raise_at(seen_ps, self.core)
