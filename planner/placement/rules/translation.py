"""The rules that an application's constraints come to on the places of one machine."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from planner.applications.application import Application
from planner.applications.constraints import FASTEST, SLOWEST, Constraint
from planner.errors import PlanError
from planner.machine.topology import Topology
from planner.placement.locations import WHOLE_PPM, Places, class_numbers
from planner.placement.problem import Apart, Capacity, Inside, Rule, Separate, Together

GANG_PPM = 900_000
"""What of a core may be promised to gangs, as admission has it."""


def rules_of(app: Application, machine: Topology, kept: Sequence[Constraint], places: Places) -> tuple[Rule, ...]:
    """Rules of these constraints; a place of its own for everybody is part of the problem and has none."""
    index = {name: number for number, name in enumerate(app.dispatchers)}
    found = [rule for constraint in kept for rule in _rules(constraint, machine, places, index)]
    memory = [constraint for constraint in kept if constraint.kind == "memory"]
    if memory:
        found.append(_memory_rule(memory, index, machine, places.cores))
    if places.limits_cpu:
        names = tuple(constraint.name for constraint in kept if constraint.kind == "cpu")
        found.append(_share_rule(names, app.cpu_ppm, WHOLE_PPM, machine, places.cores))
    gangs = [constraint for constraint in kept if constraint.kind == "gang"]
    if gangs and _may_share(places):
        members = {name for constraint in gangs for name in constraint.members}
        demand = [
            min(share, GANG_PPM) if name in members else 0
            for name, share in zip(app.dispatchers, app.cpu_ppm, strict=True)
        ]
        found.append(_share_rule(tuple(one.name for one in gangs), demand, GANG_PPM, machine, places.cores))
    return tuple(found)


def _may_share(places: Places) -> bool:
    return not places.is_distinct or len(set(places.cores)) < len(places.cores)


def _rules(constraint: Constraint, machine: Topology, places: Places, index: Mapping[str, int]) -> Iterator[Rule]:
    name, kind, cores = constraint.name, constraint.kind, places.cores
    members = tuple(index[one] for one in constraint.members)
    if kind == "share":
        classes = class_numbers(machine, constraint.level, cores)
        for team in constraint.teams:
            yield Together(name, tuple(index[one] for one in team), classes)
    elif kind in ("not_share", "smt"):
        yield Apart(name, members, class_numbers(machine, "core" if kind == "smt" else constraint.level, cores))
    elif kind == "separate":
        others = tuple(index[other] for other in constraint.others)
        yield Separate(name, members, others, class_numbers(machine, constraint.level, cores))
    elif kind in ("distinct", "gang"):
        if _may_share(places) and (kind == "gang" or len(members) < len(index)):
            yield Apart(name, members, class_numbers(machine, "thread", cores))
    elif kind not in ("cpu", "memory"):
        suits = suitable_cores(constraint, machine)
        permitted = frozenset(place for place, core in enumerate(cores) if core in suits)
        yield Inside(name, members, permitted)


def suitable_cores(constraint: Constraint, machine: Topology) -> frozenset[int]:
    """The allowed cores where a member of a constraint on single dispatchers may be.

    Raises PlanError for cores, packages, nodes, kinds and devices that the machine does not have.
    """
    suits = _TESTS[constraint.kind](constraint, machine)
    return frozenset(core for core in machine.allowed_ids if suits(core))


Test = Callable[[int], bool]


def _pin(constraint: Constraint, machine: Topology) -> Test:
    for core in constraint.numbers:
        _named(constraint, machine.core_ids, core, "core", machine)
    return lambda core: (core in constraint.numbers) == (constraint.kind == "pin")


def _isa(constraint: Constraint, machine: Topology) -> Test:
    return lambda core: machine.core(core).isa in (None, constraint.isa)


def _features(constraint: Constraint, machine: Topology) -> Test:
    wanted = set(constraint.words)

    def suits(core: int) -> bool:
        known = machine.core(core).features
        return known is None or wanted <= known

    return suits


def _core_kind(constraint: Constraint, machine: Topology) -> Test:
    known = sorted({core.kind for core in machine.cores if core.kind is not None})
    if not known:
        return lambda core: True
    allowed = [kind for core in machine.cores if core.allowed and (kind := core.kind) is not None] or known
    wanted = {
        max(allowed) if word == FASTEST else min(allowed) if word == SLOWEST else int(word) for word in constraint.words
    }
    for kind in sorted(wanted):
        _named(constraint, known, kind, "core kind", machine)
    return lambda core: machine.core(core).kind in wanted


def _package(constraint: Constraint, machine: Topology) -> Test:
    for number in constraint.numbers:
        _named(constraint, list(machine.packages), number, "package", machine)
    return lambda core: machine.core(core).package in constraint.numbers


def _node(constraint: Constraint, machine: Topology) -> Test:
    for number in constraint.numbers:
        _named(constraint, list(machine.nodes), number, "node", machine)
    return lambda core: machine.core(core).node in constraint.numbers


def _near(constraint: Constraint, machine: Topology) -> Test:
    device = machine.device(constraint.device)
    by_hops = constraint.hops >= 0
    measure, limit = (machine.device_hops, constraint.hops) if by_hops else (machine.device_distance, constraint.within)
    far = {core: measure(device, core) for core in machine.allowed_ids}
    if all(distance is None for distance in far.values()):
        raise PlanError(
            f"constraint {constraint.name!r}: no fact of {machine.name} says which cores are near device "
            f"{constraint.device!r}; device_core/2 or device_node/2 is needed",
            code="unknown_locality",
            details={"constraint": constraint.name, "device": constraint.device},
        )
    return lambda core: (distance := far[core]) is not None and distance <= limit


def _isolated(constraint: Constraint, machine: Topology) -> Test:
    wanted = constraint.words == ("only",)
    return lambda core: machine.core(core).isolated == wanted


def _tickless(constraint: Constraint, machine: Topology) -> Test:
    return lambda core: machine.core(core).tickless


_TESTS: Mapping[str, Callable[[Constraint, Topology], Test]] = {
    "pin": _pin,
    "forbid": _pin,
    "isa": _isa,
    "features": _features,
    "core_kind": _core_kind,
    "package": _package,
    "node": _node,
    "near": _near,
    "isolated": _isolated,
    "tickless": _tickless,
}


def _named(constraint: Constraint, known: Sequence[int], number: int, what: str, machine: Topology) -> None:
    if number in known:
        return
    shown = ", ".join(map(str, known[:40])) + (", ..." if len(known) > 40 else "") if known else "none"
    place = f" ({constraint.key})" if constraint.key else ""
    raise PlanError(
        f"constraint {constraint.name!r}{place}: {what} {number} does not exist on {machine.name}; it has {shown}",
        code=f"unknown_{'core' if what == 'core' else 'object'}",
        details={
            "constraint": constraint.name,
            "found": number,
            "accepted": list(known)[:1000],
            **({"key": constraint.key} if constraint.key else {}),
            **({"line": constraint.line} if constraint.line else {}),
        },
    )


def _memory_rule(
    memory: Sequence[Constraint], index: Mapping[str, int], machine: Topology, cores: Sequence[int]
) -> Capacity:
    demand = [0] * len(index)
    for constraint in memory:
        for name in constraint.members:
            demand[index[name]] += constraint.size_bytes
    sized = [node for node in machine.nodes if node in machine.node_bytes]
    number = {node: index for index, node in enumerate(sized)}
    homes = [machine.core(core).node for core in cores]
    return Capacity(
        names=tuple(constraint.name for constraint in memory),
        demand=tuple(demand),
        classes=tuple(-1 if node is None else number.get(node, -1) for node in homes),
        limits=tuple(machine.node_bytes[node] for node in sized),
    )


def _share_rule(
    names: tuple[str, ...], demand: Sequence[int], limit: int, machine: Topology, cores: Sequence[int]
) -> Capacity:
    classes = class_numbers(machine, "thread", cores)
    return Capacity(names, tuple(demand), classes, (limit,) * len(machine.cores))
