"""What a bound must pass to prove a cost the least: costs that lie on a grid prove each other sooner."""

from math import gcd

import numpy as np

from planner.placement.problem import Matrix, Problem

TOLERANCE = 1e-9
"""Relative difference below which two costs are the same."""

LARGEST_EXACT = 2.0**50


def below(problem: Problem, cost: float) -> float:
    """The highest bound that leaves room for an assignment cheaper than `cost`."""
    slack = TOLERANCE * max(1.0, abs(cost))
    step = grid(problem)
    return cost - max(slack, step - slack) if step else cost - slack


def raised(problem: Problem, bound: float) -> float:
    """The least cost that an assignment can have by this bound."""
    step = grid(problem)
    if not step:
        return bound
    slack = TOLERANCE * max(1.0, abs(bound))
    return max(bound, float(np.ceil((bound - slack) / step) * step))


def grid(problem: Problem) -> float:
    """A number that divides every assignment's cost; 0 where the data are no whole numbers."""
    parts = (problem.flow, problem.distance, problem.linear)
    if any(not np.array_equal(part, np.rint(part)) for part in parts):
        return 0.0
    if float(problem.flow.sum()) * float(problem.distance.max(initial=0.0)) > LARGEST_EXACT:
        return 0.0
    pairs = _divisor(problem.flow) * _divisor(problem.distance)
    if _is_symmetric(problem.flow) and _is_symmetric(problem.distance):
        pairs *= 2
    return float(gcd(pairs, _divisor(problem.linear)))


def _divisor(whole: Matrix) -> int:
    return int(np.gcd.reduce(whole.astype(np.int64), axis=None))


def _is_symmetric(square: Matrix) -> bool:
    return bool(np.array_equal(square, square.T))
