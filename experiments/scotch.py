"""Scotch's mapping of a problem, where `scotch_gmap` is installed: a seed for our search, a peer to compare with."""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from planner.placement.problem import Indices, Matrix, Problem
from planner.placement.seeds.location_tree import Tree, leaves, location_tree

PROGRAM = "scotch_gmap"
HEAVIEST = 10_000
"""Traffic is scaled to whole numbers up to this, since Scotch takes no others."""

FLATTEN = 1.2
SECONDS = 5.0


def is_installed() -> bool:
    return shutil.which(PROGRAM) is not None


def scotch_map(problem: Problem, *, seconds: float = SECONDS) -> tuple[int, ...]:
    """Facilities 0, 1, ... on locations, one each, as Scotch maps them; empty where it cannot.

    Pellegrini & Roman, SCOTCH: a software package for static mapping, 1996.
    Its target is a tree of equal branches (tleaf), so there is no map where the locations' distances make none.
    """
    order, arities = _regular(problem)
    if not arities or not is_installed():
        return ()
    lengths = _level_lengths(problem.distance + problem.distance.T, order, arities)
    with TemporaryDirectory() as folder:
        graph, target, found = (Path(folder, name) for name in ("graph.grf", "target.tgt", "found.map"))
        graph.write_text(_graph_text(problem.flow + problem.flow.T, len(order)))
        levels = " ".join(f"{arity} {length}" for arity, length in zip(arities, lengths, strict=True))
        target.write_text(f"tleaf\n{len(arities)} {levels}\n")
        try:
            subprocess.run([PROGRAM, graph, target, found, "-b0"], check=True, capture_output=True, timeout=seconds)
        except (OSError, subprocess.SubprocessError):
            return ()
        return _read_map(found.read_text(), order, problem.size)


def _regular(problem: Problem) -> tuple[Indices, list[int]]:
    """The locations from left to right on their tree; branches by level, where all of a level have equally many."""
    tree = location_tree(problem.distance, FLATTEN)
    arities: list[int] = []
    level: list[Tree] = [tree]
    while not all(isinstance(node, int) for node in level):
        counts = {len(node) if isinstance(node, list) else 0 for node in level}
        if len(counts) != 1:
            return np.array([], dtype=np.int64), []
        arities.append(counts.pop())
        level = [child for node in level if isinstance(node, list) for child in node]
    return np.array(leaves(tree)), arities


def _level_lengths(distance: Matrix, order: Indices, arities: Sequence[int]) -> list[int]:
    """Mean distance between the branches of each level's first node, in hundredths of the least."""
    lengths = []
    below = len(order)
    for arity in arities:
        below //= arity
        firsts = order[: arity * below : below]
        between = distance[np.ix_(firsts, firsts)]
        lengths.append(float(between.sum() / max(1, arity * (arity - 1))))
    least = min((length for length in lengths if length > 0), default=1.0)
    return [max(1, round(100 * length / least)) for length in lengths]


def _graph_text(traffic: Matrix, vertices: int) -> str:
    """Scotch's source graph: facilities first, then vertices without edges for locations left over."""
    weights = np.zeros((vertices, vertices), dtype=np.int64)
    heaviest = float(traffic.max()) or 1.0
    weights[: len(traffic), : len(traffic)] = np.where(
        traffic > 0, np.maximum(1, np.rint(traffic / heaviest * HEAVIEST)), 0
    )
    np.fill_diagonal(weights, 0)
    lines = []
    for row in weights:
        ends = np.flatnonzero(row)
        lines.append(" ".join([str(len(ends)), *(f"{row[end]} {end}" for end in ends)]))
    return f"0\n{vertices}\t{np.count_nonzero(weights)}\n0\t010\n" + "\n".join(lines) + "\n"


def _read_map(text: str, order: Indices, size: int) -> tuple[int, ...]:
    leaf_of = {int(words[0]): int(words[1]) for words in map(str.split, text.splitlines()[1:])}
    return tuple(int(order[leaf_of[facility]]) for facility in range(size))
