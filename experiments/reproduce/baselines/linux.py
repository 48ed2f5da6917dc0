"""BARRIER beside CPU-Bound under Linux on the 4x4-core AMD: the runs behind Fig 3.1, with everything variable."""

from dataclasses import dataclass, field, replace
from functools import cache
from random import Random
from typing import NamedTuple

from experiments.reproduce.hardware.platform import platform
from kernelsim import Application, Scenario, run
from kernelsim.scenario import MICROSECOND_PS, MILLISECOND_PS, SECOND_PS, Barrier, CpuBound

CPU_BOUND_THREADS = 8
WAIT_PS = 200 * MILLISECOND_PS
SLICES = 64
SPREAD = 0.3


@dataclass(frozen=True, slots=True)
class Setting:
    """One run. Threads are placed once: at random from `seed`, never two of one application on a core and no core
    left idle while another has two; or, `compact`, BARRIER on as few packages as there are. `gang` lets a central
    scheduler give each application the machine in turn instead, `wakeup_preemption` whoever wakes its core at once.
    """

    threads: int
    seed: int = 0
    cpu_bound: bool = True
    compact: bool = False
    gang: bool = False
    wakeup_preemption: bool = False
    slice_us: int = 15_000
    barrier: Barrier = field(default_factory=lambda: Barrier("yield", WAIT_PS))
    seconds: int = 15


class Result(NamedTuple):
    """Barrier iterations, and CPU-Bound's part of eight cores."""

    progress: int
    cpu_share: float


@cache
def contend(setting: Setting) -> Result:
    """Run one setting, once."""
    outcome = run(scenario(setting))
    cpu = outcome.applications.get("cpu")
    share = sum(cpu.cpu_ps) / (CPU_BOUND_THREADS * outcome.duration_ps) if cpu else 0.0
    return Result(outcome.applications["barrier"].progress, share)


def scenario(setting: Setting) -> Scenario:
    """The scenario of a setting."""
    machine = replace(platform("amd-4x4").deployment.machine, timeslice_ps=setting.slice_us * MICROSECOND_PS)
    members, others = placed(setting, machine.cores)
    applications = [Application("barrier", setting.barrier, members)]
    if setting.cpu_bound:
        applications.append(Application("cpu", CpuBound(), others))
    random = Random(f"{setting.seed} slices")
    drawn = {
        core: tuple(_drawn_ps(random, machine.timeslice_ps) for _ in range(SLICES)) for core in range(machine.cores)
    }
    offsets = tuple(random.randrange(machine.timeslice_ps) for _ in range(machine.cores))
    return Scenario(
        machine,
        tuple(applications),
        setting.seconds * SECOND_PS,
        scheduler="central-ipi" if setting.gang else "linux-like",
        timer_offset_ps=offsets,
        slices_ps={} if setting.gang else drawn,
        wakeup_preemption=setting.wakeup_preemption,
    )


def placed(setting: Setting, cores: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """BARRIER's cores and CPU-Bound's: the idle ones first, then one of the other application's each."""
    order = list(range(cores))
    if not setting.compact:
        Random(f"{setting.seed} placement").shuffle(order)
    shared = max(0, setting.threads + CPU_BOUND_THREADS - cores)
    first = cores - CPU_BOUND_THREADS
    members = order[: min(setting.threads, first)] + order[first : first + shared]
    return tuple(members), tuple(order[first:])


def _drawn_ps(random: Random, mean_ps: int) -> int:
    return random.randint(round(mean_ps * (1 - SPREAD)), round(mean_ps * (1 + SPREAD)))
