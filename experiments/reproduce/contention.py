"""BARRIER beside CPU-Bound on the 4x4-core AMD machine: the run behind Figs 4.3 and 4.4, with everything variable."""

from dataclasses import dataclass, field, replace
from functools import cache
from random import Random

import facts
import skb
from experiments.deploy import Deployment, cost_provenance, deploy, deploy_schedules
from experiments.parameters import Parameter
from kernelsim import Application, Outcome, PhaseChange, Reservation, Scenario, Schedule, run
from kernelsim.scenario import MICROSECOND_PS, MILLISECOND_PS, SECOND_PS, Barrier, CpuBound
from planner import Manifest, Topology, admit

MACHINE = "amd-4x4"
CPU_BOUND_CORES = tuple(range(8, 16))
SLICE_PS = 80 * MILLISECOND_PS
FIG_3_4 = "B 1\nH 80 160 80 480\n"


@dataclass(frozen=True, slots=True)
class Setting:
    """One run. BARRIER has its threads on cores 0 to n-1, CPU-Bound, if it is there, on cores 8 to 15.

    Without `manifest` every core's timer starts at its own offset in [0, `offset_ms`), drawn from `seed`. With it
    timers are synchronised up to a skew in [0, `skew_us`), and BARRIER enters the gang phase at once.
    `stagger_ms` moves core i's release by i times that; `restless` lets CPU-Bound start at random times.
    """

    threads: int
    seed: int = 0
    manifest: bool = False
    cpu_bound: bool = True
    offset_ms: int = 80
    skew_us: int = 0
    stagger_ms: int = 0
    timeslice_ms: int = 80
    rules: str = "protect_hard"
    restless: bool = False
    barrier: Barrier = field(default_factory=Barrier)
    warmup_ms: int = 0
    seconds: int = 15


@dataclass(frozen=True, slots=True)
class Result:
    """What a run came to: barrier iterations, CPU-Bound's share of its eight cores, deadlines that BARRIER missed."""

    progress: int
    cpu_share: float
    misses: int


@cache
def contend(setting: Setting) -> Result:
    """Run one setting, once: rows share runs."""
    outcome = run(scenario(setting))
    return _result(setting, outcome)


def scenario(setting: Setting) -> Scenario:
    """The scenario of a setting."""
    machine = replace(_deployment().machine, timeslice_ps=setting.timeslice_ms * MILLISECOND_PS)
    random = Random(f"{setting.seed} timers")
    offsets = tuple(_below(random, setting.offset_ms * MILLISECOND_PS) for _ in range(machine.cores))
    skews = tuple(_below(random, setting.skew_us * MICROSECOND_PS) for _ in range(machine.cores))
    applications = [Application("barrier", setting.barrier, tuple(range(setting.threads)))]
    if setting.cpu_bound:
        starts = tuple(_below(random, setting.restless * SLICE_PS) for _ in CPU_BOUND_CORES)
        applications.append(Application("cpu", CpuBound(), CPU_BOUND_CORES, starts_ps=starts))
    return Scenario(
        machine,
        tuple(applications),
        setting.seconds * SECOND_PS,
        schedules=_schedules(setting) if setting.manifest else (),
        rules=setting.rules,
        synchronise=setting.manifest,
        timer_offset_ps=offsets,
        clock_skew_ps=skews,
        phase_changes=(PhaseChange("barrier", 1),) if setting.manifest else (),
        warmup_ps=setting.warmup_ms * MILLISECOND_PS,
    )


def parameters() -> tuple[Parameter, ...]:
    """Every parameter of the runs with where it comes from."""
    return (
        *_deployment().parameters,
        Parameter("manifest", "B 1 / H 80 160 80 480", "ms", "printed: Fig 3.4"),
        Parameter("run", 15, "s", "printed: section 3.1.2"),
        Parameter("cpu_bound_threads", 8, "", "printed: section 3.1.2"),
        Parameter("iteration_work", 30, "cycles", "free: an update takes one core under 30 cycles, section 2.1.3"),
        Parameter("barrier", "one counter, its line handed on", "", "printed: section 4.1.3; its formula is free"),
        Parameter("wait", "spin, then yield", "", "free: section 4.1.3 does not say; both rules are shown"),
        Parameter("spin", 50, "us", "free: section 3.3.3's; counted from dispatch"),
        Parameter("timer_start", "U[0, 80 ms) per core and seed", "", "free"),
        Parameter("cores", "BARRIER 0..n-1, CPU-Bound 8..15", "", "free"),
    )


def _schedules(setting: Setting) -> tuple[Schedule, ...]:
    cores = tuple(range(setting.threads))
    manifest = Manifest.from_text(FIG_3_4, name="barrier", dispatchers=setting.threads)
    decision = admit([manifest], _topology(), cores={"barrier": cores})
    schedules = deploy_schedules(decision.schedules)
    if not setting.stagger_ms:
        return schedules
    return tuple(_staggered(schedule, setting.stagger_ms * MILLISECOND_PS) for schedule in schedules)


def _staggered(schedule: Schedule, step_ps: int) -> Schedule:
    moved = {
        name: tuple(_moved(reservation, step_ps) for reservation in reservations)
        for name, reservations in schedule.reservations.items()
    }
    return Schedule(schedule.phases, moved)


def _moved(reservation: Reservation, step_ps: int) -> Reservation:
    if reservation.kind == "B":
        return reservation
    offset = (reservation.offset_ps + reservation.dispatcher * step_ps) % reservation.period_ps
    return replace(reservation, offset_ps=offset)


def _result(setting: Setting, outcome: Outcome) -> Result:
    barrier = outcome.applications["barrier"]
    share = 0.0
    if setting.cpu_bound:
        used = outcome.applications["cpu"].cpu_ps
        share = sum(used) / (len(used) * outcome.duration_ps)
    return Result(barrier.progress, share, len(barrier.misses))


def _below(random: Random, limit: int) -> int:
    return random.randrange(limit) if limit else 0


@cache
def _knowledge() -> skb.KnowledgeBase:
    return skb.load(facts.read(MACHINE))


@cache
def _topology() -> Topology:
    return Topology.of(_knowledge())


@cache
def _deployment() -> Deployment:
    return deploy(_topology(), provenance=cost_provenance(_knowledge()))
