"""Two equal jobs with uneven threads on the same cores, as gangs or each core for itself: the runs of section 3.2.1."""

from dataclasses import dataclass, replace
from functools import cache
from random import Random

from experiments.reproduce.hardware.platform import platform
from kernelsim import Application, Scenario, run
from kernelsim.scenario import MICROSECOND_PS, MILLISECOND_PS, Barrier

SLICE_PS = 15 * MILLISECOND_PS
SPREAD = 0.3
THREADS = 16
ROUNDS = 40
IPI_PS = 3_500_000
SPIN_PS = 50 * MICROSECOND_PS
AT_ONCE_PS = 40_000
"""One turn of the spin loop, then the thread blocks."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One run: cycles of work between two barriers, how uneven they are, and who decides.

    A member of a gang spins, for its core has nobody else to run; else a thread spins for `spin_ps` and blocks, and
    the other job has the core.
    """

    cycles: int
    gang: bool
    jobs: int = 2
    spread_percent: int = 25
    spin_ps: int = SPIN_PS
    seed: int = 0


@cache
def throughput(setting: Setting) -> float:
    """The work that both jobs did together, as a part of what the cores could have done."""
    outcome = run(scenario(setting))
    done = sum(one.progress for one in outcome.applications.values())
    return done * _work_ps(setting) / outcome.duration_ps


def benefit(setting: Setting) -> float:
    """By what part gangs are better than cores that decide for themselves."""
    return throughput(replace(setting, gang=True)) / throughput(replace(setting, gang=False)) - 1


def scenario(setting: Setting) -> Scenario:
    """The scenario of a setting: pairs of slices for 40 rounds of both jobs, after one pair that does not count."""
    machine = replace(platform("amd-4x4").deployment.machine, timeslice_ps=SLICE_PS)
    cores = tuple(range(THREADS))
    pairs = max(2, -(-ROUNDS * 2 * _work_ps(setting) // (2 * SLICE_PS)))
    random = Random(f"{setting.seed} slices")
    offsets = tuple(random.randrange(SLICE_PS) for _ in cores)
    slices = {core: tuple(_drawn_ps(random) for _ in range(64)) for core in cores}
    return Scenario(
        machine,
        tuple(Application(f"job{job}", _barrier(setting, job), cores) for job in range(setting.jobs)),
        pairs * 2 * SLICE_PS,
        scheduler="central-ipi" if setting.gang else "linux-like",
        ipi_ps=IPI_PS if setting.gang else 0,
        timer_offset_ps=offsets,
        slices_ps={} if setting.gang else slices,
        warmup_ps=2 * SLICE_PS,
    )


def _barrier(setting: Setting, job: int) -> Barrier:
    return Barrier(
        "spin" if setting.gang else "block",
        setting.spin_ps,
        work_cycles=setting.cycles,
        spread_percent=setting.spread_percent,
        seed=setting.seed * setting.jobs + job,
    )


def _work_ps(setting: Setting) -> int:
    return setting.cycles * 10**12 // platform("amd-4x4").deployment.machine.clock_hz[0]


def _drawn_ps(random: Random) -> int:
    return random.randint(round(SLICE_PS * (1 - SPREAD)), round(SLICE_PS * (1 + SPREAD)))
