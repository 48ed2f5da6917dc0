"""The search for a placement: tabu walks from seeds, from crossed elites and from shaken ones, whatever pays."""

from collections.abc import Iterator, Sequence
from itertools import count, product

import numpy as np

from planner.machine.core_clusters import clusterings
from planner.placement.problem import Problem
from planner.placement.search.budget import Budget
from planner.placement.search.crossing import crossed
from planner.placement.search.tabu import TOLERANCE, Found, Tabu
from planner.placement.seeds.tree_matching import tree_matched

ELITES = 8
"""Different good assignments that are kept to be crossed."""

FIRST_PATIENCE = 5.0
PATIENCE = (0.5, 3.0, 10.0)
SHORT_PATIENCE = (0.3, 1.0, 3.0)
"""Moves without a better assignment, in turns per location, before a walk ends: of the first walks, of later ones, of
those where a few pairs dominate."""

DOMINATED = 2.0
"""Standard deviation over mean, of flow or distance, from which on a few pairs decide the cost."""

FIRST_MAPS = 4

FIRST_CREDIT = (4.0, 4.0, 3.0, 2.0)
LEAST_CREDIT = 0.5
"""How readily crossings, fresh starts, shaken ones and moved clusters are tried."""

SPARSE = 0.2
"""Part of the pairs that talk below which the locations' tree says where to begin."""

MOST_CLUSTER_PAIRS = 2000


def search(
    problem: Problem, seeds: Sequence[Sequence[int]], budget: Budget, *, bound: float = 0.0, seed: int = 0
) -> tuple[int, ...]:
    """The best assignment found from these, all of which respect the rules; the same for a seed and iterations.

    Every seed is polished; then walks start from fresh maps of the flow on the locations' tree, from crossings
    of the elites (Benlic & Hao 2015) or from the best one shaken, each source as often as it brought something.
    Ends early at the bound.
    """
    return _Search(problem, budget, bound, seed).run([tuple(one) for one in seeds])


class _Search:
    def __init__(self, problem: Problem, budget: Budget, bound: float, seed: int) -> None:
        self._problem = problem
        self._budget = budget
        self._bound = bound
        self._random = np.random.default_rng(seed)
        self._tabu = Tabu(problem, budget, self._random)
        self._clusters = _equal_clusters(problem)
        self._is_sparse = np.count_nonzero(problem.flow) < SPARSE * problem.size**2
        self._elites: list[Found] = []
        self._turns = count()

    def run(self, seeds: list[tuple[int, ...]]) -> tuple[int, ...]:
        for start in seeds:
            self._keep(Found(self._problem.cost(start), start))
        for start in self._first_starts(seeds):
            self._polish(start, FIRST_PATIENCE)
        sources = (self._crossed, self._fresh, self._shaken, self._moved_clusters)
        patience = SHORT_PATIENCE if _is_dominated(self._problem) and not self._is_sparse else PATIENCE
        arms = list(product(sources, patience))
        credit = np.repeat(FIRST_CREDIT, len(patience))
        while not self._is_done():
            arm = int(self._random.choice(len(arms), p=credit / credit.sum()))
            source, turns = arms[arm]
            gained = self._polish(source(), turns)
            credit[arm] = max(LEAST_CREDIT, 0.9 * credit[arm] + (2.0 if gained else 0.0))
        return self._elites[0].assignment

    def _first_starts(self, seeds: list[tuple[int, ...]]) -> Iterator[tuple[int, ...]]:
        """The seeds and, as maps look at no rules, where there are none some maps on the tree; the cheapest first."""
        starts = list(seeds)
        for _ in range(0 if self._problem.rules else FIRST_MAPS):
            if not self._is_done():
                starts.append(self._mapped())
                self._keep(Found(self._problem.cost(starts[-1]), starts[-1]))
        yield from sorted(starts, key=self._problem.cost)

    def _is_done(self) -> bool:
        best = self._elites[0].cost
        return self._budget.is_spent or best <= self._bound + TOLERANCE * abs(self._bound) or self._problem.size < 2

    def _polish(self, start: tuple[int, ...], patience: float) -> bool:
        """Whether a walk from here found a new best one."""
        if self._is_done():
            return False
        return self._keep(self._tabu.run(start, int(patience * self._problem.location_count)))

    def _keep(self, found: Found) -> bool:
        is_best = not self._elites or found.cost < self._elites[0].cost * (1 - TOLERANCE)
        if all(abs(found.cost - other.cost) > TOLERANCE * abs(other.cost) for other in self._elites):
            self._elites = sorted([*self._elites, found], key=lambda one: one.cost)[:ELITES]
        return is_best

    def _mapped(self) -> tuple[int, ...]:
        return tree_matched(self._problem, self._random, next(self._turns))

    def _fresh(self) -> tuple[int, ...]:
        """Far from the elites: another map where flow is sparse, a random assignment where it says little."""
        if self._is_sparse and not self._problem.rules:
            return self._mapped()
        return self._tabu.shaken(self._elites[0].assignment, 2 * self._problem.size)

    def _crossed(self) -> tuple[int, ...]:
        if len(self._elites) < 2:
            return self._shaken()
        one, other = self._random.choice(len(self._elites), size=2, replace=False)
        locations = self._problem.location_count
        child = crossed(self._elites[one].assignment, self._elites[other].assignment, locations, self._random)
        return child if self._problem.allows(child) else self._shaken()

    def _shaken(self) -> tuple[int, ...]:
        most = max(4, self._problem.size // 5)
        return self._tabu.shaken(self._elites[0].assignment, int(self._random.integers(3, most + 1)))

    def _moved_clusters(self) -> tuple[int, ...]:
        """The contents of two equal clusters exchanged in a good assignment."""
        elite = self._elites[int(self._random.integers(min(3, len(self._elites))))].assignment
        if not self._clusters:
            return self._shaken()
        one, other = self._clusters[int(self._random.integers(len(self._clusters)))]
        places = dict(zip([*one, *other], [*other, *one], strict=True))
        moved = tuple(places.get(place, place) for place in elite)
        return moved if moved != elite and self._problem.allows(moved) else self._shaken()


def _is_dominated(problem: Problem) -> bool:
    """Whether flow dominance or distance dominance is high (Vollmann & Buffa 1966)."""
    pairs = [square[~np.eye(len(square), dtype=bool)] for square in (problem.flow, problem.distance)]
    return any(own.std() > DOMINATED * own.mean() for own in pairs if own.size)


def _equal_clusters(problem: Problem) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
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
