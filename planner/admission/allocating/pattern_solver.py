"""The complete allocation of gangs to cores that are all alike: how many cores hold which gangs, not which cores."""

import time
from itertools import combinations
from math import gcd, lcm

from planner.admission.allocating.allocation import Allocation, Question, collect, hard_load_ppm
from planner.admission.allocating.solver import Impossible
from planner.admission.allocating.window_model import WindowModel
from planner.admission.requests import Request, Team
from planner.admission.schedulability.windows import gap_between
from planner.linear_model import Term

MOST_TEAMS = 11
"""Sets of gangs that a core may hold double with every gang."""


def has_patterns(question: Question) -> bool:
    """Whether nobody was given a core, nothing is settled, and all that is promised are windows."""
    given = question.pinned or question.kept or question.settled
    loose = any(not request.is_window for team in question.teams for request in team.requests)
    return not given and not loose and len(question.teams) <= MOST_TEAMS


def allocate_by_patterns(
    question: Question, *, seed: int = 0, deadline: float | None = None, work_limit: float
) -> Allocation | Impossible:
    """Deterministic for a seed unless `deadline` (of `time.perf_counter`) ends it."""
    return _Patterns(question).solve(seed, deadline, work_limit)


class _Patterns(WindowModel):
    """A variable for each set of gangs that a core can hold: on how many cores it does."""

    def __init__(self, question: Question) -> None:
        super().__init__(question)
        self._cores = {pattern: self._model.integer(0, len(question.cores)) for pattern in self._patterns()}
        self._model.require([(1, name) for name in self._cores.values()], "<=", len(question.cores))
        for team in self._teams:
            self._model.require(self._holding(team), "==", team.count)
        if question.ask_windows:
            self._keep_windows_apart()

    def _patterns(self) -> list[frozenset[Team]]:
        """Every set that a core can hold; what a set cannot hold, no larger one can."""
        found: list[frozenset[Team]] = []
        layer = [frozenset((team,)) for team in self._teams if self._is_possible(frozenset((team,)))]
        known = set(layer)
        order = {team: at for at, team in enumerate(self._teams)}
        while layer:
            found += layer
            grown = []
            for pattern in layer:
                last = max(order[team] for team in pattern)
                for team in self._teams[last + 1 :]:
                    wider = pattern | {team}
                    if all(wider - {one} in known for one in wider) and self._is_possible(wider):
                        grown.append(wider)
            layer, known = grown, set(grown)
        return found

    def _is_possible(self, pattern: frozenset[Team]) -> bool:
        teams = sorted(pattern, key=self._teams.index)
        if hard_load_ppm(teams) > self._question.most_ppm:
            return False
        return not self._question.ask_windows or self._fits_a_common_turn(teams)

    def _fits_a_common_turn(self, teams: list[Team]) -> bool:
        """Windows that are apart modulo each pair's gcd are apart modulo the gcds' least common multiple, which then
        has to hold all of them; each team's longest window stands for it."""
        windows = [max(team.windows, key=lambda one: (one.wcet_ns, one.period_ns)) for team in teams]
        if len(windows) < 2:
            return True
        pairs = [(one, other) for one, other in combinations(windows, 2) if one.coexists(other)]
        if len(pairs) < len(windows) * (len(windows) - 1) // 2:
            return True
        if any(gap_between(one, other, self._question.guard_ns).is_empty for one, other in pairs):
            return False
        turn_ns = lcm(*(gcd(one.period_ns, other.period_ns) for one, other in pairs))
        return sum(window.wcet_ns + self._question.guard_ns for window in windows) <= turn_ns

    def _holding(self, *teams: Team) -> list[Term]:
        return [(1, name) for pattern, name in self._cores.items() if pattern.issuperset(teams)]

    def _keep_windows_apart(self) -> None:
        for one, other in combinations(self._teams, 2):
            pairs = [(i, j) for i in one.windows for j in other.windows if i.coexists(j)]
            shared = self._holding(one, other)
            if not pairs or not shared:
                continue
            together = self._model.flag()
            self._model.require([*shared, (-min(one.count, other.count), together)], "<=", 0)
            for i, j in pairs:
                self._hold_gap(i, j, together)

    def solve(self, seed: int, deadline: float | None, work_limit: float) -> Allocation | Impossible:
        time_limit = None if deadline is None else deadline - time.perf_counter()
        if time_limit is not None and time_limit <= 0:
            return Impossible(False, is_ended=True)
        solution = self._model.solve(seed=seed, work_limit=work_limit, time_limit=time_limit)
        if solution.status == "infeasible":
            return Impossible(True)
        if not solution.solutions:
            return Impossible(False, is_ended=True)
        starts: dict[Request, int] = {one: solution.values[name] * self._unit_ns for one, name in self._starts.items()}
        seats: dict[Team, list[int]] = {team: [] for team in self._teams}
        cores = iter(self._question.cores)
        for pattern, name in self._cores.items():
            for _ in range(solution.values[name]):
                core = next(cores)
                for team in pattern:
                    seats[team].append(core)
        found = collect(self._question, {team: tuple(sorted(own)) for team, own in seats.items()}, starts)
        assert isinstance(found, Allocation), "windows alone always have an allocation"
        return found
