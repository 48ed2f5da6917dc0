"""What admission hands over: each dispatcher's core and guaranteed time, for each combination of phases."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from planner.admission.releases import Release, microseconds
from planner.manifests.phases import Kind


@dataclass(frozen=True, slots=True)
class Reservation:
    """One dispatcher on one core in one combination of phases, times in ns.

    `release_ns` is the offset modulo the period from the last timer synchronisation, `delay_ns` the least
    delay after activation: the first release is the first instant congruent to the offset after it. Best
    effort has a weight and times of 0.
    """

    application: str
    dispatcher: int
    core: int
    kind: Kind
    wcet_ns: int = 0
    period_ns: int = 0
    deadline_ns: int = 0
    release_ns: int = 0
    weight: int = 0
    delay_ns: int = 0

    @property
    def is_window(self) -> bool:
        """Whether it must run from its release on without a pause."""
        return self.kind != "B" and self.deadline_ns == self.wcet_ns

    @property
    def share_ppm(self) -> int:
        """Share of its core in parts per million, cut as RBED does."""
        return self.wcet_ns * 1_000_000 // self.period_ns if self.period_ns else 0

    def to_json(self) -> dict[str, Any]:
        document: dict[str, Any] = {
            "application": self.application,
            "dispatcher": self.dispatcher,
            "core": self.core,
            "kind": self.kind,
        }
        if self.kind == "B":
            return {**document, "weight": self.weight}
        return {
            **document,
            "wcet_us": microseconds(self.wcet_ns),
            "period_us": microseconds(self.period_ns),
            "deadline_us": microseconds(self.deadline_ns),
            "release_us": microseconds(self.release_ns),
            "delay_us": microseconds(self.delay_ns),
        }


@dataclass(frozen=True, slots=True)
class Schedule:
    """The reservations that hold while each application is in the phase named."""

    phases: Mapping[str, int]
    reservations: tuple[Reservation, ...]

    def to_json(self) -> dict[str, Any]:
        return {"phases": dict(self.phases), "reservations": [one.to_json() for one in self.reservations]}


@dataclass(frozen=True, slots=True)
class Cause:
    """One application's phase that takes part in a conflict."""

    application: str
    phase: int

    def to_json(self) -> dict[str, Any]:
        return {"application": self.application, "phase": self.phase}


@dataclass(frozen=True, slots=True)
class Remedy:
    """One thing that was tried and would do: withdrawing an application, or cutting every WCET to a part of it."""

    withdraw: str | None = None
    reduce_to_ppm: int | None = None

    def to_json(self) -> dict[str, Any]:
        if self.withdraw is not None:
            return {"withdraw": self.withdraw}
        return {"reduce_to_ppm": self.reduce_to_ppm}


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why not: the rule that fails, the phases that conflict, a sentence with the figures.

    `rule` is cores, utilisation, windows, demand, transition, planner or limit. `minimal` is true only where leaving
    out any one cause was tried and found to be admitted. `remedies` were tried, too.
    """

    rule: str
    message: str
    causes: tuple[Cause, ...]
    minimal: bool
    remedies: tuple[Remedy, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {
            "rule": self.rule,
            "message": self.message,
            "causes": [cause.to_json() for cause in self.causes],
            "minimal": self.minimal,
            "remedies": [remedy.to_json() for remedy in self.remedies],
        }


@dataclass(frozen=True, slots=True)
class Decision:
    """Admitted with a schedule for each combination of phases, the running one first; or refused with causes.

    `reductions` is parts per million kept by each application, empty where nothing was reduced. `notes` says
    what a reader must know: a sufficient test that stood in for the exact one, combinations left out by the
    cap. `planners` are the cores' own reservations, which hold in every schedule (none where planners are best
    effort); `releases` says for each guaranteed phase how long after the request it begins at the earliest.
    `promises` is what each application holds in each of its phases, from which every combination is put together.
    """

    admitted: bool
    schedules: tuple[Schedule, ...] = ()
    reductions: Mapping[str, int] = field(default_factory=dict)
    refusal: Refusal | None = None
    notes: tuple[str, ...] = ()
    revision: int = 0
    seconds: float = 0.0
    planners: tuple[Reservation, ...] = ()
    releases: tuple[Release, ...] = ()
    promises: Mapping[tuple[str, int], tuple[Reservation, ...]] = field(default_factory=dict, repr=False)

    def schedule(self, phases: Mapping[str, int]) -> Schedule:
        """A combination's schedule; whoever is left out is in phase 0. KeyError where there is none."""
        for schedule in self.schedules:
            if all(schedule.phases[name] == phases.get(name, 0) for name in schedule.phases):
                return schedule
        raise KeyError(f"no schedule for the phases {dict(phases)}")

    @property
    def cores(self) -> dict[str, tuple[int, ...]]:
        """Each application's cores in the order of its dispatchers; the same in every combination."""
        found: dict[str, list[int]] = {}
        for reservation in self.schedules[0].reservations if self.schedules else ():
            found.setdefault(reservation.application, []).append(reservation.core)
        return {name: tuple(cores) for name, cores in found.items()}

    def to_json(self) -> dict[str, Any]:
        return {
            "admitted": self.admitted,
            "schedules": [schedule.to_json() for schedule in self.schedules],
            "reductions": dict(self.reductions),
            "planners": [one.to_json() for one in self.planners],
            "releases": [one.to_json() for one in self.releases],
            "refusal": None if self.refusal is None else self.refusal.to_json(),
            "notes": list(self.notes),
            "revision": self.revision,
            "seconds": self.seconds,
        }
