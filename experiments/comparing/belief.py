"""The closed loop of a wrong belief: plan with it, measure the true machine, plan again, and compare in simulation."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from random import Random
from typing import Any

import skb
from experiments.batches.rows import TAIL, Layout, join, nanoseconds, simulate_file
from experiments.errors import ExperimentError
from experiments.files.application import ApplicationFile
from experiments.files.scenario import ScenarioFile, read_scenario
from experiments.files.spec import Spec, Values
from experiments.machines import find_machine
from experiments.measure import MeasuredFact, measure_latencies
from experiments.runs.placements import choose_cores, placement_cost
from experiments.runs.simulation import SimulationResult
from planner.cpu_list import format_cpu_list
from planner.machine.topology import Topology

PLANS = ("A", "B")
COLUMNS = (
    "cores",
    "predicted_cost",
    "true_cost",
    "mean_latency_ns",
    "saving_percent",
    "same_cores",
    "latency",
    "messages",
    *TAIL,
)
BELIEF_LAYER = "discovered"


@dataclass(frozen=True)
class Planned:
    """A placement with what was believed when it was made, and what it came to on the true machine."""

    cores: tuple[int, ...]
    predicted_cost: float | None
    true_cost: float | None
    certainty: str
    revision: int
    run: SimulationResult

    @property
    def mean_latency_ps(self) -> int | None:
        return next(iter(self.run.outcome.applications.values())).mean_latency_ps


def belief_layout(spec: Spec) -> Layout:
    """Every run gives two rows: plan A by the wrong belief, plan B by the measured one."""
    return Layout((*spec.axes, "plan"), COLUMNS)


def belief_rows(spec: Spec, values: Values) -> list[tuple[Values, dict[str, Any]]]:
    """The rows of both plans, with B's saving over A in percent of A's mean time from send to receive."""
    file = read_scenario(spec.scenario(values))
    try:
        a, b = close_loop(file, values["package"], values["factor"])
    except skb.SkbError as error:
        return [({**values, "plan": plan}, {"status": error.code, "note": error.message}) for plan in PLANS]
    saving = _saving_percent(a, b)
    return [
        ({**values, "plan": "A"}, _results(a, None, None)),
        ({**values, "plan": "B"}, {**_results(b, saving, a.cores == b.cores), "note": _verdict(a, b)}),
    ]


def close_loop(file: ScenarioFile, package: int, factor: float) -> tuple[Planned, Planned]:
    """Plan A: the solver's placement in a throw-away store that believes messages from or to `package` to take
    `factor` x their time. Plan B: its placement in the same store after a run on the true machine was measured and
    loaded. Both run the same workload with the same seed on the true machine.
    """
    view = find_machine(file.machine, None, file.source.where("machine"))
    machine = view.true
    subject = _subject(file)
    knowledge = skb.load([(fact.relation, fact.args, fact.layer, fact.source) for fact in view.facts.facts()])
    knowledge.tell(believe_wrongly(machine, package, factor), layer=BELIEF_LAYER)
    a = _plan(file, subject, Topology.of(knowledge), machine)
    knowledge.tell(measure_latencies(machine))
    b = _plan(file, subject, Topology.of(knowledge), machine)
    return a, b


def believe_wrongly(machine: Topology, package: int, factor: float) -> list[MeasuredFact]:
    """`message_latency_ps` of every pair with an end in the package, `factor` x what it is."""
    if package not in machine.packages:
        raise ExperimentError(
            f"{machine.name} has no package {package}; accepted: {format_cpu_list(machine.packages)}",
            code="unknown_package",
            details={"package": package, "accepted": list(machine.packages)},
        )
    inside = set(machine.packages[package])
    source = f"wrong belief: package {package} x {factor:g}"
    return [
        ("message_latency_ps", (a, b, wrong, 0, wrong, wrong), BELIEF_LAYER, source)
        for a, b in _pairs(machine.core_ids)
        if a in inside or b in inside
        for wrong in [max(1, round(machine.latency_ps(a, b) * factor))]
    ]


def _pairs(ids: Iterable[int]) -> list[tuple[int, int]]:
    known = tuple(ids)
    return [(a, b) for a in known for b in known if a != b]


def _subject(file: ScenarioFile) -> ApplicationFile:
    one = file.applications[0]
    if len(file.applications) > 1 or not one.edges or one.workload.kind != "traffic":
        raise ExperimentError(
            f"{one.where}: a wrong belief is tried on one application that sends messages; "
            f"found {len(file.applications)} of workload {one.workload.kind!r}; "
            'accepted: a single one with workload = "traffic" and [[traffic]]',
            details={"where": one.where},
        )
    return one


def _plan(file: ScenarioFile, subject: ApplicationFile, belief: Topology, machine: Topology) -> Planned:
    solved = replace(subject, cores=None, placement="solved")
    cores = choose_cores(solved, belief, {}, seed=file.seed, random=Random(0), iterations=file.iterations)
    fixed = replace(file, applications=(replace(subject, cores=cores),))
    return Planned(
        cores=cores,
        predicted_cost=placement_cost(subject, belief, cores),
        true_cost=placement_cost(subject, machine, cores),
        certainty=belief.weakest_source((cores[a], cores[b]) for a, b, _ in subject.edges),
        revision=belief.revision,
        run=simulate_file(fixed, None),
    )


def _verdict(a: Planned, b: Planned) -> str:
    if a.cores == b.cores:
        return "A and B are equal: the wrong belief did not matter"
    return "A and B differ and cost the same" if a.true_cost == b.true_cost else "A and B differ"


def _saving_percent(a: Planned, b: Planned) -> float | None:
    before, after = a.mean_latency_ps, b.mean_latency_ps
    return None if not before or after is None else round(100 * (before - after) / before, 3)


def _results(plan: Planned, saving: float | None, same_cores: bool | None) -> dict[str, Any]:
    outcome = plan.run.outcome
    return {
        "cores": join(plan.cores),
        "predicted_cost": plan.predicted_cost,
        "true_cost": plan.true_cost,
        "mean_latency_ns": nanoseconds(plan.mean_latency_ps),
        "saving_percent": saving,
        "same_cores": same_cores,
        "latency": plan.certainty,
        "messages": len(outcome.trace.messages),
        "trace_sha256": outcome.trace.sha256(),
        "revision": plan.revision,
        "status": "ok",
    }
