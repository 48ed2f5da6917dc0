"""The cheapest placement along a tree, exactly: for every cluster what each set of facilities pays there at least."""

from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import NDArray

from planner.placement.bounds.trees.metric import TreeMetric
from planner.placement.problem import Indices, Matrix
from planner.placement.seeds.location_tree import Tree, leaves

METHOD = "tree of locations"
MOST_FACILITIES = 18
MOST_WORK = 2e7
"""Ways to part sets, over all clusters; about 20 ns each."""

Cluster = tuple[int, ...]
Codes = NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class SubsetTables:
    """`least[cluster][set]`: what a set of facilities (bit i for facility i) pays inside a cluster at least.

    Infinite for sets that do not fit or leave too many outside. Pairs pay the tree metric's length between them,
    each facility its own cost at its location. `crossing[set]`: flow between the set and all others.
    """

    metric: TreeMetric
    tree: Tree
    crossing: Matrix
    least: dict[Cluster, Matrix]

    @property
    def bound(self) -> float:
        return float(self.least[tuple(leaves(self.tree))][-1])

    def cheapest(self, partings: "Partings") -> tuple[int, ...]:
        """An assignment that costs the bound on the tree; empty where there is none."""
        at: dict[int, int] = {}
        if np.isfinite(self.bound):
            self._descend(self.tree, len(self.least[tuple(leaves(self.tree))]) - 1, partings, at)
        return tuple(at[facility] for facility in range(len(at)))

    def _descend(self, tree: Tree, code: int, partings: "Partings", at: dict[int, int]) -> None:
        if isinstance(tree, int):
            if code:
                at[code.bit_length() - 1] = tree
            return
        lengths = dict(zip(self.metric.clusters, self.metric.lengths, strict=True))
        sides = [tuple(leaves(part)) for part in tree]
        first, second = (self.least[own] + lengths[own] * self.crossing for own in sides)
        given = np.concatenate(
            [partings.parts_of(code, part) for part in _parts(code.bit_count(), len(sides[0]), len(sides[1]))]
        )
        best = int(given[np.argmin(first[given] + second[code - given])])
        self._descend(tree[0], best, partings, at)
        self._descend(tree[1], code - best, partings, at)


def crossing_flow(flow: Matrix) -> Matrix:
    """For each set of facilities the flow between it and the others, both ways."""
    total = np.zeros(1)
    inner = np.zeros(1)
    both = flow + flow.T
    toward = np.zeros((1, len(flow)))
    for facility in range(len(flow)):
        inner = np.concatenate([inner, inner + toward[:, facility]])
        total = np.concatenate([total, total + both[facility].sum()])
        toward = np.concatenate([toward, toward + both[facility]])
    return total - 2.0 * inner


class Partings:
    """For sets of one size, every way to give a part of another size away."""

    def __init__(self, facilities: int) -> None:
        self._facilities = facilities
        self._known: dict[tuple[int, int], tuple[Codes, Codes]] = {}

    def of(self, size: int, part: int) -> tuple[Codes, Codes]:
        """The sets' codes, and sets x ways the codes of the parts."""
        if (size, part) not in self._known:
            bits = np.left_shift(1, _choices(self._facilities, size), dtype=np.int32)
            parts = np.zeros((len(bits), comb(size, part)), dtype=np.int32)
            for column in _choices(size, part).T:
                parts += bits[:, column]
            self._known[size, part] = bits.sum(axis=1, dtype=np.int32), parts
        return self._known[size, part]

    def parts_of(self, code: int, part: int) -> Codes:
        """The codes of all parts of one set."""
        codes, parts = self.of(code.bit_count(), part)
        found: Codes = parts[int(np.flatnonzero(codes == code)[0])]
        return found


def _choices(count: int, size: int) -> Indices:
    chosen: Indices = np.array(list(combinations(range(count), size)), dtype=np.int64).reshape(comb(count, size), size)
    return chosen


def work(tree: Tree, facilities: int, places: int) -> float:
    """Ways to part sets, over all clusters of a binary tree."""
    if isinstance(tree, int):
        return facilities
    first, second = (len(leaves(part)) for part in tree)
    own = sum(
        comb(facilities, size) * comb(size, part)
        for size in _sizes(first + second, facilities, places)
        for part in _parts(size, first, second)
    )
    return own + sum(work(part, facilities, places) for part in tree)


def fill_tables(tree: Tree, metric: TreeMetric, flow: Matrix, linear: Matrix, partings: Partings) -> SubsetTables:
    """`tree` is binary, `metric` over its clusters; `linear` is facilities x locations, infinite if not permitted."""
    filling = _Filling(metric, flow, linear, partings)
    filling.fill(tree)
    return SubsetTables(metric, tree, filling.crossing, filling.least)


class _Filling:
    def __init__(self, metric: TreeMetric, flow: Matrix, linear: Matrix, partings: Partings) -> None:
        self.crossing = crossing_flow(flow)
        self.least: dict[Cluster, Matrix] = {}
        self._length = dict(zip(metric.clusters, metric.lengths, strict=True))
        self._linear = linear
        self._facilities, self._places = linear.shape
        self._partings = partings

    def fill(self, tree: Tree) -> None:
        own = tuple(leaves(tree))
        table = self.least[own] = np.full(1 << self._facilities, np.inf)
        if isinstance(tree, int):
            table[1 << np.arange(self._facilities)] = self._linear[:, tree]
            if self._facilities < self._places:
                table[0] = 0.0
            return
        for part in tree:
            self.fill(part)
        first, second = (self._with_way_out(tuple(leaves(part))) for part in tree)
        counts = [len(leaves(part)) for part in tree]
        for size in _sizes(len(own), self._facilities, self._places):
            for part_size in _parts(size, counts[0], counts[1]):
                codes, parts = self._partings.of(size, part_size)
                found = (first[parts] + second[codes[:, None] - parts]).min(axis=1)
                table[codes] = np.minimum(table[codes], found)

    def _with_way_out(self, own: Cluster) -> Matrix:
        return self.least[own] + self._length[own] * self.crossing


def _sizes(room: int, facilities: int, places: int) -> range:
    """How many facilities a cluster can hold, given that the others must fit outside."""
    return range(max(0, facilities - (places - room)), min(room, facilities) + 1)


def _parts(size: int, first: int, second: int) -> range:
    return range(max(0, size - second), min(first, size) + 1)
