"""Multicast trees on measured latencies: peers in the same run, the bound, proofs of small groups, a thousand cores."""

import random
import time
from collections.abc import Iterator, Sequence
from math import exp, log
from pathlib import Path

from planner import PlanError, multicast_matrix
from planner.matrix_text import read_matrix

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "core-to-core"
SEEDS = range(10)
PEERS = ("two-level", "sequential", "binomial", "mst", "adaptive", "adaptive-shuffle-sort", "lookahead")
SEARCH_S = 1.0
LONG_S = 30.0
LARGE = range(64, 129)
SMALL_SIZES = ((12, 10.0), (16, 60.0))

Latency = list[list[float]]


def trees() -> str:
    """64-128 cores, root 0, send share 0.19: ten searches of a second beside the peers, and one of thirty."""
    lines, ratios, bounds, packaged, smelt = [], [], [], [], []
    for name, latency in _matrices():
        if len(latency) not in LARGE:
            continue
        took = {peer: multicast_matrix(latency, method=peer).makespan_ps for peer in PEERS}
        found = [multicast_matrix(latency, time_limit=SEARCH_S, seed=seed) for seed in SEEDS]
        long_ps = multicast_matrix(latency, time_limit=LONG_S, seed=SEEDS[-1] + 1).makespan_ps
        best_ps = min([long_ps, *(tree.makespan_ps for tree in found)])
        own = [tree.makespan_ps / best_ps for tree in found]
        ratios += own
        bounds += [tree.makespan_ps / tree.lower_bound_ps for tree in found]
        smelt.append(max(tree.makespan_ps for tree in found) / took["adaptive-shuffle-sort"])
        if took["two-level"] != took["sequential"]:
            packaged += [tree.makespan_ps / took["two-level"] for tree in found]
        peers = ", ".join(f"{peer} {value / best_ps:.2f}" for peer, value in took.items())
        lines.append(
            f"{name[:40]:<40} n {len(latency)}  best {best_ps / 1000:.1f} ns  "
            f"ours {_mean(own):.3f} worst {max(own):.3f}  / bound {_mean(bounds[-len(own) :]):.3f}  {peers}"
        )
    if not lines:
        return f"trees: no matrices in {DATA}"
    return "\n".join(
        [
            *lines,
            _verdict("trees, 1 s against 30 s, geometric mean", _mean(ratios), 1.015),
            _verdict("trees, 1 s against 30 s, worst", max(ratios), 1.04),
            _verdict("trees, against the bound, geometric mean", _mean(bounds), 1.15),
            _verdict("trees, against Smelt's adaptive tree shuffled and sorted, worst", max(smelt), 1.0),
            _verdict("trees, against the two-level tree, several packages, geometric mean", _mean(packaged), 0.65),
        ]
    )


def small_trees() -> str:
    """Random groups of each matrix, to be proven."""
    lines = []
    for size, limit_s in SMALL_SIZES:
        seconds, proven = [], 0
        for name, latency in _matrices():
            if len(latency) >= size:
                for seed in SEEDS:
                    members = random.Random(f"{name} {seed}").sample(range(len(latency)), size)
                    tree = multicast_matrix(latency, members[0], members, time_limit=limit_s)
                    seconds.append(tree.seconds)
                    proven += tree.is_proven
        goal = f"goal < {limit_s:.0f} s, all proven: {'reached' if proven == len(seconds) else 'not reached'}"
        worst = max(seconds, default=0.0)
        lines.append(f"trees of {size} cores: {proven} of {len(seconds)} proven, worst {worst:.2f} s  {goal}")
    return "\n".join(lines)


def huge_tree() -> str:
    """1,024 made-up cores on six levels of latency: how soon a tree is there, and how good beside lookahead."""
    latency = made_up(1024, seed=0)
    ahead = multicast_matrix(latency, method="lookahead")
    started = time.perf_counter()
    tree = multicast_matrix(latency, time_limit=1.0)
    whole_s = time.perf_counter() - started
    return (
        f"trees of 1024 cores: {tree.makespan_ps / ahead.makespan_ps:.3f} of lookahead after a search of 1 s "
        f"({ahead.seconds:.2f} s for lookahead with its bound, {whole_s:.2f} s in all), "
        f"{tree.makespan_ps / tree.lower_bound_ps:.3f} of the bound"
    )


def made_up(size: int, seed: int) -> Latency:
    """Pairs, groups of 8, 64, a quarter, a half, all: each further away, each pair up to a tenth more."""
    draw = random.Random(seed)
    steps = ((2, 12.0), (8, 45.0), (64, 110.0), (size // 4, 180.0), (size // 2, 250.0), (size, 400.0))
    rows = [[0.0] * size for _ in range(size)]
    for a in range(size):
        for b in range(a):
            base = next(far for span, far in steps if a // span == b // span)
            rows[a][b] = rows[b][a] = base * (1 + draw.random() / 10)
    return rows


def _matrices() -> Iterator[tuple[str, Latency]]:
    for path in sorted(DATA.glob("*.csv")):
        try:
            yield path.stem, read_matrix(path.read_text(), path.name)
        except PlanError:
            continue


def _mean(values: Sequence[float]) -> float:
    return exp(sum(map(log, values)) / len(values)) if values else 1.0


def _verdict(name: str, value: float, goal: float) -> str:
    return f"{name:<72} {value:.4f}  goal at most {goal}: {'reached' if value <= goal else 'not reached'}"
