"""How long a core's planner works for one phase change: its messages, and programming its own CPU driver."""

from collections.abc import Mapping, Sequence

from planner.machine.latency import NOMINAL_CLOCK_HZ, cycles_to_ps
from planner.machine.topology import Topology

PROGRAM_CYCLES = 10_000
"""Looking a phase up and programming the driver, where the machine states no `monitor_work` (dissertation, 2.5.4)."""

LOCAL_CALL_CYCLES = 1_000
"""A message between dispatchers of one core, where the machine states no `lmp_one_way` (Table 2.4)."""

MARGIN = 2
"""A planner gets so many times what it is believed to need, since the belief may be estimated."""

Sends = Mapping[int, Sequence[int]]
"""Each core's children in sending order."""


def star(cores: Sequence[int]) -> dict[int, tuple[int, ...]]:
    """The first core tells all others itself, as in the dissertation."""
    return {cores[0]: tuple(cores[1:])}


def parents(sends: Sends) -> dict[int, int]:
    """By core, from whom it hears; the root is in nobody's list."""
    return {child: core for core, children in sends.items() for child in children}


def reach(sends: Sends, root: int) -> set[int]:
    """All that hear of a change, the root among them."""
    found, waiting = {root}, [root]
    while waiting:
        new = [child for child in sends.get(waiting.pop(), ()) if child not in found]
        found.update(new)
        waiting += new
    return found


def local_call_ps(machine: Topology, core: int) -> int:
    return _cost_ps(machine, "lmp_one_way", core, LOCAL_CALL_CYCLES)


def handling_ps(machine: Topology, sends: Sends, core: int) -> int:
    """What one change takes on a core: the identifier in and on, the driver, its children's replies in, its own out."""
    total_ps = _cost_ps(machine, "monitor_work", core, PROGRAM_CYCLES) + 2 * local_call_ps(machine, core)
    for child in sends.get(core, ()):
        total_ps += machine.send_ps(core, child) + machine.occupancy_ps(child, core)
    parent = parents(sends).get(core)
    if parent is not None:
        total_ps += machine.occupancy_ps(parent, core) + machine.send_ps(core, parent)
    return total_ps


def _cost_ps(machine: Topology, name: str, core: int, cycles: int) -> int:
    if machine.has_cost(name):
        return machine.cost_ps(name, core)
    return cycles_to_ps(cycles, machine.core(core).clock_hz or NOMINAL_CLOCK_HZ)
