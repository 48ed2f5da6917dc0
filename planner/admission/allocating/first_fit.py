"""A quick allocation: each team in turn on the least loaded cores where an offset fits."""

from collections.abc import Iterator

from planner.admission.allocating.allocation import Allocation, Occupancy, Question, collect
from planner.admission.requests import Request, Team

MOST_OFFSETS = 64
"""Start offsets tried for one window."""


def allocate_first_fit(question: Question) -> Allocation | None:
    """None where this order finds no place; that is no proof that there is none."""
    occupancy = Occupancy(question)
    cores: dict[Team, tuple[int, ...]] = {}
    starts: dict[Request, int] = {}
    for team in sorted(question.teams, key=lambda team: _urgency(question, team)):
        found = _place(occupancy, team)
        if found is None:
            return None
        cores[team], releases = found
        starts |= releases
        for core in cores[team]:
            occupancy.add(core, team, releases)
    allocation = collect(question, {team: cores[team] for team in question.teams}, starts)
    return allocation if isinstance(allocation, Allocation) else None


def _urgency(question: Question, team: Team) -> tuple[object, ...]:
    is_settled = any(request in {one for one, _ in question.settled} for request in team.requests)
    return (
        not is_settled,
        team not in question.pinned and team not in question.kept,
        not team.windows,
        -team.largest_share_ppm * team.count,
        team.application,
        team.first_dispatcher,
    )


def _place(occupancy: Occupancy, team: Team) -> tuple[tuple[int, ...], dict[Request, int]] | None:
    candidates = [core for core in occupancy.question.cores_for(team) if occupancy.has_room(core, team)]
    chosen = _choose_starts(occupancy, team, list(team.windows), candidates, {})
    if chosen is None:
        return None
    fitting, starts = chosen
    seats: list[int] = []
    own = occupancy.question.kept_cores(team)
    for core in sorted(fitting, key=lambda core: (core not in own, occupancy.load_ppm(core), core)):
        if occupancy.offsets(core, team, starts).releases is not None:
            seats.append(core)
        if len(seats) == team.count:
            return (occupancy.question.arrange(team, seats), starts) if set(own) <= set(seats) else None
    return None


def _choose_starts(
    occupancy: Occupancy,
    team: Team,
    windows: list[Request],
    candidates: list[int],
    starts: dict[Request, int],
) -> tuple[list[int], dict[Request, int]] | None:
    """One offset for each window, each leaving as many cores as possible; None where too few are left."""
    if len(candidates) < team.count:
        return None
    if not windows:
        return candidates, starts
    request, *rest = windows
    best: list[int] = []
    best_start = 0
    for start_ns in _start_candidates(occupancy, request, candidates, starts):
        fitting = [core for core in candidates if occupancy.fits(core, request, start_ns)]
        if len(fitting) > len(best):
            best, best_start = fitting, start_ns
        if len(best) == len(candidates):
            break
    return _choose_starts(occupancy, team, rest, best, {**starts, request: best_start})


def _start_candidates(
    occupancy: Occupancy, request: Request, candidates: list[int], starts: dict[Request, int]
) -> Iterator[int]:
    settled_ns = occupancy.question.settled_release(request)
    if settled_ns is not None:
        yield settled_ns
        return
    guard_ns = occupancy.question.guard_ns
    ends = {
        offset % request.period_ns
        for core in candidates
        for other, ns in occupancy.windows[core]
        for offset in (ns + other.wcet_ns + guard_ns, ns - request.wcet_ns - guard_ns)
    }
    firsts = dict.fromkeys([*(ns % request.period_ns for ns in starts.values()), 0, *sorted(ends)])
    yield from list(firsts)[:MOST_OFFSETS]
