"""Lengths along a tree of the locations by which no two locations are further apart than they really are."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from planner.placement.bounds.linear_program import LinearProgram
from planner.placement.problem import Flags, Indices, Matrix
from planner.placement.seeds.location_tree import Tree, leaves, location_tree

NOISE = 1.2
"""Ratio of distances within which a cluster is taken as flat where levels are asked for."""

MOST_LOCATIONS = 100
"""The linear program has a constraint for each pair of locations."""


@dataclass(frozen=True, slots=True, eq=False)
class TreeMetric:
    """Clusters of locations with the length of the way out of each.

    Two locations are apart by the lengths of all clusters that hold one of them only. A location by itself is a
    cluster, too; lengths may be negative there.
    """

    clusters: tuple[tuple[int, ...], ...]
    lengths: tuple[float, ...]

    def distances(self, count: int) -> Matrix:
        """Locations x locations."""
        total = np.zeros((count, count))
        for length, inside in zip(self.lengths, membership(self.clusters, count), strict=True):
            total += length * (inside[:, None] != inside[None, :])
        return total


def membership(clusters: tuple[tuple[int, ...], ...], count: int) -> Flags:
    """Clusters x locations."""
    inside = np.zeros((len(clusters), count), dtype=bool)
    for number, own in enumerate(clusters):
        inside[number, list(own)] = True
    return inside


def binary_tree(distance: Matrix) -> Tree:
    """Every cluster in two parts, the nearest first."""
    return _halved(location_tree(distance, 0.0))


def _halved(tree: Tree) -> Tree:
    if isinstance(tree, int):
        return tree
    parts = [_halved(part) for part in tree]
    while len(parts) > 1:
        pairs = [parts[start : start + 2] for start in range(0, len(parts), 2)]
        parts = [list(pair) if len(pair) == 2 else pair[0] for pair in pairs]
    return parts[0]


def free_metric(tree: Tree, distance: Matrix, weight: Matrix) -> TreeMetric | None:
    """A length of its own for each cluster of a binary tree; the sum of weight x length between pairs is greatest."""
    clusters = tuple(_clusters(tree))
    shortest = np.minimum(distance, distance.T)
    exact = _by_heights(tree, clusters, shortest)
    if exact is not None:
        return exact
    return _fitted(clusters, np.arange(len(clusters)), np.full(len(clusters), True), shortest, weight)


def level_metric(distance: Matrix, weight: Matrix) -> TreeMetric | None:
    """One length, not negative, for all clusters of a size, and one of its own for each location."""
    shortest = np.minimum(distance, distance.T)
    found = [_levels(location_tree(distance, flatten), shortest, weight) for flatten in (0.0, NOISE)]
    usable = [one for one in found if one is not None]
    return max(usable, key=lambda one: float((one.distances(len(distance)) * weight).sum()), default=None)


def _levels(tree: Tree, shortest: Matrix, weight: Matrix) -> TreeMetric | None:
    count = len(shortest)
    clusters = tuple(dict.fromkeys([*((place,) for place in range(count)), *_clusters(tree)]))
    sizes = [len(own) for own in clusters]
    exact = _by_heights(tree, clusters, shortest)
    if exact is not None and _is_levelled(exact):
        return exact
    larger = sorted({size for size in sizes if size > 1})
    group = np.array(
        [count + larger.index(size) if size > 1 else own[0] for own, size in zip(clusters, sizes, strict=True)]
    )
    return _fitted(clusters, group, np.arange(count + len(larger)) < count, shortest, weight)


def _is_levelled(metric: TreeMetric) -> bool:
    by_size: dict[int, set[float]] = {}
    for own, length in zip(metric.clusters, metric.lengths, strict=True):
        by_size.setdefault(len(own), set()).add(length)
    return all(len(lengths) == 1 and min(lengths) >= 0 for size, lengths in by_size.items() if size > 1)


def _clusters(tree: Tree) -> Iterator[tuple[int, ...]]:
    """All below the root."""
    for part in [] if isinstance(tree, int) else tree:
        yield tuple(leaves(part))
        yield from _clusters(part)


def _by_heights(tree: Tree, clusters: tuple[tuple[int, ...], ...], shortest: Matrix) -> TreeMetric | None:
    """Lengths from the least distance at each fork, where these are the very distances."""
    lengths = dict.fromkeys(clusters, 0.0)
    _climb(tree, _height(tree, shortest), shortest, lengths)
    metric = TreeMetric(clusters, tuple(lengths[own] for own in clusters))
    gap = np.abs(metric.distances(len(shortest)) - shortest)
    np.fill_diagonal(gap, 0.0)
    return metric if float(gap.max(initial=0.0)) <= 1e-13 * float(shortest.max()) else None


def _height(tree: Tree, shortest: Matrix) -> float:
    """Half the least distance between two of the parts."""
    if isinstance(tree, int):
        return 0.0
    parts = [leaves(part) for part in tree]
    return 0.5 * min(float(shortest[np.ix_(one, other)].min()) for at, one in enumerate(parts) for other in parts[:at])


def _climb(tree: Tree, height: float, shortest: Matrix, lengths: dict[tuple[int, ...], float]) -> None:
    for part in [] if isinstance(tree, int) else tree:
        own = _height(part, shortest)
        lengths[tuple(leaves(part))] = height - own
        _climb(part, own, shortest, lengths)


def _fitted(
    clusters: tuple[tuple[int, ...], ...], group: Indices, is_free: Flags, shortest: Matrix, weight: Matrix
) -> TreeMetric | None:
    """`group` is each cluster's variable; variables that are not free are 0 or more."""
    count = len(shortest)
    scale, heaviest = float(shortest.max()), float(weight.max())
    if count > MOST_LOCATIONS or not scale or not heaviest:
        return None
    inside = membership(clusters, count)
    variables = len(is_free)
    rows = []
    for one in range(count):
        for other in range(one):
            crossed = np.bincount(group[inside[:, one] != inside[:, other]], minlength=variables)
            rows.append((crossed, one, other))
    factors = sum(
        (crossed * (weight[one, other] + weight[other, one]) for crossed, one, other in rows), np.zeros(variables)
    )
    program = LinearProgram(np.where(is_free, -2.0, 0.0), np.full(variables, 2.0), factors / heaviest)
    for crossed, one, other in rows:
        columns = np.flatnonzero(crossed)
        program.at_most(columns.tolist(), crossed[columns].tolist(), float(shortest[one, other]) / scale)
    values = program.solve()
    if values is None:
        return None
    return _lowered(TreeMetric(clusters, tuple((values[group] * scale).tolist())), shortest)


def _lowered(metric: TreeMetric, shortest: Matrix) -> TreeMetric:
    """What the solver's rounding makes too long is taken off every location's own way."""
    excess = metric.distances(len(shortest)) - shortest
    np.fill_diagonal(excess, 0.0)
    cut = 0.5 * max(0.0, float(excess.max()))
    lengths = [length - cut * (len(own) == 1) for own, length in zip(metric.clusters, metric.lengths, strict=True)]
    return TreeMetric(metric.clusters, tuple(lengths))
