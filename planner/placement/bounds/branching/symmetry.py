"""Which points of a weighted graph are alike once some of them are fixed: orbits of its automorphisms."""

from collections.abc import Hashable, Sequence

import numpy as np

from planner.placement.problem import Indices, Matrix

MOST_STEPS = 3000
"""Refinements of colours; when they are used up, points count as different, which is always safe."""


class Symmetry:
    """Automorphisms keep the weight of every ordered pair and the mark of every point."""

    def __init__(self, weight: Matrix, marks: Sequence[Hashable]) -> None:
        both = np.stack([weight, weight.T], axis=2).reshape(-1, 2)
        self._pair_kind: Indices = np.unique(both, axis=0, return_inverse=True)[1].reshape(weight.shape)
        numbers = {mark: number for number, mark in enumerate(dict.fromkeys(marks))}
        self._colour: Indices = np.array([numbers[mark] for mark in marks], dtype=np.int64)
        self._known: dict[tuple[int, ...], Indices] = {}
        self._steps = 0

    def representatives(self, fixed: Sequence[int]) -> Indices:
        """For each point the smallest that some automorphism, with every fixed point in its place, takes it to."""
        key = tuple(sorted(fixed))
        if key not in self._known:
            self._known[key] = self._orbits(key)
        return self._known[key]

    def _orbits(self, fixed: tuple[int, ...]) -> Indices:
        count = len(self._colour)
        colour = self._colour.copy()
        colour[list(fixed)] = count + np.arange(len(fixed))
        colour = self._refined(colour, colour)[0]
        orbit = np.arange(count)
        for point in range(count):
            for smaller in range(point):
                if colour[smaller] == colour[point] and orbit[smaller] == smaller and orbit[point] == point:
                    found = self._matched(_marked(colour, point), _marked(colour, smaller))
                    if found is not None:
                        _merge(orbit, found)
        return orbit

    def _matched(self, one: Indices, other: Indices) -> Indices | None:
        """An automorphism that takes the first colouring to the second; none where the steps are used up."""
        if self._steps >= MOST_STEPS:
            return None
        one, other = self._refined(one, other)
        cells = np.bincount(one)
        if not np.array_equal(cells, np.bincount(other, minlength=len(cells))):
            return None
        if cells.max() == 1:
            image = np.argsort(other)[one]
            same = np.array_equal(self._pair_kind[np.ix_(image, image)], self._pair_kind)
            return image if same else None
        cell = int(np.argmax(cells > 1))
        point = int(np.argmax(one == cell))
        for candidate in np.flatnonzero(other == cell):
            found = self._matched(_marked(one, point), _marked(other, int(candidate)))
            if found is not None:
                return found
        return None

    def _refined(self, one: Indices, other: Indices) -> tuple[Indices, Indices]:
        """Colours split by the colours of all others with their pair kinds, in both colourings by equal names."""
        count, kinds = len(one), int(self._pair_kind.max()) + 1
        colours = np.unique(np.concatenate([one, other]), return_inverse=True)[1]
        while True:
            self._steps += 1
            halves = (colours[:count], colours[count:])
            seen = [np.sort(half[None, :] * kinds + self._pair_kind, axis=1) for half in halves]
            rows = np.concatenate([np.column_stack([half, own]) for half, own in zip(halves, seen, strict=True)])
            finer = np.unique(rows, axis=0, return_inverse=True)[1].reshape(-1)
            if finer.max() == colours.max():
                return finer[:count], finer[count:]
            colours = finer


def _marked(colour: Indices, point: int) -> Indices:
    marked = colour.copy()
    marked[point] = len(colour) + int(colour.max()) + 1
    return marked


def _merge(orbit: Indices, image: Indices) -> None:
    """Points and their images get the smaller representative, until nothing changes."""
    for point, target in enumerate(image):
        low, high = sorted((int(orbit[point]), int(orbit[target])))
        orbit[orbit == high] = low
