"""What the planner predicts beside what the simulator measures: costs of placements, and times of trees."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

import kernelsim
from experiments.comparing.phase_change import change_phase
from experiments.deploy import Deployment, deploy
from experiments.errors import ExperimentError
from kernelsim.scenario import MICROSECOND_PS, MILLISECOND_PS, Traffic
from planner.machine.topology import Topology
from planner.trees.tree import multicast

INTERVAL_PS = MICROSECOND_PS
RUN_PS = 2 * MILLISECOND_PS
TREES = ("lookahead", "two-level", "sequential", "binomial", "mst", "adaptive")
PS_PER_NS = 1_000


@dataclass(frozen=True, slots=True)
class Pair:
    """One plan: its prediction and its measurement, ns."""

    name: str
    predicted_ns: float
    measured_ns: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """Plans of one kind on one machine."""

    machine: str
    kind: str
    pairs: tuple[Pair, ...]

    @property
    def mean_error(self) -> float:
        """The mean of |predicted - measured| over measured."""
        return sum(abs(one.predicted_ns - one.measured_ns) / one.measured_ns for one in self.pairs) / len(self.pairs)

    @property
    def rank_correlation(self) -> float | None:
        """Spearman's; equal values share their mean rank. None where all predictions or all measurements are equal."""
        return _correlation(
            _ranks([one.predicted_ns for one in self.pairs]), _ranks([one.measured_ns for one in self.pairs])
        )

    def to_json(self) -> dict[str, Any]:
        return {
            "machine": self.machine,
            "kind": self.kind,
            "plans": len(self.pairs),
            "mean_error": self.mean_error,
            "rank_correlation": self.rank_correlation,
            "pairs": [[one.name, one.predicted_ns, one.measured_ns] for one in self.pairs],
        }


def compare_placements(machine: Topology, *, threads: int = 6, placements: int = 12, seed: int = 1) -> Comparison:
    """A ring on random cores: the mean one-way latency by the planner's table, and in a run until threads receive.

    A message on an idle machine costs what the table says; what the run adds is waiting for busy receivers: each
    flow sends a message every microsecond, and half of the threads send to both neighbours.
    """
    deployment, random = deploy(machine), Random(seed)
    pairs = []
    for number in range(placements):
        cores = tuple(random.sample(machine.allowed_ids, min(threads, len(machine.allowed_ids))))
        edges = [(at, (at + step) % len(cores)) for at in range(len(cores)) for step in ((1, -1) if at % 2 else (1,))]
        predicted_ps = sum(machine.latency_ps(cores[a], cores[b]) for a, b in edges) / len(edges)
        measured_ps = _ring_latency_ps(deployment, cores, edges)
        pairs.append(Pair(f"random {number}", predicted_ps / PS_PER_NS, measured_ps / PS_PER_NS))
    return Comparison(machine.name, "placements", tuple(pairs))


def compare_trees(machine: Topology, *, methods: Sequence[str] = TREES, cores: int = 16) -> Comparison:
    """A phase's identifier along trees: the last receive as planned, and in a run with its monitors' work."""
    members = machine.allowed_ids[:cores]
    pairs = []
    for method in methods:
        tree = multicast(machine, root=members[0], members=members, method=method)
        pairs.append(Pair(method, tree.makespan_ps / PS_PER_NS, _spread_ps(machine, tree.sends, members) / PS_PER_NS))
    return Comparison(machine.name, "trees", tuple(pairs))


def _ring_latency_ps(deployment: Deployment, cores: Sequence[int], edges: Sequence[tuple[int, int]]) -> float:
    flows = Traffic(tuple((a, b, INTERVAL_PS) for a, b in edges))
    ring = kernelsim.Application("ring", flows, deployment.indices(cores, "ring"))
    outcome = kernelsim.run(kernelsim.Scenario(deployment.machine, (ring,), RUN_PS))
    return float(outcome.applications["ring"].mean_latency_ps or 0)


def _spread_ps(machine: Topology, sends: Any, members: Sequence[int]) -> int:
    """From the first send of the identifier to its last arrival."""
    outcome = change_phase(machine, members, sends)
    sent = [one for one in outcome.trace.messages if one.kind == "phase 1"]
    if not sent:
        raise ExperimentError(f"no identifier was sent on {machine.name}; a group of several cores is accepted")
    return max(one.arrived_ps for one in sent) - min(one.sent_ps for one in sent)


def _ranks(values: Sequence[float]) -> list[float]:
    ordered = sorted(values)
    return [ordered.index(value) + (ordered.count(value) - 1) / 2 for value in values]


def _correlation(one: Sequence[float], other: Sequence[float]) -> float | None:
    a, b = sum(one) / len(one), sum(other) / len(other)
    spread = sum((x - a) ** 2 for x in one) * sum((y - b) ** 2 for y in other)
    return sum((x - a) * (y - b) for x, y in zip(one, other, strict=True)) / spread**0.5 if spread else None
