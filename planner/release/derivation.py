"""By when every planner of an application has entered a phase that was asked for: its earliest common release."""

from collections.abc import Mapping, Sequence

from planner.admission.releases import Hop
from planner.machine.topology import Topology
from planner.release.handling import Sends, local_call_ps, parents
from planner.release.slots import Slot

PS_PER_NS = 1_000
GRAIN_NS = 1_000


def derive_path(
    machine: Topology, sends: Sends, slots: Mapping[int, Slot], members: Sequence[int], guard_ns: int = 0
) -> tuple[Hop, ...]:
    """The way to the member that is told last, from the root on. `guard_ns` is the clocks' error."""
    upwards = parents(sends)
    reached: dict[int, Hop] = {}
    for core in _from_the_root(sends, members[0]):
        parent = upwards.get(core)
        before_ns = guard_ns if parent is None else reached[parent].by_ns
        link_ps = local_call_ps(machine, core) if parent is None else machine.latency_ps(parent, core)
        link_ns = -(-link_ps // PS_PER_NS) + 1
        response_ns = slots[core].response_ns
        reached[core] = Hop(core, parent, link_ns, response_ns, before_ns + link_ns + response_ns)
    last: int | None = max(members, key=lambda core: (reached[core].by_ns, -core))
    path: list[Hop] = []
    while last is not None:
        path.insert(0, reached[last])
        last = reached[last].parent
    return tuple(path)


def derived_ns(path: Sequence[Hop]) -> int:
    """The last hop's end, in whole microseconds."""
    return -(-path[-1].by_ns // GRAIN_NS) * GRAIN_NS


def _from_the_root(sends: Sends, root: int) -> list[int]:
    order = [root]
    for core in order:
        order.extend(sends.get(core, ()))
    return order
