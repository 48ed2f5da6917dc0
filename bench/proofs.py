"""Proofs of placements: how long 16 cores and small QAPLIB instances take, how near the bound comes at 32 cores."""

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from bench import graphs
from planner.matrix_text import read_matrix, read_qaplib
from planner.placement import place_matrix, qap
from planner.placement.plan import Placement

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
TREES = {
    16: {"2x2x4": ((2, 2, 4), (200.0, 100.0, 40.0)), "4x4": ((4, 4), (100.0, 30.0)), "8x2": ((8, 2), (50.0, 10.0))},
    32: {
        "2x2x8": ((2, 2, 8), (200.0, 100.0, 40.0)),
        "2x4x4": ((2, 4, 4), (200.0, 100.0, 40.0)),
        "2x8x2": ((2, 8, 2), (90.0, 24.0, 10.0)),
    },
}
QAPLIB = ("nug12", "nug15", "had12", "chr12a")


def proofs() -> str:
    """Each answer with its wall time from the search's start; a warm process, limits of 2, 5 and 10 s."""
    place_matrix([[0.0, 1.0], [2.0, 0.0]], [[0.0, 1.0], [1.0, 0.0]])
    return "\n".join([*_sixteen(), *_quadratic(), *_thirty_two()])


def _sixteen() -> Iterator[str]:
    yield "16 cores, to be proved within 2 s"
    seconds, proven, count = [], 0, 0
    for name, latency, flow in _instances(16):
        found, elapsed = _timed(latency, flow, 2.0)
        is_proven = found.status == "optimal"
        count, proven = count + 1, proven + is_proven
        seconds += [elapsed] if is_proven else []
        yield _line(name, found, elapsed)
    yield f"  proved: {proven} of {count}, the slowest in {max(seconds):.2f} s (goal: all, 2 s)"


def _quadratic() -> Iterator[str]:
    yield "QAPLIB, to be proved within 5 s"
    for name in QAPLIB:
        path = SHARED / "qaplib" / f"{name}.dat"
        if path.exists():
            flow, distance = read_qaplib(path.read_text(), str(path))
            started = time.perf_counter()
            found = qap(flow, distance, time_limit=5.0)
            yield _line(name, found, time.perf_counter() - started)


def _thirty_two() -> Iterator[str]:
    yield "32 cores, bound within 20 % in 10 s"
    gaps = []
    for name, latency, flow in _instances(32):
        found, elapsed = _timed(latency, flow, 10.0)
        gaps.append(found.gap)
        yield _line(name, found, elapsed)
    yield f"  largest gap {max(gaps):.3f} (goal 0.2)"


def _timed(latency: graphs.Matrix, flow: graphs.Matrix, limit_s: float) -> tuple[Placement, float]:
    started = time.perf_counter()
    found = place_matrix(latency.tolist(), flow.tolist(), time_limit=limit_s)
    return found, time.perf_counter() - started


def _line(name: str, found: Placement, elapsed: float) -> str:
    return f"  {name:<44} {found.status:<9} gap {found.gap:.4f}  {elapsed:.2f} s  {found.proof['method']}"


def _instances(count: int) -> Iterator[tuple[str, graphs.Matrix, graphs.Matrix]]:
    machines = {name: graphs.nested(*shape) for name, shape in TREES[count].items()}
    for path in sorted((SHARED / "core-to-core").glob("*.csv")):
        latency = np.array(read_matrix(path.read_text(), str(path)), dtype=np.float64)
        if len(latency) == count:
            machines[path.stem[:24]] = latency
    for machine, latency in machines.items():
        for graph, flow in _graphs(count).items():
            yield f"{machine}, {graph}", latency, flow


def _graphs(count: int) -> dict[str, graphs.Matrix]:
    made = {
        "ring": np.roll(np.eye(count), 1, axis=1),
        "2D stencil": graphs.stencil(graphs.sides(count, 2)),
        "random, degree 6": graphs.random_graph(count, 6, 1),
        "random, degree 12": graphs.random_graph(count, 12, 2),
        "groups of 8": graphs.groups(count, 8, 2),
        "2D stencil, half": graphs.stencil(graphs.sides(count // 2, 2)),
    }
    for file in sorted((SHARED / "comm").glob("*.csv")):
        flow = np.array(read_matrix(file.read_text(), str(file)), dtype=np.float64)
        if len(flow) == count:
            made[file.stem] = flow
    return made
