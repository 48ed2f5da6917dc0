"""A placement as an assignment problem: facilities with flow between them, locations with distance, rules."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
Indices = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Inside:
    """Each member only at its permitted locations."""

    name: str
    members: tuple[int, ...]
    permitted: frozenset[int]


@dataclass(frozen=True, slots=True, eq=False)
class Together:
    """All members at locations of one class."""

    name: str
    members: tuple[int, ...]
    classes: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Apart:
    """No two members at locations of one class."""

    name: str
    members: tuple[int, ...]
    classes: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Separate:
    """No member in a class with any of the others; who is in both sets is not kept apart from itself."""

    name: str
    members: tuple[int, ...]
    others: tuple[int, ...]
    classes: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Capacity:
    """The facilities' demand in each class stays within its limit; locations in no class are not limited."""

    names: tuple[str, ...]
    demand: tuple[int, ...]
    classes: tuple[int, ...]
    limits: tuple[int, ...]


Rule = Inside | Together | Apart | Separate | Capacity
"""`classes` gives each location's class number, -1 for a location that is in none and shares with nobody."""


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """Minimise the sum over ordered pairs of flow[i, j] x distance[location of i, location of j].

    `flow` is facilities x facilities, `distance` locations x locations (at least as many), `linear` what
    facility i costs at location a by itself. A location is used at most once. `order` lists the locations so
    that neighbours lie close together, `scattered` so that they lie far apart.
    """

    flow: Matrix
    distance: Matrix
    linear: Matrix
    rules: tuple[Rule, ...]
    order: tuple[int, ...]
    scattered: tuple[int, ...]

    @property
    def size(self) -> int:
        return len(self.flow)

    @property
    def location_count(self) -> int:
        return len(self.distance)

    def cost(self, assignment: Sequence[int]) -> float:
        """Cost of facilities 0, 1, ... at these locations."""
        at = np.asarray(assignment)
        pairs = float((self.flow * self.distance[np.ix_(at, at)]).sum())
        return pairs + float(self.linear[np.arange(self.size), at].sum())

    def allows(self, assignment: Sequence[int]) -> bool:
        return all(holds(rule, assignment) for rule in self.rules)

    def permitted(self) -> Flags:
        """Facilities x locations: what the rules about single facilities leave."""
        allowed = np.ones((self.size, self.location_count), dtype=bool)
        for rule in self.rules:
            if isinstance(rule, Inside):
                outside = [place for place in range(self.location_count) if place not in rule.permitted]
                allowed[np.ix_(list(rule.members), outside)] = False
        return allowed


def holds(rule: Rule, assignment: Sequence[int]) -> bool:
    """Whether an assignment of all facilities respects a rule."""
    if isinstance(rule, Inside):
        return all(assignment[member] in rule.permitted for member in rule.members)
    if isinstance(rule, Capacity):
        load = [0] * len(rule.limits)
        for member, demand in enumerate(rule.demand):
            if rule.classes[assignment[member]] >= 0:
                load[rule.classes[assignment[member]]] += demand
        return all(used <= limit for used, limit in zip(load, rule.limits, strict=True))
    own = [_class_at(rule.classes, assignment[member]) for member in rule.members]
    if isinstance(rule, Together):
        return len(set(own)) <= 1
    if isinstance(rule, Apart):
        return len(set(own)) == len(own)
    return not any(
        _class_at(rule.classes, assignment[other]) == mine
        for member, mine in zip(rule.members, own, strict=True)
        for other in rule.others
        if other != member
    )


def _class_at(classes: Sequence[int], place: int) -> int:
    return classes[place] if classes[place] >= 0 else -1 - place
