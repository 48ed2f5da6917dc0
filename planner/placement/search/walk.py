"""An assignment that changes by exchanges of two slots, with what every further exchange would cost."""

from collections.abc import Sequence

import numpy as np

from planner.placement.problem import Indices, Matrix, Problem

SPARSE = 0.1
"""Part of the pairs with flow below which an exchange brings only the rows of its neighbours up to date."""


class Walk:
    """Slots are the facilities, then an empty slot for each location left over; `at[s]` is slot s's location.

    `change[r, s]` is by how much the cost grows when r and s exchange locations (infinite for r = s). An
    exchange of r and s changes it for all other u, v by (x_u - x_v)(y_u - y_v), x the difference of the flows
    of r and s, y that of their distances (Taillard 1991): a matrix of rank four, one product for all pairs.
    The rows of r and s are summed anew. O(slots^2) a move.
    """

    def __init__(self, problem: Problem) -> None:
        slots = problem.location_count
        self._size = problem.size
        self._flow, self._distance = _balanced(problem)
        self._is_symmetric = _is_symmetric(self._flow) and _is_symmetric(self._distance)
        self._flow_back = self._flow if self._is_symmetric else np.ascontiguousarray(self._flow.T)
        self._both: Matrix = self._flow + self._flow.T
        self._linear: Matrix = np.zeros((slots, slots))
        self._linear[: problem.size] = problem.linear
        self._has_linear = bool(self._linear.any())
        factors = 4 if self._is_symmetric else 8
        self._left = np.ones((factors, slots))
        self._right = np.ones((factors, slots))
        self._update: Matrix = np.empty((slots, slots))
        self._is_sparse = bool(np.count_nonzero(self._both) < SPARSE * slots * slots)
        self.at: Indices = np.arange(slots)
        self.change: Matrix = np.empty((slots, slots))
        self.cost = 0.0
        self._apart: Matrix = self._distance
        self._apart_back: Matrix = self._distance
        self._own: Matrix = np.zeros(slots)

    def place(self, assignment: Sequence[int]) -> None:
        """Start from here; O(slots^3)."""
        empty = np.setdiff1d(np.arange(len(self.at)), assignment)
        self.at = np.concatenate([np.asarray(assignment, dtype=np.int64), empty])
        apart = self._apart = np.ascontiguousarray(self._distance[np.ix_(self.at, self.at)])
        self._apart_back = apart if self._is_symmetric else np.ascontiguousarray(apart.T)
        paid = self._flow @ apart.T + self._flow_back @ apart + self._linear[:, self.at]
        self._own = paid.diagonal().copy()
        self.change[:] = paid + paid.T - self._own[:, None] - self._own + self._both * (apart + apart.T)
        np.fill_diagonal(self.change, np.inf)
        self.cost = float((self._flow * apart).sum() + self._linear[np.arange(len(self.at)), self.at].sum())

    def assignment(self) -> tuple[int, ...]:
        return tuple(self.at[: self._size].tolist())

    def exchange(self, one: int, other: int) -> None:
        self.cost += float(self.change[one, other])
        if self._is_sparse:
            self._update_rows(one, other)
        else:
            self._update_all(one, other)
        for apart in (self._apart,) if self._is_symmetric else (self._apart, self._apart_back):
            _swap_rows_and_columns(apart, one, other)
        self.at[one], self.at[other] = self.at[other], self.at[one]
        self._sum_anew(one, other)

    def _differences(self, one: int, other: int) -> list[tuple[Matrix, Matrix]]:
        forth = self._flow[one] - self._flow[other]
        if self._is_symmetric:
            return [(2.0 * forth, self._apart[one] - self._apart[other])]
        back = self._flow_back[one] - self._flow_back[other]
        return [
            (forth, self._apart[one] - self._apart[other]),
            (back, self._apart_back[one] - self._apart_back[other]),
        ]

    def _update_all(self, one: int, other: int) -> None:
        left, right = self._left, self._right
        for number, (x, y) in enumerate(self._differences(one, other)):
            row = 4 * number
            product = x * y
            self._own -= product
            left[row], right[row + 1] = product, product
            left[row + 2], left[row + 3] = x, y
            np.negative(y, out=right[row + 2])
            np.negative(x, out=right[row + 3])
        np.matmul(left.T, right, out=self._update)
        self.change += self._update

    def _update_rows(self, one: int, other: int) -> None:
        """The same where x differs from 0 for few slots: only their rows and columns change."""
        differences = self._differences(one, other)
        concerned = np.flatnonzero(sum(np.abs(x) for x, _ in differences))
        update = np.zeros((len(concerned), len(self.at)))
        for x, y in differences:
            self._own -= x * y
            update += (x[concerned, None] - x) * (y[concerned, None] - y)
        self.change[concerned] += update
        update[:, concerned] = 0.0
        self.change[:, concerned] += update.T

    def _sum_anew(self, one: int, other: int) -> None:
        moved = [one, other]
        apart = self._apart[moved]
        if self._is_symmetric:
            paid = apart @ self._flow
            paid += self._flow[moved] @ self._apart
            paid *= 2.0
            between = 2.0 * apart
        else:
            paid = apart @ self._flow_back
            paid += self._apart_back[moved] @ self._flow
            paid += self._flow[moved] @ self._apart_back
            paid += self._flow_back[moved] @ self._apart
            between = apart + self._apart_back[moved]
        if self._has_linear:
            paid += self._linear[:, self.at[moved]].T
            paid += self._linear[moved][:, self.at]
        for number, slot in enumerate(moved):
            self._own[slot] = paid[number, slot] / 2.0
        paid -= self._own
        for number, slot in enumerate(moved):
            row = paid[number]
            row -= self._own[slot]
            row += self._both[slot] * between[number]
            row[slot] = np.inf
            self.change[slot] = row
            self.change[:, slot] = row


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


def _swap_rows_and_columns(square: Matrix, one: int, other: int) -> None:
    kept = square[one].copy()
    square[one] = square[other]
    square[other] = kept
    kept = square[:, one].copy()
    square[:, one] = square[:, other]
    square[:, other] = kept
