"""What a run came to: progress, missed deadlines, phase changes, and how much was simulated."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from kernelsim.trace import Trace


@dataclass(frozen=True, slots=True)
class Miss:
    """A job that was not done by its deadline, counted once. `time_ps` is when it was done, or the end of the
    run.
    """

    core: int
    dispatcher: int
    deadline_ps: int
    time_ps: int

    @property
    def lateness_ps(self) -> int:
        """How late."""
        return self.time_ps - self.deadline_ps


@dataclass(frozen=True, slots=True)
class Failure:
    """A program that could not go on: when, where, and why. Its thread did nothing any more."""

    time_ps: int
    core: int
    what: str


@dataclass(frozen=True, slots=True)
class ApplicationOutcome:
    """`progress` counts iterations (of the barrier; of all threads without one; messages received),
    `cpu_ps[i]` is dispatcher i's core time; `received` messages took `mean_latency_ps` from the start of the
    send to their receipt; `failures` are those of its programs, `latencies_ps` those
    of a stream's batches, from the start of the run on.
    """

    progress: int
    misses: tuple[Miss, ...]
    cpu_ps: tuple[int, ...]
    received: int = 0
    mean_latency_ps: int | None = None
    failures: tuple[Failure, ...] = ()
    latencies_ps: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class PhaseChangeOutcome:
    """One phase change: from the request to the one aggregated reply, in time and in cycles of the
    initiator's core.

    `entered_ps[core]` is when a core's planner programmed its driver, `released_ps[core]` the first release of the
    new phase there, left out where it is best effort.
    """

    application: str
    phase: int
    requested_ps: int
    answered_ps: int | None
    cycles: int | None
    messages: int
    entered_ps: Mapping[int, int] = field(default_factory=dict)
    released_ps: Mapping[int, int] = field(default_factory=dict)

    @property
    def is_together(self) -> bool:
        """Whether the new phase began at the same instant on all cores that it has guaranteed time on."""
        return len(set(self.released_ps.values())) <= 1


@dataclass(frozen=True, slots=True)
class OperationOutcome:
    """One agreement: from the request to the reply, in time and in cycles of the asking core. `done` is false where it
    was refused, or was not answered before the end of the run; then `answered_ps` and `cycles` are None, too.
    """

    kind: str
    subject: int
    requested_ps: int
    answered_ps: int | None
    cycles: int | None
    messages: int
    done: bool


@dataclass(frozen=True, slots=True)
class Stopped:
    """A core that failed: from `time_ps` on it ran nobody and answered nothing."""

    core: int
    time_ps: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """`interrupted_ps` is where a run that was asked to stop ended; `duration_ps` is what was measured until then.
    `phase_locked` is false where timers were not, or could not be, synchronised; `start_ps` is time 0 of
    the run. `monitor_misses` are deadlines that monitors with guaranteed time missed.

    `events` were carried out; `events_represented` include those that closed forms stand for.
    """

    applications: dict[str, ApplicationOutcome]
    phase_changes: tuple[PhaseChangeOutcome, ...]
    phase_locked: bool
    start_ps: int
    duration_ps: int
    events: int
    events_represented: int
    dispatches: int
    trace: Trace
    monitor_misses: tuple[Miss, ...] = ()
    interrupted_ps: int | None = None
    operations: tuple[OperationOutcome, ...] = ()
    stopped: tuple[Stopped, ...] = ()
