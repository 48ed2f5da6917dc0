"""Where walks begin: children of elites, fresh maps, shaken assignments, exchanged clusters, whatever pays."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count, product
from typing import TypeAlias

import numpy as np

from planner.machine.core_clusters import clusterings
from planner.placement.problem import Problem
from planner.placement.search.crossing import crossed
from planner.placement.search.elites import Elites
from planner.placement.search.tabu import Found, Tabu
from planner.placement.seeds.tree_matching import tree_matched

Assignment: TypeAlias = tuple[int, ...]

CROSSED_PART = 0.8
CROSSED_PATIENCE = 0.7
LEAST_PATIENCE = 40
"""Of several walks, how many begin as children of elites, how patient these are, in turns per location, and in turns at
least, since to begin anew takes as long as several turns."""

PATIENCE = (0.5, 3.0, 10.0)
SHORT_PATIENCE = (0.3, 1.0, 3.0)
"""Moves without a better assignment, in turns per location, before a walk ends; the short ones where few pairs
dominate."""

DOMINATED = 2.0
"""Standard deviation over mean, of flow or distance, from which on a few pairs decide the cost."""

FIRST_CREDIT = (4.0, 2.0, 3.0, 3.0, 2.0)
LEAST_CREDIT = 0.5
"""How readily crossings, fresh starts, shaken ones, shaken ones of a walk's own and moved clusters are tried."""

SPARSE = 0.2
"""Part of the pairs that talk below which the locations' tree says where to begin."""

MOST_CLUSTER_PAIRS = 2000


@dataclass(frozen=True, slots=True)
class Origin:
    """A start with the moves without a better one that its walk may take; `arm` is who is rewarded for it."""

    start: Assignment
    patience: int
    arm: int | None
    is_near: bool


class Origins:
    """Draws the next start of a walk; sources that brought a new best one are drawn more often."""

    def __init__(self, problem: Problem, elites: Elites, tabu: Tabu, walks: int, random: np.random.Generator) -> None:
        self._problem = problem
        self._elites = elites
        self._tabu = tabu
        self._random = random
        self._clusters = _equal_clusters(problem)
        self._is_sparse = bool(np.count_nonzero(problem.flow) < SPARSE * problem.size**2)
        self._lines: list[Found | None] = [None] * walks
        self._turns = count()
        self._sources: tuple[Callable[[int], Assignment], ...] = (
            self._crossed,
            self._fresh,
            self._shaken,
            self._shaken_own,
            self._moved_clusters,
        )
        patience = SHORT_PATIENCE if _is_dominated(problem) and not self._is_sparse else PATIENCE
        self._arms = list(product(range(len(self._sources)), patience))
        self._credit = np.repeat(FIRST_CREDIT, len(patience))

    def next(self, walk: int) -> Origin:
        """Where this walk is to begin anew."""
        is_one_of_several = len(self._lines) > 1
        if is_one_of_several and self._random.random() < CROSSED_PART:
            moves = max(LEAST_PATIENCE, self._moves(CROSSED_PATIENCE))
            return Origin(self._crossed(walk), moves, None, is_near=False)
        arm = int(self._random.choice(len(self._arms), p=self._credit / self._credit.sum()))
        source, patience = self._arms[arm]
        is_near = is_one_of_several and self._sources[source] not in (self._crossed, self._fresh)
        return Origin(self._sources[source](walk), self._moves(patience), arm, is_near)

    def reward(self, walk: int, origin: Origin, found: Found, *, is_best: bool) -> None:
        """What came of a start."""
        line = self._lines[walk]
        if line is None or found.cost < line.cost:
            self._lines[walk] = found
        if origin.arm is not None:
            credit = 0.9 * self._credit[origin.arm] + (2.0 if is_best else 0.0)
            self._credit[origin.arm] = max(LEAST_CREDIT, credit)

    def mapped(self) -> Assignment:
        """A map of the flow on the locations' tree, another one each time; rules are not looked at."""
        return tree_matched(self._problem, self._random, next(self._turns))

    def random(self) -> Assignment:
        """Far from everything known."""
        return self._tabu.shaken(self._elites[0].assignment, 2 * self._problem.size)

    def _moves(self, patience: float) -> int:
        return int(patience * self._problem.location_count)

    def _fresh(self, walk: int) -> Assignment:
        """Far from the elites: another map where flow is sparse, or a random assignment."""
        self._lines[walk] = None
        is_mapped = self._is_sparse and not self._problem.rules
        if is_mapped and (len(self._lines) == 1 or self._random.random() < 0.5):
            return self.mapped()
        return self.random()

    def _crossed(self, walk: int) -> Assignment:
        if len(self._elites) < 2:
            return self._shaken(walk)
        one, other = self._random.choice(len(self._elites), size=2, replace=False)
        parents = self._elites[int(one)].assignment, self._elites[int(other)].assignment
        child = crossed(*parents, self._problem.location_count, self._random)
        return child if self._problem.allows(child) else self._shaken(walk)

    def _shaken(self, _: int) -> Assignment:
        return self._shaken_a_little(self._elites[0])

    def _shaken_own(self, walk: int) -> Assignment:
        """From the best since the walk last began fresh, so that not all walks are around one assignment."""
        return self._shaken_a_little(self._lines[walk] or self._elites[0])

    def _shaken_a_little(self, found: Found) -> Assignment:
        most = max(4, self._problem.size // 5)
        return self._tabu.shaken(found.assignment, int(self._random.integers(3, most + 1)))

    def _moved_clusters(self, walk: int) -> Assignment:
        """The contents of two equal clusters exchanged in a good assignment."""
        if not self._clusters:
            return self._shaken(walk)
        elite = self._elites[int(self._random.integers(min(3, len(self._elites))))].assignment
        one, other = self._clusters[int(self._random.integers(len(self._clusters)))]
        places = dict(zip([*one, *other], [*other, *one], strict=True))
        moved = tuple(places.get(place, place) for place in elite)
        return moved if moved != elite and self._problem.allows(moved) else self._shaken(walk)


def _is_dominated(problem: Problem) -> bool:
    """Whether flow dominance or distance dominance is high (Vollmann & Buffa 1966)."""
    pairs = [square[~np.eye(len(square), dtype=bool)] for square in (problem.flow, problem.distance)]
    return any(own.std() > DOMINATED * own.mean() for own in pairs if own.size)


def _equal_clusters(problem: Problem) -> list[tuple[Assignment, Assignment]]:
    """Pairs of clusters of equal size, the largest first; single locations are left to the exchanges."""
    symmetric = np.rint((problem.distance + problem.distance.T) * 500).astype(np.int64)
    if problem.location_count < 4:
        return []
    pairs = []
    for level in clusterings(symmetric, 4):
        several = [own for own in level if len(own) > 1]
        pairs += [(a, b) for i, a in enumerate(several) for b in several[i + 1 :] if len(a) == len(b)]
    pairs = list(dict.fromkeys(pairs))
    return sorted(pairs, key=lambda pair: -len(pair[0]))[:MOST_CLUSTER_PAIRS]
