"""REP-08, section 3.5.4: local timers read around a ring for a day show no trend, and would show one of a millionth."""

from random import Random
from statistics import mean

from experiments.charts.line_chart import Axis, line_chart
from experiments.parameters import Parameter
from experiments.reproduce.hardware.platform import platform
from experiments.reproduce.row import Ablation, Claim, Row
from kernelsim import Machine
from kernelsim.machine.timer import LocalTimer
from kernelsim.scenario import MICROSECOND_PS, SECOND_PS

MACHINES = ("amd-2x2", "amd-4x4")
DAY_S, HOUR_S = 86_400, 3_600
FLUCTUATION_CYCLES = 20
"""Of one hand-over around the ring, at most; polling loops do not see a line at once."""
WHOLE_DAY_FROM_SEEDS = 20


def rep08(seeds: int) -> Row:
    """One reading a second for a day with the default number of seeds, for an hour with fewer."""
    seconds = DAY_S if seeds >= WHOLE_DAY_FROM_SEEDS else HOUR_S
    still = {name: _ring(name, seconds, 0) for name in MACHINES}
    drifting = {name: _ring(name, seconds, 1_000) for name in MACHINES}
    return Row(
        id="REP-08",
        source="Section 3.5.4",
        claim="core-local timers do not drift in a day: readings stay within the baseline fluctuation",
        claims=_claims(still, seconds),
        tolerance="a trend is what exceeds the fluctuation of the readings by the end of the run",
        parameters=(
            *(platform(name).deployment.parameters[0] for name in MACHINES),
            Parameter("drift", 0, "ppb", "printed: section 3.5.4, no trend; 1 ppm is injected in the ablation"),
            Parameter("sampling", f"one a second, {seconds:,} s", "", "printed: section 3.5.4, a day"),
            Parameter("fluctuation", FLUCTUATION_CYCLES, "cycles", "free: of one hand-over, uniform"),
            Parameter("timer_start", "U[0, 1 us) after synchronisation", "", "free"),
        ),
        ablations=(
            Ablation(
                "1 ppm on one core: its trend over the run beside the fluctuation, ns",
                _trends_ns(drifting),
                all(abs(one.trend_ps) > one.fluctuation_ps for one in drifting.values()),
            ),
        ),
        series={name: one.curve for name, one in still.items()},
        notes=(
            "The drift is an input, so what is reproduced is the method: the ring's own offset is constant and can be "
            "taken off, no trend is seen where there is none, and one is where there is.",
            "Smallest drift that this run would have shown: "
            + ", ".join(f"{name} {one.fluctuation_ps * 1000 / seconds / 1e6:.2g} ppb" for name, one in still.items())
            + ".",
        ),
        pictures={
            "rep-08": line_chart(
                "Reading of core 1 less that of core 0, its first taken off",
                Axis("seconds"),
                Axis("ns"),
                {**_curves("no drift", still), **_curves("1 ppb", {n: _ring(n, seconds, 1) for n in MACHINES})},
            )
        },
    )


class _Reading:
    """The readings of a ring: the offset of core 1, its trend over the run, and how far readings fluctuate."""

    def __init__(self, at_s: list[int], offsets_ps: list[int], ring_ps: list[int]) -> None:
        middle = mean(at_s)
        spread = sum((at - middle) ** 2 for at in at_s)
        slope = sum((at - middle) * offset for at, offset in zip(at_s, offsets_ps, strict=True)) / spread
        self.trend_ps = slope * (at_s[-1] - at_s[0])
        first = mean(offsets_ps)
        left = [offset - first - slope * (at - middle) for at, offset in zip(at_s, offsets_ps, strict=True)]
        self.fluctuation_ps = max(left) - min(left)
        self.ring_spread_ps = max(ring_ps) - min(ring_ps)
        every = max(1, len(at_s) // 200)
        self.curve = [[at_s[i], round((offsets_ps[i] - offsets_ps[0]) / 1000, 2)] for i in range(0, len(at_s), every)]


def _ring(name: str, seconds: int, drift_ppb: int) -> _Reading:
    """Every second core 0 reads its timer and hands on; the next reads its own when it sees that. Core 1 drifts."""
    machine = platform(name).deployment.machine
    random = Random(f"{name} {drift_ppb} ring")
    timers = [
        LocalTimer(random.randrange(MICROSECOND_PS), 0, drift_ppb if core == 1 else 0) for core in range(machine.cores)
    ]
    offsets, rings = [], []
    for second in range(seconds):
        shown = _read_out(machine, timers, second * SECOND_PS, random)
        offsets.append(shown[1] - shown[0])
        rings.append(shown[-1] - shown[0])
    return _Reading(list(range(seconds)), offsets, rings)


def _read_out(machine: Machine, timers: list[LocalTimer], now: int, random: Random) -> list[int]:
    shown = [timers[0].read(now)]
    fluctuation_ps = FLUCTUATION_CYCLES * 10**12 // machine.clock_hz[0]
    for core in range(1, len(timers)):
        now += machine.line_ps[core - 1][core] + int(random.random() * fluctuation_ps)
        shown.append(timers[core].read(now))
    return shown


def _claims(still: dict[str, _Reading], seconds: int) -> tuple[Claim, ...]:
    rings = {name: round(one.ring_spread_ps / 1000, 1) for name, one in still.items()}
    most = {name: FLUCTUATION_CYCLES * 10**9 * (of.cores - 1) / of.clock_hz[0] for name, of in _machines()}
    return (
        Claim(
            f"trend over {seconds:,} s beside the fluctuation, ns",
            "no trend: below the fluctuation",
            _trends_ns(still),
            all(abs(one.trend_ps) < one.fluctuation_ps for one in still.values()),
        ),
        Claim(
            "the offset that the ring itself makes is constant: its spread around the ring, ns",
            "within the hand-overs' fluctuation",
            rings,
            all(rings[name] <= most[name] for name in rings),
        ),
    )


def _trends_ns(readings: dict[str, _Reading]) -> dict[str, list[float]]:
    return {
        name: [round(one.trend_ps / 1000, 3), round(one.fluctuation_ps / 1000, 1)] for name, one in readings.items()
    }


def _machines() -> list[tuple[str, Machine]]:
    return [(name, platform(name).deployment.machine) for name in MACHINES]


def _curves(label: str, readings: dict[str, _Reading]) -> dict[str, list[tuple[float, float]]]:
    return {f"{name}, {label}": [(at, value) for at, value in one.curve] for name, one in readings.items()}
