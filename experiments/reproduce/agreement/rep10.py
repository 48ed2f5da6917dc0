"""REP-10, Fig 4.1: a phase change grows by one message a core, and by less than what it costs on one core."""

from dataclasses import replace
from functools import cache
from itertools import pairwise
from statistics import median

from experiments.charts.line_chart import Axis, line_chart
from experiments.parameters import Parameter
from experiments.reproduce.agreement.runs import phase_changes, schedules
from experiments.reproduce.hardware.platform import X86, platform
from experiments.reproduce.row import Ablation, Claim, Row
from kernelsim import Machine
from kernelsim.system.agreement.routes import by_package

LARGEST, PUBLISHED = "amd-8x4", 24_535
CHANGES_A_SEED = 50
"""1,000 measurements with 20 seeds, at the largest n of every machine; elsewhere one: nothing varies."""


def rep10(seeds: int) -> Row:
    """Every x86 machine, every n; the constant was chosen for the 8x4-core machine alone."""
    cost = {name: _curve(name, CHANGES_A_SEED * seeds) for name in X86}
    return Row(
        id="REP-10",
        source="Fig 4.1",
        claim="a phase change costs 24,535 cycles on 32 cores; planners work in parallel, so cores add little",
        claims=_claims(cost),
        tolerance="the value within 5 % with one constant; growth and its bound strictly, at every n",
        parameters=(*platform(LARGEST).deployment.parameters, *_occupancies()),
        ablations=_ablations(),
        series={name: [[n, cycles] for n, cycles in curve.items()] for name, curve in cost.items()},
        notes=(
            "The dissertation's figure has no table: but for the median at 32 cores and the bound, other machines "
            "have no published value to be held against. With the constant of the 8x4-core machine they are "
            "predictions. Measured spread is not modelled: an idle machine takes the same time each time.",
            "monitor_work is that constant: the round 10,000 cycles, not the one that would hit 24,535.",
        ),
        pictures={
            "rep-10": line_chart(
                "Phase change",
                Axis("cores"),
                Axis("cycles"),
                {name: list(curve.items()) for name, curve in cost.items()},
            )
        },
    )


def cost(name: str, cores: int) -> int:
    """Cycles of one change over n cores of a machine, as in the dissertation."""
    return phase_changes(_machine(name), schedules(name, cores), cores)[0]


def _curve(name: str, most: int) -> dict[int, int]:
    cores = _machine(name).cores
    curve = {n: cost(name, n) for n in range(1, cores)}
    return curve | {cores: round(median(phase_changes(_machine(name), schedules(name, cores), cores, times=most)))}


@cache
def _machine(name: str) -> Machine:
    return platform(name).deployment.machine


def _claims(cost: dict[str, dict[int, int]]) -> tuple[Claim, ...]:
    value = cost[LARGEST][32]
    ratio = {name: round(max(curve.values()) / curve[1], 3) for name, curve in cost.items()}
    slope = round((cost[LARGEST][32] - cost[LARGEST][16]) / 16, 1)
    grows = {name: all(curve[a] < curve[b] for a, b in pairwise(sorted(curve))) for name, curve in cost.items()}
    ends = {name: max(curve.values()) for name, curve in cost.items()}
    low, high = 0.98 * 1000 / 2.79, 1.02 * 1000 / 2.75
    return (
        Claim(
            "median on 32 cores of the 8x4 machine, cycles (the constant is about what was chosen for it)",
            f"{PUBLISHED:,} +- 5 %",
            value,
            abs(value - PUBLISHED) <= 0.05 * PUBLISHED,
            fitted=True,
        ),
        Claim("it grows with every further core, on every machine", "strictly", grows, all(grows.values())),
        Claim("c(n) - c(1) < c(1): largest c(n) / c(1)", "< 2", ratio, max(ratio.values()) < 2),
        Claim(
            "cycles a core on the 8x4 machine, 16 to 32 cores: one message's occupancy, with nothing fitted",
            "358 to 364 (1000 / Table 2.5), at most 396 by the bound",
            slope,
            low <= slope <= high,
        ),
        Claim(
            "the same constant on the other machines: none costs more cycles than the 8x4 at full size",
            f"the 8x4 machine is the worst case ({PUBLISHED:,})",
            ends,
            max(ends, key=lambda name: ends[name]) == LARGEST,
        ),
    )


def _ablations() -> tuple[Ablation, ...]:
    machine, planned = _machine(LARGEST), schedules(LARGEST, 32)
    whole, one = cost(LARGEST, 32), cost(LARGEST, 1)
    serial = phase_changes(machine, planned, 32, order="serial")[0]
    twice = [[2 * each for each in row] for row in machine.occupancy_ps]
    half = [[each // 2 for each in row] for row in twice]
    both = phase_changes(replace(machine, occupancy_ps=twice, send_ps=half), planned, 32)[0]
    tree = phase_changes(machine, planned, 32, sends=by_package(machine, 0, range(32)))[0]
    return (
        Ablation(
            "planners one after the other, each when the one before has replied: 32 cores, times the parallel change",
            {"cycles": serial, "times": round(serial / whole, 1)},
            serial - one >= one,
        ),
        Ablation(
            "a message's occupancy charged at both ends: c(32) - c(1) over c(1)",
            round((both - one) / one, 2),
            both - one >= one,
        ),
        Ablation(
            "forwarding by packages, as section 4.1.1 proposes: the slope is no longer one message a core",
            {"cycles": tree, "a core": round((tree - one) / 31, 1)},
            (tree - one) / 31 < 0.5 * (whole - one) / 31,
        ),
    )


def _occupancies() -> tuple[Parameter, ...]:
    found = []
    for name in X86:
        machine = _machine(name)
        costs = [machine.cycles(machine.occupancy_ps[0][core], 0) for core in range(1, machine.cores)]
        value = f"{min(costs)} to {max(costs)}"
        found.append(Parameter(f"occupancy_{name}", value, "cycles", "printed: Table 2.5, 1000 / throughput"))
    return tuple(found)
