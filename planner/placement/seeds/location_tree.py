"""Locations as a tree of clusters, by average linkage of their distances."""

from typing import TypeAlias

import numpy as np

from planner.placement.problem import Flags, Indices, Matrix

Tree: TypeAlias = "int | list[Tree]"
"""A location, or the clusters that make up a cluster."""


def location_tree(distance: Matrix, flatten: float) -> Tree:
    """Merge the two nearest clusters, by mean distance, until one is left; O(locations^2) and little more.

    A merge at no more than `flatten` times the distance inside one of the two adds to that one: measured
    distances within a cache differ a little, and make no levels.
    """
    return _Linkage(distance, flatten).merged()


def leaves(tree: Tree) -> list[int]:
    """Locations from left to right."""
    return [tree] if isinstance(tree, int) else [leaf for child in tree for leaf in leaves(child)]


class _Linkage:
    def __init__(self, distance: Matrix, flatten: float) -> None:
        count = len(distance)
        self._flatten = flatten
        self._between: Matrix = (distance + distance.T) / 2.0
        np.fill_diagonal(self._between, np.inf)
        self._trees: list[Tree] = list(range(count))
        self._heights = np.zeros(count)
        self._sizes = np.ones(count)
        self._is_alive: Flags = np.ones(count, dtype=bool)
        self._nearest: Indices = self._between.argmin(axis=1)
        self._gap: Matrix = self._between.min(axis=1)

    def merged(self) -> Tree:
        for _ in range(len(self._trees) - 1):
            one = int(self._gap.argmin())
            self._merge(one, int(self._nearest[one]))
        return self._trees[int(np.flatnonzero(self._is_alive)[0])]

    def _merge(self, one: int, other: int) -> None:
        height = float(self._gap[one])
        self._trees[one] = [*self._parts(one, height), *self._parts(other, height)]
        self._heights[one] = height
        self._measure(one, other)
        self._is_alive[other] = False
        self._gap[other] = np.inf
        self._find_nearest(one, other)

    def _parts(self, cluster: int, height: float) -> list[Tree]:
        tree = self._trees[cluster]
        if isinstance(tree, list) and height <= self._heights[cluster] * self._flatten:
            return tree
        return [tree]

    def _measure(self, one: int, other: int) -> None:
        """Mean distances of the cluster that takes the place of `one`."""
        between, sizes = self._between, self._sizes
        row = (between[one] * sizes[one] + between[other] * sizes[other]) / (sizes[one] + sizes[other])
        row[one] = np.inf
        between[one] = between[:, one] = row
        between[other] = between[:, other] = np.inf
        sizes[one] += sizes[other]

    def _find_nearest(self, one: int, other: int) -> None:
        stale = self._is_alive & ((self._nearest == one) | (self._nearest == other))
        stale[one] = True
        for cluster in np.flatnonzero(stale):
            self._nearest[cluster] = int(self._between[cluster].argmin())
            self._gap[cluster] = self._between[cluster, self._nearest[cluster]]
        closer = self._between[:, one] < self._gap
        self._nearest[closer] = one
        self._gap[closer] = self._between[closer, one]
