"""Clusters of cores that lie near each other, at several distances."""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Distances = NDArray[np.int64]
Level = tuple[tuple[int, ...], ...]


def clusterings(distance: Distances, most_levels: int) -> list[Level]:
    """Single cores, then the components at the thresholds with the largest relative gaps above them.

    Each level is its clusters, each the ascending indices of its cores.
    """
    heights = _linkage_heights(distance)
    gaps = [(after / max(before, 1), before) for before, after in pairwise(heights) if after > before]
    thresholds = [threshold for _, threshold in sorted(gaps, reverse=True)[:most_levels]]
    singles: Level = tuple((core,) for core in range(len(distance)))
    return list(dict.fromkeys([singles, *(_components(distance, threshold) for threshold in thresholds)]))


def _linkage_heights(distance: Distances) -> list[int]:
    """Edge lengths of the minimum spanning tree of the shorter directions, ascending (Prim)."""
    shorter = np.minimum(distance, distance.T)
    nearest = shorter[0].copy()
    outside = np.ones(len(distance), dtype=bool)
    outside[0] = False
    heights = []
    for _ in range(len(distance) - 1):
        core = int(np.argmin(np.where(outside, nearest, np.iinfo(np.int64).max)))
        heights.append(int(nearest[core]))
        outside[core] = False
        nearest = np.minimum(nearest, shorter[core])
    return sorted(heights)


def _components(distance: Distances, threshold: int) -> Level:
    near = (distance <= threshold) | (threshold >= distance.T)
    waiting = np.ones(len(distance), dtype=bool)
    clusters = []
    for core in range(len(distance)):
        if not waiting[core]:
            continue
        pending, own = [core], []
        waiting[core] = False
        while pending:
            member = pending.pop()
            own.append(member)
            fresh = np.flatnonzero(near[member] & waiting)
            waiting[fresh] = False
            pending.extend(int(other) for other in fresh)
        clusters.append(tuple(sorted(own)))
    return tuple(clusters)
