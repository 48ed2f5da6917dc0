"""The set of a given size with the least flow out of it less its members' prices, among all sets."""

import time
from bisect import bisect
from collections.abc import Iterator
from itertools import combinations
from math import comb
from typing import TypeAlias

import numpy as np

from planner.placement.problem import Flags, Matrix

MOST_VALUES = 7e8
"""Sets that are valued for one level, counted again in each round; about 2 ns each."""

MOST_PARTS = 20_000
"""Sets of one size in either half, which are kept."""

BLOCK = 1 << 16
"""Sets that are valued at once."""


class SmallSets:
    """Sets are joined from three parts: one in the first half of the points, one in each quarter of the second.

    What a joined set is worth is the sum of three tables, one for each two of its parts. That takes three additions a
    set and no product of large matrices, whose threads get in each other's way on a busy machine.
    """

    def __init__(self, flow: Matrix) -> None:
        both = flow + flow.T
        np.fill_diagonal(both, 0.0)
        self._both = both
        self._across: dict[int, Matrix] = {}
        half, quarter = len(flow) // 2, (3 * len(flow) + 3) // 4
        self._sides = (_Side(both, 0, half), _Side(both, half, quarter), _Side(both, quarter, len(flow)))

    def rounds(self, size: int, most: int) -> int:
        """How often all sets of a size may be gone through."""
        largest = max(side.count for side in self._sides)
        parts = max(comb(largest, part) for part in range(min(size, largest) + 1))
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
        values: list[float] = []
        found: list[tuple[_Parts, int, int]] = []
        is_halved = 2 * size == self.count and not price.any()
        for parts in self._parts(size, is_halved):
            for start, block in self._blocks(parts, self._both.sum(axis=1) - price):
                if deadline is not None and time.perf_counter() > deadline:
                    return None
                least = block.min(axis=1)
                limit = values[-1] if len(values) == keep else np.inf
                for row in np.flatnonzero(least < limit):
                    place = bisect(values, float(least[row]))
                    if place < keep:
                        values.insert(place, float(least[row]))
                        found.insert(place, (parts, start + int(row), int(block[row].argmin())))
                        del values[keep:], found[keep:]
        return values[0], np.array([self._joined(*one) for one in found]) > 0.5

    def _parts(self, size: int, is_halved: bool) -> Iterator["_Parts"]:
        """Sizes of the three parts; where a set and what it leaves are worth the same, one of them will do."""
        first, second, third = (side.count for side in self._sides)
        for one in range(min(first, size // 2 if is_halved else size) + 1):
            for two in range(min(second, size - one) + 1):
                if size - one - two <= third:
                    yield one, two, size - one - two

    def _blocks(self, parts: "_Parts", own: Matrix) -> Iterator[tuple[int, Matrix]]:
        """The values of all joined sets, some rows of first parts at a time."""
        first, second, third = (side.sets(part) for side, part in zip(self._sides, parts, strict=True))
        worth = [side.value(part, own) for side, part in zip(self._sides, parts, strict=True)]
        spans = [side.span for side in self._sides]
        across = self._across_from(parts[0])
        late = worth[2] - 2.0 * second @ self._both[spans[1], spans[2]] @ third.T
        step = max(1, BLOCK // late.size)
        whole = np.empty((min(step, len(first)), *late.shape))
        for start in range(0, len(first), step):
            rows = slice(start, start + step)
            block = whole[: len(first) - start]
            by_second = across[rows, spans[1]] @ second.T + worth[1] + worth[0][rows, None]
            by_third = across[rows, spans[2]] @ third.T
            np.add(by_second[:, :, None], by_third[:, None, :], out=block)
            block += late
            yield start, block.reshape(len(block), -1)

    def _across_from(self, part: int) -> Matrix:
        """What the flow from each first part to each point takes off."""
        if part not in self._across:
            self._across[part] = -2.0 * self._sides[0].sets(part) @ self._both[self._sides[0].span]
        return self._across[part]

    def _joined(self, parts: "_Parts", row: int, column: int) -> Matrix:
        first, second, third = (side.sets(part) for side, part in zip(self._sides, parts, strict=True))
        two, three = divmod(column, len(third))
        return np.concatenate([first[row], second[two], third[three]])


_Parts: TypeAlias = tuple[int, int, int]


class _Side:
    """Some of the points with their sets by size."""

    def __init__(self, both: Matrix, begin: int, end: int) -> None:
        self.span = slice(begin, end)
        self.count = end - begin
        self._inner = both[begin:end, begin:end]
        self._sets: dict[int, Matrix] = {}
        self._inside: dict[int, Matrix] = {}

    def sets(self, size: int) -> Matrix:
        """Sets x points, 0 or 1."""
        if size not in self._sets:
            ways = comb(self.count, size)
            chosen = np.array(list(combinations(range(self.count), size)), dtype=np.int64).reshape(ways, size)
            found = np.zeros((ways, self.count))
            np.put_along_axis(found, chosen, 1.0, axis=1)
            self._sets[size] = found
            self._inside[size] = ((found @ self._inner) * found).sum(axis=1)
        return self._sets[size]

    def value(self, size: int, own: Matrix) -> Matrix:
        """Each set's own costs less the flow inside it, which is paid neither by one nor by the other end."""
        value: Matrix = self.sets(size) @ own[self.span] - self._inside[size]
        return value
