"""Packages guessed from distances alone, where no description names them."""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

LEAST_GAP = 1.25
"""Merge heights must grow by this factor for a level to count as a boundary between packages."""


def infer_packages(distance: NDArray[np.int64]) -> list[int]:
    """The package number of each core, by the largest relative gap of average linkage; one package without a
    gap.

    O(n^3) with vectors: about a tenth of a second for 256 cores.
    """
    size = len(distance)
    merges = _average_linkage(distance)
    heights = [height for height, _, _ in merges]
    ratios = [after / before if before > 0 else 1.0 for before, after in pairwise(heights)]
    if not ratios or max(ratios) < LEAST_GAP:
        return [0] * size
    kept = ratios.index(max(ratios)) + 1
    labels = list(range(size))
    for _, one, other in merges[:kept]:
        labels = [one if label == other else label for label in labels]
    order = {label: number for number, label in enumerate(dict.fromkeys(labels))}
    return [order[label] for label in labels]


def _average_linkage(distance: NDArray[np.int64]) -> list[tuple[float, int, int]]:
    """Merges (height, kept label, absorbed label) in order."""
    apart = distance.astype(np.float64)
    apart = (apart + apart.T) / 2
    np.fill_diagonal(apart, np.inf)
    weight = np.ones(len(distance))
    merges = []
    for _ in range(len(distance) - 1):
        one, other = sorted(int(index) for index in np.unravel_index(np.argmin(apart), apart.shape))
        merges.append((float(apart[one, other]), one, other))
        joined = (weight[one] * apart[one] + weight[other] * apart[other]) / (weight[one] + weight[other])
        apart[one], apart[:, one] = joined, joined
        apart[other], apart[:, other] = np.inf, np.inf
        apart[one, one] = np.inf
        weight[one] += weight[other]
    return merges
