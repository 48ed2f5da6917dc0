"""The linear assignment problem, exact, with the dual prices that prove it."""

from dataclasses import dataclass

import numpy as np

from planner.placement.problem import Indices, Matrix

FORBIDDEN = 1e30
"""Stands for a pair that is not permitted."""


@dataclass(frozen=True, slots=True)
class LinearAssignment:
    """`columns[i]` is row i's column. `row_prices[i] + column_prices[j] <= cost[i, j]` everywhere, and column
    prices are never positive, so the prices' sum is a lower bound of every assignment; here it is the
    optimum."""

    columns: tuple[int, ...]
    row_prices: tuple[float, ...]
    column_prices: tuple[float, ...]

    @property
    def value(self) -> float:
        return sum(self.row_prices) + sum(self.column_prices)


def solve_assignment(cost: Matrix) -> LinearAssignment:
    """Rows to different columns at least cost, by shortest augmenting paths (Hungarian method). O(rows^2 x
    columns).

    Rows must not outnumber columns.
    """
    rows, columns = cost.shape
    row_price = np.zeros(rows + 1)
    column_price = np.zeros(columns + 1)
    owner = np.full(columns + 1, rows, dtype=np.int64)
    for row in range(rows):
        _augment(cost, row, row_price, column_price, owner)
    assigned = [-1] * rows
    for column in range(columns):
        if owner[column] < rows:
            assigned[owner[column]] = column
    return LinearAssignment(
        tuple(assigned), tuple(map(float, row_price[:rows])), tuple(map(float, column_price[:columns]))
    )


def _augment(cost: Matrix, row: int, row_price: Matrix, column_price: Matrix, owner: Indices) -> None:
    """Grow the tree of tight edges from a free row until it meets a free column, then flip the path."""
    columns = cost.shape[1]
    owner[columns] = row
    reached = columns
    least = np.full(columns, np.inf)
    came_from = np.full(columns, columns, dtype=np.int64)
    used = np.zeros(columns + 1, dtype=bool)
    while owner[reached] < cost.shape[0]:
        used[reached] = True
        source = owner[reached]
        reduced = cost[source] - row_price[source] - column_price[:columns]
        better = ~used[:columns] & (reduced < least)
        least[better] = reduced[better]
        came_from[better] = reached
        following = int(np.argmin(np.where(used[:columns], np.inf, least)))
        step = least[following]
        row_price[owner[used]] += step
        column_price[used] -= step
        least[~used[:columns]] -= step
        reached = following
    while reached != columns:
        owner[reached] = owner[came_from[reached]]
        reached = int(came_from[reached])
