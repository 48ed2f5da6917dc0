"""One question of feasibility: some of an application's constraints on a machine, answered with a checked map."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from planner.applications.application import Application
from planner.applications.constraints import Constraint
from planner.machine.topology import Topology
from planner.placement.locations import places_of
from planner.placement.problem import Inside
from planner.placement.rules.feasibility import Status, find_feasible
from planner.placement.rules.translation import rules_of, suitable_cores
from planner.verify.placement import check_rules


@dataclass(frozen=True, slots=True)
class Settled:
    """`cores` maps dispatchers to cores where the status is feasible."""

    status: Status
    cores: Mapping[str, int] = field(default_factory=dict)


def settle(
    app: Application, machine: Topology, kept: Sequence[Constraint], seed: int, *, avoided: Constraint | None = None
) -> Settled:
    """Whether these constraints leave a placement; with `avoided` one where the fewest members break that one."""
    places = places_of(app, machine, kept)
    soft = None
    if avoided is not None:
        suits, index = suitable_cores(avoided, machine), {name: at for at, name in enumerate(app.dispatchers)}
        permitted = frozenset(place for place, core in enumerate(places.cores) if core in suits)
        soft = Inside(avoided.name, tuple(index[name] for name in avoided.members), permitted)
    found = find_feasible(
        len(app.dispatchers),
        len(places.cores),
        rules_of(app, machine, kept, places),
        is_distinct=places.is_distinct,
        seed=seed,
        avoided=soft,
    )
    if found.status != "feasible":
        return Settled(found.status)
    cores = {name: places.cores[at] for name, at in zip(app.dispatchers, found.assignment, strict=True)}
    check_rules(app, machine, cores, kept)
    return Settled("feasible", cores)
