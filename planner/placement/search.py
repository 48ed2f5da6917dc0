"""Local search for placements: robust tabu over exchanges, each exchange's change kept up to date."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle

import numpy as np

from planner.machine.core_clusters import clusterings
from planner.placement.moves import Exchanges
from planner.placement.problem import Flags, Indices, Matrix, Problem

PATIENCE = (30, 4, 4, 4)
"""Moves without a better placement, in turns per location, before the tabu search is shaken; long and short in turn."""

TOLERANCE = 1e-9
"""Relative change below which two costs are the same."""


@dataclass(slots=True)
class Budget:
    """How long to search: so many iterations, or until a deadline (`time.perf_counter`), whichever is set."""

    iterations: int | None
    deadline: float | None
    used: int = 0

    @property
    def is_spent(self) -> bool:
        if self.iterations is not None and self.used >= self.iterations:
            return True
        return self.deadline is not None and time.perf_counter() >= self.deadline


def search(
    problem: Problem, seeds: Sequence[Sequence[int]], budget: Budget, *, bound: float = 0.0, seed: int = 0
) -> tuple[int, ...]:
    """The best assignment found from these, all of which respect the rules; the same for a seed and
    iterations.

    Every seed is polished, the best one gets the rest of the budget, with exchanges of whole clusters
    between runs. Ends early at the bound.
    """
    return _Search(problem, budget, bound, seed).run([tuple(one) for one in seeds])


class _Search:
    def __init__(self, problem: Problem, budget: Budget, bound: float, seed: int) -> None:
        self._problem = problem
        self._budget = budget
        self._bound = bound
        self._random = np.random.default_rng(seed)
        self._state = _Exchange(problem)
        self._exchanges = Exchanges(problem)
        self._clusters = _equal_clusters(problem)
        self._best: tuple[int, ...] = ()
        self._best_cost = np.inf

    def run(self, seeds: list[tuple[int, ...]]) -> tuple[int, ...]:
        for start in seeds:
            self._keep(start)
        for start in seeds:
            self._descend(start)
        turns = cycle(PATIENCE)
        while not self._is_done():
            self._tabu(next(turns) * self._problem.location_count)
            if not self._swap_clusters(self._best) and not self._is_done():
                self._descend(self._shaken())
        return self._best

    def _is_done(self) -> bool:
        return self._budget.is_spent or self._best_cost <= self._bound * (1 + TOLERANCE) or self._problem.size < 2

    def _keep(self, assignment: tuple[int, ...]) -> bool:
        cost = self._problem.cost(assignment)
        if cost < self._best_cost * (1 - TOLERANCE):
            self._best, self._best_cost = assignment, cost
            return True
        return False

    def _descend(self, start: tuple[int, ...]) -> None:
        """Best exchange first until none helps."""
        self._state.place(start)
        scale = max(abs(self._problem.cost(start)), 1e-300)
        while not self._is_done():
            self._budget.used += 1
            change = np.where(self._exchanges.allowed(self._state.at), self._state.change, np.inf)
            one, other = np.unravel_index(int(np.argmin(change)), change.shape)
            if not change[one, other] < -TOLERANCE * scale:
                break
            self._state.exchange(int(one), int(other))
        self._keep(self._state.assignment())
        self._swap_clusters(self._state.assignment())

    def _tabu(self, patience: int) -> None:
        """Best exchange that brings no facility back too soon, until nothing better came for a while."""
        size = self._problem.location_count
        self._state.place(self._best)
        cost = self._best_cost
        until = np.zeros((size, size))
        stale = turn = 0
        while stale < patience and not self._is_done():
            self._budget.used += 1
            turn += 1
            stale += 1
            pair = self._choose(until, turn, cost)
            if pair is None:
                return
            one, other = pair
            cost += float(self._state.change[one, other])
            tenure = self._random.integers(max(2, int(0.9 * size)), int(1.1 * size) + 4, size=2)
            until[one, self._state.at[one]] = turn + tenure[0]
            until[other, self._state.at[other]] = turn + tenure[1]
            self._state.exchange(one, other)
            if cost < self._best_cost * (1 - TOLERANCE) and self._keep(self._state.assignment()):
                stale = 0
                cost = self._best_cost

    def _choose(self, until: Matrix, turn: int, cost: float) -> tuple[int, int] | None:
        at = self._state.at
        allowed = self._exchanges.allowed(at)
        there = until[:, at] > turn
        improves = cost + self._state.change < self._best_cost * (1 - TOLERANCE)
        usable: Flags = allowed & (~(there & there.T) | improves)
        if not usable.any():
            usable = allowed
        if not usable.any():
            return None
        change = np.where(usable, self._state.change, np.inf)
        one, other = np.unravel_index(int(np.argmin(change)), change.shape)
        return int(one), int(other)

    def _swap_clusters(self, start: tuple[int, ...]) -> bool:
        """Exchange the contents of two equal clusters while that helps; True where the best became better."""
        current, cost = start, self._problem.cost(start)
        for one, other in self._clusters:
            if self._is_done():
                break
            self._budget.used += 1
            places = dict(zip([*one, *other], [*other, *one], strict=True))
            moved = tuple(places.get(place, place) for place in current)
            changed = self._problem.cost(moved)
            if changed < cost * (1 - TOLERANCE) and self._problem.allows(moved):
                current, cost = moved, changed
        return self._keep(current)

    def _shaken(self) -> tuple[int, ...]:
        """The best assignment after a few random exchanges that keep the rules."""
        self._state.place(self._best)
        for _ in range(3 + int(self._random.integers(max(1, self._problem.size // 4)))):
            choices = np.argwhere(self._exchanges.allowed(self._state.at))
            if not len(choices):
                break
            one, other = choices[int(self._random.integers(len(choices)))]
            self._state.exchange(int(one), int(other))
        return self._state.assignment()


class _Exchange:
    """An assignment with `change[r, s]`, by how much the cost grows when slots r and s exchange locations.

    With zero diagonals, change = Z + Z^T - diag - diag^T + (F + F^T) * (A + A^T), where A is the distance
    between slots and Z[r, s] what r's flows would cost at s's location. One exchange updates Z by rank two
    and two columns.
    """

    def __init__(self, problem: Problem) -> None:
        slots = problem.location_count
        self._size = problem.size
        self._flow: Matrix = np.zeros((slots, slots))
        self._flow[: problem.size, : problem.size] = problem.flow
        np.fill_diagonal(self._flow, 0.0)
        self._distance = problem.distance.copy()
        np.fill_diagonal(self._distance, 0.0)
        self._linear: Matrix = np.zeros((slots, slots))
        self._linear[: problem.size] = problem.linear
        self._both = self._flow + self._flow.T
        self.at: Indices = np.arange(slots)
        self.change: Matrix = np.zeros((slots, slots))
        self._paid: Matrix = np.zeros((slots, slots))
        self._apart: Matrix = np.zeros((slots, slots))

    def place(self, assignment: Sequence[int]) -> None:
        empty = sorted(set(range(len(self.at))) - set(assignment))
        self.at = np.array([*assignment, *empty], dtype=np.int64)
        self._apart = self._distance[np.ix_(self.at, self.at)]
        self._paid = self._flow @ self._apart.T + self._flow.T @ self._apart
        self._refresh()

    def assignment(self) -> tuple[int, ...]:
        return tuple(int(place) for place in self.at[: self._size])

    def exchange(self, one: int, other: int) -> None:
        out_shift = self._apart[:, other] - self._apart[:, one]
        in_shift = self._apart[other] - self._apart[one]
        self._paid += np.outer(self._flow[:, one] - self._flow[:, other], out_shift)
        self._paid += np.outer(self._flow[one] - self._flow[other], in_shift)
        self._apart[[one, other]] = self._apart[[other, one]]
        self._apart[:, [one, other]] = self._apart[:, [other, one]]
        self.at[[one, other]] = self.at[[other, one]]
        for moved in (one, other):
            self._paid[:, moved] = self._flow @ self._apart[moved] + self._apart[:, moved] @ self._flow
        self._refresh()

    def _refresh(self) -> None:
        paid = self._paid + self._linear[:, self.at]
        own = np.diagonal(paid)
        one_way = paid - own[:, None]
        self.change = one_way + one_way.T + self._both * (self._apart + self._apart.T)


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
    return sorted(pairs, key=lambda pair: -len(pair[0]))[:2000]
