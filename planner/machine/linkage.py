"""The merges of average linkage: which groups of cores lie near each other, coarser and coarser."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Group = tuple[int, ...]
Distances = NDArray[np.int64] | NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Merge:
    """At the mean distance `height` the group of core `kept` takes in the group of core `absorbed`."""

    height: float
    kept: int
    absorbed: int


def average_linkage(distance: Distances) -> list[Merge]:
    """Merges in order, nearest pair of groups first; ties to the lower cores. About O(n^2) with vectors."""
    size = len(distance)
    apart = distance.astype(np.float64)
    apart = (apart + apart.T) / 2
    np.fill_diagonal(apart, np.inf)
    weight = np.ones(size)
    nearest = np.argmin(apart, axis=1)
    least = apart[np.arange(size), nearest]
    merges = []
    for _ in range(size - 1):
        row = int(np.argmin(least))
        one, other = sorted((row, int(nearest[row])))
        merges.append(Merge(float(least[row]), one, other))
        joined = (weight[one] * apart[one] + weight[other] * apart[other]) / (weight[one] + weight[other])
        joined[[one, other]] = np.inf
        apart[one], apart[:, one] = joined, joined
        apart[other], apart[:, other] = np.inf, np.inf
        weight[one] += weight[other]
        stale = np.flatnonzero((nearest == one) | (nearest == other) | (joined < least))
        stale = np.union1d(stale, [one, other])
        nearest[stale] = np.argmin(apart[stale], axis=1)
        least[stale] = apart[stale, nearest[stale]]
    return merges


def groups_after(merges: list[Merge], size: int) -> list[Group]:
    """The groups that these merges leave, each ascending, by their lowest core."""
    groups = {core: [core] for core in range(size)}
    for merge in merges:
        groups[merge.kept] += groups.pop(merge.absorbed)
    return sorted(tuple(sorted(own)) for own in groups.values())


def nested_levels(distance: Distances, least_gap: float, most: int) -> list[list[Group]]:
    """Partitions into more than one group, finest first, beginning with single cores; each refines the next.

    They are taken where the next merge is at least `least_gap` times as high, the largest gaps first.
    """
    size = len(distance)
    merges = average_linkage(distance)
    gaps = [
        (after.height / max(before.height, 1.0), kept)
        for kept, (before, after) in enumerate(pairwise(merges), start=1)
        if after.height >= least_gap * before.height
    ]
    chosen = sorted(kept for _, kept in sorted(gaps, reverse=True)[:most])
    return [groups_after(merges[:kept], size) for kept in [0, *chosen]]
