"""Why a set of manifests is refused: a minimal set of phases that conflict, and the rule that they break."""

from collections.abc import Callable
from dataclasses import replace

from planner.admission.allocating.allocation import Allocation, Question
from planner.admission.allocating.solver import Impossible
from planner.admission.requests import MOST_HARD_PPM, Request
from planner.admission.reservations import Cause, Refusal

Solve = Callable[[Question], Allocation | Impossible]


def explain(question: Question, impossible: Impossible, solve: Solve) -> Refusal:
    """Leave out one request after the other; what cannot be left out without admission is a cause.

    The set is minimal only where every deletion was solved again to an end.
    """
    if impossible.is_ended:
        return _undecided(question)
    conflict, is_minimal = _shrink(question, impossible, solve)
    smallest = _keep(question, conflict)
    rule, sentence = _broken_rule(smallest, solve)
    causes = tuple(Cause(request.application, request.phases[0]) for request in conflict)
    named = " and ".join(dict.fromkeys(request.describe() for request in conflict))
    return Refusal(rule, f"{named}: {sentence}", tuple(dict.fromkeys(causes)), is_minimal)


def _undecided(question: Question) -> Refusal:
    requests = [request for team in question.teams for request in team.requests]
    causes = tuple(dict.fromkeys(Cause(request.application, request.phases[0]) for request in requests))
    return Refusal(
        "limit",
        "the search was ended by its limit before it knew: no schedule was found, and none was excluded; "
        "a longer time limit or fewer applications at once are accepted",
        causes,
        False,
    )


def _shrink(question: Question, impossible: Impossible, solve: Solve) -> tuple[list[Request], bool]:
    conflict = _first_failing(question, solve)
    is_minimal = impossible.is_proven
    for request in list(conflict):
        fewer = [other for other in conflict if other is not request]
        answer = solve(_keep(question, fewer))
        if isinstance(answer, Allocation):
            continue
        if answer.is_proven:
            conflict = fewer
        else:
            is_minimal = False
    return conflict, is_minimal


def _first_failing(question: Question, solve: Solve) -> list[Request]:
    """The heaviest requests that are refused already: whatever fits is quickly placed, so few are left to try."""
    weighed = [(request.share_ppm * team.count, request) for team in question.teams for request in team.requests]
    ordered = [request for _, request in sorted(weighed, key=lambda pair: -pair[0])]
    for count in range(1, len(ordered)):
        answer = solve(_keep(question, ordered[:count]))
        if isinstance(answer, Impossible) and answer.is_proven:
            return _in_order(question, ordered[:count])
    return _in_order(question, ordered)


def _in_order(question: Question, kept: list[Request]) -> list[Request]:
    return [request for team in question.teams for request in team.requests if request in kept]


def _keep(question: Question, kept: list[Request]) -> Question:
    left_out = frozenset(request for team in question.teams for request in team.requests) - frozenset(kept)
    renamed = {team: team.without(left_out) for team in question.teams}
    return replace(
        question,
        teams=tuple(team for team in renamed.values() if team.requests),
        pinned={renamed[team]: cores for team, cores in question.pinned.items()},
        kept={renamed[team]: cores for team, cores in question.kept.items()},
        settled={key: ns for key, ns in question.settled.items() if key[0] in kept},
    )


def _broken_rule(question: Question, solve: Solve) -> tuple[str, str]:
    """The first rule that refuses when the later ones are switched off."""
    for team in question.teams:
        if team.count > len(question.cores_for(team)):
            return "cores", (
                f"{team.count} dispatchers need as many different cores; {len(question.cores_for(team))} may be used"
            )
    load_only = replace(question, ask_windows=False, ask_demand=False)
    if isinstance(solve(load_only), Impossible):
        return "utilisation", _load_sentence(question)
    if isinstance(solve(replace(question, ask_demand=False)), Impossible):
        return "windows", (
            "their windows cannot be kept apart on the cores that they must share, whatever the offsets: "
            "with g the greatest common divisor of two periods, both WCETs have to fit into g"
        )
    if isinstance(solve(_at_once(question)), Impossible):
        return "demand", (
            "some interval holds more work that is released and due in it than it has time; "
            "a smaller WCET or a later deadline is accepted"
        )
    return "transition", (
        "each combination of phases has a schedule, but a change between them at the wrong instant would "
        "make a deadline miss; phases with equal periods, or less work in one of them, are accepted"
    )


def _at_once(question: Question) -> Question:
    """Only what can hold at the same time: the heaviest guaranteed phase of each application."""
    return _keep(
        question,
        [
            request
            for team in question.teams
            for request in team.requests
            if request == max(team.requests, key=lambda one: (one.share_ppm, one.phases))
        ],
    )


def _planners(question: Question) -> str:
    own_ppm = MOST_HARD_PPM - question.most_ppm
    return f", {own_ppm} ppm for the core's planner" if own_ppm else ""


def _load_sentence(question: Question) -> str:
    asked_ppm = sum(team.largest_share_ppm * team.count for team in question.teams)
    cores = {core for team in question.teams for core in question.cores_for(team)}
    return (
        f"together they ask for {asked_ppm} ppm of guaranteed time on {len(cores)} cores, "
        f"and no core may promise more than {question.most_ppm} ppm: a tenth is kept for best effort"
        + _planners(question)
    )
