"""Cores for every team with release offsets for every request, chosen together."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from planner.admission.requests import MOST_HARD_PPM, Request, Team
from planner.admission.schedulability.laxity import Offsets, choose_offsets
from planner.admission.schedulability.windows import fits


@dataclass(frozen=True, slots=True)
class Question:
    """Which teams want cores, on which cores they may sit, what is settled already.

    `pinned` fixes a team's cores in the order of its dispatchers; `settled` fixes the offset of a request on
    a core. `most_ppm` is what a core may promise to applications. `kept` fixes the cores of some of
    a team's dispatchers; those that are None are to be found.
    `ask_windows` and `ask_demand` switch rules off, to find out which of them refuses.
    """

    teams: tuple[Team, ...]
    cores: tuple[int, ...]
    pinned: Mapping[Team, tuple[int, ...]] = field(default_factory=dict)
    settled: Mapping[tuple[Request, int], int] = field(default_factory=dict)
    guard_ns: int = 0
    most_ppm: int = MOST_HARD_PPM
    kept: Mapping[Team, tuple[int | None, ...]] = field(default_factory=dict)
    ask_windows: bool = True
    ask_demand: bool = True

    def cores_for(self, team: Team) -> tuple[int, ...]:
        return self.pinned.get(team, self.cores)

    def kept_cores(self, team: Team) -> tuple[int, ...]:
        return tuple(core for core in self.kept.get(team, ()) if core is not None)

    def arrange(self, team: Team, seats: Collection[int]) -> tuple[int, ...]:
        """Seats in the order of the dispatchers: as pinned, else whoever keeps a core on it, the others in order."""
        if team in self.pinned:
            return self.pinned[team]
        own = self.kept_cores(team)
        free = iter(sorted(seat for seat in seats if seat not in own))
        return tuple(next(free) if core is None else core for core in self.kept.get(team, (None,) * team.count))

    def settled_release(self, request: Request) -> int | None:
        """The one offset of a window that was settled before."""
        return next((ns for (other, _), ns in self.settled.items() if other == request), None)


@dataclass(frozen=True, slots=True)
class Allocation:
    """Cores of each team in the order of its dispatchers; release offsets by request and core, ns."""

    cores: Mapping[Team, tuple[int, ...]]
    releases: Mapping[tuple[Request, int], int]
    is_exact: bool = True


@dataclass(slots=True)
class Occupancy:
    """What sits on each core so far."""

    question: Question
    teams: dict[int, list[Team]] = field(default_factory=dict)
    windows: dict[int, list[tuple[Request, int]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.teams = {core: [] for core in self.question.cores}
        self.windows = {core: [] for core in self.question.cores}
        for core in {core for cores in self.question.pinned.values() for core in cores}:
            self.teams.setdefault(core, [])
            self.windows.setdefault(core, [])

    def load_ppm(self, core: int) -> int:
        return hard_load_ppm(self.teams[core])

    def has_room(self, core: int, team: Team) -> bool:
        return hard_load_ppm([*self.teams[core], team]) <= self.question.most_ppm

    def fits(self, core: int, request: Request, release_ns: int) -> bool:
        if not self.question.ask_windows:
            return True
        return fits(request, release_ns, self.windows[core], self.question.guard_ns)

    def add(self, core: int, team: Team, releases: Mapping[Request, int]) -> None:
        self.teams[core].append(team)
        self.windows[core] += releases.items()

    def offsets(self, core: int, team: Team, releases: Mapping[Request, int]) -> Offsets:
        """Offsets of all tasks with laxity on the core, were the team with its windows there, too."""
        teams = [*self.teams[core], team]
        return core_offsets(self.question, core, teams, [*self.windows[core], *releases.items()])


def core_offsets(
    question: Question, core: int, teams: Sequence[Team], windows: Sequence[tuple[Request, int]]
) -> Offsets:
    loose = [request for team in teams for request in team.requests if not request.is_window]
    if not loose or not question.ask_demand:
        return Offsets(dict.fromkeys(loose, 0))
    fixed = {request: question.settled[request, core] for request in loose if (request, core) in question.settled}
    return choose_offsets(loose, windows, fixed)


def hard_load_ppm(teams: Sequence[Team]) -> int:
    """The greatest guaranteed load of any combination of phases: applications change phase independently."""
    by_application: dict[str, list[Team]] = {}
    for team in teams:
        by_application.setdefault(team.application, []).append(team)
    total = 0
    for own in by_application.values():
        phases = {phase for team in own for request in team.requests for phase in request.phases}
        total += max((sum(team.share_ppm(phase) for team in own) for phase in phases), default=0)
    return total


def collect(
    question: Question, cores: Mapping[Team, tuple[int, ...]], starts: Mapping[Request, int]
) -> "Allocation | tuple[int, Offsets]":
    """The allocation for chosen cores and window offsets; or a core whose tasks with laxity find none."""
    releases: dict[tuple[Request, int], int] = {}
    is_exact = True
    for core in sorted({core for own in cores.values() for core in own}):
        here = [team for team, own in cores.items() if core in own]
        windows = [(request, starts[request]) for team in here for request in team.windows]
        offsets = core_offsets(question, core, here, windows)
        if offsets.releases is None:
            return core, offsets
        is_exact &= offsets.is_exact
        releases |= {(request, core): ns for request, ns in [*windows, *offsets.releases.items()]}
    return Allocation(cores, releases, is_exact)
