"""Flow and distance of slots in the form in which a walk sums them, in as few bits as keep them exact."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from planner.placement.problem import Matrix, Problem

EXACT_FLOAT32 = 2.0**24
"""Whole numbers up to here are exact in 32 bits, which take half the time of 64."""


class Direction(NamedTuple):
    """What slot u pays for its location is the sum over k of flow[u, k] x distance[at u, at k]."""

    flow: NDArray[np.floating[Any]]
    distance: NDArray[np.floating[Any]]


def directions_of(problem: Problem) -> list[Direction]:
    """There and back, or both in one where nothing depends on the direction; over all of them a cost counts twice."""
    flow, distance = _balanced(problem)
    kind = _exact_kind(problem, flow, distance)
    if _is_symmetric(flow) and _is_symmetric(distance):
        return [Direction((2.0 * flow).astype(kind), distance.astype(kind))]
    return [
        Direction(f.astype(kind, order="C"), d.astype(kind, order="C"))
        for f, d in ((flow, distance), (flow.T, distance.T))
    ]


def _exact_kind(problem: Problem, flow: Matrix, distance: Matrix) -> type[np.float32] | type[np.float64]:
    """Whole and half numbers whose sums stay small, none above four times what a slot and its partner pay."""
    is_whole = all(bool((np.rint(2.0 * own) == 2.0 * own).all()) for own in (flow, distance, problem.linear))
    most = float((flow + flow.T).sum(axis=1).max() * distance.max()) + 2.0 * float(problem.linear.max())
    return np.float32 if is_whole and 16.0 * most < EXACT_FLOAT32 else np.float64


def _balanced(problem: Problem) -> tuple[Matrix, Matrix]:
    """Flow between slots and distance without diagonals; where one is symmetric the other is made so, too.

    That changes no cost: a symmetric distance is paid by the sum of both directions' flow.
    """
    slots = problem.location_count
    flow = np.zeros((slots, slots))
    flow[: problem.size, : problem.size] = problem.flow
    distance = problem.distance.astype(np.float64)
    np.fill_diagonal(flow, 0.0)
    np.fill_diagonal(distance, 0.0)
    if _is_symmetric(distance):
        flow = (flow + flow.T) / 2.0
    elif _is_symmetric(flow):
        distance = (distance + distance.T) / 2.0
    return flow, distance


def _is_symmetric(square: Matrix) -> bool:
    return bool(np.array_equal(square, square.T))
