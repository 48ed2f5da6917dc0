"""The question that manifests make of a machine: who may sit where, and what is settled already."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from planner.admission.allocating.allocation import Question
from planner.admission.requests import Request, Team, teams_of
from planner.admission.reservations import Decision
from planner.machine.topology import Topology
from planner.manifests.manifest import Manifest

T = TypeVar("T")


def make_question(
    manifests: Sequence[Manifest],
    machine: Topology,
    fixed: Mapping[str, tuple[int, ...]],
    keep: Mapping[str, Sequence[int | None]],
    standing: Decision | None,
    guard_ns: int,
) -> Question:
    teams = teams_of(manifests)
    pinned = {team: tuple(_own(team, fixed)) for team in teams if team.application in fixed}
    kept = {team: tuple(_own(team, keep)) for team in teams if team.application in keep and team not in pinned}
    settled = _settled({**pinned, **kept}, standing)
    return Question(teams, machine.allowed_ids, pinned, settled, guard_ns, kept=kept)


def _own(team: Team, cores: Mapping[str, Sequence[T]]) -> Sequence[T]:
    return cores[team.application][team.first_dispatcher : team.first_dispatcher + team.count]


def _settled(
    pinned: Mapping[Team, tuple[int | None, ...]], standing: Decision | None
) -> dict[tuple[Request, int], int]:
    """Offsets of the standing decision, by request and core."""
    known = {
        (one.application, one.dispatcher, phase): one.release_ns
        for (_, phase), own in (standing.promises if standing else {}).items()
        for one in own
        if one.kind != "B"
    }
    return {
        (request, core): known[request.application, team.first_dispatcher + index, request.phases[0]]
        for team, cores in pinned.items()
        for request in team.requests
        for index, core in enumerate(cores)
        if core is not None and (request.application, team.first_dispatcher + index, request.phases[0]) in known
    }


def reserved_part(question: Question) -> Question:
    """Without the teams that only want best effort."""
    return replace(
        question,
        teams=tuple(team for team in question.teams if team.requests),
        pinned={team: cores for team, cores in question.pinned.items() if team.requests},
        kept={team: cores for team, cores in question.kept.items() if team.requests},
    )
