"""Facilities mapped onto a tree of locations by recursive bisection (Pellegrini 1994)."""

import numpy as np

from planner.placement.problem import Indices, Matrix, Problem
from planner.placement.seeds.bisection import bisect
from planner.placement.seeds.location_tree import Tree, leaves, location_tree

FLATTEN = (1.2, 1.06, 1.5)
"""By how much distances may grow within one level of the tree; tries take them in turn."""

TRIES = 3
"""Bisections tried at each node."""

CENTRES = 16


def tree_matched(problem: Problem, random: np.random.Generator, turn: int) -> tuple[int, ...]:
    """An assignment that keeps heavy flow inside near clusters; other turns give others. Rules are not looked at."""
    distance = problem.distance + problem.distance.T
    chosen = _close_together(distance, problem.size)
    tree = location_tree(distance[np.ix_(chosen, chosen)], FLATTEN[turn % len(FLATTEN)])
    flow = problem.flow + problem.flow.T
    np.fill_diagonal(flow, 0.0)
    places = np.zeros(problem.size, dtype=np.int64)
    _divide(tree, np.arange(problem.size), flow, random, places)
    return tuple(chosen[places].tolist())


def _divide(tree: Tree, who: Indices, flow: Matrix, random: np.random.Generator, places: Indices) -> None:
    if isinstance(tree, int):
        places[who[0]] = tree
    elif all(isinstance(child, int) for child in tree):
        places[who] = leaves(tree)
    elif len(tree) == 1:
        _divide(tree[0], who, flow, random, places)
    else:
        middle = len(tree) // 2
        first, second = _part(tree[:middle]), _part(tree[middle:])
        is_second = bisect(flow[np.ix_(who, who)], len(leaves(first)), random, TRIES)
        _divide(first, who[~is_second], flow, random, places)
        _divide(second, who[is_second], flow, random, places)


def _part(children: list[Tree]) -> Tree:
    return children[0] if len(children) == 1 else children


def _close_together(distance: Matrix, count: int) -> Indices:
    """So many locations at the least total distance, grown from several centres, ascending."""
    if count == len(distance):
        return np.arange(count)
    centres = np.unique(np.linspace(0, len(distance) - 1, CENTRES).astype(np.int64))
    return min((_grown(distance, int(centre), count) for centre in centres), key=lambda grown: grown[0])[1]


def _grown(distance: Matrix, centre: int, count: int) -> tuple[float, Indices]:
    pull = distance[centre].copy()
    chosen, total, taken = [centre], 0.0, centre
    pull[centre] = np.inf
    while len(chosen) < count:
        taken = int(pull.argmin())
        total += float(pull[taken])
        chosen.append(taken)
        pull += distance[taken]
        pull[taken] = np.inf
    return total, np.sort(np.array(chosen))
