"""Seats for dispatchers that are promised nothing: where least is promised and used already."""

from collections.abc import Mapping, Sequence

from planner.admission.allocating.allocation import Allocation, Question, hard_load_ppm
from planner.admission.requests import Team


def seat_best_effort(
    question: Question, allocation: Allocation, measured_ppm: Mapping[tuple[str, int], int]
) -> Allocation:
    """Teams without requests go to the least loaded cores, then to those with the fewest dispatchers.

    What best effort was measured to use of a core it sits on counts as load.
    """
    cores = dict(allocation.cores)
    for team in question.teams:
        if team in cores:
            continue
        free = _least_loaded(team, question.cores, cores, measured_ppm)
        cores[team] = question.pinned.get(team) or _fill(question.kept.get(team, (None,) * team.count), free)
    ordered = {team: cores[team] for team in question.teams}
    return Allocation(ordered, allocation.releases, allocation.is_exact)


def _fill(kept: Sequence[int | None], offered: Sequence[int]) -> tuple[int, ...]:
    free = iter([core for core in offered if core not in kept] + list(offered))
    return tuple(next(free) if core is None else core for core in kept)


def _least_loaded(
    team: Team,
    offered: tuple[int, ...],
    cores: Mapping[Team, tuple[int, ...]],
    measured_ppm: Mapping[tuple[str, int], int],
) -> tuple[int, ...]:
    """More dispatchers than cores go round again: best effort may share a core."""

    def burden(core: int) -> tuple[int, int, int]:
        here = [other for other, own in cores.items() if core in own]
        used_ppm = sum(measured_ppm.get((other.application, core), 0) for other in here if not other.requests)
        return hard_load_ppm(here) + used_ppm, len(here), core

    ranked = sorted(offered, key=burden)
    chosen = sorted(ranked[: team.count])
    return tuple(chosen[index % len(chosen)] for index in range(team.count))
