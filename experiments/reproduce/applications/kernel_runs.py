"""The compute kernels of section 4.1.2 on the 4x4-core AMD machine: their profiles, and the runs."""

from functools import cache

from experiments.reproduce.hardware.platform import platform
from kernelsim import Application, Programs, Scenario, run
from kernelsim.applications.kernels import Kernel, Profile

INTERVALS = 4
CG = Profile("CG", 9_400_000_000, 1965, serial_percent=1, memory_percent=30, spread_percent=2)
FT = Profile("FT", 20_000_000_000, 40, serial_percent=1, memory_percent=30, spread_percent=2)
IS = Profile("IS", 2_300_000_000, 50, serial_percent=2, memory_percent=30, spread_percent=5)
BARNES = Profile("Barnes-Hut", 2_500_000_000, 8, 69_193, 1024, 200, 2, 10, 10)
RADIOSITY = Profile("radiosity", 3_000_000_000, 11, 231_190, 64, 200, 1, 10, 15)
PROFILES = (CG, FT, IS, BARNES, RADIOSITY)


def total_s(profile: Profile, barrier: str, scheduler: str, cores: int, seed: int) -> float:
    """All intervals; where there are many locks in one, from two samples: an interval is its work and one barrier."""
    grain = profile.grain(cores)
    if grain == 1:
        return profile.barriers * _interval_ps(profile, barrier, scheduler, cores, 1, seed) / 1e12
    work_ps, barrier_ps = parts_ps(profile, barrier, scheduler, cores, grain, seed)
    return profile.barriers * (work_ps + barrier_ps) / 1e12


def parts_ps(profile: Profile, barrier: str, scheduler: str, cores: int, grain: int, seed: int) -> tuple[float, float]:
    """The work of a whole interval, and what its barrier adds: from intervals shorter by `grain` and by twice that."""
    long, short = (_interval_ps(profile, barrier, scheduler, cores, part, seed) for part in (grain, 2 * grain))
    return 2 * grain * (long - short), 2 * short - long


@cache
def _interval_ps(profile: Profile, barrier: str, scheduler: str, cores: int, grain: int, seed: int) -> float:
    machine = platform("amd-4x4").deployment.machine
    kernel = Kernel(profile, barrier, INTERVALS, grain, seed)
    most_ps = 4 * (INTERVALS + 1) * profile.work_cycles * 400 // (profile.barriers * grain) + 10**10
    application = Application(profile.name, Programs(kernel.make), tuple(range(cores)))
    run(Scenario(machine, (application,), most_ps, scheduler=scheduler))
    return kernel.interval_ps()
