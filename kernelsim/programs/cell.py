"""A cell: one value in a cache line of its own, which goes to who uses it and for which others queue."""

from collections.abc import Callable
from typing import Generic, TypeVar

from kernelsim.programs.requests import Program, Steps, Wait
from kernelsim.programs.signal import Signal
from kernelsim.programs.team import Member, Team

Value = TypeVar("Value")


class Cell(Generic[Value]):
    """Every access ends when the line has come (`kernelsim/machine/coherence.py`), and takes effect then, though its
    thread may have lost the core meanwhile. `what` stands for it where a deadlock is reported.

    A value that is only told of costs nothing; put into one cell what shares a line.
    """

    __slots__ = ("_changed", "_line", "_team", "_what", "value")

    def __init__(self, team: Team, value: Value, what: str = "a line") -> None:
        self.value = value
        self._team = team
        self._what = what
        self._line = team.next_line()
        self._changed: Signal | None = None

    def load(self, me: Member) -> Steps[Value]:
        """Read it."""
        found: list[Value] = []
        there = self._team.event(self._what)
        there.promise()
        core = me.core

        def read() -> None:
            found.append(self.value)
            there.raise_from(core)

        self._team.lines.read(core, self._line, read)
        yield Wait(there)
        return found[0]

    def store(self, me: Member, value: Value) -> Program:
        """Write it."""
        yield from self.update(me, lambda _: value)

    def update(self, me: Member, change: Callable[[Value], Value]) -> Steps[Value]:
        """Change it in one step that nobody comes between; returns what it was before."""
        before: list[Value] = []
        there = self._team.event(self._what)
        there.promise()
        core = me.core

        def write() -> None:
            before.append(self.value)
            self.value = change(self.value)
            there.raise_from(core)
            self._tell(core)

        self._team.lines.write(core, self._line, write)
        yield Wait(there)
        return before[0]

    def wait_until(
        self, me: Member, test: Callable[[Value], bool], spin_ps: int | None = None, then: str = "yield"
    ) -> Steps[Value]:
        """Read it again whenever somebody has written it, until it passes `test`; waits as `Wait` says. Each writer
        takes the line from all who wait, and they queue for it.
        """
        while True:
            changed = self._changed = self._changed or self._team.event(self._what)
            value = yield from self.load(me)
            if test(value):
                return value
            yield Wait(changed, spin_ps, then)

    def _tell(self, core: int) -> None:
        if self._changed is not None:
            changed, self._changed = self._changed, None
            changed.raise_from(core)
