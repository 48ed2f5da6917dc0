"""Branch and bound over partial assignments by Gilmore-Lawler bounds."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planner.placement.bounds.branching.assignments import solve_many
from planner.placement.bounds.branching.symmetry import Symmetry
from planner.placement.bounds.linear_assignment import FORBIDDEN
from planner.placement.bounds.threshold import below
from planner.placement.problem import Flags, Indices, Inside, Matrix, Problem

METHOD = "branch and bound by Gilmore-Lawler"
BATCH = 2000
"""Partial assignments bounded at once; each takes about 8 x locations^2 bytes a few times."""

Cube = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Branched:
    """`bound` is below every assignment; it is the cost of `assignment` where the search came to its end."""

    bound: float
    assignment: tuple[int, ...]
    nodes: int
    is_complete: bool


def can_branch(problem: Problem) -> bool:
    """Rules about several facilities are not branched on."""
    return all(isinstance(rule, Inside) for rule in problem.rules)


def branch(problem: Problem, start: Sequence[int], *, most_nodes: int, deadline: float | None) -> Branched:
    """The best assignment, proven, or what is known when nodes or time (`time.perf_counter`) are used up.

    Deepest nodes first. Each node is split over the locations of one facility or the facilities of one location,
    whichever leaves the fewest children below the best cost by their reduced costs (Mautor & Roucairol 1994);
    locations that symmetry makes alike are tried once, and facilities likewise.
    """
    return _Search(problem, tuple(start)).run(most_nodes, deadline)


@dataclass(slots=True, eq=False)
class _Nodes:
    """Partial assignments of one depth: `at[node, facility]`, -1 where open; `bound`; whether symmetry may be left."""

    at: Indices
    bound: Matrix
    alike_locations: Flags
    alike_facilities: Flags

    def taken(self, which: Indices | slice | Flags) -> "_Nodes":
        return _Nodes(self.at[which], self.bound[which], self.alike_locations[which], self.alike_facilities[which])

    def joined(self, other: "_Nodes") -> "_Nodes":
        return _Nodes(
            np.concatenate([self.at, other.at]),
            np.concatenate([self.bound, other.bound]),
            np.concatenate([self.alike_locations, other.alike_locations]),
            np.concatenate([self.alike_facilities, other.alike_facilities]),
        )


class _Search:
    """Facilities are filled up with ones that cost nothing, so that there are as many as locations."""

    def __init__(self, problem: Problem, start: tuple[int, ...]) -> None:
        self._problem = problem
        self._size, self._places = problem.size, problem.location_count
        self._flow = np.zeros((self._places, self._places))
        self._flow[: self._size, : self._size] = problem.flow
        self._distance = problem.distance
        self._linear = np.zeros((self._places, self._places))
        self._linear[: self._size] = np.where(problem.permitted(), problem.linear, FORBIDDEN)
        self._locations = Symmetry(problem.distance, [column.tobytes() for column in self._linear.T])
        self._facilities = Symmetry(self._flow, [row.tobytes() for row in self._linear])
        self._best = start
        self._cost = problem.cost(start)
        self._enough = below(problem, self._cost)
        self._open: dict[int, _Nodes] = {}

    def run(self, most_nodes: int, deadline: float | None) -> Branched:
        root = _Nodes(np.full((1, self._places), -1), np.full(1, -np.inf), np.ones(1, bool), np.ones(1, bool))
        self._open = {0: root}
        used = 0
        while self._open and used < most_nodes and (deadline is None or time.perf_counter() < deadline):
            depth = max(self._open)
            nodes = self._open.pop(depth)
            if len(nodes.at) > BATCH:
                self._open[depth] = nodes.taken(slice(BATCH, None))
                nodes = nodes.taken(slice(BATCH))
            used += len(nodes.at)
            self._split(nodes, depth)
        left = min((float(nodes.bound.min()) for nodes in self._open.values()), default=np.inf)
        return Branched(min(self._cost, left), self._best, used, not self._open)

    def _split(self, nodes: _Nodes, depth: int) -> None:
        facilities, locations = self._unassigned(nodes.at, depth)
        linear, paid = self._paid(nodes.at, facilities, locations, depth)
        table = linear + self._least(facilities, locations)
        row_price, column_price = solve_many(table, self._enough - paid)
        bound = np.maximum(paid + row_price.sum(axis=1) + column_price.sum(axis=1), nodes.bound)
        hopeful = np.flatnonzero(bound <= self._enough)
        if not len(hopeful):
            return
        reduced = (table - row_price[:, :, None] - column_price[:, None, :])[hopeful]
        child_bound = np.maximum(reduced, 0.0) + bound[hopeful][:, None, None]
        if depth == self._size - 1:
            self._finish(nodes.at[hopeful], facilities[hopeful], locations[hopeful], child_bound)
            return
        self._branch(nodes.taken(hopeful), facilities[hopeful], locations[hopeful], child_bound, depth)

    def _unassigned(self, at: Indices, depth: int) -> tuple[Indices, Indices]:
        is_used = np.zeros(at.shape, dtype=bool)
        node, facility = np.nonzero(at >= 0)
        is_used[node, at[node, facility]] = True
        left = self._places - depth
        return (
            np.argsort(at >= 0, axis=1, kind="stable")[:, :left],
            np.argsort(is_used, axis=1, kind="stable")[:, :left],
        )

    def _paid(self, at: Indices, facilities: Indices, locations: Indices, depth: int) -> tuple[Cube, Matrix]:
        """What each open facility pays at each open location for those assigned, and what those pay."""
        assigned = np.argsort(at < 0, axis=1, kind="stable")[:, :depth]
        there = np.take_along_axis(at, assigned, axis=1)
        linear = _part(self._linear, facilities, locations)
        for flow, distance in ((self._flow, self._distance), (self._flow.T, self._distance.T)):
            linear += _part(flow, facilities, assigned) @ _part(distance, locations, there).transpose(0, 2, 1)
        between = _part(self._flow, assigned, assigned) * _part(self._distance, there, there)
        return linear, between.sum(axis=(1, 2)) + self._linear[assigned, there].sum(axis=1)

    def _least(self, facilities: Indices, locations: Indices) -> Cube:
        """What each open facility pays at least for the other open ones: long flows over short distances."""
        count, left = facilities.shape
        others = ~np.eye(left, dtype=bool)
        flows = _part(self._flow, facilities, facilities)[:, others].reshape(count, left, left - 1)
        lengths = _part(self._distance, locations, locations)[:, others].reshape(count, left, left - 1)
        least: Cube = -np.sort(-flows, axis=2) @ np.sort(lengths, axis=2).transpose(0, 2, 1)
        return least

    def _finish(self, at: Indices, facilities: Indices, locations: Indices, bound: Cube) -> None:
        """One facility is left; where its bound is least its cost is."""
        node, place = divmod(int(bound[:, 0].argmin()), bound.shape[2])
        found = at[node].copy()
        found[facilities[node, 0]] = locations[node, place]
        assignment = tuple(found[: self._size].tolist())
        cost = self._problem.cost(assignment)
        if cost < self._cost and self._problem.allows(assignment):
            self._best, self._cost, self._enough = assignment, cost, below(self._problem, cost)

    def _branch(self, nodes: _Nodes, facilities: Indices, locations: Indices, bound: Cube, depth: int) -> None:
        is_open = bound <= self._enough
        first_locations, more_locations = self._first(self._locations, nodes.at, locations, nodes.alike_locations)
        assigned = _inverse(nodes.at)
        first_facilities, more_facilities = self._first(self._facilities, assigned, facilities, nodes.alike_facilities)
        by_row = is_open & first_locations[:, None, :]
        by_column = is_open & first_facilities[:, :, None]
        choice = self._choice(by_row, by_column, bound, self._size - depth)
        left = facilities.shape[1]
        which = np.arange(len(choice))
        takes_row = choice < left
        children = np.where(takes_row[:, None], by_row[which, choice % left], by_column[which, :, choice % left])
        node, other = np.nonzero(children)
        row = np.where(takes_row[node], choice[node], other)
        column = np.where(takes_row[node], other, choice[node] - left)
        child_bound = bound[node, row, column]
        order = np.argsort(child_bound, kind="stable")
        at = nodes.at[node]
        at[np.arange(len(node)), facilities[node, row]] = locations[node, column]
        found = _Nodes(at, child_bound, more_locations[node], more_facilities[node]).taken(order)
        if len(node):
            deeper = self._open.get(depth + 1)
            self._open[depth + 1] = found if deeper is None else found.joined(deeper)

    def _choice(self, by_row: Flags, by_column: Flags, bound: Cube, real: int) -> Indices:
        """Rows, then columns: the fewest children, then the highest bounds. Filling facilities are not branched on."""
        capped = np.minimum(bound, self._enough) / max(abs(self._enough), 1e-300) / bound.shape[1]
        rows = by_row.sum(axis=2) - 1e-3 * capped.sum(axis=2)
        columns = by_column.sum(axis=1) - 1e-3 * capped.sum(axis=1)
        rows[:, real:] = np.inf
        if self._size < self._places:
            columns[:] = np.inf
        choice: Indices = np.concatenate([rows, columns], axis=1).argmin(axis=1)
        return choice

    def _first(self, symmetry: Symmetry, at: Indices, points: Indices, may_be: Flags) -> tuple[Flags, Flags]:
        """Which points are the first of their kind in each node, and in which nodes any two are alike."""
        is_first = np.ones(points.shape, dtype=bool)
        is_alike = np.zeros(len(points), dtype=bool)
        for node in np.flatnonzero(may_be):
            kind = symmetry.representatives([int(point) for point in at[node] if point >= 0])[points[node]]
            is_first[node] = kind == points[node]
            is_alike[node] = not is_first[node].all()
        return is_first, is_alike


def _part(square: Matrix, rows: Indices, columns: Indices) -> Cube:
    """For each node its rows and columns of a matrix."""
    return square[rows[:, :, None], columns[:, None, :]]


def _inverse(at: Indices) -> Indices:
    """Which facilities are assigned, -1 elsewhere."""
    return np.where(at >= 0, np.arange(at.shape[1])[None, :], -1)
