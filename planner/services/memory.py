"""On which memory nodes the memory of a group of cores goes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from planner.errors import PlanError
from planner.linear_model import LinearModel
from planner.machine.topology import Topology
from planner.verify.services import check_memory

WORK_LIMIT = 5.0


@dataclass(frozen=True, slots=True)
class MemoryPlacement:
    """Bytes on each node, and for memory of each core's own that core's node.

    `cost` is the mean over all bytes and the cores that use them, in `unit`: cycles of an access, or SLIT distance
    where some pair's cycles are not stated. `policy` is bind where one node does, else interleave (shared) or
    local (own).
    """

    policy: str
    node_bytes: Mapping[int, int]
    homes: Mapping[int, int]
    cost: float
    unit: str
    notes: tuple[str, ...] = ()
    revision: int = 0

    def to_json(self) -> dict[str, Any]:
        return {
            "policy": self.policy,
            "nodes": [{"numa_node": node, "bytes": size} for node, size in self.node_bytes.items()],
            "homes": {str(core): node for core, node in self.homes.items()},
            "cost": self.cost,
            "unit": self.unit,
            "notes": list(self.notes),
            "revision": self.revision,
        }


def place_memory(
    machine: Topology, cores: Sequence[int], size_bytes: int, *, is_private: bool = False
) -> MemoryPlacement:
    """Nodes for `size_bytes` that all these cores use alike, or for so much of each core's own: the least mean access.

    Shared memory fills the node that is nearest to all of them, then the next; memory of a core's own stays whole on
    one node. Nodes of unknown size take any amount, with a note. Raises PlanError for unknown cores, for a machine
    without nodes, and (code "no_memory") for more than there is.
    """
    chosen = tuple(dict.fromkeys(cores))
    for core in chosen:
        machine.core(core)
    nodes = sorted({*machine.node_bytes, *machine.nodes})
    if not nodes or not chosen or size_bytes < 1:
        raise PlanError(
            f"{machine.name} has {len(nodes)} memory nodes; {len(chosen)} cores want {size_bytes} bytes; "
            "at least one of each is accepted",
            code="bad_memory_request",
            details={"nodes": nodes, "cores": list(chosen), "found": size_bytes},
        )
    access, unit = _access(machine, chosen, nodes)
    wanted = size_bytes * (len(chosen) if is_private else 1)
    room = {node: machine.node_bytes.get(node, wanted) for node in nodes}
    homes: dict[int, int] = {}
    if is_private:
        homes = _own_nodes(machine, access, chosen, room, size_bytes)
        node_bytes = {node: size_bytes * list(homes.values()).count(node) for node in nodes}
    else:
        node_bytes = _filled(machine, access, chosen, room, size_bytes)
    used = {node: size for node, size in node_bytes.items() if size}
    cost = _mean_cost(access, chosen, used, homes)
    check_memory(machine, chosen, size_bytes, used, homes, cost)
    unknown = [node for node in used if node not in machine.node_bytes]
    return MemoryPlacement(
        policy="bind" if len(used) == 1 else "local" if is_private else "interleave",
        node_bytes=used,
        homes=homes,
        cost=cost,
        unit=unit,
        notes=(f"the size of NUMA node {', '.join(map(str, unknown))} is not known",) if unknown else (),
        revision=machine.revision,
    )


def _access(machine: Topology, cores: Sequence[int], nodes: Sequence[int]) -> tuple[dict[tuple[int, int], int], str]:
    """What an access from a core to a node costs: cycles where every pair is stated, else SLIT distance."""
    pairs = [(core, node) for core in cores for node in nodes]
    if all(pair in machine.memory_cycles for pair in pairs):
        return {pair: machine.memory_cycles[pair] for pair in pairs}, "cycles"
    homes = {core: machine.core(core).node for core in cores}
    return {
        (core, node): machine.slit(home, node) if (home := homes[core]) is not None else 20 for core, node in pairs
    }, "SLIT"


def _filled(
    machine: Topology, access: Mapping[tuple[int, int], int], cores: Sequence[int], room: Mapping[int, int], size: int
) -> dict[int, int]:
    """One node after the other by what all cores pay; of equals first one that holds it all."""
    total = {node: sum(access[core, node] for core in cores) for node in room}
    ordered = sorted(room, key=lambda node: (total[node], room[node] < size, node))
    found: dict[int, int] = {}
    for node in ordered:
        found[node] = min(room[node], size - sum(found.values()))
    if sum(found.values()) < size:
        raise _too_much(machine, size, room)
    return found


def _own_nodes(
    machine: Topology, access: Mapping[tuple[int, int], int], cores: Sequence[int], room: Mapping[int, int], size: int
) -> dict[int, int]:
    """A node for each core's own memory, by CP-SAT: the least total access within what the nodes hold."""
    model = LinearModel()
    here = {(core, node): model.flag() for core in cores for node in room}
    for core in cores:
        model.require([(1, here[core, node]) for node in room], "==", 1)
    for node, most in room.items():
        model.require([(1, here[core, node]) for core in cores], "<=", most // size)
    costs = [(access[pair], name) for pair, name in here.items()]
    solution = model.solve(seed=0, work_limit=WORK_LIMIT, minimise=costs)
    if not solution.solutions:
        raise _too_much(machine, size * len(cores), room)
    return {core: next(node for node in room if solution.values[here[core, node]]) for core in cores}


def _mean_cost(
    access: Mapping[tuple[int, int], int], cores: Sequence[int], used: Mapping[int, int], homes: Mapping[int, int]
) -> float:
    if homes:
        return sum(access[core, node] for core, node in homes.items()) / len(homes)
    whole = sum(used.values()) * len(cores)
    return sum(access[core, node] * size for node, size in used.items() for core in cores) / whole


def _too_much(machine: Topology, wanted: int, room: Mapping[int, int]) -> PlanError:
    return PlanError(
        f"{wanted} bytes are asked of {machine.name}; its nodes hold {', '.join(f'{n}: {b}' for n, b in room.items())}",
        code="no_memory",
        details={"found": wanted, "accepted": sum(room.values()), "nodes": {str(n): b for n, b in room.items()}},
    )
