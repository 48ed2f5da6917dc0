"""What is to be simulated: applications, their schedules, the timers, and the phase changes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from kernelsim.machine.hardware import Machine
from kernelsim.machine.interconnect import Interconnect
from kernelsim.programs.team import Make

SECOND_PS = 10**12
MILLISECOND_PS = 10**9
MICROSECOND_PS = 10**6
SCHEDULERS = ("rbed", "linux-like", "central-ipi", "slurm-like", "user-level-gang")
GANGS_IN_TURN = ("central-ipi", "slurm-like")
RULES = ("protect_hard", "exact")
WAITS = ("yield", "spin", "block")
BARRIERS = ("counter", "tree")
PLACEMENTS = ("idlest", "packed")
ORDERS = ("forward first", "work first", "serial")
"""What a core does with a request that it is to pass on: forward it and do its own part, the other way round, or
forward it to one core after the other, each when the one before has replied."""
OPERATIONS = ("map", "unmap", "retype", "revoke", "join", "leave", "send")


@dataclass(frozen=True, slots=True)
class Barrier:
    """BARRIER: every thread increments a cell and meets the others at a barrier, for ever.

    A thread that has to wait spins for `spin_ps`, counted from its arrival or, if that is later, its
    dispatch; then it yields its dispatcher, or blocks; with `wait="spin"` it spins for ever. The work of each
    thread in each iteration is within `spread_percent` of `work_cycles`, uniformly, drawn from `seed`.
    """

    wait: str = "yield"
    spin_ps: int = 50 * MICROSECOND_PS
    barrier: str = "counter"
    work_cycles: int = 30
    spread_percent: int = 0
    seed: int = 0


@dataclass(frozen=True, slots=True)
class CpuBound:
    """CPU-Bound: the same computation without the barrier."""

    work_cycles: int = 30


@dataclass(frozen=True, slots=True)
class Scripted:
    """A best-effort load whose every dispatcher follows a script: `(time_ps, "run" | "yield" | "block")`, by
    time.
    """

    scripts: tuple[tuple[tuple[int, str], ...], ...]


@dataclass(frozen=True, slots=True)
class Traffic:
    """Messages between the application's threads: `(source, target, interval_ps)`, threads by index."""

    flows: tuple[tuple[int, int, int], ...]


@dataclass(frozen=True, slots=True)
class StreamClustering:
    """A monitor of one packet stream (dissertation, section 3.3.3): a batch is there at `arrives_ps` after the
    start, or when the update before it is done, and takes `collect_ps` to collect; its clusters are then updated
    by `threads` threads that meet `barriers` times as `barrier` says.

    The application's own threads are those that an update may choose from, by default one a core. `placement` is
    one of `PLACEMENTS`: "idlest", on the cores where fewest can run at that instant, by chance among equals;
    "packed", where fewest have been placed, the lowest core first.
    """

    arrives_ps: tuple[int, ...]
    collect_ps: int
    barriers: int
    threads: int = 8
    barrier: Barrier = Barrier("block", work_cycles=1_000_000)
    placement: str = "idlest"


@dataclass(frozen=True, slots=True)
class Programs:
    """Programs of the user's own: `make` is called once a run with the team, makes what its threads share, and returns
    the generator function that each thread runs with its `Member`.

    Runs are equal where `make` and its programs depend on nothing but their team. Programs known to be `blocking` are
    refused in real time.
    """

    make: Make
    blocking: bool = False


Workload = Barrier | CpuBound | Scripted | Traffic | StreamClustering | Programs


@dataclass(frozen=True, slots=True)
class Reservation:
    """What one dispatcher gets in one combination of phases.

    `kind` is the manifest's letter. `offset_ps` counts modulo the period from the last timer synchronisation,
    `delay_ps` is the least time from activation to the first release. Best effort has a weight and no times.
    """

    dispatcher: int
    kind: str
    weight: int = 0
    wcet_ps: int = 0
    period_ps: int = 0
    deadline_ps: int = 0
    offset_ps: int = 0
    delay_ps: int = 0

    @property
    def share(self) -> Fraction:
        """The part of its core that is guaranteed."""
        return Fraction(self.wcet_ps, self.period_ps) if self.period_ps else Fraction(0)


@dataclass(frozen=True, slots=True)
class Application:
    """A domain with one dispatcher on each of `cores`; dispatcher i runs thread i, i + len(cores), ...

    `starts_ps[i]` is when dispatcher i is created, counted from the start of its core's timer; 0 without it. `isas[i]`
    is the instruction set for which dispatcher i is compiled; without it each is compiled for its core's. With
    `groups` nothing is guaranteed to the application, but to its groups, which schedules and phase changes call
    "application/group": a dispatcher is in none, and best effort, until it joins one.
    """

    name: str
    workload: Workload
    cores: tuple[int, ...]
    threads: int = 0
    weight: int = 1
    starts_ps: tuple[int, ...] = ()
    groups: tuple[str, ...] = ()
    isas: tuple[str, ...] = ()

    @property
    def dispatchers(self) -> int:
        """How many have threads to run: the first so many of its cores."""
        return min(self.threads or len(self.cores), len(self.cores))


