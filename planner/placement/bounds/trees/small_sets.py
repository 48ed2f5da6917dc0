"""The set of a given size with the least flow out of it less its members' prices, among all sets."""

import time
from collections.abc import Iterator
from itertools import combinations
from math import comb

import numpy as np

from planner.placement.problem import Flags, Matrix

MOST_VALUES = 7e8
"""Sets that are valued for one level, counted again in each round; about 2 ns each."""

MOST_PARTS = 20_000
"""Sets of one size in either half, which are kept."""

BLOCK = 1 << 19
"""Sets that are valued at once."""


class SmallSets:
    """Sets are joined from a part in the first and one in the second half of the points, by one matrix product."""

    def __init__(self, flow: Matrix) -> None:
        both = flow + flow.T
        np.fill_diagonal(both, 0.0)
        self._both = both
        self._half = len(flow) // 2
        self._sides = (_Side(both, 0, self._half), _Side(both, self._half, len(flow)))

    def rounds(self, size: int, most: int) -> int:
        """How often all sets of a size may be gone through."""
        parts = max(comb(self.count - self._half, part) for part in range(min(size, self.count - self._half) + 1))
        return 0 if parts > MOST_PARTS else min(most, int(MOST_VALUES // comb(self.count, size)))

    @property
    def count(self) -> int:
        return len(self._both)

    def crossing(self, sets: Flags) -> Matrix:
        """Flow out of each set, both ways; sets x points."""
        inside = sets.astype(np.float64)
        out: Matrix = inside @ self._both.sum(axis=1) - ((inside @ self._both) * inside).sum(axis=1)
        return out

    def least(self, size: int, price: Matrix, keep: int, deadline: float | None) -> tuple[float, Flags] | None:
        """The least of crossing flow less prices over all sets of a size, and `keep` of the sets that come near.

        None where the deadline (`time.perf_counter`) came first.
        """
        own = self._both.sum(axis=1) - price
        values: list[Matrix] = []
        places: list[tuple[int, int, int]] = []
        most = min(self._half, size)
        if 2 * size == self.count and not price.any():
            most = size // 2  # the other sets are those that these leave
        for part in range(max(0, size - (self.count - self._half)), most + 1):
            for start, block in self._blocks(part, size - part, own):
                if deadline is not None and time.perf_counter() > deadline:
                    return None
                least = block.min(axis=1)
                for row in np.argsort(least, kind="stable")[:keep]:
                    values.append(least[row])
                    places.append((part, start + int(row), int(block[row].argmin())))
        order = np.argsort(values, kind="stable")[:keep]
        first, second = self._sides
        sets = [
            np.concatenate([first.sets(part)[row], second.sets(size - part)[column]])
            for part, row, column in (places[number] for number in order)
        ]
        return float(values[order[0]]), np.array(sets) > 0.5

    def _blocks(self, part: int, rest: int, own: Matrix) -> Iterator[tuple[int, Matrix]]:
        """The values of all joined sets, some rows of first parts at a time."""
        first, second = self._sides
        left, right = first.sets(part), second.sets(rest)
        across = -2.0 * self._both[: self._half, self._half :]
        left = np.column_stack([left @ across, first.value(part, own), np.ones(len(left))])
        right = np.column_stack([right, np.ones(len(right)), second.value(rest, own)]).T.copy()
        step = max(1, BLOCK // right.shape[1])
        for start in range(0, len(left), step):
            yield start, left[start : start + step] @ right


class _Side:
    """Half of the points with its sets by size."""

    def __init__(self, both: Matrix, begin: int, end: int) -> None:
        self._slice = slice(begin, end)
        self._inner = both[begin:end, begin:end]
        self._sets: dict[int, Matrix] = {}
        self._inside: dict[int, Matrix] = {}

    def sets(self, size: int) -> Matrix:
        """Sets x points, 0 or 1."""
        if size not in self._sets:
            count = len(self._inner)
            chosen = np.array(list(combinations(range(count), size)), dtype=np.int64).reshape(comb(count, size), size)
            found = np.zeros((comb(count, size), count))
            np.put_along_axis(found, chosen, 1.0, axis=1)
            self._sets[size] = found
            self._inside[size] = ((found @ self._inner) * found).sum(axis=1)
        return self._sets[size]

    def value(self, size: int, own: Matrix) -> Matrix:
        """Each set's own costs less the flow inside it, which is paid neither by one nor by the other end."""
        value: Matrix = self.sets(size) @ own[self._slice] - self._inside[size]
        return value
