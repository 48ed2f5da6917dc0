"""Barriers: a counter, a combining tree, one whose waiters block after a while, and one in the kernel.

Each is used again and again; all threads of the team meet at it.
"""

from typing import Protocol

from kernelsim.programs.cell import Cell
from kernelsim.programs.requests import Program
from kernelsim.programs.synchronisation.spin_locks import SPIN_PS
from kernelsim.programs.team import Member, Team

CALL_PS = 740_000
"""Default cost of a system call that finds its thread runnable: a tenth of a block on the 4x4-core AMD; free."""


class Meeting(Protocol):
    """What all of them offer."""

    def wait(self, me: Member) -> Program:
        """Arrive, and go on when everybody has."""


class CounterBarrier:
    """One line with the counter and the number of meetings: every arrival takes it, and everybody takes it again from
    the last (Barrelfish's OpenMP library, dissertation section 4.1.3). Who waits spins for `spin_ps`, then yields its
    dispatcher. `size` threads meet, by default the whole team.
    """

    def __init__(self, team: Team, spin_ps: int | None = SPIN_PS, size: int | None = None) -> None:
        self._arrived = Cell(team, 0, "a barrier")
        self._size = team.size if size is None else size
        self._spin_ps = spin_ps
        self._then = "yield"

    def wait(self, me: Member) -> Program:
        """Count, then read the counter until the last has come."""
        before = yield from self._arrived.update(me, lambda arrived: arrived + 1)
        full = (before // self._size + 1) * self._size
        if before + 1 < full:
            yield from self._arrived.wait_until(me, lambda arrived: arrived >= full, self._spin_ps, self._then)


class BlockingBarrier(CounterBarrier):
    """A counter whose waiters spin for `spin_ps` and then block, as Intel's OpenMP library does (section 3.1.2)."""

    def __init__(self, team: Team, spin_ps: int = SPIN_PS) -> None:
        super().__init__(team, spin_ps)
        self._then = "block"


class SystemCallBarrier:
    """Everybody enters the kernel, which blocks all but the last (GOMP, section 3.1.2); `call_ps` is a system call."""

    def __init__(self, team: Team, call_ps: int = CALL_PS) -> None:
        self._counter = BlockingBarrier(team, 0)
        self._call_ps = call_ps

    def wait(self, me: Member) -> Program:
        """One system call."""
        yield me.compute_ps(self._call_ps)
        yield from self._counter.wait(me)


class TreeBarrier:
    """A combining tree (Mellor-Crummey and Scott, 1991): thread i waits for i + 1, i + 2, i + 4, ... as far as they
    are its children, tells its parent, and is told by it; each on a line that no third one touches.
    """

    def __init__(self, team: Team, spin_ps: int | None = SPIN_PS) -> None:
        self._up = [Cell(team, 0, "a child in a tree barrier") for _ in range(team.size)]
        self._down = [Cell(team, 0, "the parent in a tree barrier") for _ in range(team.size)]
        self._children = [tuple(_children(index, team.size)) for index in range(team.size)]
        self._met = [0] * team.size
        self._spin_ps = spin_ps

    def wait(self, me: Member) -> Program:
        """Up to the root, and down again."""
        own = me.index
        self._met[own] += 1
        meeting = self._met[own]
        for child in self._children[own]:
            yield from self._up[child].wait_until(me, lambda met: met >= meeting, self._spin_ps)
        if own:
            yield from self._up[own].store(me, meeting)
            yield from self._down[own].wait_until(me, lambda met: met >= meeting, self._spin_ps)
        for child in reversed(self._children[own]):
            yield from self._down[child].store(me, meeting)


def _children(index: int, size: int) -> list[int]:
    """At stride 1, 2, 4, ...: those who meet this thread before it has to go and tell its own parent."""
    found, stride = [], 1
    while index % (2 * stride) == 0 and index + stride < size:
        found.append(index + stride)
        stride *= 2
    return found
