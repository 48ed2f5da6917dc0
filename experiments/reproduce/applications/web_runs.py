"""The web server of section 2.6.4 on a machine, under every placement of its domains."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import permutations, product

from experiments.reproduce.hardware.platform import platform
from kernelsim import Machine, Scenario, run
from kernelsim.applications.web_service import WebLoad, WebService
from kernelsim.scenario import MILLISECOND_PS, SECOND_PS

WARMUP_PS = 20 * MILLISECOND_PS
Placement = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Served:
    """Pages a second, and the part of its core that each domain had."""

    pages_per_s: float
    utilisation: Mapping[str, float]


def web_machine() -> Machine:
    """The 2x2-core AMD machine."""
    return platform("amd-2x2").deployment.machine


def flat(machine: Machine) -> Machine:
    """The same machine where another package is no farther than a core of the own one."""
    others = range(machine.cores)

    def near(table: Sequence[Sequence[int]]) -> list[list[int]]:
        return [[0 if a == b else table[0][1] for b in others] for a in others]

    return replace(
        machine,
        latency_ps=near(machine.latency_ps),
        occupancy_ps=near(machine.occupancy_ps),
        send_ps=near(machine.send_ps),
        line_ps=near(machine.line_ps),
    )


def serve(
    load: WebLoad, placement: Placement, duration_ms: int, *, machine: Machine | None = None, crossing_cycles: int = 0
) -> Served:
    """One run on idle cores."""
    service = WebService(load, placement, crossing_cycles)
    duration_ps = duration_ms * MILLISECOND_PS
    scenario = Scenario(machine or web_machine(), service.applications(), duration_ps, warmup_ps=WARMUP_PS)
    found = run(scenario).applications
    pages_per_s = found["server"].progress / load.packets * SECOND_PS / duration_ps
    used = {name: round(one.cpu_ps[0] / duration_ps, 3) for name, one in found.items()}
    return Served(round(pages_per_s, 1), used)


@cache
def symmetries() -> tuple[tuple[int, ...], ...]:
    """The renumberings of the cores under which no cost between two of them changes."""
    machine = web_machine()
    cores = range(machine.cores)
    tables = (machine.latency_ps, machine.occupancy_ps, machine.send_ps, machine.line_ps)
    return tuple(
        order
        for order in permutations(cores)
        if all(table[order[a]][order[b]] == table[a][b] for table in tables for a in cores for b in cores)
    )


def placements(domains: Sequence[str]) -> Iterator[dict[str, int]]:
    """One of each kind that cannot be told apart, domains on shared cores included."""
    seen = set()
    for cores in product(range(web_machine().cores), repeat=len(domains)):
        kind = min(tuple(order[core] for core in cores) for order in symmetries())
        if kind not in seen:
            seen.add(kind)
            yield dict(zip(domains, kind, strict=True))


def relation(placement: Placement, one: str, other: str) -> str:
    """Where one domain is, seen from another: same core, same package, other package."""
    a, b = placement[one], placement[other]
    if a == b:
        return "same core"
    packages = web_machine().package
    return "same package" if packages[a] == packages[b] else "other package"
