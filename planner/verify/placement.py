"""Checks of placements: every constraint of the application, and the cost summed edge by edge."""

from collections.abc import Callable, Mapping, Sequence
from math import isclose
from typing import Any

from planner.applications.application import Application
from planner.applications.constraints import Constraint
from planner.machine.topology import Topology
from planner.verify.errors import ViolationError

NEARLY = 1e-6


def check_map(app: Application, machine: Topology, cores: Mapping[str, int], cost: float) -> None:
    """Raises ViolationError naming the constraint, or the cost, that does not hold."""
    if set(cores) != set(app.dispatchers):
        raise ViolationError(f"the map names {sorted(cores)}, the application {sorted(app.dispatchers)}")
    for name, core in cores.items():
        if not machine.core(core).allowed:
            raise ViolationError(f"{name} is on core {core}, which is not to be used")
    for constraint in app.constraints:
        if not _is_kept(constraint, machine, cores):
            raise ViolationError(f"constraint {constraint.name!r} is broken by {dict(cores)}")
    _check_memory(app, machine, cores)
    spent = sum(
        rate * machine.latency_ps(cores[sender], cores[receiver]) / 1000
        for sender, receiver, rate in app.edges
        if sender != receiver
    )
    if not isclose(spent, cost, rel_tol=NEARLY, abs_tol=NEARLY):
        raise ViolationError(f"the placement costs {spent}, {cost} was claimed")


def check_assignment(flow: Any, distance: Any, linear: Any, assignment: Sequence[int], cost: float) -> None:
    """Different locations, and the cost summed pair by pair."""
    if len(set(assignment)) != len(assignment) or len(assignment) != len(flow):
        raise ViolationError(f"{list(assignment)} is no assignment of {len(flow)} to different locations")
    spent = sum(
        float(flow[i][j]) * float(distance[assignment[i]][assignment[j]])
        for i in range(len(flow))
        for j in range(len(flow))
    ) + sum(float(linear[i][place]) for i, place in enumerate(assignment))
    if not isclose(spent, cost, rel_tol=NEARLY, abs_tol=NEARLY):
        raise ViolationError(f"the assignment costs {spent}, {cost} was claimed")


def _is_kept(constraint: Constraint, machine: Topology, cores: Mapping[str, int]) -> bool:
    own = [cores[member] for member in constraint.members]
    kind = constraint.kind
    if kind == "distinct":
        return len(set(own)) == len(own)
    if kind == "share":
        return all(_shares(machine, constraint.level, own[0], other) for other in own[1:])
    if kind in ("not_share", "smt"):
        level = "core" if kind == "smt" else constraint.level
        return not any(_shares(machine, level, a, b) for i, a in enumerate(own) for b in own[:i])
    if kind == "separate":
        return not any(
            _shares(machine, constraint.level, cores[member], cores[other])
            for member in constraint.members
            for other in constraint.others
            if member != other
        )
    wanted = set(constraint.numbers)
    accepts: dict[str, Callable[[int], bool]] = {
        "pin": lambda core: core in wanted,
        "forbid": lambda core: core not in wanted,
        "isa": lambda core: machine.core(core).isa in (None, constraint.isa),
        "package": lambda core: machine.core(core).package in wanted,
        "node": lambda core: machine.core(core).node in wanted,
        "memory": lambda core: True,
    }
    return all(accepts[kind](core) for core in own)


def _shares(machine: Topology, level: str, a: int, b: int) -> bool:
    if a == b:
        return True
    one, other = machine.core(a), machine.core(b)
    if level.startswith("L"):
        return any(
            a in cache.cores and b in cache.cores
            for cache in machine.caches
            if cache.level == int(level[1:]) and cache.type != "instruction"
        )
    if level == "die":
        return one.die is not None and (one.package, one.die) == (other.package, other.die)
    field = {"core": "physical_core", "node": "node", "package": "package"}[level]
    return getattr(one, field) is not None and getattr(one, field) == getattr(other, field)


def _check_memory(app: Application, machine: Topology, cores: Mapping[str, int]) -> None:
    used: dict[int, int] = {}
    for constraint in app.constraints:
        if constraint.kind == "memory":
            for member in constraint.members:
                node = machine.core(cores[member]).node
                if node is not None:
                    used[node] = used.get(node, 0) + constraint.size_bytes
    for node, size_bytes in used.items():
        if node in machine.node_bytes and size_bytes > machine.node_bytes[node]:
            raise ViolationError(f"node {node} has {machine.node_bytes[node]} bytes, {size_bytes} are asked of it")
