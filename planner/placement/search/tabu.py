"""Robust tabu walks side by side: the best exchange that brings nobody back too soon (Taillard 1991)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planner.placement.problem import Flags, Indices, Matrix, Problem
from planner.placement.rules.exchanges import Exchanges
from planner.placement.search.walks import Costs, Walks

TOLERANCE = 1e-9
"""Relative change below which two costs are the same."""


@dataclass(frozen=True, slots=True)
class Found:
    """The best assignment of a walk."""

    cost: float
    assignment: tuple[int, ...]


class Tabu:
    """So many walks that move together, each from its own start until nothing better came for its own patience.

    `until[w, s, l]`: the turn before which slot s must not come to location l; `until_at` the same by [w, l, s].
    `closed[w, r, s]`: the turn before which the two must not exchange, the earlier of both. `least` is the least
    cost that any walk met.
    """

    def __init__(self, problem: Problem, count: int, random: np.random.Generator) -> None:
        slots = problem.location_count
        self._problem = problem
        self._random = random
        self._walks = Walks(problem, count)
        self._exchanges = Exchanges(problem)
        self._until: NDArray[np.int32] = np.zeros((count, slots, slots), dtype=np.int32)
        self._until_at: NDArray[np.int32] = np.zeros((count, slots, slots), dtype=np.int32)
        self._closed: NDArray[np.int32] = np.zeros((count, slots, slots), dtype=np.int32)
        self._is_closed = np.empty(count * slots * slots, dtype=bool)
        self._shortest = max(2, int(0.9 * slots))
        self._spread = int(1.1 * slots) + 4 - self._shortest
        self._turn = 0
        self._walk: Indices = np.arange(count)[:, None]
        self._best: Indices = np.zeros((count, slots), dtype=np.int64)
        self._aim: Matrix = np.zeros(count)
        self._stale: Indices = np.zeros(count, dtype=np.int64)
        self._patience: Indices = np.zeros(count, dtype=np.int64)
        self.least = np.inf

    def begin(self, walk: int, start: Sequence[int], patience: int) -> None:
        """This walk starts anew from an assignment that keeps the rules."""
        self._walks.place(walk, start)
        if not (self._exchanges.allow_all or self._exchanges.depend_on_each_other):
            self._walks.change[walk][~self._exchanges.allowed(self._walks.at[walk])] = np.inf
        for turns in (self._until, self._until_at, self._closed):
            turns[walk] = 0
        self._patience[walk] = patience
        self._note(np.array([walk]))

    def found(self, walk: int) -> Found:
        """The best that this walk met since it began."""
        assignment = tuple(self._best[walk, : self._problem.size].tolist())
        return Found(self._problem.cost(assignment), assignment)

    def assignment(self, walk: int) -> tuple[int, ...]:
        """Where this walk is."""
        return self._walks.assignment(walk)

    def step(self) -> list[int]:
        """Exchange two slots in every walk; the walks that are at their end."""
        pairs, is_stuck = self._choose()
        cost = self._walks.cost.copy()
        self._turn += 1
        self._move(pairs)
        self._stale += 1
        if is_stuck is not None:
            self._walks.cost[is_stuck] = cost[is_stuck]
            self._stale[is_stuck] = self._patience[is_stuck] + 1
        better = self._walks.cost < self._aim
        if better.any():
            self._note(np.flatnonzero(better))
        ended: list[int] = (self._stale > self._patience).nonzero()[0].tolist()
        return ended

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

    def _note(self, walks: Indices) -> None:
        """These walks are where they never were better."""
        cost = self._walks.cost[walks]
        self._aim[walks] = cost - TOLERANCE * np.abs(cost)
        self._best[walks] = self._walks.at[walks]
        self._stale[walks] = 0
        self.least = min(self.least, float(cost.min()))

    def _choose(self) -> tuple[Indices, Flags | None]:
        """The cheapest exchange that is open, or that leads below the best cost; which walks have none at all.

        A walk whose exchanges are all closed takes the cheapest of them; one that has none a slot with itself.
        """
        change = self._permitted_change()
        count, slots = self._best.shape
        flat, area = change.reshape(-1), slots * slots
        np.greater(self._closed.reshape(-1), self._turn, out=self._is_closed)
        closed = self._is_closed.nonzero()[0]
        kept = flat.take(closed)
        hopeful = kept < (self._aim - self._walks.cost).take(closed // area)
        if hopeful.any():
            closed, kept = closed[~hopeful], kept[~hopeful]
        flat[closed] = np.inf
        places = flat.reshape(count, area).argmin(axis=1)
        is_shut = np.isinf(flat.take(places + self._walk[:, 0] * area))
        flat[closed] = kept
        is_stuck = None
        if is_shut.any():
            places[is_shut] = flat.reshape(count, area)[is_shut].argmin(axis=1)
            is_stuck = np.isinf(flat.take(places + self._walk[:, 0] * area))
        pairs = np.empty((count, 2), dtype=np.int64)
        np.divmod(places, slots, pairs[:, 0], pairs[:, 1])
        return pairs, is_stuck

    def _permitted_change(self) -> Costs:
        change = self._walks.change
        if not self._exchanges.depend_on_each_other:
            return change
        allowed = np.stack([self._exchanges.allowed(at) for at in self._walks.at])
        return np.where(allowed, change, np.inf).astype(change.dtype)

    def _move(self, pairs: Indices) -> None:
        walk, walks = self._walk, self._walks
        before = walks.at[walk, pairs]
        tenure = (self._random.random(pairs.shape) * self._spread).astype(np.int32)
        tenure += self._turn + self._shortest - 1
        self._until[walk, pairs, before] = tenure
        self._until_at[walk, before, pairs] = tenure
        walks.exchange(pairs)
        closed = walks.by_slot(self._until[walk, pairs])
        np.minimum(closed, self._until_at[walk, before[:, ::-1]], out=closed)
        self._closed[walk, pairs] = closed
        self._closed[walk, :, pairs] = closed
        if not (self._exchanges.allow_all or self._exchanges.depend_on_each_other):
            allowed = self._exchanges.allowed_alone(pairs, before[:, ::-1], walks.by_slot)
            walks.put(pairs, np.where(allowed, walks.change[walk, pairs], np.inf))
