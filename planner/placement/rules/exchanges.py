"""Which exchanges of two locations' contents keep the rules."""

from collections.abc import Callable, Sequence

import numpy as np

from planner.placement.problem import (
    Apart,
    Capacity,
    Flags,
    Indices,
    Inside,
    Problem,
    Rule,
    Separate,
    Together,
)


class Exchanges:
    """Slots are the facilities, then an empty slot for each location left over; each has a location.

    Of two that exchange, one must matter: be a facility that pays for its location, or that a rule is about.
    """

    def __init__(self, problem: Problem) -> None:
        self._slots = problem.location_count
        self._permitted = np.ones((self._slots, self._slots), dtype=bool)
        self._permitted[: problem.size] = problem.permitted()
        self._matters = _matters(problem)
        self._rules = [_Marked(own, self._slots, problem.location_count) for own in _taken_together(problem.rules)]
        self._permits_all = bool(self._permitted.all())
        self._permitted_at: Flags = np.ascontiguousarray(self._permitted.T)

    @property
    def depend_on_each_other(self) -> bool:
        """Whether where one facility may go depends on where others are."""
        return bool(self._rules)

    @property
    def permit_all(self) -> bool:
        """Whether there is no rule at all."""
        return self._permits_all and not self._rules

    @property
    def allow_all(self) -> bool:
        """Whether every exchange of two slots is allowed, whatever is where."""
        return self.permit_all and bool(self._matters.all())

    def allowed(self, at: Indices) -> Flags:
        """Slots x slots: whether exchanging their locations keeps every rule, given that `at` keeps them."""
        there = self._permitted[:, at]
        allowed = there & there.T & (self._matters[:, None] | self._matters[None, :])
        for rule in self._rules:
            fits = rule.fits(at)
            allowed &= fits & fits.T
        np.fill_diagonal(allowed, False)
        return allowed

    def allowed_alone(self, pairs: Indices, places: Indices, by_slot: Callable[[Flags], Flags]) -> Flags:
        """Walks x 2 x slots: the same for two slots of each walk, at these places; where no rule looks at others.

        `by_slot` turns rows over locations into rows over the slots that are there in that walk.
        """
        there = by_slot(self._permitted.take(pairs, axis=0))
        there &= self._permitted_at.take(places, axis=0)
        there &= self._matters.take(pairs)[:, :, None] | self._matters
        return there


class _Marked:
    """Rules that are judged at once, over slots as vectors: several of sharing the same classes, else one.

    `fits(at)[f, g]`: f may come to where g is, when g goes to where f is.
    """

    def __init__(self, rules: Sequence[Rule], slots: int, places: int) -> None:
        self._rule = rule = rules[0]
        assert not isinstance(rule, Inside)
        self._team = np.zeros(slots, dtype=np.int64)
        for number, team in enumerate(_joined(rules), start=1):
            self._team[list(team)] = number
        raw = np.array(rule.classes)
        count = int(raw.max(initial=-1)) + 1
        self._class = np.where(raw >= 0, raw, count + np.arange(places))
        self._classes = count + places
        self._member = _marks(() if isinstance(rule, Capacity) else rule.members, slots)
        self._other = _marks(rule.others if isinstance(rule, Separate) else (), slots)
        if isinstance(rule, Capacity):
            self._demand = np.zeros(slots, dtype=np.int64)
            self._demand[: len(rule.demand)] = rule.demand
            self._limit = np.full(self._classes, np.iinfo(np.int64).max)
            self._limit[: len(rule.limits)] = rule.limits

    def fits(self, at: Indices) -> Flags:
        here = self._class[at]
        same = here[:, None] == here[None, :]
        if isinstance(self._rule, Together):
            return np.asarray(same | (self._team[:, None] == self._team[None, :]))
        if isinstance(self._rule, Apart):
            taken = self._held(here, self._member) - self._member
            return np.asarray(same | ~self._member[:, None] | (taken[None, :] == 0))
        if isinstance(self._rule, Separate):
            mine = (self._held(here, self._other) - self._other)[None, :] - (same & self._other[:, None])
            theirs = (self._held(here, self._member) - self._member)[None, :] - (same & self._member[:, None])
            clear = (~self._member[:, None] | (mine <= 0)) & (~self._other[:, None] | (theirs <= 0))
            return np.asarray(same | clear)
        load = np.bincount(here, weights=self._demand, minlength=self._classes)[here]
        after = load[None, :] - self._demand[None, :] + self._demand[:, None]
        return np.asarray(same | (self._demand[:, None] == 0) | (after <= self._limit[here][None, :]))

    def _held(self, here: Indices, marked: Flags) -> Indices:
        """For each slot, how many marked slots its class holds."""
        return np.bincount(here, weights=marked, minlength=self._classes).astype(np.int64)[here]


def _taken_together(rules: Sequence[Rule]) -> list[list[Rule]]:
    """The rules about several facilities, those of sharing the same classes as one."""
    alone: list[list[Rule]] = []
    by_classes: dict[tuple[int, ...], list[Rule]] = {}
    for rule in rules:
        if isinstance(rule, Together):
            by_classes.setdefault(rule.classes, []).append(rule)
        elif not isinstance(rule, Inside):
            alone.append([rule])
    return [*by_classes.values(), *alone]


def _joined(rules: Sequence[Rule]) -> list[set[int]]:
    """The members of rules of sharing, those that have one in common as one team; nobody needs company alone."""
    teams: list[set[int]] = []
    for rule in rules:
        if isinstance(rule, Together):
            team = set(rule.members)
            met = [other for other in teams if other & team]
            teams = [other for other in teams if not other & team]
            teams.append(team.union(*met))
    return [team for team in teams if len(team) > 1]


def _marks(members: tuple[int, ...], slots: int) -> Flags:
    marked = np.zeros(slots, dtype=bool)
    marked[list(members)] = True
    return marked


def _matters(problem: Problem) -> Flags:
    """Slots whose location makes a difference; facilities without flow are as good as empty slots."""
    matters = np.zeros(problem.location_count, dtype=bool)
    has_flow = problem.flow.any(axis=0) | problem.flow.any(axis=1)
    has_own_cost = np.ptp(problem.linear, axis=1) > 0
    matters[: problem.size] = bool(problem.rules) | has_flow | has_own_cost
    return matters