@dataclass(frozen=True, slots=True)
class Schedule:
    """The reservations of one combination of phases: `phases[application]`, `reservations[application]`.

    Planners know it when they boot; or, with `ships_ps`, core 0 sends it to every planner that long after the start.
    """

    phases: Mapping[str, int]
    reservations: Mapping[str, tuple[Reservation, ...]]
    ships_ps: int = 0


@dataclass(frozen=True, slots=True)
class PhaseChange:
    """At `at_ps` after the start, dispatcher 0 of `application` asks for `phase`.

    `sends[core]` are the cores to which a core's monitor forwards the identifier, in order; without it the
    initiator's monitor sends to every other core of the application itself, as in the dissertation. `order` is one of
    `ORDERS`: "serial" waits for each planner's reply before the next is told.
    """

    application: str
    phase: int
    at_ps: int = 0
    sends: Mapping[int, tuple[int, ...]] | None = None
    order: str = "forward first"


def group_key(application: str, group: str) -> str:
    """How schedules and phase changes name a group."""
    return f"{application}/{group}"


def domain_of(key: str) -> str:
    """The application of a group's key, or of an application's own."""
    return key.partition("/")[0]


@dataclass(frozen=True, slots=True)
class Join:
    """At `at_ps` after the start, `dispatcher` of `application` joins `group`, and leaves the one that it was in."""

    application: str
    dispatcher: int
    group: str
    at_ps: int = 0


@dataclass(frozen=True, slots=True)
class Deallocation:
    """At `at_ps` after the start the system asks `application` for the core of `dispatcher`, which should have nothing
    to do there any more `grace_ps` later.
    """

    application: str
    dispatcher: int
    at_ps: int
    grace_ps: int


@dataclass(frozen=True, slots=True)
class Operation:
    """At `at_ps` after the start, dispatcher 0 of `application` asks its monitor for an agreement of its cores.

    `kind` is "map" of the page `subject` into the address space that its dispatchers share, or "unmap" of it from all
    translation buffers, in one phase; or "retype" of the memory region `subject` to `to`, its "revoke", or core
    `subject` that is to "join" or to "leave" them, in two; or "send" of a capability of kind `to` to the dispatcher on
    core `subject`, which ends when that one has it. `sends` is as in `PhaseChange`, by default to all who take
    part; `order` is one of `ORDERS`. `work_ps` is what each monitor and its CPU driver need for their part, the
    machine's by default.
    """

    kind: str
    application: str
    subject: int = 0
    to: str = "frame"
    at_ps: int = 0
    sends: Mapping[int, tuple[int, ...]] | None = None
    order: str = "work first"
    work_ps: int | None = None


@dataclass(frozen=True, slots=True)
class Scenario:
    """One run. `timer_offset_ps[core]` is when a core's unsynchronised timer starts, `clock_skew_ps[core]` by
    how much a synchronised one is late, `shared_read_ps` what a read of the reference clock costs that all cores share;
    `slices_ps[core]` are the time slices of the Linux-like scheduler, used in turn, under which with
    `wakeup_preemption` who wakes takes the core at once; `ipi_ps` is what an interprocessor interrupt, a broadcast
    unless `serial_ipis`, costs the central gang scheduler's core at each end of its slices, the machine's timeslice,
    and `manager_ps` what the SLURM-like manager's work there costs every core; `call_ps` is a system call of the
    user-level gang scheduler's daemon for each member whose class it changes, and `backfill` whether a core whose
    member of that gang cannot run is left to others. With `donate_slack` a soft task that overruns has what others of
    its core do not use; `section_slack_ps` is how much longer a best-effort dispatcher in a critical section keeps its
    core at most, where no real-time task wants it.
    `monitors[core]` is guaranteed time for a core's monitor, in which it polls; without it the monitor is best effort
    and sleeps. `interconnect` is the mesh on which monitors' messages and the central gang scheduler's interrupts
    wait for links; without it interrupts are there when they are sent, and messages after their latency. From
    `stops_ps[core]` after the start on a core runs nobody and answers nothing.

    Progress is measured from `warmup_ps` to `warmup_ps + duration_ps` after the start. `step_by_step` carries
    out every iteration and every yield as an event of its own and gives the same trace.
    """

    machine: Machine
    applications: tuple[Application, ...]
    duration_ps: int
    schedules: tuple[Schedule, ...] = ()
    scheduler: str = "rbed"
    rules: str = "protect_hard"
    donate_slack: bool = False
    section_slack_ps: int = 0
    synchronise: bool = False
    timer_offset_ps: tuple[int, ...] = ()
    clock_skew_ps: tuple[int, ...] = ()
    response_delay_ps: tuple[int, ...] = ()
    shared_read_ps: int = 0
    phase_changes: tuple[PhaseChange, ...] = ()
    operations: tuple[Operation, ...] = ()
    joins: tuple[Join, ...] = ()
    deallocations: tuple[Deallocation, ...] = ()
    slices_ps: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    wakeup_preemption: bool = False
    ipi_ps: int = 0
    serial_ipis: bool = False
    manager_ps: int = 0
    call_ps: int = 0
    backfill: bool = True
    monitors: Mapping[int, Reservation] = field(default_factory=dict)
    interconnect: Interconnect | None = None
    stops_ps: Mapping[int, int] = field(default_factory=dict)
    warmup_ps: int = 0
    step_by_step: bool = False
