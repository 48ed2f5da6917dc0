"""The linear assignment problem, exact, with the dual prices that prove it."""

import time
from dataclasses import dataclass

import numpy as np

from planner.placement.problem import Indices, Matrix

FORBIDDEN = 1e30
"""Stands for a pair that is not permitted."""


@dataclass(frozen=True, slots=True)
class LinearAssignment:
    """`columns[i]` is row i's column, -1 where time was up before its turn. `row_prices[i] + column_prices[j] <=
    cost[i, j]` everywhere, and column prices are never positive, so the prices' sum is a lower bound of every
    assignment; where all rows have a column it is the optimum."""

    columns: tuple[int, ...]
    row_prices: tuple[float, ...]
    column_prices: tuple[float, ...]

    @property
    def value(self) -> float:
        return sum(self.row_prices) + sum(self.column_prices)


def solve_assignment(cost: Matrix, deadline: float | None = None) -> LinearAssignment:
    """Rows to different columns at least cost, by shortest augmenting paths (Hungarian method). O(rows^2 x
    columns).

    Rows must not outnumber columns. At the `deadline` (`time.perf_counter`) the rows still waiting get no column, and
    the highest prices that the columns' leave them.
    """
    rows, columns = cost.shape
    row_price, column_price = np.zeros(rows), np.zeros(columns)
    owner = np.full(columns, -1, dtype=np.int64)
    assigned = np.full(rows, -1, dtype=np.int64)
    for row in range(rows):
        if deadline is not None and time.perf_counter() >= deadline:
            row_price[row:] = (cost[row:] - column_price).min(axis=1)
            break
        _augment(cost, row, row_price, column_price, owner, assigned)
    return LinearAssignment(tuple(assigned.tolist()), tuple(row_price.tolist()), tuple(column_price.tolist()))


def _augment(
    cost: Matrix, row: int, row_price: Matrix, column_price: Matrix, owner: Indices, assigned: Indices
) -> None:
    """Grow the tree of shortest ways from a free row until it meets a free column, then flip the path.

    A column in the tree has an endless way and an endless price below 0, so that no other way to it is looked at.
    """
    way = np.full(len(owner), np.inf)
    came_from = np.full(len(owner), -1, dtype=np.int64)
    price = column_price.copy()
    tree: list[int] = []
    lengths: list[float] = []
    source, length = row, 0.0
    while source >= 0:
        longer = cost[source] - price
        longer += length - row_price[source]
        better = longer < way
        np.copyto(way, longer, where=better)
        np.copyto(came_from, source, where=better)
        reached = int(way.argmin())
        length = float(way[reached])
        way[reached], price[reached] = np.inf, -np.inf
        tree.append(reached)
        lengths.append(length)
        source = int(owner[reached])
    inner = np.array(tree[:-1], dtype=np.int64)
    saved = length - np.array(lengths[:-1])
    row_price[row] += length
    row_price[owner[inner]] += saved
    column_price[inner] -= saved
    while reached >= 0:
        source = int(came_from[reached])
        owner[reached] = source
        assigned[source], reached = reached, int(assigned[source])
