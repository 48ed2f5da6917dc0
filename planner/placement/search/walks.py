"""Assignments that change side by side by exchanges of two slots, with what every further exchange would cost."""

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from planner.placement.problem import Indices, Matrix, Problem
from planner.placement.search.directions import Direction, directions_of

Costs: TypeAlias = NDArray[np.floating[Any]]
"""32 bits where these are exact, else 64."""

SPARSE = 0.1
"""Part of the pairs with flow below which an exchange brings only the rows of its neighbours up to date."""


class Walks:
    """Slots are the facilities, then an empty slot for each location left over; `at[w, s]` is slot s's location.

    `change[w, r, s]` is by how much the cost of walk w grows when r and s exchange locations (infinite for r = s).
    An exchange of r and s changes it for all other u, v by (x_u - x_v)(y_u - y_v), x the difference of the flows
    of r and s, y that of their distances (Taillard 1991): a matrix of rank four, one product for all pairs. The
    rows of r and s are summed anew. O(slots^2) a move; every call of numpy serves all walks.
    """

    def __init__(self, problem: Problem, count: int) -> None:
        slots = problem.location_count
        self._size = problem.size
        self._directions: list[Direction] = directions_of(problem)
        kind = self._directions[0].flow.dtype
        factors = 4 * len(self._directions)
        flows = np.stack([own.flow + own.flow.T for own in self._directions])
        self._bond: Costs = flows.mean(axis=0)
        self._linear: Costs = np.zeros((slots, slots), dtype=kind)
        self._linear[: problem.size] = problem.linear
        self._has_linear = bool(self._linear.any())
        self._is_sparse = count == 1 and bool(np.count_nonzero(self._bond) < SPARSE * slots * slots)
        self._left: Costs = np.ones((count, factors, slots), dtype=kind)
        self._right: Costs = np.ones((count, factors, slots), dtype=kind)
        self._update: Costs = np.empty((count, slots, slots), dtype=kind)
        self._by_place: Costs = np.empty((count, 2, slots), dtype=kind)
        self._own: Costs = np.zeros((count, slots), dtype=kind)
        self._walk: Indices = np.arange(count)[:, None]
        self._pairs_from: Indices = (np.arange(2 * count) * slots).reshape(count, 2, 1)
        self._columns: Indices = np.zeros((count, 2, slots), dtype=np.int64)
        self.at: Indices = np.tile(np.arange(slots), (count, 1))
        self.change: Costs = np.empty((count, slots, slots), dtype=kind)
        self.cost: Matrix = np.zeros(count)

    def place(self, walk: int, assignment: Sequence[int]) -> None:
        """Let this walk begin anew from here; O(slots^3)."""
        slots = self.at.shape[1]
        empty = np.setdiff1d(np.arange(slots), assignment)
        at = self.at[walk] = np.concatenate([np.asarray(assignment, dtype=np.int64), empty])
        paid = self._linear[:, at].copy()
        between = np.zeros_like(paid)
        cost = float(paid.diagonal().sum(dtype=np.float64))
        for flow, distance in self._directions:
            apart = distance[at[:, None], at]
            paid += flow @ apart.T
            between += apart
            cost += float((flow * apart).sum(dtype=np.float64)) / 2.0
        own = self._own[walk] = paid.diagonal()
        self.change[walk] = paid + paid.T - own[:, None] - own + self._bond * between
        np.fill_diagonal(self.change[walk], np.inf)
        self.cost[walk] = cost
        np.add(self._pairs_from, self.at[:, None, :], out=self._columns)

    def assignment(self, walk: int) -> tuple[int, ...]:
        return tuple(self.at[walk, : self._size].tolist())

    def exchange(self, pairs: Indices) -> None:
        """In each walk w the slots pairs[w, 0] and pairs[w, 1] exchange locations."""
        walk = self._walk
        self.cost += self.change[walk[:, 0], pairs[:, 0], pairs[:, 1]]
        flows = [own.flow.take(pairs, axis=0) for own in self._directions]
        places = self.at[walk, pairs]
        self._revise(flows, places)
        self.at[walk, pairs] = places[:, ::-1]
        np.add(self._pairs_from, self.at[:, None, :], out=self._columns)
        self._sum_anew(pairs, flows, places[:, ::-1])

    def by_slot(self, rows: NDArray[Any]) -> NDArray[Any]:
        """Two rows over locations for each walk (walks x 2 x locations) as rows over the slots that are there."""
        return rows.reshape(-1).take(self._columns)

    def put(self, pairs: Indices, rows: Costs) -> None:
        """The exchanges of these slots with all others cost so much."""
        self.change[self._walk, pairs] = rows
        self.change[self._walk, :, pairs] = rows

    def _revise(self, flows: list[Costs], places: Indices) -> None:
        """Bring the exchanges up to date that move none of the two at these places."""
        left, right = self._left, self._right
        for number, (flow, (_, distance)) in enumerate(zip(flows, self._directions, strict=True)):
            row = 4 * number
            near = self.by_slot(distance.take(places, axis=0))
            x = np.subtract(flow[:, 0], flow[:, 1], out=left[:, row + 2])
            y = np.subtract(near[:, 0], near[:, 1], out=left[:, row + 3])
            product = np.multiply(x, y, out=left[:, row])
            right[:, row + 1] = product
            np.negative(y, out=right[:, row + 2])
            np.negative(x, out=right[:, row + 3])
            self._own -= product
        if self._is_sparse:
            self._revise_rows()
        else:
            np.matmul(left.transpose(0, 2, 1), right, out=self._update)
            self.change += self._update

    def _revise_rows(self) -> None:
        """The same for one walk where x differs from 0 for few slots: only their rows and columns change."""
        x = self._left[0, 2::4]
        concerned = np.flatnonzero(x.any(axis=0))
        update = self._left[0][:, concerned].T @ self._right[0]
        self.change[0, concerned] += update
        update[:, concerned] = 0.0
        self.change[0][:, concerned] += update.T

    def _sum_anew(self, pairs: Indices, flows: list[Costs], places: Indices) -> None:
        """What it costs to exchange these, which have come to these places, with each other one."""
        paid, between = self._paid(flows, places)
        if self._has_linear:
            paid += self._linear[:, places].transpose(1, 2, 0)
            paid += self._linear[pairs[:, :, None], self.at[:, None, :]]
        themselves = self._pairs_from[:, :, 0] + pairs
        own = paid.reshape(-1).take(themselves)
        own /= 2.0
        self._own[self._walk, pairs] = own
        paid -= self._own[:, None, :]
        paid -= own[:, :, None]
        between *= self._bond.take(pairs, axis=0)
        paid += between
        paid.reshape(-1)[themselves] = np.inf
        self.put(pairs, paid)

    def _paid(self, flows: list[Costs], places: Indices) -> tuple[Costs, Costs]:
        """Walks x 2 x slots: what these pay at each place plus what each other pays at theirs; their distances."""
        shape = self._columns.shape
        here, there, between = [], [], []
        for flow, own in zip(flows, self._directions, strict=True):
            near = self.by_slot(own.distance.take(places, axis=0))
            self._by_place.reshape(-1)[self._columns] = flow
            here.append(near.reshape(-1, shape[2]) @ own.flow.T)
            there.append(self._by_place.reshape(-1, shape[2]) @ own.distance.T)
            between.append(near)
        for sums in (here, there, between):
            for one in sums[1:]:
                sums[0] += one
        return here[0].reshape(shape) + self.by_slot(there[0]), between[0]
