"""REP-13, Fig 4.4: with the manifest of Fig 3.4 BARRIER keeps its progress: its cores run it at the same time."""

from dataclasses import replace
from statistics import mean, pstdev

from experiments.charts.line_chart import Axis, line_chart
from experiments.reproduce.contention import Setting, contend, parameters
from experiments.reproduce.row import Ablation, Claim, Row
from kernelsim.scenario import Barrier

THREADS = tuple(range(2, 17))
STEADY_MS = 1000


def rep13(seeds: int) -> Row:
    """Progress with the manifest over uncontended best effort, at every n from 2 to 16."""
    alone = {n: contend(Setting(n, cpu_bound=False, offset_ms=0)).progress for n in THREADS}
    gang = {n: contend(Setting(n, manifest=True)) for n in THREADS}
    best_effort = {n: mean(contend(Setting(n, seed=s)).progress for s in range(seeds)) for n in THREADS if n >= 10}
    kept = {n: round(gang[n].progress / alone[n], 4) for n in THREADS}
    gain = {n: round(gang[n].progress / best_effort[n]) for n in best_effort}
    misses = sum(result.misses for result in gang.values())
    return Row(
        id="REP-13",
        source="Fig 4.4",
        claim="a phase-locked gang keeps its progress when time-multiplexed",
        claims=(
            Claim("kept share of the uncontended rate, n = 2..16", "0.45-0.50", kept, _in_band(kept.values())),
            Claim("over best effort (REP-12) for n >= 10", ">= 1,000x", gain, min(gain.values()) >= 1000),
            Claim("missed deadlines", "0", misses, misses == 0),
            _skew_claim(seeds, alone[16]),
            _noise_claim(seeds),
        ),
        tolerance="kept share within the band at every n",
        parameters=parameters(),
        ablations=(_staggered(alone[16]), _skewed(seeds, alone[16]), _exact(seeds, alone[16])),
        series={
            "threads": list(THREADS),
            "uncontended": [alone[n] for n in THREADS],
            "gang": [gang[n].progress for n in THREADS],
            "best effort, mean": [round(best_effort[n]) if n in best_effort else None for n in THREADS],
            "CPU-Bound share": [round(gang[n].cpu_share, 4) for n in THREADS],
        },
        notes=(
            "Half of every 160 ms is BARRIER's; the phase change, with planners that are scheduled like everybody "
            "else, and the 480 ms until the release cost the rest of the first second. RBED does not fill idle time "
            "with a real-time task, so the uncontended case is halved as well.",
        ),
        pictures={
            "rep-13": line_chart(
                "BARRIER beside CPU-Bound on 4x4 cores, with the manifest of Fig 3.4, 15 s",
                Axis("BARRIER threads"),
                Axis("barrier iterations", log=True),
                {
                    "uncontended": list(alone.items()),
                    "phase-locked gang": [(n, result.progress) for n, result in gang.items()],
                    "best effort": list(best_effort.items()),
                },
            )
        },
    )


def _in_band(values: object) -> bool:
    assert hasattr(values, "__iter__")
    return all(0.45 <= value <= 0.5 for value in values)


def _share(setting: Setting, alone: int) -> float:
    return contend(setting).progress / alone


def _skew_claim(seeds: int, alone: int) -> Claim:
    shares = [_share(Setting(16, seed=seed, manifest=True, skew_us=40), alone) for seed in range(seeds)]
    return Claim(
        "a clock skew of U[0, 40 us) does not matter", "0.45-0.50", [round(min(shares), 4), round(max(shares), 4)],
        _in_band(shares),
    )  # fmt: skip


def _noise_claim(seeds: int) -> Claim:
    """CPU-Bound aligns itself with the slices of the gang; beside spinning best effort it does not."""
    gang = Setting(16, manifest=True, warmup_ms=STEADY_MS)
    spinning = Setting(16, barrier=Barrier(wait="spin"), warmup_ms=STEADY_MS)
    noise = {
        name: round(pstdev(contend(replace(setting, seed=seed)).cpu_share for seed in range(seeds)), 6)
        for name, setting in (("gang", gang), ("spinning best effort", spinning))
    }
    holds = noise["gang"] == 0 and noise["spinning best effort"] >= 0
    if seeds > 1:
        holds = holds and noise["gang"] < noise["spinning best effort"]
    return Claim("CPU-Bound's standard deviation, 1 s to 16 s, below the spinning case's", "0 and below", noise, holds)


def _staggered(alone: int) -> Ablation:
    kept = _share(Setting(16, manifest=True, stagger_ms=10), alone)
    return Ablation("release + i x 10 ms (mod 160) on core i: kept share", round(kept, 6), kept < 0.01)


def _skewed(seeds: int, alone: int) -> Ablation:
    kept = mean(_share(Setting(16, seed=seed, manifest=True, skew_us=1000), alone) for seed in range(seeds))
    return Ablation("clock skew U[0, 1 ms): kept share", round(kept, 6), kept < 0.01)


def _exact(seeds: int, alone: int) -> Ablation:
    """Barrelfish's own rules, CPU-Bound's slices not aligned with the gang's."""
    setting = Setting(16, manifest=True, rules="exact", restless=True)
    kept = mean(_share(replace(setting, seed=seed), alone) for seed in range(seeds))
    return Ablation("exact RBED, CPU-Bound starting at random: kept share", round(kept, 6), kept < 0.1)
