"""REP-14, Fig 4.5: LU by messages on five machines scales as the native version does, the SCC's included."""

from collections.abc import Mapping
from itertools import pairwise

from experiments.charts.line_chart import Axis, line_chart
from experiments.parameters import Parameter
from experiments.reproduce.applications.lu_runs import (
    MPI_LATENCY_PS,
    MPI_OVERHEAD_PS,
    PRINTED_S,
    SCC_FACTOR,
    Setting,
    completion_s,
)
from experiments.reproduce.row import Ablation, Claim, Row

RANKS: Mapping[str, tuple[int, ...]] = {
    "amd-8x4": (1, 2, 4, 8, 16, 32),
    "intel-2x4": (1, 2, 4, 8),
    "amd-2x2": (1, 2, 4),
    "amd-4x4": (1, 2, 4, 8, 16),
    "scc": (1, 2, 4, 8, 16, 32),
}
AXIS_MAXIMA_S = {"amd-8x4": 250, "intel-2x4": 140, "amd-2x2": 180, "amd-4x4": 140, "scc": 3500}
X86_RATIO, SCC_RATIO = (0.9, 1.4), (0.9, 1.2)
PLANES = 62

Curves = dict[str, dict[int, float]]


def rep14(seeds: int) -> Row:
    """Nothing is random."""
    own = {name: _curve(name) for name in RANKS}
    native = {name: _curve(name, system="native") for name in RANKS}
    polling = _curve("scc", system="polling")
    return Row(
        id="REP-14",
        source="Fig 4.5",
        claim="LU class A over messages is about as fast as the native version on five machines, and scales alike",
        claims=_claims(own, native),
        tolerance="ratio 0.9-1.4 on x86, 0.9-1.2 on the SCC; speed-up monotone, within 15 % of the native one's",
        parameters=_parameters(),
        ablations=_ablations(own, native),
        series={
            "Barrelfish, s": own,
            "native, s": native,
            "SCC without the notification driver, s": polling,
        },
        notes=(
            "The factor of 1.3 on x86 is the two languages' and an input; that messages leave it as it is, is not. "
            "Times of one core follow the clock and memory is not modelled: the 8x4 machine's printed axis goes to "
            "250 s, ours begins at 150 s, and nothing stands in the way of a near-perfect speed-up but messages and "
            "the filling of the pipeline.",
            "Not reproduced: that the SCC would be clearly slower without the notification driver. A rank that polls "
            "its 31 channels while it has nothing else to do finds a message sooner than an interrupt would bring it: "
            f"{polling[32]} s beside {own['scc'][32]} s; notifying wins from about 70 to 100 channels a "
            "core on, or where the core has other work.",
        ),
        pictures={"rep-14": _picture(own, native)},
    )


def _curve(machine: str, system: str = "barrelfish", planes_at_once: int = 1, language: str = "") -> dict[int, float]:
    return {ranks: completion_s(Setting(machine, ranks, system, planes_at_once, language)) for ranks in RANKS[machine]}


# -- claims -----------------------------------------------------------------------------------------------------


def _claims(own: Curves, native: Curves) -> tuple[Claim, ...]:
    ratios = {name: _ratios(own[name], native[name]) for name in RANKS}
    x86 = {name: found for name, found in ratios.items() if name != "scc"}
    falls = {name: all(b < a for a, b in _steps(curve)) for name, curve in own.items()}
    alike = {name: round(_speed_up(own[name]) / _speed_up(native[name]), 3) for name in RANKS}
    peaks = {name: max(own[name].values()) for name in RANKS}
    below = {name: peak < AXIS_MAXIMA_S[name] for name, peak in peaks.items() if name != "scc"}
    return (
        Claim("Barrelfish over native, x86", "0.9-1.4", x86, _all_within(x86, X86_RATIO)),
        Claim("the same, SCC", "0.9-1.2", ratios["scc"], _all_within({"scc": ratios["scc"]}, SCC_RATIO)),
        Claim("completion time falls with each doubling", "on every machine", falls, all(falls.values())),
        Claim("greatest speed-up, Barrelfish's over native's", "0.85-1.15", alike,
              all(0.85 <= one <= 1.15 for one in alike.values())),
        Claim("slowest run below the figure's axis, x86, s", "250, 140, 180, 140", peaks, all(below.values())),
        Claim("the same, SCC, s", "3,500", peaks["scc"], peaks["scc"] < AXIS_MAXIMA_S["scc"], fitted=True),
    )  # fmt: skip


def _ratios(own: dict[int, float], native: dict[int, float]) -> dict[int, float]:
    return {ranks: round(own[ranks] / native[ranks], 3) for ranks in own}


def _all_within(ratios: Curves, limits: tuple[float, float]) -> bool:
    return all(limits[0] <= one <= limits[1] for found in ratios.values() for one in found.values())


def _steps(curve: dict[int, float]) -> list[tuple[float, float]]:
    return list(pairwise(curve.values()))


def _speed_up(curve: dict[int, float]) -> float:
    return curve[1] / curve[max(curve)]


def _ablations(own: Curves, native: Curves) -> tuple[Ablation, ...]:
    machine = "amd-4x4"
    same = _ratios(own[machine], _curve(machine, system="native", language="C"))
    whole = _curve(machine, planes_at_once=PLANES)
    speed_ups = [round(_speed_up(curve), 2) for curve in (own[machine], whole)]
    return (
        Ablation("the C version on both, 4x4: ratio", same, all(abs(one - 1) < 0.05 for one in same.values())),
        Ablation(
            "all planes of a sweep at once, 4x4: speed-up at 16 cores, before and then",
            speed_ups,
            speed_ups[1] < 0.6 * speed_ups[0],
        ),
    )


def _parameters() -> tuple[Parameter, ...]:
    return (
        Parameter("work, C", PRINTED_S["C"], "s", "printed: section 4.1.4, one core of the 4x4 machine"),
        Parameter("work, Fortran", PRINTED_S["Fortran"], "s", "printed: section 4.1.4, the same; native on x86"),
        Parameter("work elsewhere", "by clock", "", "free: the same cycles on all x86 machines"),
        Parameter("work, SCC", SCC_FACTOR, "x the cycles", "free: chosen below the axis of Fig 4.5e"),
        Parameter("cube", "64 points, 250 iterations", "", "external: NAS LU class A"),
        Parameter("decomposition", "columns by ranks, a message a plane and neighbour", "", "external: NAS LU"),
        Parameter("right-hand sides", 35, "% of the work", "external: about, NAS LU's timers, recalled"),
        Parameter("message_latency", "as Table 2.5, by class", "cycles", "printed: Table 2.5"),
        Parameter("message_occupancy", "1000 / throughput", "cycles", "derived: Table 2.5; 56 bytes of payload"),
        Parameter("MPI overhead", MPI_OVERHEAD_PS, "ps", "free: about OpenMPI within a machine, with each copy"),
        Parameter("MPI latency", MPI_LATENCY_PS, "ps", "free: the same; and 1 ns a byte for each copy"),
        Parameter("SCC accesses", "by clocks and hops", "", "external: Intel SCC Programmer's Guide, recalled"),
        Parameter("SCC notification", "as section 2.6.3's ring", "", "printed: its steps; one interrupt a transfer"),
    )


def _picture(own: Curves, native: Curves) -> str:
    lines = {}
    for name in ("amd-8x4", "amd-4x4", "scc"):
        lines[f"Barrelfish, {name}"] = list(own[name].items())
        lines[f"native, {name}"] = list(native[name].items())
    return line_chart("LU class A", Axis("cores", log=True), Axis("completion time, s", log=True), lines)
