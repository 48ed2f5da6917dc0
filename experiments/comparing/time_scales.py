"""Three loops of scheduling with periods of their own, and what is lost when one of them is switched off."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count

import kernelsim
import skb
from experiments.deploy import Deployment, deploy, deploy_schedules
from experiments.errors import ExperimentError
from kernelsim.programs.requests import Program
from kernelsim.programs.synchronisation.barriers import CounterBarrier
from kernelsim.programs.team import Body, Make, Member, Team
from kernelsim.scenario import MILLISECOND_PS, CpuBound
from planner.control.replanning import replan
from planner.controller import running_schedule, submit, withdraw
from planner.machine.topology import Topology
from planner.manifests.manifest import Manifest

LOOPS = ("long", "medium", "short")
BACKGROUND = "background"
STEP_MS = 2
"""What a gang's thread computes before it meets the others."""
STAGGER_MS = 37
"""Background programs start so much apart, lest best effort run in step by chance."""


@dataclass(frozen=True, slots=True)
class Job:
    """A gang that comes and goes: `threads` threads that ask for `wcet_ms` of every `period_ms` at one time."""

    name: str
    arrives_ms: int
    leaves_ms: int
    threads: int
    wcet_ms: int
    period_ms: int

    @property
    def manifest(self) -> Manifest:
        text = f"G {self.wcet_ms} {self.period_ms} {self.wcet_ms} 0"
        return Manifest.from_text(text, name=self.name, dispatchers=self.threads)


@dataclass(frozen=True, slots=True)
class Loops:
    """Each loop's period; a loop without one is switched off.

    Long: who has come gets cores by what everybody asks for, and starts; without it at once, on the machine's first
    cores. Medium: what everybody is guaranteed is worked out again, cut alike for all where it is too much, given back
    where somebody has left, and shipped to the planners; without it, what was worked out for those who are there at the
    beginning stays. Short: the longest slice after which a core's scheduler takes the core away; without it nobody
    loses a core before he gives it up.
    """

    long_ms: int | None = 200
    medium_ms: int | None = 50
    short_ms: int | None = 10

    def without(self, loop: str) -> "Loops":
        """The same with one of `LOOPS` switched off."""
        return replace(self, **{f"{loop}_ms": None})


