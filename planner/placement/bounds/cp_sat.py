"""The proof for small placements: the whole problem as one linear model over interchangeable locations."""

from dataclasses import dataclass

import numpy as np

from planner.linear_model import Term
from planner.placement.problem import Matrix, Problem
from planner.placement.rules.alike import Kinds, kinds, location_marks
from planner.placement.rules.model import RuleModel

METHOD = "CP-SAT over kinds of locations"
MOST_PRODUCTS = 3000
"""Pairs of facilities with flow times pairs of kinds; a larger model proves nothing in time."""

LARGEST_TOTAL = 2**50


@dataclass(frozen=True, slots=True)
class Proof:
    """A proven bound with the best assignment seen; `rounding` is the cost that scaling may have dropped."""

    bound: float
    assignment: tuple[int, ...]
    is_optimal: bool
    rounding: float


def is_provable(problem: Problem) -> bool:
    pairs = int(np.count_nonzero(np.triu(problem.flow + problem.flow.T, 1)))
    return pairs <= MOST_PRODUCTS and pairs * len(_location_kinds(problem)) ** 2 <= MOST_PRODUCTS


def prove(
    problem: Problem, hint: tuple[int, ...], *, seed: int, work_limit: float, time_limit: float | None
) -> Proof | None:
    """None where the limits end it without any answer. Deterministic unless `time_limit` (seconds) is set.

    Products are linearised with their marginals (x_iK = sum over L of z_iKjL), which keeps the relaxation tight. Costs
    are scaled to integers and rounded down, so the bound holds for the unrounded problem.
    """
    asked = _CostModel(problem)
    solution = asked.rules.model.solve(
        seed=seed,
        work_limit=work_limit,
        time_limit=time_limit,
        minimise=asked.terms,
        hint=asked.hint(hint),
    )
    if not solution.solutions or solution.bound is None:
        return None
    return Proof(
        bound=solution.bound / asked.scale,
        assignment=asked.rules.read(solution.values),
        is_optimal=solution.status == "optimal",
        rounding=asked.rounding,
    )


class _CostModel:
    def __init__(self, problem: Problem) -> None:
        self._kinds = _location_kinds(problem)
        single: Kinds = [(facility,) for facility in range(problem.size)]
        self.rules = RuleModel(single, self._kinds, problem.rules, is_distinct=True)
        self.scale = _scale(problem, len(self._kinds))
        self.rounding = 0.0
        self._within = _between_kinds(problem.distance, self._kinds)
        self.terms: list[Term] = []
        for i in range(problem.size):
            self._pay_alone(i, problem.linear[i])
            for j in range(i + 1, problem.size):
                if problem.flow[i, j] or problem.flow[j, i]:
                    self._pay_together(i, j, float(problem.flow[i, j]), float(problem.flow[j, i]))

    def _pay_alone(self, facility: int, linear: Matrix) -> None:
        for own, here in zip(self._kinds, self.rules.count[facility], strict=True):
            self.terms.append((self._integer(float(linear[own[0]])), here))

    def _pay_together(self, i: int, j: int, forth: float, back: float) -> None:
        model, count = self.rules.model, len(self._kinds)
        both = [[model.flag() for _ in range(count)] for _ in range(count)]
        for k in range(count):
            model.require([*((1, name) for name in both[k]), (-1, self.rules.count[i][k])], "==", 0)
            model.require([*((1, row[k]) for row in both), (-1, self.rules.count[j][k])], "==", 0)
        for k in range(count):
            for other in range(count):
                cost = forth * float(self._within[k, other]) + back * float(self._within[other, k])
                self.terms.append((self._integer(cost), both[k][other]))

    def _integer(self, cost: float) -> int:
        scaled = cost * self.scale
        whole = round(scaled) if abs(scaled - round(scaled)) < 1e-6 * max(1.0, scaled) * 1e-3 else int(scaled)
        self.rounding += max(0.0, scaled - whole) / self.scale
        return whole

    def hint(self, assignment: tuple[int, ...]) -> dict[str, int]:
        home = {place: kind for kind, own in enumerate(self._kinds) for place in own}
        return {
            name: int(home[place] == kind)
            for row, place in zip(self.rules.count, assignment, strict=True)
            for kind, name in enumerate(row)
        }


def _location_kinds(problem: Problem) -> Kinds:
    """Locations that may change places without any change of cost or rules."""
    marks = [location_marks(rule, problem.location_count) for rule in problem.rules]
    columns = [tuple(float(value) for value in column) for column in problem.linear.T]
    alike = kinds(problem.location_count, [*marks, columns])
    return [twins for own in alike for twins in _twins(problem.distance, own)]


def _twins(distance: Matrix, own: tuple[int, ...]) -> Kinds:
    groups: list[list[int]] = []
    for place in own:
        for group in groups:
            if _are_twins(distance, group[0], place):
                group.append(place)
                break
        else:
            groups.append([place])
    return [tuple(group) for group in groups]


def _are_twins(distance: Matrix, a: int, b: int) -> bool:
    rest = np.ones(len(distance), dtype=bool)
    rest[[a, b]] = False
    return bool(
        distance[a, b] == distance[b, a]
        and np.array_equal(distance[a, rest], distance[b, rest])
        and np.array_equal(distance[rest, a], distance[rest, b])
    )


def _between_kinds(distance: Matrix, own: Kinds) -> Matrix:
    """Distance from one kind to another; within a kind that of two different locations."""
    first = np.array([places[0] for places in own])
    last = np.array([places[-1] for places in own])
    return np.asarray(distance[np.ix_(first, last)])


def _scale(problem: Problem, kind_count: int) -> float:
    """A power of two or ten that makes the costs whole numbers if it can; all terms together stay below 2^53."""
    pairs = problem.flow.sum() * problem.distance.max() * kind_count**2
    largest = float(pairs + problem.linear.sum()) or 1.0
    scale = 1.0
    while scale * largest * 10 < LARGEST_TOTAL and scale < 1e6:
        scale *= 10
    while scale * largest > LARGEST_TOTAL:
        scale /= 2
    return scale
