"""Branch and bound down the tree of locations: which set goes to which cluster, until each has its location."""

import time
from dataclasses import dataclass

import numpy as np

from planner.placement.bounds.threshold import below
from planner.placement.bounds.trees.excess import Excess, set_sizes
from planner.placement.bounds.trees.subset_table import Codes, Partings, SubsetTables
from planner.placement.problem import Indices, Matrix, Problem
from planner.placement.seeds.location_tree import Tree, leaves

METHOD = "branch and bound down the tree of locations"
BATCH = 2_000
MOST_CANDIDATES = 2_000_000


@dataclass(frozen=True, slots=True)
class Descended:
    """`bound` is below every assignment; it is the cost of `assignment` where the search came to its end."""

    bound: float
    assignment: tuple[int, ...]
    nodes: int
    is_complete: bool


def descend(
    problem: Problem,
    base: float,
    tables: SubsetTables,
    partings: Partings,
    start: tuple[int, ...],
    *,
    most_nodes: int,
    deadline: float | None,
) -> Descended:
    """The best assignment, proven, or what is known when nodes or time (`time.perf_counter`) are used up.

    `problem` is without the flow that all pairs have in common, which costs `base` wherever they are. A partial
    assignment gives disjoint clusters their sets. It costs at least what the tables say, plus what real distances
    that exceed the tree's cost within clusters and between each two of them. The larger clusters are parted first;
    assignments that break a rule are left out when complete.
    """
    return _Descent(problem, base, tables, partings, start).run(most_nodes, deadline)


@dataclass(slots=True, eq=False)
class _Nodes:
    """`sets[node, cluster]`, what the tables say, the excess of real distances, and the highest bound so far."""

    sets: Codes
    least: Matrix
    excess: Matrix
    bound: Matrix

    def taken(self, which: slice | Indices) -> "_Nodes":
        return _Nodes(self.sets[which], self.least[which], self.excess[which], self.bound[which])


