"""Programs that stop together: mutators that collect garbage in parallel, and guests whose virtual cores spin."""

from dataclasses import dataclass

from kernelsim.programs.requests import Program
from kernelsim.programs.synchronisation.barriers import BlockingBarrier, CounterBarrier
from kernelsim.programs.synchronisation.spin_locks import SPIN_PS
from kernelsim.programs.team import Body, Member, Team


@dataclass(frozen=True, slots=True)
class GarbageCollected:
    """Every thread computes for `interval_ps`, which memory pressure decides; then the world stops: all meet at a
    barrier, collect for `collection_ps`, and meet again (dissertation, section 3.3.2). Who waits spins for `spin_ps`,
    then blocks, or with `wait="yield"`, as in real time it must, yields. Progress counts collections by thread.
    """

    interval_ps: int
    collection_ps: int
    spin_ps: int = SPIN_PS
    wait: str = "block"

    def make(self, team: Team) -> Body:
        """The program of all threads."""
        barrier = (BlockingBarrier if self.wait == "block" else CounterBarrier)(team, self.spin_ps)

        def mutate(me: Member) -> Program:
            while True:
                yield me.compute_ps(self.interval_ps)
                yield from barrier.wait(me)
                yield me.compute_ps(self.collection_ps)
                yield from barrier.wait(me)
                me.count()

        return mutate


@dataclass(frozen=True, slots=True)
class Guest:
    """A guest system on virtual cores, one a thread: each computes for `interval_ps` and then synchronises with all
    the others, as a kernel does that believes to have its cores for itself. It spins for ever and gives none of them
    back (section 3.3.1). Progress counts synchronisations by virtual core.
    """

    interval_ps: int

    def make(self, team: Team) -> Body:
        """The program of all virtual cores."""
        barrier = CounterBarrier(team, spin_ps=None)

        def compute(me: Member) -> Program:
            while True:
                yield me.compute_ps(self.interval_ps)
                yield from barrier.wait(me)
                me.count()

        return compute
