"""REP-04, Fig 2.4: on the bus of the 2x4-core Intel machine calls win from about 12 lines on, or almost at once."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from experiments.charts.line_chart import Axis, line_chart
from experiments.parameters import Parameter
from experiments.reproduce.hardware.platform import Platform, platform
from experiments.reproduce.hardware.rep03 import hand_off_ps
from experiments.reproduce.hardware.updates import Contest, crossing, message_parameters
from experiments.reproduce.row import Ablation, Claim, Row
from planner.machine.latency import cycles_to_ps

LINES = tuple(range(1, 17))
FEW_LINES = tuple(range(1, 9))
FEW_SEEDS = 3
"""For what is shown beside the claims."""
TEAMS: Mapping[str, Sequence[int]] = {"2 cores": (0, 1), "8 cores": range(8)}
BUS_CYCLES = 160
"""What a contended hand-off takes of the bus; chosen for the result with 8 cores."""


def rep04(seeds: int) -> Row:
    """Each point is a mean over `seeds` random starts."""
    machine = platform("intel-2x4")
    contest = _contest(machine, BUS_CYCLES)
    curves = {name: _curves(contest, cores, seeds) for name, cores in TEAMS.items()}
    found = {name: crossing(*pair, LINES) for name, pair in curves.items()}
    two, eight = found["2 cores"], found["8 cores"]
    return Row(
        id="REP-04",
        source="Fig 2.4",
        claim="the more cores contend, the fewer lines it takes until calls beat shared memory",
        claims=(
            Claim(
                "lines from which calls win, 2 cores", "12 +- 3", two, two is not None and 9 <= two <= 15, fitted=True
            ),
            Claim("the same, 8 cores", "<= 2", eight, eight is not None and eight <= 2, fitted=True),
        ),
        tolerance="as stated with each claim",
        parameters=_parameters(machine),
        ablations=(_unlimited(contest, seeds),),
        series={
            "lines": list(LINES),
            **{f"SHM, {name}": shared for name, (shared, _) in curves.items()},
            **{f"MSG, {name}": called for name, (_, called) in curves.items()},
            "2 cores elsewhere": {
                "on two dies": _few(contest, (0, 2), seeds),
                "on two packages": _few(contest, (0, 4), seeds),
            },
            "2 cores, hand-off in a die by the second level alone": _second_level_alone(contest, seeds),
            "8 cores with other hand-offs": _hold_out(machine, seeds),
        },
        notes=(
            "Two cores are cores 0 and 1, which share a second-level cache: lines and messages pass through it and not "
            "over the bus. Over the bus two cores would cross at less than half of the lines. Their crossing is "
            "fitted, too: 17 cycles for a hand-off in a die, a modified line leaving the first level (3) through the "
            "second (14), were chosen after 14 alone gave the crossing in the series, outside the tolerance.",
            "Eight cores are fitted: the hand-off kept from REP-03, in nanoseconds, or one hop of Table 2.2 (48 "
            "cycles) puts the crossing at the lines that the series names. A bus hand-off of 160 cycles is more than a "
            "transfer from the farthest cache (128), as if each line were written back and fetched: two of 80.",
        ),
        pictures={"rep-04": _picture(curves)},
    )


def _contest(machine: Platform, cycles: int) -> Contest:
    return Contest(machine, cycles_to_ps(cycles, machine.deployment.machine.clock_hz[0]))


def _curves(
    contest: Contest, cores: Sequence[int], seeds: int, lines: Sequence[int] = LINES
) -> tuple[list[float], list[float]]:
    shared = [contest.shared_cycles(cores, k, seeds) for k in lines]
    called = [contest.called_cycles(cores, k, seeds)[0] for k in lines]
    return shared, called


def _few(contest: Contest, cores: Sequence[int], seeds: int) -> int | None:
    return crossing(*_curves(contest, cores, min(seeds, FEW_SEEDS), FEW_LINES), FEW_LINES)


def _unlimited(contest: Contest, seeds: int) -> Ablation:
    free = replace(contest, is_contended=False)
    few = min(seeds, FEW_SEEDS)
    found = {name: crossing(*_curves(free, cores, few), LINES) for name, cores in TEAMS.items()}
    return Ablation(
        "no contention for bus and lines: lines from which calls win (None: not within 16); eight cores gain nothing",
        found,
        found["8 cores"] is None or found["8 cores"] >= 12,
    )


def _second_level_alone(contest: Contest, seeds: int) -> int | None:
    return crossing(*_curves(replace(contest, skips_l1=True), TEAMS["2 cores"], min(seeds, FEW_SEEDS)), LINES)


def _hold_out(machine: Platform, seeds: int) -> dict[str, int | None]:
    cycles = machine.topology.cache_cycles
    kept = Contest(machine, hand_off_ps(platform("amd-4x4")))
    hop = _contest(machine, cycles["one_hop"] - cycles["other_l1_l2"])
    return {
        "as REP-03": _few(kept, range(8), seeds),
        "one hop of Table 2.2": _few(hop, range(8), seeds),
    }


def _parameters(machine: Platform) -> tuple[Parameter, ...]:
    return (
        *machine.cache_parameters(),
        Parameter("bus_hand_off", BUS_CYCLES, "cycles", "free: chosen for the crossing with 8 cores"),
        Parameter("hand_off_in_a_die", 17, "cycles", "free: Table 2.2, 3 + 14; chosen after 14 alone gave 16 lines"),
        Parameter("order", "hand-offs over the bus one at a time, first come, first served", "", "free"),
        Parameter("two_cores", "0 and 1, of one die", "", "free: the text does not say which"),
        *message_parameters(machine),
    )


def _picture(curves: Mapping[str, tuple[list[float], list[float]]]) -> str:
    lines = {}
    for name, (shared, called) in curves.items():
        lines[f"SHM, {name}"] = list(zip(LINES, shared, strict=True))
        lines[f"MSG, {name}"] = list(zip(LINES, called, strict=True))
    return line_chart(
        "Updates of shared state on 2x4 cores: shared lines beside calls",
        Axis("contended cache lines"),
        Axis("cycles an update", log=True),
        lines,
    )
