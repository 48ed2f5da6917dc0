"""The places that dispatchers may take: allowed cores, each once or as often as CPU shares may go onto it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from planner.applications.application import Application
from planner.applications.constraints import Constraint
from planner.errors import PlanError
from planner.machine.topology import Topology

WHOLE_PPM = 1_000_000
MOST_PLACES = 2048


@dataclass(frozen=True, slots=True)
class Places:
    """`cores` is the core of each place. `is_distinct` says that a place takes one dispatcher only; `limits_cpu` that
    shares still have to be added up, since so many places alone do not keep them to one core.
    """

    cores: tuple[int, ...]
    is_distinct: bool
    limits_cpu: bool = False


def places_of(app: Application, machine: Topology, kept: Sequence[Constraint], *, most: int | None = None) -> Places:
    """Distinct cores where a kept constraint asks everybody for them; copies of cores where shares add up.

    With neither (an analysis without them) a core takes any number. Raises PlanError (code "too_many_places") where
    shares are so small that there would be more than `most` places.
    """
    allowed = machine.allowed_ids
    kinds = {constraint.kind for constraint in kept if len(constraint.members) == len(app.dispatchers)}
    if "distinct" in kinds:
        return Places(allowed, is_distinct=True)
    if "cpu" not in kinds:
        return Places(allowed, is_distinct=False)
    shares = app.cpu_ppm
    copies = min(WHOLE_PPM // min(shares), len(shares))
    if most is not None and copies > 1 and copies * len(allowed) > most:
        raise PlanError(
            f"up to {copies} dispatchers could share each of {len(allowed)} cores; at most {most} places in all are "
            f"accepted: larger shares than {min(shares) / WHOLE_PPM:g}, or fewer cores by a pin",
            code="too_many_places",
            details={"key": "group.cpu", "found": copies * len(allowed), "accepted": most},
        )
    is_even = min(shares) == max(shares) or copies == 1
    return Places(tuple(core for core in allowed for _ in range(copies)), is_distinct=True, limits_cpu=not is_even)


def class_numbers(machine: Topology, level: str, cores: Iterable[int]) -> tuple[int, ...]:
    """For each of these cores the number of its object of that level, -1 where it has none."""
    if level.startswith("L"):
        groups: Iterable[tuple[int, ...]] = machine.sharing(int(level[1:]))
    elif level == "thread":
        groups = [(core,) for core in machine.core_ids]
    elif level == "core":
        groups = machine.physical_cores
    elif level == "die":
        dies = sorted({(core.package, core.die) for core in machine.cores if core.die is not None}, key=repr)
        groups = [tuple(core.id for core in machine.cores if (core.package, core.die) == die) for die in dies]
    else:
        groups = (machine.packages if level == "package" else machine.nodes).values()
    number = {core: index for index, group in enumerate(groups) for core in group}
    return tuple(number.get(core, -1) for core in cores)


def compact_order(machine: Topology, cores: Sequence[int]) -> tuple[int, ...]:
    """Places so that what shares most comes together: threads of a core, then its cache, its package."""
    positions = _positions(machine)
    return tuple(sorted(range(len(cores)), key=lambda place: positions[cores[place]]))


def scattered_order(machine: Topology, cores: Sequence[int]) -> tuple[int, ...]:
    """Places in turn over packages and nodes, with the first thread of every core before siblings."""
    positions = _positions(machine)
    seen: dict[object, int] = {}
    ranks = []
    for place in compact_order(machine, cores):
        core = machine.core(cores[place])
        sibling = _count(seen, ("core", core.physical_core if core.physical_core is not None else -1 - core.id))
        turn = _count(seen, ("node", core.package, core.node, sibling))
        ranks.append(((sibling, turn, positions[core.id]), place))
    return tuple(place for _, place in sorted(ranks))


def _count(seen: dict[object, int], key: object) -> int:
    seen[key] = seen.get(key, -1) + 1
    return seen[key]


def _positions(machine: Topology) -> dict[int, tuple[int, ...]]:
    caches = [class_numbers(machine, level, machine.core_ids) for level in ("L3", "L2")]
    return {
        core.id: (
            *(-1 if part is None else part for part in (core.package, core.node, core.die)),
            *shared,
            own,
            core.id,
        )
        for core, *shared in zip(machine.cores, *caches, strict=True)
        for own in [-1 if core.physical_core is None else core.physical_core]
    }