class _Descent:
    def __init__(
        self, problem: Problem, base: float, tables: SubsetTables, partings: Partings, start: tuple[int, ...]
    ) -> None:
        self._problem = problem
        self._base = base
        self._tables = tables
        self._partings = partings
        self._best = start
        self._cost = problem.cost(start)
        self._enough = self._highest()
        shortest = np.minimum(problem.distance, problem.distance.T)
        rest = np.maximum(shortest - tables.metric.distances(len(shortest)), 0.0)
        length = dict(zip(tables.metric.clusters, tables.metric.lengths, strict=True))
        self._outside = {own: table + length.get(own, 0.0) * tables.crossing for own, table in tables.least.items()}
        self._fronts = _fronts(tables.tree)
        self._inner = Excess(problem.flow + problem.flow.T, tables.crossing, rest)
        self._row_of: dict[int, Indices] = {}
        self._open: dict[int, list[_Nodes]] = {}

    def _highest(self) -> float:
        return below(self._problem, self._cost + self._base) - self._base

    def run(self, most_nodes: int, deadline: float | None) -> Descended:
        root = np.array([self._tables.bound])
        everyone = np.array([[(1 << self._problem.size) - 1]], dtype=np.int32)
        self._open = {0: [_Nodes(everyone, root, np.zeros(1), root)]}
        used = 0
        while self._open and used < most_nodes and (deadline is None or time.perf_counter() < deadline):
            depth = max(self._open)
            nodes = self._open[depth].pop()
            if not self._open[depth]:
                del self._open[depth]
            used += len(nodes.sets)
            if depth == len(self._fronts) - 1:
                self._finish(nodes)
            else:
                self._part(nodes, depth)
        left = [float(nodes.bound.min()) for level in self._open.values() for nodes in level]
        return Descended(min([self._cost, *left]), self._best, used, not self._open)

    def _finish(self, nodes: _Nodes) -> None:
        """Every cluster is one location: what is not above the best is costed anew, the least bound first."""
        places = [leaves(cluster)[0] for cluster in self._fronts[-1]]
        for node in np.argsort(nodes.bound, kind="stable"):
            if nodes.bound[node] > self._enough:
                return
            codes = nodes.sets[node]
            at = {int(code).bit_length() - 1: place for code, place in zip(codes, places, strict=True) if code}
            assignment = tuple(at[facility] for facility in range(self._problem.size))
            cost = self._problem.cost(assignment)
            if cost < self._cost and self._problem.allows(assignment):
                self._best, self._cost = assignment, cost
                self._enough = self._highest()

    def _part(self, nodes: _Nodes, depth: int) -> None:
        """The children of all nodes, in batches for what comes next."""
        front = self._fronts[depth]
        at = _largest(front)
        tree = front[at]
        assert not isinstance(tree, int)
        for size in np.unique(set_sizes(nodes.sets[:, at])):
            own = np.flatnonzero(set_sizes(nodes.sets[:, at]) == size)
            for part in range(int(size) + 1):
                first, second = (len(leaves(side)) for side in tree)
                if part <= first and size - part <= second:
                    self._part_equally(nodes, own, depth, at, int(size), part)

    def _part_equally(self, nodes: _Nodes, own: Indices, depth: int, at: int, size: int, part: int) -> None:
        codes, parts = self._partings.of(size, part)
        row = self._rows(size, codes)
        step = max(1, MOST_CANDIDATES // parts.shape[1])
        for start in range(0, len(own), step):
            some = nodes.taken(own[start : start + step])
            given = parts[row[some.sets[:, at]]]
            self._keep(some, given, depth, at)

    def _rows(self, size: int, codes: Codes) -> Indices:
        if size not in self._row_of:
            row = np.zeros(1 << self._problem.size, dtype=np.int64)
            row[codes] = np.arange(len(codes))
            self._row_of[size] = row
        return self._row_of[size]

    def _keep(self, nodes: _Nodes, given: Codes, depth: int, at: int) -> None:
        front, tree = self._fronts[depth], self._fronts[depth][at]
        assert not isinstance(tree, int)
        first, second = (self._outside[tuple(leaves(side))] for side in tree)
        whole = nodes.sets[:, at]
        inside = self._tables.least[tuple(leaves(tree))][whole]
        least = (nodes.least - inside)[:, None] + first[given] + second[whole[:, None] - given]
        node, way = np.nonzero(least + nodes.excess[:, None] <= self._enough)
        one = given[node, way]
        other = whole[node] - one
        excess = nodes.excess[node] + self._more_excess(nodes.sets[node], one, other, front, at)
        least = least[node, way]
        bound = np.maximum(least + excess, nodes.bound[node])
        kept = np.flatnonzero(bound <= self._enough)
        kept = kept[np.argsort(bound[kept], kind="stable")]
        before, after = nodes.sets[node][:, :at], nodes.sets[node][:, at + 1 :]
        sets = np.concatenate([before, one[:, None], other[:, None], after], axis=1)
        children = _Nodes(sets[kept], least[kept], excess[kept], bound[kept])
        batches = [children.taken(slice(begin, begin + BATCH)) for begin in range(0, len(kept), BATCH)]
        if batches:
            self._open.setdefault(depth + 1, []).extend(reversed(batches))

    def _more_excess(self, sets: Codes, one: Codes, other: Codes, front: tuple[Tree, ...], at: int) -> Matrix:
        """By how much the excess grows when the set of cluster `at` is parted into these two."""
        tree = front[at]
        assert not isinstance(tree, int)
        places, whole = leaves(tree), one | other
        first, second = (leaves(side) for side in tree)
        inner = self._inner
        more: Matrix = inner.of(first)[one] + inner.of(second)[other] - inner.of(places)[whole]
        more += inner.between(first, one, second, other)
        for number, cluster in enumerate(front):
            if number != at:
                there, theirs = leaves(cluster), sets[:, number]
                more += inner.between(first, one, there, theirs) + inner.between(second, other, there, theirs)
                more -= inner.between(places, whole, there, theirs)
        return more


def _fronts(tree: Tree) -> list[tuple[Tree, ...]]:
    """The clusters that have their sets after each step."""
    front: tuple[Tree, ...] = (tree,)
    found = [front]
    while any(not isinstance(cluster, int) for cluster in front):
        at = _largest(front)
        largest = front[at]
        assert not isinstance(largest, int)
        front = (*front[:at], *largest, *front[at + 1 :])
        found.append(front)
    return found


def _largest(front: tuple[Tree, ...]) -> int:
    return max(range(len(front)), key=lambda number: (len(leaves(front[number])), -number))
