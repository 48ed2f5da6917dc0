"""Planners' guaranteed time beside an allocation, with the releases that it makes possible."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from planner.admission.allocating.allocation import Allocation
from planner.admission.releases import Release
from planner.admission.reservations import Cause, Refusal, Reservation
from planner.admission.schedulability.demand import Placed
from planner.errors import PlanError
from planner.machine.topology import Topology
from planner.manifests.manifest import Manifest
from planner.release.derivation import derive_path, derived_ns
from planner.release.handling import MARGIN, Sends, handling_ps, reach, star
from planner.release.slots import slots_by_core

GRAIN_PS = 1_000_000
"""Budgets are whole microseconds."""


@dataclass(frozen=True, slots=True)
class Planners:
    """One reservation for each core's planner, which holds in every schedule, and the releases derived from them."""

    reservations: tuple[Reservation, ...]
    releases: tuple[Release, ...]


def state_releases(manifests: Sequence[Manifest]) -> tuple[Release, ...]:
    """What the manifests say, where nothing is derived."""
    return tuple(Release(name, phase, stated_ns) for name, phase, stated_ns in _promises(manifests))


def reserve_planners(
    manifests: Sequence[Manifest],
    allocation: Allocation,
    machine: Topology,
    guard_ns: int = 0,
    asked: Mapping[str, Sends] | None = None,
) -> Planners | Refusal:
    """A slot for the planner of every core that an application sits on; a refusal where one has no room.

    `asked` are applications' own trees. Raises PlanError for one that does not reach each member once.
    """
    members = _members(manifests, allocation)
    trees = {name: _tree(name, cores, asked or {}) for name, cores in members.items()}
    placed = _placed(allocation)
    budgets = {core: _budget_ns(machine, trees, members, core) for own in members.values() for core in own}
    slots = slots_by_core(placed, budgets, guard_ns)
    for core, slot in slots.items():
        if slot is None:
            return _no_room(core, budgets[core], placed.get(core, ()))
    known = {core: slot for core, slot in slots.items() if slot is not None}
    paths = {
        name: derive_path(machine, trees[name], known, tuple(dict.fromkeys(cores)), guard_ns)
        for name, cores in members.items()
    }
    releases = tuple(
        Release(name, phase, stated_ns, derived_ns(paths[name]), paths[name])
        for name, phase, stated_ns in _promises(manifests)
    )
    return Planners(tuple(slot.on(core) for core, slot in known.items()), releases)


def _tree(name: str, cores: Sequence[int], asked: Mapping[str, Sends]) -> Sends:
    tree = asked.get(name) or star(cores)
    reached = [child for children in tree.values() for child in children]
    if sorted(reached) != sorted(cores[1:]) or reach(tree, cores[0]) != set(cores):
        raise PlanError(
            f"the tree of {name} reaches cores {sorted(reached)} from core {cores[0]}; "
            f"each of {sorted(cores[1:])} once is accepted",
            code="bad_tree",
            details={"application": name, "found": sorted(reached), "accepted": sorted(cores[1:])},
        )
    return tree


def _promises(manifests: Sequence[Manifest]) -> list[tuple[str, int, int]]:
    """Application, phase and stated release of each phase in which some group is promised time."""
    found = []
    for manifest in manifests:
        for number in range(manifest.phase_count):
            stated = [phase.release_ns for group in manifest.groups if (phase := group.phase(number)).is_reserved]
            if stated:
                found.append((manifest.name, number, max(stated)))
    return found


def _members(manifests: Sequence[Manifest], allocation: Allocation) -> dict[str, tuple[int, ...]]:
    """Each application's cores, in the order of its dispatchers, each once."""
    found: dict[str, list[int]] = {manifest.name: [] for manifest in manifests}
    for team, cores in allocation.cores.items():
        found[team.application] += cores
    return {name: tuple(dict.fromkeys(cores)) for name, cores in found.items()}


def _placed(allocation: Allocation) -> dict[int, list[Placed]]:
    found: dict[int, list[Placed]] = {}
    for (request, core), release_ns in allocation.releases.items():
        found.setdefault(core, []).append((request, release_ns))
    return found


def _budget_ns(machine: Topology, trees: Mapping[str, Sends], members: Mapping[str, tuple[int, ...]], core: int) -> int:
    """For one change of every application on the core at once."""
    total_ps = sum(handling_ps(machine, trees[name], core) for name, cores in members.items() if core in cores)
    return -(-MARGIN * total_ps // GRAIN_PS) * GRAIN_PS // 1000


def _no_room(core: int, wcet_ns: int, placed: Sequence[Placed]) -> Refusal:
    causes = tuple(dict.fromkeys(Cause(request.application, request.phases[0]) for request, _ in placed))
    return Refusal(
        "planner",
        f"no room was found on core {core} for its planner's own {wcet_ns / 1000:g} us beside what is promised "
        "there; less work, or stated releases without guaranteed planners, are accepted",
        causes,
        False,
    )
