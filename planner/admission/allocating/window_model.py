"""Window offsets as variables of a linear model, kept apart where their gangs share a core."""

from math import gcd

from planner.admission.allocating.allocation import Question
from planner.admission.requests import Request, Team
from planner.admission.schedulability.windows import gap_between
from planner.linear_model import LinearModel


class WindowModel:
    """What the models of seats have in common."""

    def __init__(self, question: Question) -> None:
        self._question = question
        self._teams = [team for team in question.teams if team.requests]
        self._model = LinearModel()
        self._unit_ns = _unit(question, self._teams)
        self._starts = {request: self._start(request) for team in self._teams for request in team.windows}
        self._anchor()

    def _start(self, request: Request) -> str:
        settled_ns = self._question.settled_release(request)
        if settled_ns is not None:
            settled = settled_ns // self._unit_ns
            return self._model.integer(settled, settled)
        return self._model.integer(0, request.period_ns // self._unit_ns - 1)

    def _anchor(self) -> None:
        """Shifting every offset alike changes nothing, so the window of the longest period may start at 0."""
        if self._starts and not self._question.settled:
            slowest = max(self._starts, key=lambda request: request.period_ns)
            self._model.require([(1, self._starts[slowest])], "==", 0)

    def _hold_gap(self, first: Request, second: Request, together: str) -> None:
        """distance = (start of second - start of first) mod g, inside the gap where the two share a core."""
        gap = gap_between(first, second, self._question.guard_ns)
        if gap.is_empty:
            self._model.require([(1, together)], "==", 0)
            return
        modulus = gap.modulus_ns // self._unit_ns
        least, most = gap.least_ns // self._unit_ns, gap.most_ns // self._unit_ns
        turns = self._model.integer(-(first.period_ns // gap.modulus_ns) - 1, second.period_ns // gap.modulus_ns + 1)
        distance = self._model.integer(0, modulus - 1)
        starts = [(1, self._starts[second]), (-1, self._starts[first])]
        self._model.require([*starts, (-modulus, turns), (-1, distance)], "==", 0)
        self._model.require([(1, distance), (-least, together)], ">=", 0)
        self._model.require([(1, distance), (modulus - 1 - most, together)], "<=", modulus - 1)


def _unit(question: Question, teams: list[Team]) -> int:
    """All times are multiples of it; offsets on its grid are as good as any (difference constraints)."""
    times = [question.guard_ns, *question.settled.values()]
    for team in teams:
        for request in team.requests:
            times += [request.wcet_ns, request.period_ns, request.deadline_ns]
    return gcd(*times)
