"""A parallel loop whose team follows its allocation: each time it is shared out among those that have their core."""

from dataclasses import dataclass, field

from kernelsim.programs.cell import Cell
from kernelsim.programs.requests import Program, Steps
from kernelsim.programs.team import Body, Member, Team


@dataclass(frozen=True, slots=True)
class ParallelLoops:
    """Loops without end, each of `iterations` of `iteration_ps`, as an OpenMP runtime carries them out: thread 0 shares
    a loop out, takes its own part, and waits for the others (dissertation, sections 3.1.1 and 3.4.5).

    A team that `follows` its allocation reads at the beginning of each loop which of its dispatchers have their core,
    from their counts of de-allocations, and leaves the others out; while thread 0 waits, it takes over the parts of
    those that have lost theirs since. Otherwise all take part, and it waits for them. `sizes` records when each
    loop began with how many. Progress counts loops. Who has nothing to do spins for `spin_ps` before it yields; by
    default as long as Intel's OpenMP library does (KMP_BLOCKTIME).
    """

    iterations: int
    iteration_ps: int
    follows: bool = True
    sizes: list[tuple[int, int]] = field(default_factory=list)
    spin_ps: int = 200_000_000_000

    def __call__(self, team: Team) -> Body:
        """What a `Programs` workload calls. Raises ValueError for loops without work."""
        if min(self.iterations, self.iteration_ps, self.spin_ps) < 1:
            raise ValueError(
                f"{self.iterations} x {self.iteration_ps} ps, spinning {self.spin_ps} ps; accepted: all positive"
            )
        return _Runtime(self, team).run


Order = tuple[int, tuple[int, ...]]
"""The number of a loop, and who takes part."""
Part = Cell[tuple[int, int]]
"""Whose it is, and how many iterations are left."""


class _Runtime:
    """What the team shares."""

    def __init__(self, loops: ParallelLoops, team: Team) -> None:
        self._loops = loops
        self._team = team
        self._order: Cell[Order] = Cell(team, (0, ()), "a parallel loop")
        self._parts: list[Part] = [Cell(team, (index, 0), "a part of a loop") for index in range(team.size)]

    def run(self, me: Member) -> Program:
        """One thread's program."""
        return self._lead(me) if me.index == 0 else self._follow(me)

    def _lead(self, me: Member) -> Program:
        loop = 0
        while True:
            loop += 1
            present = yield from self._present(me)
            self._loops.sizes.append((me.now_ps, len(present)))
            yield from self._share_out(me, present)
            yield from self._order.store(me, (loop, present))
            yield from self._carry_out(me, 0)
            for other in present[1:]:
                yield from self._await(me, other)
            me.count()

    def _follow(self, me: Member) -> Program:
        seen = 0

        def is_new(order: Order) -> bool:
            return order[0] > seen

        while True:
            seen, present = yield from self._order.wait_until(me, is_new, self._loops.spin_ps)
            if me.index in present:
                yield from self._carry_out(me, me.index)

    def _present(self, me: Member) -> Steps[tuple[int, ...]]:
        """Thread 0, and whoever else has its core now; reading a count costs its line."""
        if not self._loops.follows:
            return tuple(range(self._team.size))
        others = self._team.members[1:]
        yield me.compute_ps(sum(self._team.machine.line_ps[other.core][me.core] for other in others))
        return (0, *(other.index for other in others if self._team.runs_on(other.core)))

    def _share_out(self, me: Member, present: tuple[int, ...]) -> Program:
        whole, rest = divmod(self._loops.iterations, len(present))
        for place, index in enumerate(present):
            yield from self._parts[index].store(me, (index, whole + (place < rest)))

    def _carry_out(self, me: Member, index: int) -> Program:
        """The iterations of one part, each handed in when it is done, until none is left or another has taken it."""
        part = self._parts[index]

        def hand_in(state: tuple[int, int]) -> tuple[int, int]:
            return (state[0], state[1] - 1) if state[0] == me.index and state[1] else state

        owner, left = yield from part.load(me)
        while owner == me.index and left:
            yield me.compute_ps(self._loops.iteration_ps)
            owner, left = yield from part.update(me, hand_in)
            left -= 1

    def _await(self, me: Member, other: int) -> Program:
        """Wait for another's part; if it has lost its core meanwhile, take the part over."""
        part, core = self._parts[other], self._team.members[other].core
        while (yield from part.load(me))[1]:
            if self._loops.follows and not self._team.runs_on(core):
                yield from part.update(me, lambda state: (me.index, state[1]))
                yield from self._carry_out(me, other)
            else:
                yield me.compute_ps(self._loops.iteration_ps)
