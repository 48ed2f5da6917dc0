"""The complete allocation: cores and window offsets as one model, tasks with laxity by learnt conflicts."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

from planner.admission.allocating.allocation import Allocation, Question, collect, core_offsets
from planner.admission.allocating.window_model import WindowModel
from planner.admission.requests import Request, Team
from planner.linear_model import Term

WORK_LIMIT = 5.0
"""CP-SAT's deterministic seconds for one answer: the same on every machine."""

MOST_ROUNDS = 200
"""Allocations whose tasks with laxity are tried before giving up."""


@dataclass(frozen=True, slots=True)
class Impossible:
    """No allocation. `is_proven` is false where a sufficient test said no or not every offset was tried;
    `is_ended` is true where a limit ended the search before it knew."""

    is_proven: bool
    is_ended: bool = False


def allocate_completely(
    question: Question, *, seed: int = 0, deadline: float | None = None, work_limit: float = WORK_LIMIT
) -> Allocation | Impossible:
    """Deterministic for a seed unless `deadline` (of `time.perf_counter`) ends it."""
    return _Model(question).solve(seed, deadline, work_limit)


class _Model(WindowModel):
    def __init__(self, question: Question) -> None:
        super().__init__(question)
        self._sits = {(team, core): self._model.flag() for team in self._teams for core in question.cores_for(team)}
        self._is_final = True
        self._seat_teams()
        self._order_cores()
        self._bound_load()
        if question.ask_windows:
            self._keep_windows_apart()

    def _seat_teams(self) -> None:
        for team in self._teams:
            seats = [(1, self._sits[team, core]) for core in self._question.cores_for(team)]
            self._model.require(seats, "==", team.count)
            for core in self._question.kept_cores(team):
                self._model.require([(1, self._sits[team, core])], "==", 1)

    def _order_cores(self) -> None:
        """Cores that every team may use and nobody was given are alike: their columns fall lexicographically."""
        pinned = {core for cores in self._question.pinned.values() for core in cores}
        pinned |= {core for team in self._question.kept for core in self._question.kept_cores(team)}
        alike = [core for core in self._question.cores if core not in pinned]
        teams = [team for team in self._teams if team not in self._question.pinned]
        teams.sort(key=lambda team: -team.count)
        for left, right in pairwise(alike):
            equal: list[str] = []
            for team in teams:
                one, other = self._sits[team, left], self._sits[team, right]
                still = self._model.flag()
                self._model.any_of([one], [*equal, other])
                self._model.any_of([one, other, still], equal)
                self._model.any_of([still], [*equal, one, other])
                equal = [still]

    def _bound_load(self) -> None:
        for core in sorted({core for _, core in self._sits}):
            here = [team for team in self._teams if (team, core) in self._sits]
            load: list[Term] = []
            for application in dict.fromkeys(team.application for team in here):
                load += self._load([team for team in here if team.application == application], core)
            self._model.require(load, "<=", self._question.most_ppm)

    def _load(self, teams: list[Team], core: int) -> list[Term]:
        """The greatest load of one application on a core over its phases."""
        if len(teams) == 1:
            return [(teams[0].largest_share_ppm, self._sits[teams[0], core])]
        load = self._model.integer(0, sum(team.largest_share_ppm for team in teams))
        for phase in sorted({phase for team in teams for request in team.requests for phase in request.phases}):
            shares = [(-team.share_ppm(phase), self._sits[team, core]) for team in teams]
            self._model.require([(1, load), *shares], ">=", 0)
        return [(1, load)]

    def _keep_windows_apart(self) -> None:
        for one, other in combinations(self._teams, 2):
            pairs = [(i, j) for i in one.windows for j in other.windows if i.coexists(j)]
            shared = [core for core in self._question.cores_for(one) if (other, core) in self._sits]
            if not pairs or not shared:
                continue
            together = self._model.flag()
            for core in shared:
                self._model.any_of([together], [self._sits[one, core], self._sits[other, core]])
            for i, j in pairs:
                self._hold_gap(i, j, together)

    def solve(self, seed: int, deadline: float | None, work_limit: float) -> Allocation | Impossible:
        for _ in range(MOST_ROUNDS):
            time_limit = None if deadline is None else deadline - time.perf_counter()
            if time_limit is not None and time_limit <= 0:
                break
            solution = self._model.solve(seed=seed, work_limit=work_limit, time_limit=time_limit)
            if solution.status == "infeasible":
                return Impossible(self._is_final)
            if not solution.solutions:
                return Impossible(False, is_ended=True)
            cores, starts = self._read(solution.values)
            answer = collect(self._question, cores, starts)
            if isinstance(answer, Allocation):
                return answer
            self._learn(answer[0], cores, starts)
        return Impossible(False, is_ended=True)

    def _read(self, values: Mapping[str, int]) -> tuple[dict[Team, tuple[int, ...]], dict[Request, int]]:
        cores = {}
        for team in self._question.teams:
            seats = self._question.cores_for(team)
            taken = tuple(core for core in seats if values[self._sits[team, core]])
            cores[team] = self._question.arrange(team, taken)
        starts = {request: values[start] * self._unit_ns for request, start in self._starts.items()}
        return cores, starts

    def _learn(self, core: int, cores: Mapping[Team, tuple[int, ...]], starts: Mapping[Request, int]) -> None:
        """Forbid a small set of teams that cannot share a core, at these window offsets, on every core."""
        conflict = [team for team, own in cores.items() if core in own]
        windows = [(request, starts[request]) for team in conflict for request in team.windows]
        for team in list(conflict):
            fewer = [other for other in conflict if other is not team]
            beside = [(request, ns) for request, ns in windows if request not in team.requests]
            if self._fails(core, fewer, beside):
                conflict, windows = fewer, beside
        for window in list(windows):
            beside = [other for other in windows if other is not window]
            if self._fails(core, conflict, beside):
                windows = beside
        self._is_final &= core_offsets(self._question, core, conflict, windows).is_final
        stays = [
            self._model.indicates([(1, self._starts[request])], "==", start_ns // self._unit_ns)
            for request, start_ns in windows
        ]
        for somewhere in sorted({core for _, core in self._sits}):
            if all((team, somewhere) in self._sits for team in conflict):
                self._model.any_of([], [*(self._sits[team, somewhere] for team in conflict), *stays])

    def _fails(self, core: int, teams: Sequence[Team], windows: Sequence[tuple[Request, int]]) -> bool:
        return core_offsets(self._question, core, teams, windows).releases is None
