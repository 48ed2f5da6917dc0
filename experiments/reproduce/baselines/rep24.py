"""REP-24, section 3.2.1: gangs win where threads synchronise often, and lose where they do not."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from math import log10
from statistics import mean

from experiments.charts.line_chart import Axis, line_chart
from experiments.parameters import Parameter
from experiments.reproduce.baselines.two_jobs import AT_ONCE_PS, SPIN_PS, Setting, benefit
from experiments.reproduce.hardware.platform import platform
from experiments.reproduce.row import Ablation, Claim, Row

INTERVALS = (10**2, 10**3, 10**4, 3 * 10**4, 10**5, 3 * 10**5, 10**6, 3 * 10**6, 10**7, 10**8)
AROUND = (10**4, 3 * 10**4, 10**5, 3 * 10**5, 10**6, 3 * 10**6, 10**7)
SHORT = 10**4
LEAST, MOST = 10**4, 10**6.5
RULES = {"spin 50 us, then block": SPIN_PS, "block at once": AT_ONCE_PS}
SPREADS_PERCENT = (10, 25, 50)
SEEDS = 3


def rep24(seeds: int) -> Row:
    """Two jobs of 16 threads on 16 cores; at most 3 seeds a point."""
    few = range(min(seeds, SEEDS))
    curves = {rule: {cycles: _mean(Setting(cycles, True, spin_ps=spin), few) for cycles in INTERVALS}
              for rule, spin in RULES.items()}  # fmt: skip
    crossings = {rule: crossing(curve) for rule, curve in curves.items()}
    spreads = {
        spread: crossing({cycles: _mean(Setting(cycles, True, spread_percent=spread), range(1)) for cycles in AROUND})
        for spread in SPREADS_PERCENT
    }
    return Row(
        id="REP-24",
        source="section 3.2.1",
        claim="gang scheduling gains below a synchronisation interval of the order of 10^5 cycles, and costs above",
        claims=(_sign_claim(curves), _crossing_claim(crossings), _spread_claim(spreads)),
        tolerance=f"the sign changes once, between 10^4 and 10^6.5 cycles; means of {len(few)} runs a point, by "
        "unevenness one run; no number is printed",
        parameters=_parameters(),
        ablations=(_alone(few), _even(few)),
        series={"interval, cycles": list(INTERVALS), **{rule: list(curve.values()) for rule, curve in curves.items()}},
        notes=(
            "A gang's member that waits for a slower one leaves its core unused; without gangs the other job has it, "
            "at the price of two switches and a wake-up in each interval, or of spinning beside mates that do not "
            "run. The first grows with the interval, the other does not: where they are equal is not put in.",
            "The dissertation has no curve, and its streamcluster, at 1.0 M cycles between barriers, is still said to "
            "gain: so it does here where threads are less uneven.",
        ),
        pictures={
            "rep-24": line_chart(
                "What gangs gain, two jobs of 16 threads on 16 cores",
                Axis("cycles between two barriers", log=True),
                Axis("gain, %"),
                {rule: [(cycles, 100 * gain) for cycles, gain in curve.items()] for rule, curve in curves.items()},
            )
        },
    )


def crossing(curve: Mapping[int, float]) -> int | None:
    """The interval at which the gain becomes a loss, between two points on a logarithmic axis; None if never."""
    for (before, gain), (after, loss) in pairwise(curve.items()):
        if gain > 0 >= loss:
            part = gain / (gain - loss)
            return round(10 ** (log10(before) + part * (log10(after) - log10(before))))
    return None


def _mean(setting: Setting, seeds: range) -> float:
    return round(mean(benefit(replace(setting, seed=seed)) for seed in seeds), 4)


def _within(found: Mapping[str, int | None] | Mapping[int, int | None]) -> bool:
    return all(cycles is not None and LEAST <= cycles <= MOST for cycles in found.values())


def _sign_claim(curves: Mapping[str, Mapping[int, float]]) -> Claim:
    ends = {rule: [curve[INTERVALS[0]], curve[INTERVALS[-1]]] for rule, curve in curves.items()}
    changes = [sum((a > 0) != (b > 0) for a, b in pairwise(curve.values())) for curve in curves.values()]
    return Claim(
        "gain at the shortest and at the longest interval, by what a thread does that waits without gangs",
        "a gain, then a loss; one change of sign",
        ends,
        all(first > 0 > last for first, last in ends.values()) and set(changes) == {1},
    )


def _crossing_claim(crossings: Mapping[str, int | None]) -> Claim:
    return Claim("the change of sign, cycles", "10^5: within 10^4-10^6.5", dict(crossings), _within(crossings))


def _spread_claim(spreads: Mapping[int, int | None]) -> Claim:
    return Claim(
        "the same by how uneven the threads are, %, spinning first", "within 10^4-10^6.5", dict(spreads),
        _within(spreads),
    )  # fmt: skip


def _alone(seeds: range) -> Ablation:
    got = {cycles: _mean(Setting(cycles, True, jobs=1), seeds) for cycles in (SHORT, 10**5, 10**7)}
    return Ablation("no competing job: gain at 10^4, 10^5 and 10^7 cycles", got, max(map(abs, got.values())) < 0.05)


def _even(seeds: range) -> Ablation:
    """Nobody leaves a core unused, so there is nothing to lose by gangs."""
    got = _mean(Setting(10**7, True, spread_percent=0), seeds)
    return Ablation("threads that are even: gain at 10^7 cycles, no loss (>= -0.02)", got, got >= -0.02)


def _parameters() -> tuple[Parameter, ...]:
    return (
        *platform("amd-4x4").deployment.parameters,
        Parameter("jobs", "2, each with a thread on every core", "", "free"),
        Parameter("spread", "uniform, within 25 % of the work", "", "free; 10 and 50 % are shown, too"),
        Parameter("slice", 15, "ms", "printed: section 3.3.3; +-30 % free without gangs"),
        Parameter("spin", 50, "us", "printed: section 3.3.3; blocking at once is shown, too"),
        Parameter("ipi_send", 3.5, "us", "free: several us, section 4.2.2; nothing at 15 ms"),
    )
