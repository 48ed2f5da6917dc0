"""BARRIER and CPU-Bound in turn on all cores, phase-locked or announced by interrupts: the runs behind Fig 4.7."""

from dataclasses import dataclass, replace
from functools import cache
from random import Random

from experiments.reproduce.hardware.platform import platform
from kernelsim import Application, Machine, Reservation, Scenario, Schedule, run
from kernelsim.scenario import MICROSECOND_PS, Barrier, CpuBound

PAIRS = 100
"""Pairs of slices measured, after two that are not: from then on every pair is like every other."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One run. `ipi_us` None is the phase-locked gang, else what an announcement costs the coordinator."""

    slice_us: int
    ipi_us: float | None = None
    cores: int = 16
    skew_us: int = 0
    seed: int = 0
    serial: bool = False
    step_by_step: bool = False
    pairs: int = PAIRS


@dataclass(frozen=True, slots=True)
class Result:
    """Barrier iterations; and the part of BARRIER's slices that they do not account for."""

    progress: int
    lost: float


@cache
def alternate(setting: Setting) -> Result:
    """Run one setting, once."""
    alone_ps = _iteration_ps(setting.cores)
    progress = run(scenario(setting)).applications["barrier"].progress
    return Result(progress, 1 - progress * alone_ps / (setting.pairs * setting.slice_us * MICROSECOND_PS))


def gain(setting: Setting) -> float:
    """By what part phase-locked is better than the interrupts of `setting`."""
    return alternate(replace(setting, ipi_us=None, serial=False)).progress / alternate(setting).progress - 1


def scenario(setting: Setting) -> Scenario:
    """The scenario of a setting. Clocks that are phase-locked may be late by up to `skew_us`."""
    cores, slice_ps = tuple(range(setting.cores)), setting.slice_us * MICROSECOND_PS
    applications = (Application("barrier", Barrier(), cores), Application("cpu", CpuBound(), cores))
    base = Scenario(
        replace(machine(setting.cores), timeslice_ps=slice_ps),
        applications,
        2 * slice_ps * setting.pairs,
        warmup_ps=4 * slice_ps,
        step_by_step=setting.step_by_step,
    )
    if setting.ipi_us is not None:
        ipi_ps = round(setting.ipi_us * MICROSECOND_PS)
        return replace(base, scheduler="central-ipi", ipi_ps=ipi_ps, serial_ipis=setting.serial)
    random = Random(f"{setting.seed} skew")
    skew = tuple(random.randrange(setting.skew_us * MICROSECOND_PS) if setting.skew_us else 0 for _ in cores)
    reserved = tuple(
        Reservation(index, "G", wcet_ps=slice_ps, period_ps=2 * slice_ps, deadline_ps=slice_ps) for index in cores
    )
    return replace(
        base, schedules=(Schedule({"barrier": 0}, {"barrier": reserved}),), synchronise=True, clock_skew_ps=skew
    )


def machine(cores: int) -> Machine:
    """The 4x4-core AMD; for more cores several of it side by side, with its costs between them."""
    one = platform("amd-4x4").deployment.machine
    times = cores // one.cores
    return replace(
        one,
        clock_hz=one.clock_hz * times,
        package=tuple((block, package) for block in range(times) for package in one.package),
        latency_ps=_tiled(one.latency_ps, times),
        occupancy_ps=_tiled(one.occupancy_ps, times),
        send_ps=_tiled(one.send_ps, times),
        line_ps=_tiled(one.line_ps, times),
        lmp_ps=one.lmp_ps * times,
        work_ps=one.work_ps * times,
    )


def _tiled(table: object, times: int) -> tuple[tuple[int, ...], ...]:
    """Between two of the machines a cost is the dearest of one, within each its own."""
    assert hasattr(table, "__iter__")
    rows = [tuple(row) for row in table]
    size, far = len(rows), max(max(row) for row in rows)
    return tuple(
        tuple(rows[a % size][b % size] if a // size == b // size else far for b in range(size * times))
        for a in range(size * times)
    )


@cache
def _iteration_ps(cores: int) -> int:
    """One iteration of BARRIER that has its cores for itself."""
    duration_ps = 1_000_000 * MICROSECOND_PS
    team = Application("barrier", Barrier(), tuple(range(cores)))
    return duration_ps // run(Scenario(machine(cores), (team,), duration_ps)).applications["barrier"].progress
