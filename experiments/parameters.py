"""The parameters that a simulated machine is made from, each with its provenance."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from planner.machine.latency import NOMINAL_CLOCK_HZ, cycles_to_ps
from planner.machine.topology import PS_PER_UNIT, Topology


@dataclass(frozen=True, slots=True)
class Parameter:
    """A value that went into a run, and where it comes from: printed, derived, external, free, estimated."""

    name: str
    value: int | float | str
    unit: str
    provenance: str

    def to_json(self) -> dict[str, Any]:
        return {"name": self.name, "value": self.value, "unit": self.unit, "provenance": self.provenance}


DEFAULTS: tuple[Parameter, ...] = (
    Parameter("lmp_one_way", 1000, "cycles", "free: about Table 2.4's middle; this machine is not in it"),
    Parameter("context_switch", 4000, "ns", "free: as amd-4x4, section 4.2.2"),
    Parameter("monitor_work", 10_000, "cycles", "free: several thousand cycles, section 2.5.4"),
    Parameter("timeslice", 80, "ms", "printed: section 3.6.3, Fig 3.4"),
    Parameter("line_same_package", 75, "cycles", "free: as amd-4x4, section 3.1.2"),
    Parameter("line_other_package", 160, "cycles", "free: as amd-4x4, section 3.1.2"),
    Parameter("block_and_wake", 7370, "ns", "free: as amd-4x4, 7.37 us of section 3.2.5"),
    Parameter("send_share_ppm", 190_000, "ppm", "external: Smelt, send cost over one-way latency"),
)
"""What stands in where a machine's description states no such cost."""


class Costs:
    """A machine's scalar costs, from its description or, where that is silent, from `DEFAULTS`.

    `stated` gives the source of each cost by name; `used` lists what was asked for, with provenance.
    """

    def __init__(self, machine: Topology, stated: Mapping[str, str]) -> None:
        self._machine = machine
        self._stated = stated
        self._used: dict[str, Parameter] = {}

    @property
    def used(self) -> tuple[Parameter, ...]:
        return tuple(self._used.values())

    def find(self, name: str) -> Parameter:
        """The cost itself; KeyError for a name that neither the machine nor `DEFAULTS` knows."""
        if name not in self._used:
            if self._machine.has_cost(name):
                value, unit = self._machine.cost(name)
                found = Parameter(name, value, unit, self._stated.get(name, "stated"))
            else:
                found = next(default for default in DEFAULTS if default.name == name)
            self._used[name] = found
        return self._used[name]

    def duration_ps(self, name: str, core: int) -> int:
        """A cost on a core (by SKB id), cycles by its clock and rounded half up once."""
        cost = self.find(name)
        if self._machine.has_cost(name):
            return self._machine.cost_ps(name, core)
        assert isinstance(cost.value, int)
        if cost.unit == "cycles":
            return cycles_to_ps(cost.value, self._machine.core(core).clock_hz or NOMINAL_CLOCK_HZ)
        return cost.value * PS_PER_UNIT[cost.unit]
