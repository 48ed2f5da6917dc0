"""Agreements of n cores of an otherwise idle machine: phase changes, unmaps and retypes, in cycles of who asks."""

from collections.abc import Mapping, Sequence
from functools import cache

from experiments.deploy import deploy_schedules
from experiments.errors import ExperimentError
from experiments.reproduce.hardware.platform import Platform, platform
from kernelsim import Application, Machine, Operation, PhaseChange, Scenario, Schedule, run
from kernelsim.scenario import MICROSECOND_PS, MILLISECOND_PS, Scripted
from planner import Manifest, admit

NAME = "probe"
TWO_PHASES = "B 1\nB 2\n"
SPACING_PS = MILLISECOND_PS
"""Between two requests: longer than any of them takes."""

Sends = Mapping[int, tuple[int, ...]]


def phase_changes(
    machine: Machine,
    schedules: tuple[Schedule, ...],
    cores: int,
    *,
    times: int = 1,
    sends: Sends | None = None,
    order: str = "forward first",
) -> list[int]:
    """Cycles of `times` changes, to and fro, over cores 0 to n-1."""
    at = [SPACING_PS * (number + 1) for number in range(times)]
    changes = tuple(PhaseChange(NAME, (number + 1) % 2, time, sends, order) for number, time in enumerate(at))
    scenario = Scenario(
        machine,
        (_asker(cores, at),),
        SPACING_PS * (times + 1),
        schedules=schedules,
        synchronise=True,
        phase_changes=changes,
    )
    return _answered([change.cycles for change in run(scenario).phase_changes], times)


def operations(machine: Machine, cores: int, asked: Sequence[Operation]) -> list[int]:
    """Cycles of each of `asked` by an application on cores 0 to n-1 whose dispatcher 0 waits for the answers."""
    at = sorted({one.at_ps for one in asked})
    scenario = Scenario(machine, (_asker(cores, at),), at[-1] + 20 * SPACING_PS, operations=tuple(asked))
    return _answered([one.cycles for one in run(scenario).operations], len(asked))


@cache
def schedules(name: str, cores: int) -> tuple[Schedule, ...]:
    """The admission of an application of two phases on cores 0 to n-1 of a bundled machine."""
    manifest = Manifest.from_text(TWO_PHASES, name=NAME, dispatchers=cores)
    decision = admit([manifest], platform(name).topology, cores={NAME: range(cores)})
    return deploy_schedules(decision.schedules)


def cycles_ps(on: Platform, cycles: float) -> int:
    """Cycles of core 0 in picoseconds."""
    return round(cycles * 10**12 / on.deployment.machine.clock_hz[0])


def _asker(cores: int, at: Sequence[int]) -> Application:
    """Dispatcher 0 runs when it is to ask and then waits; all others sleep."""
    script = tuple(
        (time + later, what) for time in at for later, what in ((-1, "run"), (MICROSECOND_PS // 10, "block"))
    )
    return Application(NAME, Scripted((script, *((),) * (cores - 1))), tuple(range(cores)))


def _answered(found: Sequence[int | None], wanted: int) -> list[int]:
    cycles = [each for each in found if each is not None]
    if len(cycles) != wanted:
        raise ExperimentError(f"{wanted - len(cycles)} of {wanted} agreements were not answered", code="no_answer")
    return cycles
