"""Exchanges of whole classes: where members must share one, they move together or not at all."""

import time
from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from planner.placement.bounds.linear_assignment import FORBIDDEN, solve_assignment
from planner.placement.problem import Flags, Problem, Together

NEARLY = 1e-9

Units = list[list[int]]
"""The locations of each class."""


def class_units(problem: Problem) -> list[Units]:
    """The classes that members must share, each list once."""
    found: dict[tuple[int, ...], Units] = {}
    for rule in problem.rules:
        if isinstance(rule, Together) and len(rule.members) > 1 and rule.classes not in found:
            places: dict[int, list[int]] = defaultdict(list)
            for place, number in enumerate(rule.classes):
                places[number if number >= 0 else -1 - place].append(place)
            found[rule.classes] = [own for own in places.values() if len(own) > 1]
    return list(found.values())


def improved_by_classes(
    problem: Problem, start: Sequence[int], random: np.random.Generator, *, rounds: int, deadline: float | None
) -> tuple[int, ...]:
    """The best met by exchanging the contents of two classes while that pays, `rounds` times from shaken ones.

    `start` keeps the rules, and so does the answer. `deadline` is of `time.perf_counter`.
    """
    search = _ClassExchanges(problem, random, deadline)
    best = search.descended(tuple(start))
    for _ in range(rounds if search.pairs else 0):
        if search.is_late:
            break
        best = min(best, search.descended(search.shaken(best)), key=problem.cost)
    return best


class _ClassExchanges:
    def __init__(self, problem: Problem, random: np.random.Generator, deadline: float | None) -> None:
        self._problem = problem
        self._random = random
        self._deadline = deadline
        self._permitted: Flags = problem.permitted()
        self.pairs = [
            (one, other) for units in class_units(problem) for index, one in enumerate(units) for other in units[:index]
        ]

    @property
    def is_late(self) -> bool:
        return self._deadline is not None and time.perf_counter() >= self._deadline

    def descended(self, assignment: tuple[int, ...]) -> tuple[int, ...]:
        """No exchange of two classes pays any more, or time is up."""
        cost = self._problem.cost(assignment)
        stale, turn = 0, 0
        order = self._random.permutation(len(self.pairs))
        while stale < len(self.pairs) and not self.is_late:
            one, other = self.pairs[order[turn % len(order)]]
            turn, stale = turn + 1, stale + 1
            moved = self._exchanged(assignment, one, other)
            if moved is not None and (price := self._problem.cost(moved)) < cost * (1 - NEARLY):
                assignment, cost, stale = moved, price, 0
        return assignment

    def shaken(self, assignment: tuple[int, ...]) -> tuple[int, ...]:
        """After a few random exchanges that keep the rules."""
        for _ in range(int(self._random.integers(2, 6))):
            one, other = self.pairs[int(self._random.integers(len(self.pairs)))]
            assignment = self._exchanged(assignment, one, other) or assignment
        return assignment

    def _exchanged(self, assignment: tuple[int, ...], one: list[int], other: list[int]) -> tuple[int, ...] | None:
        """Everybody of the one in the other and back, each at the place there that suits; None where rules forbid."""
        found = list(assignment)
        for here, there in ((one, other), (other, one)):
            inside = set(here)
            guests = [facility for facility, place in enumerate(assignment) if place in inside]
            if len(guests) > len(there):
                return None
            for facility, place in zip(guests, self._seats(assignment, guests, there), strict=True):
                found[facility] = place
        moved = tuple(found)
        return moved if moved != assignment and self._problem.allows(moved) else None

    def _seats(self, assignment: tuple[int, ...], guests: list[int], there: list[int]) -> list[int]:
        suits = self._permitted[np.ix_(guests, there)]
        if suits.all():
            return there[: len(guests)]
        cost = np.where(suits, 0.0, FORBIDDEN)
        return [there[column] for column in solve_assignment(cost).columns] if guests else []
