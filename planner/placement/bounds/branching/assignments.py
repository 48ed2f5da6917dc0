"""Many linear assignment problems of one size solved side by side, with the prices that prove them."""

import numpy as np
from numpy.typing import NDArray

from planner.placement.problem import Indices, Matrix

EXACT = 1e-13
"""Part of the largest cost below which a reduced cost counts as nothing where rows take their first columns."""


def solve_many(cost: NDArray[np.float64], enough: Matrix) -> tuple[Matrix, Matrix]:
    """Row and column prices of each of the problems x rows x columns (square): their sum is below every assignment.

    Where the sum has passed `enough` the problem is left there; elsewhere it is the optimum. Shortest augmenting
    paths (Jonker & Volgenant 1987), each step taken in all problems that need it.
    """
    column_price = cost.min(axis=1)
    reduced = cost - column_price[:, None, :]
    row_price = reduced.min(axis=2)
    reduced -= row_price[:, :, None]
    batch = _Batch(cost, row_price, column_price)
    batch.take_free_columns(reduced)
    for row in range(cost.shape[1]):
        value = row_price.sum(axis=1) + column_price.sum(axis=1)
        waiting = np.flatnonzero((batch.column_of[:, row] < 0) & (value <= enough))
        if len(waiting):
            batch.augment(row, waiting)
    return row_price, column_price


class _Batch:
    def __init__(self, cost: NDArray[np.float64], row_price: Matrix, column_price: Matrix) -> None:
        count, size = row_price.shape
        self._cost = cost
        self._row_price = row_price
        self._column_price = column_price
        self._row_of: Indices = np.full((count, size), -1)
        self.column_of: Indices = np.full((count, size), -1)

    def take_free_columns(self, reduced: NDArray[np.float64]) -> None:
        count, size = self._row_price.shape
        is_tight = reduced <= EXACT * max(1.0, float(np.abs(self._row_price).max(initial=0.0)))
        is_free = np.ones((count, size), dtype=bool)
        for row in range(size):
            usable = is_tight[:, row] & is_free
            problems = np.flatnonzero(usable.any(axis=1))
            columns = usable[problems].argmax(axis=1)
            self._row_of[problems, columns] = row
            self.column_of[problems, row] = columns
            is_free[problems, columns] = False

    def augment(self, row: int, problems: Indices) -> None:
        """The shortest path from `row` to a free column in each of the problems, prices kept feasible."""
        cost, row_of = self._cost[problems], self._row_of[problems]
        row_price, column_price = self._row_price[problems], self._column_price[problems]
        everyone = np.arange(len(problems))
        length = cost[:, row] - row_price[:, row, None] - column_price
        open_length = length.copy()
        came_from = np.full_like(row_of, row)
        is_reached = np.zeros(row_of.shape, dtype=bool)
        end = np.zeros(len(problems), dtype=np.int64)
        total = np.zeros(len(problems))
        live = everyone
        while len(live):
            column = open_length[live].argmin(axis=1)
            least = open_length[live, column]
            is_reached[live, column] = True
            open_length[live, column] = np.inf
            owner = row_of[live, column]
            is_end = owner < 0
            end[live[is_end]], total[live[is_end]] = column[is_end], least[is_end]
            live, owner, least = live[~is_end], owner[~is_end], least[~is_end]
            through = cost[live, owner] - (row_price[live, owner] - least)[:, None] - column_price[live]
            is_shorter = (through < length[live]) & ~is_reached[live]
            length[live] = np.where(is_shorter, through, length[live])
            open_length[live] = np.where(is_shorter, through, open_length[live])
            came_from[live] = np.where(is_shorter, owner[:, None], came_from[live])
        slack = np.maximum(np.where(is_reached, total[:, None] - length, 0.0), 0.0)
        row_price[:, row] += total
        which, column = np.nonzero(is_reached & (row_of >= 0))
        row_price[which, row_of[which, column]] += slack[which, column]
        self._row_price[problems] = row_price
        self._column_price[problems] = column_price - slack
        self._flip(row, problems, came_from, end)

    def _flip(self, row: int, problems: Indices, came_from: Indices, column: Indices) -> None:
        live = np.arange(len(problems))
        while len(live):
            owner = came_from[live, column[live]]
            before = self.column_of[problems[live], owner]
            self.column_of[problems[live], owner] = column[live]
            self._row_of[problems[live], column[live]] = owner
            column[live] = before
            live = live[owner != row]
