"""The Gilmore-Lawler bound: what each facility must pay at each location, then the best assignment."""

import time
from dataclasses import dataclass

import numpy as np

from planner.placement.bounds.linear_assignment import FORBIDDEN, LinearAssignment, solve_assignment
from planner.placement.problem import Flags, Matrix, Problem

METHOD = "Gilmore-Lawler"


@dataclass(frozen=True, slots=True, eq=False)
class CostBound:
    """A lower bound with its proof: prices of the linear assignment, and if flows were read by receiver."""

    value: float
    by_receiver: bool
    certificate: LinearAssignment


def gilmore_lawler(problem: Problem, deadline: float | None = None) -> CostBound:
    """The better of the two readings (flows by sender, by receiver); rules about single facilities are kept.

    Valid whatever the other rules demand, and lower where the deadline (`time.perf_counter`) comes first. O(n m
    (n log n)) for the table plus one linear assignment each; where nothing differs by direction, one reading does.
    """
    permitted = problem.permitted()
    half = None if deadline is None else (time.perf_counter() + deadline) / 2.0
    found = [(False, _bound(problem.flow, problem.distance, problem.linear, permitted, half))]
    if not (np.array_equal(problem.flow, problem.flow.T) and np.array_equal(problem.distance, problem.distance.T)):
        found.append((True, _bound(problem.flow.T, problem.distance.T, problem.linear, permitted, deadline)))
    reading, best = max(found, key=lambda pair: pair[1].value)
    return CostBound(max(best.value, 0.0), reading, best)


def least_costs(flow: Matrix, distance: Matrix, linear: Matrix, permitted: Flags) -> Matrix:
    """What facility i pays at location a at least: its largest flows over the shortest distances."""
    size, places = len(flow), len(distance)
    flows = -np.sort(-_without_diagonal(flow), axis=1)
    lengths = np.sort(_without_diagonal(distance), axis=1)[:, : size - 1] if size > 1 else np.zeros((places, 0))
    return np.where(permitted, flows @ lengths.T + linear, FORBIDDEN)


def _bound(
    flow: Matrix, distance: Matrix, linear: Matrix, permitted: Flags, deadline: float | None
) -> LinearAssignment:
    return solve_assignment(least_costs(flow, distance, linear, permitted), deadline)


def _without_diagonal(square: Matrix) -> Matrix:
    size = len(square)
    return square[~np.eye(size, dtype=bool)].reshape(size, size - 1)
