"""The Gilmore-Lawler bound: what each facility must pay at each location, then the best assignment."""

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


def gilmore_lawler(problem: Problem) -> CostBound:
    """The better of the two readings (flows by sender, by receiver); rules about single facilities are kept.

    Valid whatever the other rules demand. O(n m (n log n)) for the table plus one linear assignment each.
    """
    permitted = problem.permitted()
    by_sender = _bound(problem.flow, problem.distance, problem.linear, permitted)
    by_receiver = _bound(problem.flow.T, problem.distance.T, problem.linear, permitted)
    reading, found = max(((False, by_sender), (True, by_receiver)), key=lambda pair: pair[1].value)
    return CostBound(max(found.value, 0.0), reading, found)


def least_costs(flow: Matrix, distance: Matrix, linear: Matrix, permitted: Flags) -> Matrix:
    """What facility i pays at location a at least: its largest flows over the shortest distances."""
    size, places = len(flow), len(distance)
    flows = -np.sort(-_without_diagonal(flow), axis=1)
    lengths = np.sort(_without_diagonal(distance), axis=1)[:, : size - 1] if size > 1 else np.zeros((places, 0))
    return np.where(permitted, flows @ lengths.T + linear, FORBIDDEN)


def _bound(flow: Matrix, distance: Matrix, linear: Matrix, permitted: Flags) -> LinearAssignment:
    return solve_assignment(least_costs(flow, distance, linear, permitted))


def _without_diagonal(square: Matrix) -> Matrix:
    size = len(square)
    return square[~np.eye(size, dtype=bool)].reshape(size, size - 1)
