"""By how much sets of facilities pay more than along the tree, at least: long flows over short excesses of distance."""

from itertools import combinations

import numpy as np

from planner.placement.bounds.trees.subset_table import Codes
from planner.placement.problem import Indices, Matrix

FEW_PAIRS = 2
"""Pairs of locations between two clusters up to which the least excess stands for all of them."""

MOST_INSIDE = 8
"""Facilities up to which a set's flows are sorted."""


class Excess:
    """By how much what a set pays inside a cluster exceeds the tree at least: long flows over short excesses."""

    def __init__(self, flow: Matrix, crossing: Matrix, rest: Matrix) -> None:
        self._flow = flow
        self._crossing = crossing
        self._rest = rest
        self._flows: dict[int, tuple[Indices, Matrix]] = {}
        self._known: dict[tuple[int, ...], Matrix] = {}
        self._member_of: dict[int, Indices] = {}
        self._sorted: dict[tuple[tuple[int, ...], tuple[int, ...]], Matrix] = {}

    def of(self, places: list[int]) -> Matrix:
        """For each set; 0 for sets that do not fit, and in clusters too large to say anything."""
        key = tuple(places)
        if key not in self._known:
            found = self._known[key] = np.zeros(1 << len(self._flow))
            upper = np.triu_indices(len(places), 1)
            excess = np.sort(self._rest[np.ix_(places, places)][upper])
            for size in range(2, min(len(places), MOST_INSIDE) + 1):
                codes, flows = self._sorted_flows(size)
                found[codes] = flows @ excess[: flows.shape[1]]
        return self._known[key]

    def between(self, some: list[int], one: Codes, others: list[int], other: Codes) -> Matrix:
        """For each node what the flow between two sets exceeds the tree at least, being in these two clusters."""
        excess = self._sorted_excess(some, others)
        found = np.zeros(len(one))
        if len(excess) <= FEW_PAIRS:
            return excess[0] * self._whole_flow(one, other) if excess[0] > 0.0 else found
        if excess[-1] <= 0.0:
            return found
        sizes = (set_sizes(one) << 6) + set_sizes(other)
        for size in sizes[:1] if (sizes == sizes[:1]).all() else np.unique(sizes):
            if size >= 64 and size % 64:
                own = np.flatnonzero(sizes == size)
                flows = self._flow[self._members(one[own])[:, :, None], self._members(other[own])[:, None, :]]
                flows = np.sort(flows.reshape(len(own), -1), axis=1)[:, ::-1]
                found[own] = flows @ excess[: flows.shape[1]]
        return found

    def _whole_flow(self, one: Codes, other: Codes) -> Matrix:
        crossing = self._crossing
        flow: Matrix = np.maximum((crossing[one] + crossing[other] - crossing[one | other]) / 2.0, 0.0)
        return flow

    def _sorted_excess(self, some: list[int], others: list[int]) -> Matrix:
        key = (tuple(some), tuple(others))
        if key not in self._sorted:
            self._sorted[key] = np.sort(self._rest[np.ix_(some, others)], axis=None)
        return self._sorted[key]

    def _members(self, codes: Codes) -> Indices:
        """The members of sets of one size."""
        size = int(codes[0]).bit_count()
        if size not in self._member_of:
            every = np.array(list(combinations(range(len(self._flow)), size)), dtype=np.int64)
            table = np.zeros((1 << len(self._flow), size), dtype=np.int64)
            table[np.left_shift(1, every).sum(axis=1)] = every
            self._member_of[size] = table
        return self._member_of[size][codes]

    def _sorted_flows(self, size: int) -> tuple[Indices, Matrix]:
        """The sets of a size with the flows between their members, the largest first."""
        if size not in self._flows:
            members = np.array(list(combinations(range(len(self._flow)), size)), dtype=np.int64).reshape(-1, size)
            one, other = np.triu_indices(size, 1)
            flows = self._flow[members[:, one], members[:, other]]
            self._flows[size] = np.left_shift(1, members).sum(axis=1), -np.sort(-flows, axis=1)
        return self._flows[size]


def set_sizes(codes: Codes) -> Indices:
    counts: Indices = np.bitwise_count(codes).astype(np.int64)
    return counts
