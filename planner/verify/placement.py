"""Checks of placements: every constraint of the application, and the objective's value summed term by term."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from math import isclose
from typing import Any

from planner.applications.application import Application
from planner.applications.constraints import Constraint
from planner.errors import PlanError
from planner.machine.topology import Topology
from planner.verify.errors import ViolationError

NEARLY = 1e-6
WHOLE_PPM = 1_000_000
GANG_PPM = 900_000


def check_map(app: Application, machine: Topology, cores: Mapping[str, int], cost: float) -> None:
    """Raises ViolationError naming the constraint, or the cost, that does not hold."""
    check_rules(app, machine, cores)
    spent = value_of(app, terms_of(app, machine, cores))
    if not isclose(spent, cost, rel_tol=NEARLY, abs_tol=NEARLY):
        raise ViolationError(f"the placement costs {spent}, {cost} was claimed")


def check_rules(
    app: Application, machine: Topology, cores: Mapping[str, int], constraints: Iterable[Constraint] | None = None
) -> None:
    """Everyone on an allowed core, and every constraint kept: the application's own unless others are given."""
    if set(cores) != set(app.dispatchers):
        raise ViolationError(f"the map names {sorted(cores)}, the application {sorted(app.dispatchers)}")
    for name, core in cores.items():
        if not machine.core(core).allowed:
            raise ViolationError(f"{name} is on core {core}, which is not to be used")
    asked = tuple(app.constraints if constraints is None else constraints)
    for constraint in asked:
        if not _is_kept(constraint, machine, cores):
            raise ViolationError(f"constraint {constraint.name!r} is broken by {dict(cores)}")
    _check_memory(asked, machine, cores)
    _check_shares(app, asked, cores)


def terms_of(app: Application, machine: Topology, cores: Mapping[str, int]) -> dict[str, float]:
    """What an objective may count of a map: byte ns/s, the largest share of a core in use, dispatchers that move."""
    communication = sum(
        rate * machine.latency_ps(cores[sender], cores[receiver]) / 1000
        for sender, receiver, rate in app.edges
        if sender != receiver
    )
    load: dict[int, int] = dict.fromkeys(cores.values(), 0)
    for (application, core), share_ppm in machine.measured_load_ppm.items():
        if application != app.name and core in load:
            load[core] += share_ppm
    for name, share_ppm in zip(app.dispatchers, app.cpu_ppm, strict=True):
        load[cores[name]] += share_ppm
    moved = sum(cores[name] != home for name, home in app.current.items())
    return {"communication": communication, "load": max(load.values()) / WHOLE_PPM, "migration": float(moved)}


def value_of(app: Application, terms: Mapping[str, float]) -> float:
    """The objective's weighted sum."""
    weights = app.objective
    used = (
        (weights.communication, terms["communication"]),
        (weights.load, terms["load"]),
        (weights.migration, terms["migration"]),
    )
    return sum(weight * term for weight, term in used if weight)


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
    if kind in ("distinct", "gang"):
        return len(set(own)) == len(own)
    if kind == "share":
        size = constraint.each or len(own)
        teams = [own[start : start + size] for start in range(0, len(own), size)]
        return all(_shares(machine, constraint.level, team[0], other) for team in teams for other in team[1:])
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
    if kind in ("memory", "cpu"):
        return True
    return all(_accepts(constraint, machine, core) for core in own)


def _accepts(constraint: Constraint, machine: Topology, core_id: int) -> bool:
    core, wanted = machine.core(core_id), set(constraint.numbers)
    tests: dict[str, Callable[[], bool]] = {
        "pin": lambda: core_id in wanted,
        "forbid": lambda: core_id not in wanted,
        "isa": lambda: core.isa in (None, constraint.isa),
        "features": lambda: core.features is None or not set(constraint.words) - core.features,
        "core_kind": lambda: _is_of_kind(constraint, machine, core.kind),
        "package": lambda: core.package in wanted,
        "node": lambda: core.node in wanted,
        "near": lambda: _is_near(constraint, machine, core_id),
        "isolated": lambda: core.isolated is ("only" in constraint.words),
        "tickless": lambda: core.tickless,
    }
    return tests[constraint.kind]()


def _is_of_kind(constraint: Constraint, machine: Topology, kind: int | None) -> bool:
    ranks = sorted({rank for core in machine.cores if core.allowed and (rank := core.kind) is not None})
    if not ranks:
        return True
    meant = {"fastest": ranks[-1], "slowest": ranks[0]}
    return kind in [meant[word] if word in meant else int(word) for word in constraint.words]


def _is_near(constraint: Constraint, machine: Topology, core_id: int) -> bool:
    try:
        device = machine.device(constraint.device)
    except PlanError as error:
        raise ViolationError(f"constraint {constraint.name!r} was taken as kept: {error}") from error
    core = machine.core(core_id)
    if constraint.hops >= 0:
        packages = {machine.core(near).package for near in device.cores}
        pairs = [(core.package, package) for package in packages if package is not None and core.package is not None]
        hops = [0 if p == q else machine.hops.get((p, q), machine.hops.get((q, p))) for p, q in pairs]
        return any(hop is not None and hop <= constraint.hops for hop in hops)
    if core_id in device.cores:
        return True
    nodes: set[int | None] = set(device.nodes) or {machine.core(near).node for near in device.cores}
    far = [
        machine.node_distance.get((core.node, node), 10 if core.node == node else 20)
        for node in nodes
        if node is not None and core.node is not None
    ]
    return any(distance <= constraint.within for distance in far)


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


def _check_memory(asked: Iterable[Constraint], machine: Topology, cores: Mapping[str, int]) -> None:
    used: dict[int, int] = {}
    for constraint in asked:
        if constraint.kind == "memory":
            for member in constraint.members:
                node = machine.core(cores[member]).node
                if node is not None:
                    used[node] = used.get(node, 0) + constraint.size_bytes
    for node, size_bytes in used.items():
        if node in machine.node_bytes and size_bytes > machine.node_bytes[node]:
            raise ViolationError(f"node {node} has {machine.node_bytes[node]} bytes, {size_bytes} are asked of it")


def _check_shares(app: Application, asked: Sequence[Constraint], cores: Mapping[str, int]) -> None:
    """Shares on one core add up to at most 1, those of gangs beside each other to what admission may promise."""
    share = dict(zip(app.dispatchers, app.cpu_ppm, strict=True))
    gangs = {name for constraint in asked if constraint.kind == "gang" for name in constraint.members}
    limits_all = any(constraint.kind == "cpu" for constraint in asked)
    for core in set(cores.values()):
        here = [name for name, at in cores.items() if at == core]
        together = [min(share[name], GANG_PPM) for name in here if name in gangs]
        if limits_all and sum(share[name] for name in here) > WHOLE_PPM:
            raise ViolationError(f"core {core} is asked for more than itself by {here}")
        if sum(together) > GANG_PPM:
            raise ViolationError(f"gangs ask for {sum(together)} ppm of core {core}, {GANG_PPM} may be promised")
