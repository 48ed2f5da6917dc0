"""One counter service under each discipline of sharing, from one lock for all to replicas: what a call takes."""

from collections.abc import Sequence
from dataclasses import dataclass

from kernelsim import Application, Machine, Programs, Scenario, run
from kernelsim.programs.sharing.counters import Call, CounterService
from kernelsim.scenario import MILLISECOND_PS

SPECTRUM = ("shared", "fine-grained", "partitioned", "replicated")


@dataclass(frozen=True, slots=True)
class ServiceCost:
    """Mean picoseconds of a call, of its reads and of its additions; None where there were none. `calls` are all."""

    discipline: str
    mean_ps: int
    read_ps: int | None
    addition_ps: int | None
    calls: tuple[Call, ...]


def service_cost(
    machine: Machine,
    discipline: str,
    cores: Sequence[int],
    clients: int,
    *,
    keys: int = 4,
    calls: int = 60,
    lines: int = 1,
    additions_percent: int = 50,
) -> ServiceCost:
    """Run it on `cores`, the first `clients` of which call and the others serve.

    Raises ScenarioError for unknown cores, ValueError for a service without clients or servers, and RuntimeError where
    the service does not come to its end.
    """
    log: list[Call] = []
    service = CounterService(discipline, clients, keys, calls, log, lines, additions_percent)
    application = Application("service", Programs(service), tuple(cores))
    outcome = run(Scenario(machine, (application,), 50 * MILLISECOND_PS)).applications["service"]
    if outcome.failures or len(log) != clients * calls:
        raise RuntimeError(f"{len(log)} of {clients * calls} calls under {discipline!r}: {outcome.failures}")
    times = {
        adds: [call.ended_ps - call.begun_ps for call in log if call.is_addition is adds] for adds in (False, True)
    }
    return ServiceCost(
        discipline, _mean(times[False] + times[True]) or 0, _mean(times[False]), _mean(times[True]), tuple(log)
    )


def spectrum_table(costs: Sequence[ServiceCost]) -> str:
    """A line for each discipline: mean nanoseconds of a call, of a read, of an addition."""
    rows = [f"{'discipline':14}{'call ns':>10}{'read ns':>10}{'add ns':>10}"]
    for cost in costs:
        numbers = (cost.mean_ps, cost.read_ps, cost.addition_ps)
        rows.append(f"{cost.discipline:14}" + "".join(_cell(number) for number in numbers))
    return "\n".join(rows)


def _cell(number: int | None) -> str:
    return f"{'-':>10}" if number is None else f"{number / 1000:>10.0f}"


def _mean(values: list[int]) -> int | None:
    return sum(values) // len(values) if values else None
