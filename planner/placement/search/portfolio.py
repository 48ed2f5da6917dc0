"""The search for a placement: tabu walks from seeds, then from what the origins draw, until the budget is spent."""

from collections.abc import Sequence

import numpy as np

from planner.placement.problem import Inside, Problem
from planner.placement.search.budget import Budget
from planner.placement.search.elites import Elites
from planner.placement.search.origins import Assignment, Origin, Origins
from planner.placement.search.tabu import TOLERANCE, Found, Tabu

MOST_WALKS = 16
WALKED_PAIRS = 2**16
"""Walks that move together, and exchanges that they look at in one round: a small problem fills no call of numpy."""

FIRST_PATIENCE = 5.0
"""Moves without a better assignment before one of the first walks ends, in turns per location."""

FIRST_MAPS = 4

USUAL_ITERATIONS, FEWEST_ROUNDS = 5_000, 1_000
"""What is searched where neither a time nor a number of iterations is asked for: so many, or so many rounds if more."""


def search(
    problem: Problem, seeds: Sequence[Sequence[int]], budget: Budget, *, bound: float = 0.0, seed: int = 0
) -> tuple[int, ...]:
    """The best assignment found from these, all of which respect the rules; the same for a seed and iterations.

    Several walks at once, as many as one call of numpy serves well, begin at the seeds, at maps of the flow on the
    locations' tree and at random, then mostly as children of the elites (Benlic & Hao 2015). An iteration is one
    exchange, so a round of all walks is as many as there are. Ends early at the bound.
    """
    return _Search(problem, budget, bound, seed).run([tuple(one) for one in seeds])


class _Search:
    def __init__(self, problem: Problem, budget: Budget, bound: float, seed: int) -> None:
        self._problem = problem
        self._budget = budget
        self._enough = bound + TOLERANCE * abs(bound)
        random = np.random.default_rng(seed)
        walks = walk_count(problem)
        self._tabu = Tabu(problem, walks, random)
        self._elites = Elites()
        self._origins = Origins(problem, self._elites, self._tabu, walks, random)
        self._walks = walks
        self._walking: dict[int, Origin] = {}

    def run(self, seeds: list[Assignment]) -> Assignment:
        for start in seeds:
            self._elites.keep(Found(self._problem.cost(start), start))
        waiting = self._first(seeds)
        for walk in range(self._walks):
            if not self._is_done():
                self._begin(walk, waiting.pop(0))
        while not self._is_done():
            self._budget.used += self._walks
            for walk in self._tabu.step():
                self._end(walk)
                self._begin(walk, waiting.pop(0) if waiting else self._origins.next(walk))
        for walk in self._walking:
            self._end(walk)
        return self._elites[0].assignment

    def _first(self, seeds: list[Assignment]) -> list[Origin]:
        """The seeds and, as maps look at no rules, where there are none some maps, the cheapest first; then others."""
        starts = list(seeds)
        for _ in range(0 if self._problem.rules else FIRST_MAPS):
            if not self._is_done():
                starts.append(self._origins.mapped())
                self._elites.keep(Found(self._problem.cost(starts[-1]), starts[-1]))
        starts = sorted(dict.fromkeys(starts), key=self._problem.cost)
        starts += [self._origins.random() for _ in range(self._walks - len(starts))]
        patience = int(FIRST_PATIENCE * self._problem.location_count)
        return [Origin(start, patience, None, is_near=False) for start in starts]

    def _begin(self, walk: int, origin: Origin) -> None:
        self._walking[walk] = origin
        self._tabu.begin(walk, origin.start, origin.patience)

    def _end(self, walk: int) -> None:
        origin, found = self._walking[walk], self._tabu.found(walk)
        is_best = self._elites.keep(found, is_near=origin.is_near)
        self._origins.reward(walk, origin, found, is_best=is_best)

    def _is_done(self) -> bool:
        least = min(self._tabu.least, self._elites[0].cost)
        return self._budget.is_spent or least <= self._enough or self._problem.size < 2


def usual_iterations(problem: Problem) -> int:
    """How many iterations are made where nobody says how many, or how long."""
    return max(USUAL_ITERATIONS, FEWEST_ROUNDS * walk_count(problem))


def walk_count(problem: Problem) -> int:
    """One where it depends on others who may go where, as each walk asks that by itself."""
    if not all(isinstance(rule, Inside) for rule in problem.rules):
        return 1
    return max(1, min(MOST_WALKS, WALKED_PAIRS // problem.location_count**2))
