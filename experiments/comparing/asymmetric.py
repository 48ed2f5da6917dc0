"""A ring of workers on cores of several speeds and instruction sets: who places them how, and how far they get."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

import kernelsim
from experiments.deploy import deploy
from experiments.errors import ExperimentError
from experiments.runs.placements import place_application
from kernelsim.programs.inbox import Inbox
from kernelsim.programs.requests import Program
from kernelsim.programs.team import Body, Make, Member, Team
from kernelsim.scenario import MICROSECOND_PS
from planner.applications.application import Application
from planner.machine.latency import NOMINAL_CLOCK_HZ, cycles_to_ps
from planner.machine.topology import Topology

DURATION_PS = 50 * MICROSECOND_PS
ITERATIONS = 100
BYTES_PER_S = 1e6


@dataclass(frozen=True, slots=True)
class RingWork:
    """In each round a worker computes, the first `filters` of them each ask a filter, which is compiled for
    `filter_isa`, and every worker sends to the next one and receives from the one before. Raises ExperimentError for
    work that is none.
    """

    workers: int
    work_cycles: int
    isa: str = "x86_64"
    filters: int = 0
    filter_cycles: int = 0
    filter_isa: str = ""

    def __post_init__(self) -> None:
        if self.workers < 2 or not 0 <= self.filters <= self.workers or min(self.work_cycles, self.filter_cycles) < 0:
            raise ExperimentError(
                f"a ring of {self.workers} workers and {self.filters} filters, of {self.work_cycles} and "
                f"{self.filter_cycles} cycles; accepted: two workers or more, as many filters at most, cycles from 0 on"
            )

    @property
    def isas(self) -> tuple[str, ...]:
        """What each dispatcher is compiled for: workers first."""
        return (self.isa,) * self.workers + (self.filter_isa,) * self.filters

    def application(self, *, fastest: bool) -> Application:
        """For the planner: instruction sets as constraints, messages as what is to be short."""
        workers: dict[str, Any] = {"name": "workers", "count": self.workers, "isa": self.isa}
        if fastest:
            workers["core_kind"] = "fastest"
        document: dict[str, Any] = {"name": "ring", "group": [workers]}
        document["traffic"] = [{"between": "workers", "pattern": "ring", "bytes_per_second": BYTES_PER_S}]
        if self.filters:
            document["group"].append({"name": "filters", "count": self.filters, "isa": self.filter_isa})
            edges = [
                [*pair, BYTES_PER_S]
                for one in range(self.filters)
                for pair in ((f"workers.{one}", f"filters.{one}"), (f"filters.{one}", f"workers.{one}"))
            ]
            document["traffic"].append({"edges": edges})
        return Application.from_mapping(document)


@dataclass(frozen=True, slots=True)
class Way:
    """One placement, by SKB ids: its round as predicted from clocks and latencies, and the rounds of a run."""

    name: str
    cores: tuple[int, ...]
    predicted_ps: float
    rounds: int


def compare_ways(machine: Topology, work: RingWork, *, draws: int = 5) -> tuple[Way, ...]:
    """The same work placed by who knows: "aware"; messages alone: "near"; speeds first: "fastest"; and by who knows no
    more than what can run where: "oblivious 0", "oblivious 1", ... drawn from that seed.

    "aware" is whichever of "near" and "fastest" has the shorter predicted round: what a fast core gains less what the
    way to it costs. Raises ExperimentError where no placement keeps the instruction sets.
    """
    found = {
        name: place_application(
            work.application(fastest=name == "fastest"), machine, seed=0, iterations=ITERATIONS, where=name
        )
        for name in ("near", "fastest")
    }
    found["aware"] = min(found.values(), key=lambda cores: predicted_round_ps(machine, work, cores))
    found |= {f"oblivious {draw}": draw_cores(machine, work, Random(draw)) for draw in range(draws)}
    return tuple(
        Way(name, cores, predicted_round_ps(machine, work, cores), rounds(machine, work, cores))
        for name, cores in found.items()
    )


def predicted_round_ps(machine: Topology, work: RingWork, cores: Sequence[int]) -> float:
    """A round's mean time once the ring runs: that of its slowest worker, or of going around it once, by workers."""
    alone, around = [], []
    for index, core in enumerate(cores[: work.workers]):
        busy_ps = _compute_ps(machine, work.work_cycles, core)
        if index < work.filters:
            other = cores[work.workers + index]
            there_and_back_ps = machine.latency_ps(core, other) + machine.latency_ps(other, core)
            busy_ps += there_and_back_ps + _compute_ps(machine, work.filter_cycles, other)
        alone.append(busy_ps)
        around.append(busy_ps + machine.latency_ps(core, cores[(index + 1) % work.workers]))
    return max(*alone, sum(around) / len(around))


def draw_cores(machine: Topology, work: RingWork, random: Random) -> tuple[int, ...]:
    """A core for each dispatcher that can run it, by chance."""
    free = random.sample(list(machine.allowed_ids), len(machine.allowed_ids))
    return tuple(_take(machine, free, work.isas))


def rounds(machine: Topology, work: RingWork, cores: Sequence[int]) -> int:
    """Rounds that all workers together finish in a run. Raises ScenarioError for a core without the instruction set."""
    deployment = deploy(machine)
    ring = kernelsim.Application(
        "ring", kernelsim.Programs(_make(work)), deployment.indices(cores, "ring"), isas=work.isas
    )
    return kernelsim.run(kernelsim.Scenario(deployment.machine, (ring,), DURATION_PS)).applications["ring"].progress


def _take(machine: Topology, free: list[int], isas: Sequence[str]) -> Iterator[int]:
    for isa in isas:
        core = next(core for core in free if machine.core(core).isa == isa)
        free.remove(core)
        yield core


def _compute_ps(machine: Topology, cycles: int, core: int) -> int:
    return cycles_to_ps(cycles, machine.core(core).clock_hz or NOMINAL_CLOCK_HZ)


def _make(work: RingWork) -> Make:
    def make(team: Team) -> Body:
        inboxes = [Inbox[int](team, core) for core in team.cores]
        answers = [Inbox[int](team, core) for core in team.cores[: work.filters]]

        def worker(me: Member) -> Program:
            while True:
                yield me.compute(work.work_cycles)
                if me.index < work.filters:
                    yield from inboxes[work.workers + me.index].send(me, me.index)
                    yield from answers[me.index].receive(me)
                yield from inboxes[(me.index + 1) % work.workers].send(me, me.index)
                yield from inboxes[me.index].receive(me)
                me.count()

        def filter_(me: Member) -> Program:
            while True:
                asking = yield from inboxes[me.index].receive(me)
                yield me.compute(work.filter_cycles)
                yield from answers[asking].send(me, me.index)

        return lambda me: worker(me) if me.index < work.workers else filter_(me)

    return make
