"""What the store knows about its machines, as the documents that every door shows."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from planner.errors import PlanError
from planner.machine.topology import Topology
from skb.knowledge import KnowledgeBase
from skb.store.store import MachineSummary, Store


def list_machines(store: Store) -> dict[str, Any]:
    """Every machine with its revision, facts by relation, packages and cores."""
    return {"revision": store.revision, "machines": [_entry(store, one) for one in store.machines()]}


def describe_machine(knowledge: KnowledgeBase) -> dict[str, Any]:
    """One machine: facts by relation and by layer, its parts, and each core under all its numbers."""
    snapshot = knowledge.snapshot()
    stated = snapshot.facts()
    machine = topology_or_none(snapshot)
    return {
        "machine": snapshot.machine,
        "revision": snapshot.revision,
        "facts": dict(sorted(Counter(fact.relation for fact in stated).items())),
        "layers": dict(sorted(Counter(fact.layer for fact in stated).items())),
        "packages": _packages(machine) if machine else [],
        "numa_nodes": _nodes(machine, nodes_of(snapshot)) if machine else [],
        "caches": _caches(machine) if machine else [],
        "cores": _cores(machine) if machine else [],
    }


def topology_or_none(snapshot: Any) -> Topology | None:
    """The machine as plans see it; None where the facts describe no cores."""
    try:
        return Topology.of(snapshot)
    except PlanError as error:
        if error.code != "no_cores":
            raise
        return None


def _entry(store: Store, summary: MachineSummary) -> dict[str, Any]:
    snapshot = store.snapshot(summary.name)
    machine = topology_or_none(snapshot)
    return {
        "machine": summary.name,
        "revision": summary.revision,
        "packages": len(machine.packages) if machine else 0,
        "numa_nodes": len(nodes_of(snapshot)),
        "physical_cores": len(machine.physical_cores) if machine else 0,
        "cores": len(machine.cores) if machine else 0,
        "facts": dict(summary.facts),
    }


def nodes_of(snapshot: Any) -> dict[int, tuple[int, ...]]:
    """The cores to which each NUMA node is local; a core may be in several, a node may have none."""
    found: dict[int, list[int]] = {row[0]: [] for row in snapshot.rows("numa_node", 3) if isinstance(row[0], int)}
    for core, node in snapshot.rows("core_node", 2):
        if isinstance(core, int) and isinstance(node, int):
            found.setdefault(node, []).append(core)
    return {node: tuple(sorted(cores)) for node, cores in sorted(found.items())}


def _packages(machine: Topology) -> list[dict[str, Any]]:
    return [{"package": package, "cores": list(cores)} for package, cores in machine.packages.items()]


def _nodes(machine: Topology, nodes: Mapping[int, Sequence[int]]) -> list[dict[str, Any]]:
    return [
        {"numa_node": node, "bytes": machine.node_bytes.get(node), "cores": list(cores)}
        for node, cores in nodes.items()
    ]


def _caches(machine: Topology) -> list[dict[str, Any]]:
    kinds = Counter(
        (cache.level, cache.type, cache.size_bytes, cache.line_bytes, len(cache.cores)) for cache in machine.caches
    )
    names = ("level", "type", "size_bytes", "line_bytes", "shared_by", "count")
    ordered = sorted(kinds.items(), key=lambda item: (-item[0][0], item[0][1], item[0][2] or 0, item[0][4]))
    return [dict(zip(names, (*kind, number), strict=True)) for kind, number in ordered]


def _cores(machine: Topology) -> list[dict[str, Any]]:
    return [
        {
            "core": core.id,
            "os_index": core.os_index,
            "hw_id": core.hw_id,
            "package": core.package,
            "numa_node": core.node,
            "physical_core": core.physical_core,
            "clock_hz": core.clock_hz,
            "isa": core.isa,
            "allowed": core.allowed,
        }
        for core in machine.cores
    ]
