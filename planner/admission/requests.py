"""What manifests ask of the cores: teams of dispatchers, with the guaranteed time that each phase wants."""

from collections.abc import Sequence
from dataclasses import dataclass

from planner.manifests.manifest import Manifest
from planner.manifests.phases import Group, Kind, Phase

ONE_PPM = 1_000_000
MOST_HARD_PPM = 900_000
"""RBED keeps a tenth of each core for best effort."""


@dataclass(frozen=True, slots=True)
class Request:
    """Guaranteed time for every dispatcher of a team while its application is in one of `phases`, times in
    ns.

    A window runs from its release on without a pause, at the same instant on all the team's cores: a gang,
    or a task whose deadline is its WCET. A gang with laxity has its start chosen with its offset, so it is a
    window, too.
    """

    application: str
    group: str
    phases: tuple[int, ...]
    kind: Kind
    wcet_ns: int
    period_ns: int
    deadline_ns: int
    delay_ns: int
    is_window: bool

    @property
    def share_ppm(self) -> int:
        return self.wcet_ns * ONE_PPM // self.period_ns

    def coexists(self, other: "Request") -> bool:
        """Whether both can hold at once: phases of one application exclude each other."""
        return self.application != other.application or not set(self.phases).isdisjoint(other.phases)

    def describe(self) -> str:
        return f"{self.application} phase {self.phases[0]}"


@dataclass(frozen=True, slots=True)
class Team:
    """The dispatchers of one group; they sit on as many different cores, the same in every phase."""

    application: str
    group: str
    first_dispatcher: int
    count: int
    requests: tuple[Request, ...]

    @property
    def windows(self) -> tuple[Request, ...]:
        return tuple(request for request in self.requests if request.is_window)

    def without(self, left_out: frozenset[Request]) -> "Team":
        kept = tuple(request for request in self.requests if request not in left_out)
        return Team(self.application, self.group, self.first_dispatcher, self.count, kept)

    def share_ppm(self, phase: int) -> int:
        return sum(request.share_ppm for request in self.requests if phase in request.phases)

    @property
    def largest_share_ppm(self) -> int:
        phases = {phase for request in self.requests for phase in request.phases}
        return max((self.share_ppm(phase) for phase in phases), default=0)


def teams_of(manifests: Sequence[Manifest]) -> tuple[Team, ...]:
    """Every group of every manifest, in order; a group that only wants best effort has no requests."""
    return tuple(
        Team(
            manifest.name,
            group.name,
            manifest.first_dispatcher(group),
            group.dispatchers,
            _requests(manifest, group),
        )
        for manifest in manifests
        for group in manifest.groups
    )


def _requests(manifest: Manifest, group: Group) -> tuple[Request, ...]:
    always = tuple(range(manifest.phase_count))
    return tuple(
        _request(manifest.name, group, phase, always if len(group.phases) == 1 else (number,), number)
        for number, phase in enumerate(group.phases)
        if phase.is_reserved
    )


def _request(application: str, group: Group, phase: Phase, phases: tuple[int, ...], number: int) -> Request:
    is_window = group.is_gang(number) or phase.promised_deadline_ns == phase.wcet_ns
    return Request(
        application=application,
        group=group.name,
        phases=phases,
        kind=phase.kind,
        wcet_ns=phase.wcet_ns,
        period_ns=phase.period_ns,
        deadline_ns=phase.wcet_ns if is_window else phase.promised_deadline_ns,
        delay_ns=phase.release_ns,
        is_window=is_window,
    )
