"""BARRIER: a team of threads that computes a little, meets at a barrier, and starts again.

Every iteration costs each thread `iteration_ps` of its own core time until it has arrived; the last arrival
releases all. Between two scheduling events the whole team advances in closed form.
"""

from functools import partial
from itertools import pairwise
from random import Random

from kernelsim.core.threads import UserThread
from kernelsim.engine import EVALUATION, Engine
from kernelsim.errors import ScenarioError
from kernelsim.machine.hardware import Machine
from kernelsim.scenario import Barrier


def iteration_ps(machine: Machine, cores: tuple[int, ...], barrier: Barrier) -> int:
    """What one iteration costs a thread when nobody has to wait: its work and the barrier's own traffic.

    counter: the line with the counter goes from thread to thread on entry, and from the last one to every
    other on exit (Barrelfish's OpenMP library, dissertation section 4.1.3). tree: a combining tree, every
    level up and down again costs its dearest transfer (Mellor-Crummey and Scott, 1991). Raises ScenarioError where
    that takes no time.
    """
    work = longest_work_ps(machine, cores, barrier)
    traffic = _tree_ps(machine, cores) if barrier.barrier == "tree" else _counter_ps(machine, cores)
    if min(work, work + traffic) <= 0:
        raise ScenarioError(
            "bad_machine",
            f"an iteration of {work} ps of work and {traffic} ps of traffic never comes on; accepted: lines that take "
            "0 ps or more",
        )
    return work + traffic


def _counter_ps(machine: Machine, cores: tuple[int, ...]) -> int:
    last = cores[-1]
    entry = sum(machine.line_ps[a][b] for a, b in pairwise(cores))
    leave = sum(machine.line_ps[last][core] for core in cores[:-1])
    return entry + leave


