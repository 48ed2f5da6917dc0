"""The schedule of each combination of phases, from one allocation that serves them all."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, product
from math import prod
from typing import TypeAlias

from planner.admission.allocating.allocation import Allocation
from planner.admission.requests import Team
from planner.admission.reservations import Reservation, Schedule
from planner.manifests.manifest import Manifest
from planner.manifests.phases import Group

MOST_COMBINATIONS = 4096

Promises: TypeAlias = Mapping[tuple[str, int], tuple[Reservation, ...]]
"""What each application's dispatchers hold in each of its phases, whatever the others' phases are."""


def make_schedules(
    manifests: Sequence[Manifest],
    allocation: Allocation,
    running: Mapping[str, int],
    most_combinations: int = MOST_COMBINATIONS,
    delays: Mapping[tuple[str, int], int] | None = None,
) -> tuple[tuple[Schedule, ...], tuple[str, ...], Promises]:
    """Schedules, the running combination first, with notes on what was left out or not exact, and every promise.

    An application's reservations in a phase are the same objects in all combinations. `delays` replaces the stated
    release of an application's phase, ns.
    """
    own = {
        (manifest.name, phase): _reservations(manifest, phase, allocation, delays or {})
        for manifest in manifests
        for phase in range(manifest.phase_count)
    }
    schedules = tuple(islice(combine(own, running), most_combinations))
    return schedules, _notes(manifests, allocation, len(schedules)), own


def combine(promises: Promises, running: Mapping[str, int]) -> Iterator[Schedule]:
    """The schedule of each combination of phases as it is asked for, the running one first; they share their parts."""
    phases: dict[str, list[int]] = {}
    for name, phase in promises:
        phases.setdefault(name, []).append(phase)
    for name, own in phases.items():
        own.sort(key=lambda phase: (phase != running.get(name, 0), phase))
    for chosen in product(*phases.values()):
        combination = dict(zip(phases, chosen, strict=True))
        yield Schedule(combination, tuple(one for item in combination.items() for one in promises[item]))


def _reservations(
    manifest: Manifest, phase: int, allocation: Allocation, delays: Mapping[tuple[str, int], int]
) -> tuple[Reservation, ...]:
    teams = {team.group: team for team in allocation.cores if team.application == manifest.name}
    return tuple(
        _reservation(group, teams[group.name], phase, index, allocation, delays)
        for group in manifest.groups
        for index in range(group.dispatchers)
    )


def _reservation(
    group: Group,
    team: Team,
    phase: int,
    index: int,
    allocation: Allocation,
    delays: Mapping[tuple[str, int], int],
) -> Reservation:
    asked = group.phase(phase)
    core = allocation.cores[team][index]
    dispatcher = team.first_dispatcher + index
    if not asked.is_reserved:
        return Reservation(team.application, dispatcher, core, "B", weight=asked.weight)
    request = next(one for one in team.requests if phase in one.phases)
    return Reservation(
        application=team.application,
        dispatcher=dispatcher,
        core=core,
        kind=request.kind,
        wcet_ns=request.wcet_ns,
        period_ns=request.period_ns,
        deadline_ns=request.deadline_ns,
        release_ns=allocation.releases[request, core],
        delay_ns=delays.get((team.application, phase), request.delay_ns),
    )


def _notes(manifests: Sequence[Manifest], allocation: Allocation, made: int) -> tuple[str, ...]:
    notes = []
    wanted = prod(manifest.phase_count for manifest in manifests)
    if made < wanted:
        notes.append(
            f"{made} of {wanted} combinations of phases are listed; "
            "all of them were admitted, with the same cores and offsets"
        )
    if not allocation.is_exact:
        notes.append("a sufficient demand test stood in for the exact one: it had over a million intervals to look at")
    return tuple(notes)
