"""Spin locks: test-and-set, which promises no order, and ticket and MCS locks, which are taken in turn."""

from typing import Protocol

from kernelsim.programs.cell import Cell
from kernelsim.programs.requests import Program
from kernelsim.programs.team import Member, Team

SPIN_PS = 50_000_000
"""Default: how long a thread spins before it yields its dispatcher, so that a holder on the same core can go on."""


class SpinLock(Protocol):
    """What all of them offer."""

    def acquire(self, me: Member) -> Program:
        """Take it; waits until it is free."""

    def release(self, me: Member) -> Program:
        """Give it back."""


class TestAndSetLock:
    """One line; whoever gets it first after a release has the lock."""

    __test__ = False

    def __init__(self, team: Team, spin_ps: int | None = SPIN_PS) -> None:
        self._held = Cell(team, False, "a test-and-set lock")
        self._spin_ps = spin_ps

    def acquire(self, me: Member) -> Program:
        """Test and set; where it is held, read until it is not, and try again."""
        while (yield from self._held.update(me, lambda _: True)):
            yield from self._held.wait_until(me, lambda held: not held, self._spin_ps)

    def release(self, me: Member) -> Program:
        """Clear it: all who wait read it again."""
        yield from self._held.store(me, False)


class TicketLock:
    """Two lines, the next ticket and the ticket served: first come, first served."""

    def __init__(self, team: Team, spin_ps: int | None = SPIN_PS) -> None:
        self._next = Cell(team, 0, "a ticket")
        self._serves = Cell(team, 0, "a ticket lock")
        self._spin_ps = spin_ps

    def acquire(self, me: Member) -> Program:
        """Draw a ticket and wait for its turn."""
        ticket = yield from self._next.update(me, lambda ticket: ticket + 1)
        yield from self._serves.wait_until(me, lambda serves: serves == ticket, self._spin_ps)

    def release(self, me: Member) -> Program:
        """Serve the next: all who wait read the line again."""
        yield from self._serves.update(me, lambda ticket: ticket + 1)


class McsLock:
    """A queue of waiters, each with a line of its own on which it spins alone (Mellor-Crummey and Scott, 1991)."""

    def __init__(self, team: Team, spin_ps: int | None = SPIN_PS) -> None:
        self._tail: Cell[int | None] = Cell(team, None, "an MCS lock's tail")
        self._waits = [Cell(team, False, "an MCS lock") for _ in range(team.size)]
        self._follows: list[Cell[int | None]] = [Cell(team, None, "an MCS lock's queue") for _ in range(team.size)]
        self._spin_ps = spin_ps

    def acquire(self, me: Member) -> Program:
        """Queue; only the thread before touches this one's line."""
        own = me.index
        yield from self._follows[own].store(me, None)
        yield from self._waits[own].store(me, True)
        before = yield from self._tail.update(me, lambda _: own)
        if before is not None:
            yield from self._follows[before].store(me, own)
            yield from self._waits[own].wait_until(me, lambda waits: not waits, self._spin_ps)

    def release(self, me: Member) -> Program:
        """Tell the next one, if there is any, and it alone."""
        own = me.index
        after = yield from self._follows[own].load(me)
        if after is None:
            tail = yield from self._tail.update(me, lambda tail: None if tail == own else tail)
            if tail == own:
                return
            after = yield from self._follows[own].wait_until(me, lambda follower: follower is not None, self._spin_ps)
        assert after is not None
        yield from self._waits[after].store(me, False)
