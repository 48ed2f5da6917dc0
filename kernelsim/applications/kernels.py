"""Compute kernels of the NAS and SPLASH-2 suites as profiles: how much they compute, how often they synchronise."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from random import Random

from kernelsim.programs.requests import Program
from kernelsim.programs.synchronisation.barriers import CounterBarrier, Meeting, SystemCallBarrier
from kernelsim.programs.synchronisation.blocking import Mutex
from kernelsim.programs.team import Body, Member, Team

MakeBarrier = Callable[[Team], Meeting]
BARRIERS: dict[str, MakeBarrier] = {"counter": CounterBarrier, "system call": SystemCallBarrier}
"""Barrelfish's OpenMP library has the first, GOMP the second (dissertation, section 4.1.2)."""
MOST_LOCKS = 12
"""Locks that a thread takes in one interval of a sample."""


@dataclass(frozen=True, slots=True)
class Profile:
    """`work_cycles` of one thread, met by `barriers` in all and `locks` acquisitions of one of `mutexes`, each held for
    `hold_cycles`.

    `serial_percent` of the work is the first thread's alone, and of the rest `memory_percent` is faster with no more
    threads than there are packages. A thread's work between two barriers is within `spread_percent` of its share.
    """

    name: str
    work_cycles: int
    barriers: int
    locks: int = 0
    mutexes: int = 1
    hold_cycles: int = 200
    serial_percent: float = 0.0
    memory_percent: float = 0.0
    spread_percent: float = 0.0

    def grain(self, threads: int) -> int:
        """How many times an interval of a sample must be shorter than a whole one for few locks."""
        return max(1, -(-self.locks // (self.barriers * threads * MOST_LOCKS)))


class Kernel:
    """A sample of a profile: `intervals` between barriers, all of them alike, each a `grain`-th of a whole one; without
    `intervals` as many as there is time for. Progress counts intervals by thread.
    """

    def __init__(
        self, profile: Profile, barrier: str, intervals: int | None = None, grain: int = 1, seed: int = 0
    ) -> None:
        self._profile = profile
        self._barrier = BARRIERS[barrier]
        self._intervals = intervals
        self._grain = grain
        self._seed = seed
        self._ends_ps: list[int] = []
        self._mutexes: list[Mutex] = []
        self._meeting: Meeting

    def make(self, team: Team) -> Body:
        """The program of all threads, for one run."""
        self._ends_ps = [0] * (0 if self._intervals is None else self._intervals + 1)
        self._mutexes = [Mutex(team) for _ in range(self._profile.mutexes)]
        self._meeting = self._barrier(team)
        return self._compute

    def interval_ps(self) -> float:
        """Mean of an interval, its barrier included, once it has run; the first is not counted."""
        return (self._ends_ps[-1] - self._ends_ps[0]) / (len(self._ends_ps) - 1)

    def _compute(self, me: Member) -> Program:
        spread = Random(f"{self._seed} {self._profile.name} {me.index} spread")
        draw = Random(f"{self._seed} {self._profile.name} {me.index} locks")
        for interval in count() if self._intervals is None else range(self._intervals + 1):
            yield from self._share(me, spread, draw)
            yield from self._meeting.wait(me)
            if interval < len(self._ends_ps):
                self._ends_ps[interval] = max(self._ends_ps[interval], me.now_ps)
            me.count()

    def _share(self, me: Member, spread: Random, draw: Random) -> Program:
        """One thread's part of one interval."""
        profile, threads = self._profile, me.team.size
        cycles = profile.work_cycles / (profile.barriers * self._grain)
        serial = cycles * profile.serial_percent / 100
        memory = (cycles - serial) * profile.memory_percent / 100
        packages = len({me.team.machine.package[core] for core in me.team.cores})
        own = (cycles - serial - memory) / threads + memory / min(threads, packages)
        own *= 1 + spread.uniform(-profile.spread_percent, profile.spread_percent) / 100
        yield me.compute(round(own + (serial if me.index == 0 else 0)))
        locks = round(profile.locks / (profile.barriers * threads * self._grain))
        for _ in range(locks):
            mutex = self._mutexes[draw.randrange(profile.mutexes)]
            yield from mutex.acquire(me)
            yield me.compute(profile.hold_cycles)
            yield from mutex.release(me)
