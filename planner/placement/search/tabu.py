"""Robust tabu search: the best exchange that brings nobody back too soon (Taillard 1991)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planner.placement.problem import Flags, Matrix, Problem
from planner.placement.rules.exchanges import NEVER, Exchanges
from planner.placement.search.budget import Budget
from planner.placement.search.walk import Walk

TOLERANCE = 1e-9
"""Relative change below which two costs are the same."""


@dataclass(frozen=True, slots=True)
class Found:
    """The best assignment of a run."""

    cost: float
    assignment: tuple[int, ...]


class Tabu:
    """Runs from one assignment after another; the walk's buffers serve them all."""

    def __init__(self, problem: Problem, budget: Budget, random: np.random.Generator) -> None:
        slots = problem.location_count
        self._problem = problem
        self._budget = budget
        self._random = random
        self._walk = Walk(problem)
        self._exchanges = Exchanges(problem)
        self._until: NDArray[np.int32] = np.empty((slots, slots), dtype=np.int32)
        self._closed_until: NDArray[np.int32] = np.empty((slots, slots), dtype=np.int32)
        self._is_closed: Flags = np.empty((slots, slots), dtype=bool)
        self._open_change: Matrix = np.empty((slots, slots))
        self._shortest = max(2, int(0.9 * slots))
        self._spread = int(1.1 * slots) + 4 - self._shortest
        self._turn = 0

    def run(self, start: Sequence[int], patience: int) -> Found:
        """The best met from `start`, which keeps the rules, until nothing better came for `patience` moves."""
        walk = self._walk
        self._begin(start)
        best_cost, best = walk.cost, walk.at.copy()
        stale = 0
        while stale <= patience and not self._budget.is_spent:
            pair = self._choose(best_cost)
            if pair is None:
                break
            self._budget.used += 1
            self._turn += 1
            self._move(*pair)
            stale += 1
            if walk.cost < best_cost - TOLERANCE * abs(best_cost):
                best_cost, best, stale = walk.cost, walk.at.copy(), 0
        assignment = tuple(best[: self._problem.size].tolist())
        return Found(self._problem.cost(assignment), assignment)

    def shaken(self, start: Sequence[int], exchanges: int) -> tuple[int, ...]:
        """`start` after so many random exchanges that keep the rules."""
        at = np.concatenate([start, np.setdiff1d(np.arange(self._problem.location_count), start)]).astype(np.int64)
        for _ in range(exchanges):
            if self._exchanges.permit_all:
                one, other = int(self._random.integers(self._problem.size)), int(self._random.integers(len(at)))
                at[one], at[other] = at[other], at[one]
                continue
            choices = np.flatnonzero(self._exchanges.allowed(at))
            if not len(choices):
                break
            one, other = divmod(int(choices[int(self._random.integers(len(choices)))]), len(at))
            at[one], at[other] = at[other], at[one]
        return tuple(at[: self._problem.size].tolist())

    def _begin(self, start: Sequence[int]) -> None:
        """`until[s, l]`: the turn before which slot s must not come to where slot l is."""
        self._walk.place(start)
        self._turn = 0
        self._until[:] = 0
        self._closed_until[:] = np.where(self._exchanges.allowed(self._walk.at), 0, NEVER)

    def _choose(self, best_cost: float) -> tuple[int, int] | None:
        """The cheapest exchange that is open, or that leads below the best cost."""
        change, slots = self._walk.change, len(self._walk.at)
        if self._exchanges.depend_on_each_other:
            self._closed_until[:] = np.where(
                self._exchanges.allowed(self._walk.at), np.minimum(self._until, self._until.T), NEVER
            )
        place = int(change.argmin())
        closed_until = int(self._closed_until.flat[place])
        better = self._walk.cost + float(change.flat[place]) < best_cost - TOLERANCE * abs(best_cost)
        if closed_until <= self._turn or (better and closed_until < NEVER):
            return divmod(place, slots)
        return self._choose_among_open()

    def _choose_among_open(self) -> tuple[int, int] | None:
        slots = len(self._walk.at)
        for last_closed in (self._turn, NEVER - 1):
            np.greater(self._closed_until, last_closed, out=self._is_closed)
            np.copyto(self._open_change, self._walk.change)
            np.putmask(self._open_change, self._is_closed, np.inf)
            place = int(self._open_change.argmin())
            if self._open_change.flat[place] < np.inf:
                return divmod(place, slots)
        return None

    def _move(self, one: int, other: int) -> None:
        until = self._until
        column = until[:, one].copy()
        until[:, one] = until[:, other]
        until[:, other] = column
        until[one, other] = self._turn + self._shortest + int(self._random.random() * self._spread)
        until[other, one] = self._turn + self._shortest + int(self._random.random() * self._spread)
        self._walk.exchange(one, other)
        if not self._exchanges.depend_on_each_other:
            self._exchanges.follow(one, other)
            for slot in (one, other):
                row = np.minimum(until[slot], until[:, slot])
                self._exchanges.close(slot, row)
                self._closed_until[slot] = row
                self._closed_until[:, slot] = row
