"""The assignment problem of an application on a machine."""

from collections.abc import Iterable, Sequence

import numpy as np

from planner.applications.application import Application
from planner.applications.constraints import Constraint
from planner.errors import PlanError
from planner.machine.topology import Topology
from planner.placement.problem import Apart, Capacity, Inside, Problem, Rule, Separate, Together

PS_PER_NS = 1000.0


def problem_of(app: Application, machine: Topology) -> Problem:
    """Facilities are the dispatchers in order, locations the allowed cores ascending, distance in ns."""
    cores = machine.allowed_ids
    index = {name: number for number, name in enumerate(app.dispatchers)}
    flow = np.zeros((len(index), len(index)))
    for sender, receiver, rate in app.edges:
        if sender != receiver:
            flow[index[sender], index[receiver]] += rate
    distance = np.array(machine.latency_matrix_ps(cores), dtype=np.float64) / PS_PER_NS
    return Problem(
        flow=flow,
        distance=distance,
        linear=np.zeros((len(index), len(cores))),
        rules=rules_of(app, machine, app.constraints),
        order=compact_order(machine),
        scattered=scattered_order(machine),
    )


def rules_of(app: Application, machine: Topology, kept: Iterable[Constraint]) -> tuple[Rule, ...]:
    """Rules of these constraints; distinct cores are part of every problem and have none."""
    index = {name: number for number, name in enumerate(app.dispatchers)}
    kept = tuple(kept)
    rules = [
        rule
        for constraint in kept
        if (rule := _rule(constraint, tuple(index[name] for name in constraint.members), index, machine)) is not None
    ]
    memory = [constraint for constraint in kept if constraint.kind == "memory"]
    if memory:
        rules.append(_memory_rule(memory, index, machine))
    return tuple(rules)


def _rule(constraint: Constraint, members: tuple[int, ...], index: dict[str, int], machine: Topology) -> Rule | None:
    name, kind = constraint.name, constraint.kind
    if kind == "share":
        return Together(name, members, class_numbers(machine, constraint.level))
    if kind == "not_share":
        return Apart(name, members, class_numbers(machine, constraint.level))
    if kind == "smt":
        return Apart(name, members, class_numbers(machine, "core"))
    if kind == "separate":
        others = tuple(index[other] for other in constraint.others)
        return Separate(name, members, others, class_numbers(machine, constraint.level))
    if kind in ("distinct", "memory"):
        return None
    return Inside(name, members, frozenset(_permitted(constraint, machine)))


def _permitted(constraint: Constraint, machine: Topology) -> list[int]:
    """Locations (indices of allowed cores) where a member may be."""
    numbers = set(constraint.numbers)
    if constraint.kind in ("pin", "forbid"):
        for core in constraint.numbers:
            machine.core(core)
    known = {"package": machine.packages, "node": machine.nodes}.get(constraint.kind)
    if known is not None and not numbers <= set(known):
        raise PlanError(
            f"constraint {constraint.name!r}: {constraint.kind} {min(numbers - set(known))} does not exist "
            f"on {machine.name}; it has {', '.join(map(str, known)) or 'none'}",
            code="unknown_object",
            details={
                "constraint": constraint.name,
                "found": sorted(numbers - set(known)),
                "accepted": list(known),
            },
        )
    return [place for place, core in enumerate(machine.allowed_ids) if _suits(constraint, machine, core)]


def _suits(constraint: Constraint, machine: Topology, core_id: int) -> bool:
    core = machine.core(core_id)
    if constraint.kind == "pin":
        return core_id in constraint.numbers
    if constraint.kind == "forbid":
        return core_id not in constraint.numbers
    if constraint.kind == "isa":
        return core.isa in (None, constraint.isa)
    if constraint.kind == "package":
        return core.package in constraint.numbers
    return core.node in constraint.numbers


def _memory_rule(memory: Sequence[Constraint], index: dict[str, int], machine: Topology) -> Capacity:
    demand = [0] * len(index)
    for constraint in memory:
        for name in constraint.members:
            demand[index[name]] += constraint.size_bytes
    sized = [node for node in machine.nodes if node in machine.node_bytes]
    number = {node: index for index, node in enumerate(sized)}
    homes = [machine.core(core).node for core in machine.allowed_ids]
    return Capacity(
        names=tuple(constraint.name for constraint in memory),
        demand=tuple(demand),
        classes=tuple(-1 if node is None else number.get(node, -1) for node in homes),
        limits=tuple(machine.node_bytes[node] for node in sized),
    )


def unlimited_nodes(app: Application, machine: Topology) -> tuple[int, ...]:
    """NUMA nodes whose size nobody states, where the application asks for memory: they limit nothing."""
    if not any(constraint.kind == "memory" for constraint in app.constraints):
        return ()
    return tuple(node for node in machine.nodes if node not in machine.node_bytes)


def untold_cores(app: Application, machine: Topology) -> tuple[int, ...]:
    """Allowed cores whose instruction set nobody states, where the application asks for one: they suit any."""
    if not any(constraint.kind == "isa" for constraint in app.constraints):
        return ()
    return tuple(core for core in machine.allowed_ids if machine.core(core).isa is None)


def class_numbers(machine: Topology, level: str) -> tuple[int, ...]:
    """For each allowed core the number of its object of that level, -1 where it has none."""
    if level.startswith("L"):
        groups: Iterable[tuple[int, ...]] = machine.sharing(int(level[1:]))
    elif level == "core":
        groups = machine.physical_cores
    elif level == "die":
        dies = sorted({(core.package, core.die) for core in machine.cores if core.die is not None}, key=repr)
        groups = [tuple(core.id for core in machine.cores if (core.package, core.die) == die) for die in dies]
    else:
        groups = (machine.packages if level == "package" else machine.nodes).values()
    number = {core: index for index, group in enumerate(groups) for core in group}
    return tuple(number.get(core, -1) for core in machine.allowed_ids)


def compact_order(machine: Topology) -> tuple[int, ...]:
    """Locations so that what shares most comes together: threads of a core, then its cache, its package."""
    return tuple(sorted(range(len(machine.allowed_ids)), key=lambda place: _position(machine, place)))


def scattered_order(machine: Topology) -> tuple[int, ...]:
    """Locations in turn over packages and nodes, with the first thread of every core before siblings."""
    seen: dict[object, int] = {}
    ranks = []
    for place in compact_order(machine):
        core = machine.core(machine.allowed_ids[place])
        sibling = _count(seen, ("core", core.physical_core if core.physical_core is not None else -1 - core.id))
        turn = _count(seen, ("node", core.package, core.node, sibling))
        ranks.append(((sibling, turn, _position(machine, place)), place))
    return tuple(place for _, place in sorted(ranks))


def _count(seen: dict[object, int], key: object) -> int:
    seen[key] = seen.get(key, -1) + 1
    return seen[key]


def _position(machine: Topology, place: int) -> tuple[int, ...]:
    core = machine.core(machine.allowed_ids[place])
    parts = (core.package, core.node, core.die)
    caches = (class_numbers_of_core(machine, core.id, level) for level in (3, 2))
    known = [-1 if part is None else part for part in (*parts, *caches, core.physical_core)]
    return (*known, core.id)


def class_numbers_of_core(machine: Topology, core_id: int, level: int) -> int:
    return next((index for index, cores in enumerate(machine.sharing(level)) if core_id in cores), -1)
