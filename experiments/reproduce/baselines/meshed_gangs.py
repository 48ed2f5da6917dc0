"""BARRIER and CPU-Bound in turn on all cores of the SCC while its mesh carries other traffic, behind REP-28."""

from dataclasses import dataclass, replace
from functools import cache
from statistics import mean, pstdev

import facts
import skb
from experiments.reproduce.hardware.platform import platform
from kernelsim import Application, Outcome, Reservation, Scenario, Schedule, run
from kernelsim.machine.interconnect import Interconnect
from kernelsim.scenario import MICROSECOND_PS, Barrier, CpuBound

MACHINE = "scc"
COLUMNS, ROWS = 6, 4
HOP_PS, FLIT_PS = 5_000, 1_250
PACKET_PS = 256 * FLIT_PS
WARM_PAIRS = 2


@dataclass(frozen=True, slots=True)
class Setting:
    """One run. Links are busy for `load_percent` of the time; an interrupt is two flits, broadcasting costs `ipi_us`.

    `locked` gangs follow their own clocks; the others a coordinator whose interrupts travel on the mesh, or with
    `has_bus` on wires of their own.
    """

    load_percent: float
    seed: int = 0
    locked: bool = False
    has_bus: bool = False
    slice_us: int = 200
    ipi_us: float = 3.5
    packet_ps: int = PACKET_PS
    pairs: int = 25


@dataclass(frozen=True, slots=True)
class Result:
    """The deviation of a core's slice starts from their mean distance to the slice, us, the mean over the cores; how
    far apart the first and the last core of a gang start, us, the mean over the slices; and barrier iterations.
    """

    jitter_us: float
    skew_us: float
    progress: int


@cache
def alternate(setting: Setting) -> Result:
    """Run one setting, once."""
    outcome = run(scenario(setting))
    late = _late_us(outcome, setting)
    cores = [[turn[core] for turn in late] for core in range(len(late[0]))]
    return Result(
        round(mean(pstdev(own) for own in cores), 4),
        round(mean(max(turn) - min(turn) for turn in late), 4),
        outcome.applications["barrier"].progress,
    )


def scenario(setting: Setting) -> Scenario:
    """The scenario of a setting."""
    slice_ps = setting.slice_us * MICROSECOND_PS
    machine = replace(platform(MACHINE).deployment.machine, timeslice_ps=slice_ps)
    cores = tuple(range(machine.cores))
    base = Scenario(
        machine,
        (Application("barrier", Barrier(), cores), Application("cpu", CpuBound(), cores)),
        2 * slice_ps * setting.pairs,
        warmup_ps=2 * slice_ps * WARM_PAIRS,
        interconnect=_mesh(setting),
    )
    if not setting.locked:
        return replace(base, scheduler="central-ipi", ipi_ps=round(setting.ipi_us * MICROSECOND_PS))
    reserved = tuple(
        Reservation(core, "G", wcet_ps=slice_ps, period_ps=2 * slice_ps, deadline_ps=slice_ps) for core in cores
    )
    return replace(base, schedules=(Schedule({"barrier": 0}, {"barrier": reserved}),), synchronise=True)


def _mesh(setting: Setting) -> Interconnect:
    return Interconnect(
        COLUMNS,
        ROWS,
        _routers(),
        hop_ps=HOP_PS,
        message_ps=2 * FLIT_PS,
        packet_ps=setting.packet_ps,
        load_percent=setting.load_percent,
        seed=setting.seed,
        carries_interrupts=not setting.has_bus,
    )


@cache
def _routers() -> tuple[int, ...]:
    """Where on the mesh the machine's description puts each core."""
    rows = skb.load(facts.read(MACHINE)).snapshot().rows("mesh_position", 3)
    at = {int(str(core)): int(str(y)) * COLUMNS + int(str(x)) for core, x, y in rows}
    return tuple(at[core] for core in sorted(at))


def _late_us(outcome: Outcome, setting: Setting) -> list[list[float]]:
    """By slice of BARRIER and core, how long after the slice's nominal start it got the core."""
    turn_ps = 2 * setting.slice_us * MICROSECOND_PS
    first_ps = outcome.start_ps + WARM_PAIRS * turn_ps
    late = [[0.0] * len(_routers()) for _ in range(setting.pairs)]
    for each in outcome.trace.slices:
        turn, after_ps = divmod(each.start_ps - first_ps, turn_ps)
        if each.who.startswith("barrier.") and 0 <= turn < setting.pairs:
            late[turn][each.core] = after_ps / MICROSECOND_PS
    return late