@dataclass(frozen=True, slots=True)
class Run:
    """`starts_ms` and `cores` by job, the schedules that were shipped, and of each job the part of what it would have
    done alone on its cores from its arrival on.
    """

    starts_ms: Mapping[str, int]
    cores: Mapping[str, tuple[int, ...]]
    schedules: tuple[kernelsim.Schedule, ...]
    parts: Mapping[str, float]
    outcome: kernelsim.Outcome

    @property
    def shipped_ms(self) -> tuple[int, ...]:
        """When."""
        return tuple(one.ships_ps // MILLISECOND_PS for one in self.schedules)

    @property
    def total(self) -> float:
        """Over all jobs."""
        return sum(self.parts.values())


def losses(machine: skb.Snapshot, jobs: Sequence[Job], loops: Loops, duration_ms: int) -> dict[str, float]:
    """By loop, which part of what all jobs get done is lost without it."""
    whole = simulate(machine, jobs, loops, duration_ms).total
    return {loop: 1 - simulate(machine, jobs, loops.without(loop), duration_ms).total / whole for loop in LOOPS}


def simulate(machine: skb.Snapshot, jobs: Sequence[Job], loops: Loops, duration_ms: int) -> Run:
    """Run the jobs beside a background program on every core. Raises ExperimentError for a job that is refused."""
    topology = Topology.of(machine)
    deployment = deploy(topology)
    control = _Control(machine, topology, deployment, loops)
    schedules = tuple(control.schedules(jobs, duration_ms))
    outcome = kernelsim.run(_scenario(deployment, jobs, control, schedules, duration_ms))
    return Run(
        control.starts_ms,
        control.cores,
        schedules,
        {job.name: outcome.applications[job.name].progress * STEP_MS / _alone_ms(job) for job in jobs},
        outcome,
    )


@dataclass(slots=True)
class _Control:
    """What the two slower loops decide, at their ticks."""

    machine: skb.Snapshot
    topology: Topology
    deployment: Deployment
    loops: Loops
    starts_ms: dict[str, int] = field(default_factory=dict)
    cores: dict[str, tuple[int, ...]] = field(default_factory=dict)
    _ids: dict[str, int] = field(default_factory=dict)

    def schedules(self, jobs: Sequence[Job], duration_ms: int) -> Iterator[kernelsim.Schedule]:
        """Every schedule that is shipped, in order; jobs are placed on the way."""
        knowledge = skb.load([(fact.relation, fact.args, fact.layer, fact.source) for fact in self.machine.facts()])
        happenings = sorted({*self._ticks(duration_ms), *(self._start_ms(job) for job in jobs)})
        waiting = sorted(jobs, key=lambda job: (self._start_ms(job), job.arrives_ms))
        shipped: tuple[tuple[str, object], ...] = ()
        for now_ms in happenings:
            while waiting and self._start_ms(waiting[0]) <= now_ms:
                self._admit(knowledge, waiting.pop(0))
            if now_ms not in self._ticks(duration_ms):
                continue
            self._take_back(knowledge, jobs, now_ms)
            (schedule,) = deploy_schedules([running_schedule(knowledge)])
            state = tuple(sorted(schedule.reservations.items()))
            if state != shipped:
                shipped = state
                phases = dict.fromkeys(self.cores, 0)
                yield kernelsim.Schedule(phases, schedule.reservations, now_ms * MILLISECOND_PS)

    def _ticks(self, duration_ms: int) -> range:
        return range(0, duration_ms if self.loops.medium_ms else 1, self.loops.medium_ms or 1)

    def _start_ms(self, job: Job) -> int:
        """The long loop's first tick from its arrival on."""
        period_ms = self.loops.long_ms
        return job.arrives_ms if period_ms is None else -(-job.arrives_ms // period_ms) * period_ms

    def _admit(self, knowledge: skb.KnowledgeBase, job: Job) -> None:
        first = {job.name: self.topology.allowed_ids[: job.threads]}
        fixed = None if self.loops.long_ms else first
        accepted, decision = submit(knowledge, job.manifest, policy="reduce", cores=fixed)
        if accepted is None:
            raise ExperimentError(f"{job.name!r} was not placed: {decision.refusal}; accepted: jobs that can be")
        self._ids[job.name] = accepted.id
        self.cores[job.name] = self.deployment.indices(accepted.cores, job.name)
        self.starts_ms[job.name] = self._start_ms(job)

    def _take_back(self, knowledge: skb.KnowledgeBase, jobs: Sequence[Job], now_ms: int) -> None:
        """From those who have left, for those whom they were cut for; nobody is moved."""
        gone = [job.name for job in jobs if job.leaves_ms <= now_ms and job.name in self._ids]
        for name in gone:
            withdraw(knowledge, self._ids.pop(name))
        if gone and not replan(knowledge, dry_run=True).moves:
            replan(knowledge)


def _scenario(
    deployment: Deployment,
    jobs: Sequence[Job],
    control: _Control,
    schedules: Sequence[kernelsim.Schedule],
    duration_ms: int,
) -> kernelsim.Scenario:
    origin_ps = kernelsim.run(kernelsim.Scenario(deployment.machine, (), 1, synchronise=True)).start_ps
    everywhere = tuple(range(deployment.machine.cores))
    staggered = tuple(STAGGER_MS * core * MILLISECOND_PS for core in everywhere)
    applications = [kernelsim.Application(BACKGROUND, CpuBound(), everywhere, starts_ps=staggered)]
    for job in jobs:
        cores = control.cores[job.name]
        start_ps = control.starts_ms[job.name] * MILLISECOND_PS
        workload = kernelsim.Programs(_gang(origin_ps + job.leaves_ms * MILLISECOND_PS))
        applications.append(kernelsim.Application(job.name, workload, cores, starts_ps=(start_ps,) * len(cores)))
    short_ms = control.loops.short_ms
    longest_ps = (short_ms or 2 * duration_ms) * MILLISECOND_PS
    return kernelsim.Scenario(
        replace(deployment.machine, timeslice_ps=longest_ps),
        tuple(applications),
        duration_ms * MILLISECOND_PS,
        schedules=tuple(schedules) if short_ms else (),
        scheduler="rbed" if short_ms else "linux-like",
        synchronise=True,
    )


def _gang(leaves_ps: int) -> Make:
    """Threads that compute and meet; the first one says which round is the last, before it is over."""

    def make(team: Team) -> Body:
        barrier = CounterBarrier(team, spin_ps=None)
        last: list[int] = []

        def body(me: Member) -> Program:
            for number in count():
                yield me.compute_ps(STEP_MS * MILLISECOND_PS)
                if me.index == 0 and not last and me.now_ps >= leaves_ps:
                    last.append(number)
                yield from barrier.wait(me)
                me.count()
                if last and number >= last[0]:
                    return

        return body

    return make


def _alone_ms(job: Job) -> int:
    return (job.leaves_ms - job.arrives_ms) * job.threads
