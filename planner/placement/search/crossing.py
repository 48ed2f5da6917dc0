"""A child of two assignments: what they agree on stays, the rest comes from either or at random."""

from collections.abc import Sequence

import numpy as np


def crossed(one: Sequence[int], other: Sequence[int], locations: int, random: np.random.Generator) -> tuple[int, ...]:
    """Uniform crossover for permutations; locations that neither parent's turn leaves free are drawn."""
    first, second = np.asarray(one), np.asarray(other)
    child = np.where(first == second, first, -1)
    is_used = np.zeros(locations, dtype=bool)
    is_used[child[child >= 0]] = True
    for facility in random.permutation(np.flatnonzero(child < 0)):
        choices = (first[facility], second[facility])
        for place in choices if random.random() < 0.5 else choices[::-1]:
            if not is_used[place]:
                child[facility] = place
                is_used[place] = True
                break
    open_facilities = np.flatnonzero(child < 0)
    free = random.permutation(np.flatnonzero(~is_used))
    child[open_facilities] = free[: len(open_facilities)]
    return tuple(child.tolist())
