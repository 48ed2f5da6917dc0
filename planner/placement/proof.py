"""The proof for small placements: the whole problem as one CP-SAT model over interchangeable locations."""

from dataclasses import dataclass

import numpy as np
from ortools.sat.python import cp_model

from planner.placement.problem import Matrix, Problem
from planner.placement.rule_model import Kinds, RuleModel, kinds, location_marks

METHOD = "CP-SAT over kinds of locations"
MOST_PRODUCTS = 8000
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
    pairs = np.count_nonzero(np.triu(problem.flow + problem.flow.T, 1))
    return int(pairs) * len(_location_kinds(problem)) ** 2 <= MOST_PRODUCTS


def prove(
    problem: Problem, hint: tuple[int, ...], *, seed: int, work_limit: float, time_limit: float | None
) -> Proof | None:
    """None where the limits end it without any bound. Deterministic unless `time_limit` (seconds) is set.

    Products are linearised with their marginals (x_iK = sum over L of z_iKjL), which keeps the relaxation
    tight. Costs are scaled to integers and rounded down, so the bound holds for the unrounded problem.
    """
    model = _CostModel(problem)
    model.hint(hint)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = seed
    solver.parameters.linearization_level = 2
    solver.parameters.max_deterministic_time = work_limit
    if time_limit is not None:
        solver.parameters.max_time_in_seconds = max(time_limit, 0.01)
    status = solver.solve(model.rules.model)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return None
    return Proof(
        bound=solver.best_objective_bound / model.scale,
        assignment=model.rules.read(solver),
        is_optimal=status == cp_model.OPTIMAL,
        rounding=model.rounding,
    )


class _CostModel:
    def __init__(self, problem: Problem) -> None:
        self._kinds = _location_kinds(problem)
        single: Kinds = [(facility,) for facility in range(problem.size)]
        self.rules = RuleModel(single, self._kinds, problem.rules, is_distinct=True)
        self.scale = _scale(problem)
        self.rounding = 0.0
        self._within = _between_kinds(problem.distance, self._kinds)
        terms: list[cp_model.LinearExprT] = []
        for i in range(problem.size):
            terms += self._alone(i, problem.linear[i])
            for j in range(i + 1, problem.size):
                if problem.flow[i, j] or problem.flow[j, i]:
                    terms += self._together(i, j, problem.flow[i, j], problem.flow[j, i])
        self.rules.model.minimize(sum(terms))

    def _alone(self, facility: int, linear: Matrix) -> list[cp_model.LinearExprT]:
        prices = [self._integer(float(linear[own[0]])) for own in self._kinds]
        return [price * here for price, here in zip(prices, self.rules.count[facility], strict=True) if price]

    def _together(self, i: int, j: int, forth: float, back: float) -> list[cp_model.LinearExprT]:
        model, count = self.rules.model, len(self._kinds)
        both = [[model.new_bool_var("") for _ in range(count)] for _ in range(count)]
        for k in range(count):
            model.add(sum(both[k]) == self.rules.count[i][k])
            model.add(sum(row[k] for row in both) == self.rules.count[j][k])
        return [
            self._integer(forth * float(self._within[k, other]) + back * float(self._within[other, k])) * both[k][other]
            for k in range(count)
            for other in range(count)
        ]

    def _integer(self, cost: float) -> int:
        scaled = cost * self.scale
        whole = round(scaled) if abs(scaled - round(scaled)) < 1e-6 * max(1.0, scaled) * 1e-3 else int(scaled)
        self.rounding += max(0.0, scaled - whole) / self.scale
        return whole

    def hint(self, assignment: tuple[int, ...]) -> None:
        home = {place: kind for kind, own in enumerate(self._kinds) for place in own}
        for row, place in zip(self.rules.count, assignment, strict=True):
            for kind, variable in enumerate(row):
                self.rules.model.add_hint(variable, int(home[place] == kind))


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


def _scale(problem: Problem) -> float:
    """A power of two or ten that makes the costs whole numbers if it can, within 64 bits in all."""
    largest = float(problem.flow.sum() * problem.distance.max() + problem.linear.sum()) or 1.0
    scale = 1.0
    while scale * largest * 10 < LARGEST_TOTAL and scale < 1e6:
        scale *= 10
    while scale * largest > LARGEST_TOTAL:
        scale /= 2
    return scale