def longest_work_ps(machine: Machine, cores: tuple[int, ...], barrier: Barrier) -> int:
    """The mean work of an iteration on the slowest core."""
    return max((barrier.work_cycles * 10**12 + hz // 2) // hz for hz in (machine.clock_hz[core] for core in cores))


def _tree_ps(machine: Machine, cores: tuple[int, ...]) -> int:
    total, stride = 0, 1
    while stride < len(cores):
        pairs = [(cores[i], cores[i + stride]) for i in range(0, len(cores) - stride, 2 * stride)]
        total += max(machine.line_ps[a][b] + machine.line_ps[b][a] for a, b in pairs)
        stride *= 2
    return total


class BarrierThread(UserThread):
    """One member. `arrival` is when it has arrived or, computing, will; None while it is off its core and has
    not.
    """

    __slots__ = ("arrival", "on_core", "remaining_ps", "runs_from", "team", "waits_from")

    def __init__(self, team: "BarrierTeam") -> None:
        super().__init__()
        self.team = team
        self.on_core = False
        self.arrival: int | None = None
        self.remaining_ps = team.next_ps()
        self.runs_from = 0
        self.waits_from = 0
        """Its spin window begins here or when it arrives, whichever is later: its last dispatch."""

    def start(self, now: int, runs_from: int) -> None:
        """Compute from `runs_from` on, or look at the barrier again."""
        self.team.advance(now)
        self.on_core = True
        self.runs_from = runs_from
        self.waits_from = now
        if self.arrival is None:
            self.arrival = runs_from + self.remaining_ps
            self.team.absent -= 1
        self.team.poke()

    def stop(self, now: int) -> None:
        """Keep what is left to compute."""
        self.team.advance(now)
        self.on_core = False
        if self.arrival is not None and self.arrival > now:
            self.remaining_ps = self.arrival - max(now, self.runs_from)
            self.arrival = None
            self.team.absent += 1
        self.team.poke()

    def settle(self, now: int) -> None:
        """Advance the team; spinning alone on its core, the thread has yielded to itself at the end of each
        window.
        """
        self.team.advance(now)
        if self.on_core and self.arrival is not None and self.arrival <= now:
            self.yield_to_itself(now)

    def reconsider(self) -> None:
        """Alone no more, or alone again."""
        self.team.poke()

    def window_end(self) -> int:
        """When it stops spinning for the barrier that it has arrived at, or will arrive at."""
        assert self.arrival is not None
        return max(self.waits_from, self.arrival) + self.team.spin_ps

    def yield_to_itself(self, until: int) -> None:
        """Account for the windows that ended before `until` with a yield that came straight back."""
        if self.team.step_by_step or self.team.wait != "yield" or not self.dispatcher.is_alone():
            return
        first = self.window_end()
        if first < until:
            windows = (until - 1 - first) // self.team.spin_ps
            self.waits_from = first + windows * self.team.spin_ps
            self.team.engine.skipped += windows + 1
            self.dispatcher.self_yielded(windows + 1, self.waits_from)


class BarrierTeam:
    """All threads of one BARRIER. Everything known changes at scheduling events and at completions of the
    barrier.
    """

    def __init__(
        self, engine: Engine, barrier: Barrier, iteration: int, work_ps: int, block_ps: int, step_by_step: bool
    ) -> None:
        self.engine = engine
        self.wait = barrier.wait
        self.spin_ps = barrier.spin_ps
        self.iteration_ps = iteration
        self.step_by_step = step_by_step or barrier.spread_percent > 0
        self.iterations = 0
        self.members: list[BarrierThread] = []
        self.absent = 0
        """How many members are off their core and have not arrived."""
        self._block_ps = block_ps
        self._uneven_ps = work_ps * barrier.spread_percent // 100
        self._random = Random(f"{barrier.seed} barrier")
        self._poked = False
        self._evaluate_at = -1

    def next_ps(self) -> int:
        """What a thread's next iteration costs it."""
        if not self._uneven_ps:
            return self.iteration_ps
        return self.iteration_ps + self._random.randint(-self._uneven_ps, self._uneven_ps)

    def join(self) -> BarrierThread:
        """One more member."""
        thread = BarrierThread(self)
        self.members.append(thread)
        self.absent += 1
        return thread

    def advance(self, now: int) -> None:
        """Complete every barrier whose last arrival is not after `now`."""
        while self.absent == 0:
            last = max(member.arrival for member in self.members)  # type: ignore[type-var]
            if last is None or last > now:
                return
            if not self._jump(last, now):
                self._complete(last)

    def _jump(self, last: int, now: int) -> bool:
        """All members run and arrive together: as many iterations at once as end by `now`."""
        if self.step_by_step or not all(member.on_core and member.arrival == last for member in self.members):
            return False
        done = (now - last) // self.iteration_ps + 1
        self.iterations += done
        self.engine.skipped += done
        for member in self.members:
            member.arrival = last + done * self.iteration_ps
        return True

    def _complete(self, time: int) -> None:
        self.iterations += 1
        for member in self.members:
            if member.on_core:
                member.yield_to_itself(time)
                member.arrival = max(time, member.runs_from) + self.next_ps()
                continue
            member.arrival = None
            member.remaining_ps = self.next_ps()
            self.absent += 1
            if member.blocked:
                self.engine.at(max(time + self._block_ps, self.engine.now), partial(self._wake, member))

    def _wake(self, member: BarrierThread) -> None:
        if member.blocked:
            member.dispatcher.wake_thread(member)

    # -- who has waited too long -----------------------------------------------------------------------------

    def poke(self) -> None:
        """Think again once everything else that happens at this instant has happened."""
        if not self._poked:
            self._poked = True
            self.engine.at(self.engine.now, self._evaluate_poked, EVALUATION)

    def _evaluate_poked(self) -> None:
        self._poked = False
        self._evaluate()

    def _evaluate_timed(self) -> None:
        if self.engine.now == self._evaluate_at:
            self._evaluate_at = -1
            self._evaluate()

    def _evaluate(self) -> None:
        now = self.engine.now
        self.advance(now)
        completion = self._next_completion()
        waits = [] if self.wait == "spin" else self._expiring_waits(completion)
        next_ps = min((member.window_end() for member in waits if member.window_end() > now), default=None)
        for member in waits:
            if member.window_end() <= now:
                self._give_way(member)
        if completion is not None and self._needs_a_look(completion) and (next_ps is None or completion < next_ps):
            next_ps = completion
        if next_ps is not None and next_ps != self._evaluate_at:
            self._evaluate_at = next_ps
            self.engine.at(next_ps, self._evaluate_timed, EVALUATION)

    def _next_completion(self) -> int | None:
        return None if self.absent else max(member.arrival or 0 for member in self.members)

    def _expiring_waits(self, completion: int | None) -> list[BarrierThread]:
        """The running members whose spin window ends before the barrier is complete."""
        return [
            member
            for member in self.members
            if member.on_core
            and (completion is None or member.window_end() < completion)
            and (self.step_by_step or self.wait != "yield" or not member.dispatcher.is_alone())
        ]

    def _give_way(self, member: BarrierThread) -> None:
        if self.wait == "yield":
            member.dispatcher.yield_thread(member)
        else:
            member.dispatcher.block_thread(member)

    def _needs_a_look(self, completion: int) -> bool:
        """Whether somebody will have to wait for the barrier after that completion."""
        return self.step_by_step or any(not member.on_core or member.runs_from > completion for member in self.members)
