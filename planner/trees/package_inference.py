"""Packages guessed from distances alone, where no description names them."""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from planner.machine.linkage import average_linkage, groups_after

LEAST_GAP = 1.25
"""Merge heights must grow by this factor for a level to count as a boundary between packages."""

MOST_THREADS = 2
"""Groups of so many cores are taken for the threads of one physical core, not for packages."""


def infer_packages(distance: NDArray[np.int64]) -> list[int]:
    """The package number of each core, by the largest relative gap of average linkage; one package without a
    gap. Levels whose groups have two cores at most are left out. About O(n^2) with vectors.
    """
    size = len(distance)
    merges = average_linkage(distance)
    best_ratio, groups = LEAST_GAP, [tuple(range(size))]
    for kept, (before, after) in enumerate(pairwise(merges), start=1):
        if before.height <= 0 or after.height < best_ratio * before.height:
            continue
        level = groups_after(merges[:kept], size)
        if max(map(len, level)) > MOST_THREADS:
            best_ratio, groups = after.height / before.height, level
    order = {core: number for number, group in enumerate(groups) for core in group}
    return [order[core] for core in range(size)]
