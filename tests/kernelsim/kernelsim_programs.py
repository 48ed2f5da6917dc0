"""Runs of one program for the tests of what programs share."""

from kernelsim_machines import MS, machine

from kernelsim import Application, Machine, Outcome, Programs, Scenario, run
from kernelsim.programs.team import Make

CORES = machine(8)


def simulated(
    make: Make,
    *others: Application,
    cores: tuple[int, ...] = (0, 1),
    threads: int = 0,
    duration_ps: int = 100 * MS,
    on: Machine = CORES,
) -> Outcome:
    """The application is called `program`."""
    return run(Scenario(on, (Application("program", Programs(make), cores, threads), *others), duration_ps))
