"""A bundled machine as knowledge, as the planner sees it, and as the simulator does."""

from dataclasses import dataclass
from functools import cache

import facts
import skb
from experiments.deploy import Deployment, cost_provenance, deploy
from experiments.parameters import Parameter
from planner import Topology

X86 = ("intel-2x4", "amd-2x2", "amd-4x4", "amd-8x4")


@dataclass(frozen=True, slots=True)
class Platform:
    """One machine in both views, with the source of each scalar cost and cache latency."""

    topology: Topology
    deployment: Deployment
    sources: dict[str, str]

    def cycles(self, duration_ps: float) -> float:
        """Cycles of core 0, to two places."""
        return round(duration_ps * self.deployment.machine.clock_hz[0] / 10**12, 2)

    def parameter(self, name: str) -> Parameter:
        """A scalar cost that the machine states."""
        value, unit = self.topology.cost(name)
        return Parameter(name, value, unit, self.sources.get(name, "stated"))

    def cache_parameters(self) -> tuple[Parameter, ...]:
        """The cache latencies."""
        return tuple(
            Parameter(f"cache_latency_{name}", value, "cycles", self.sources[f"cache_latency {name}"])
            for name, value in self.topology.cache_cycles.items()
        )


@cache
def platform(name: str) -> Platform:
    """A bundled machine, read once."""
    knowledge = skb.load(facts.read(name))
    snapshot = knowledge.snapshot()
    sources = cost_provenance(knowledge)
    for row in snapshot.rows("cache_latency", 2):
        sources[f"cache_latency {row[0]}"] = snapshot.source_of("cache_latency", row)[1]
    topology = Topology.of(knowledge)
    return Platform(topology, deploy(topology, provenance=sources), sources)
