"""Facilities in two parts of given sizes with little flow between them."""

import numpy as np

from planner.placement.problem import Flags, Matrix

PATIENCE = 8
"""Exchanges without a smaller cut before a pass of the refinement is given up, at least."""

FEW = 8
"""So few facilities are grown into parts; eigenvectors say nothing about them."""


def bisect(flow: Matrix, size: int, random: np.random.Generator, tries: int) -> Flags:
    """For each facility whether it is in the second part; the first has `size`. `flow` is symmetric.

    The first try cuts by the Fiedler vector (Pothen, Simon & Liou 1990), the others grow a part around a
    random facility; each is refined by exchanges (Kernighan & Lin 1970), and the smallest cut wins.
    """
    count = len(flow)
    if size in (0, count):
        return np.full(count, size == 0)
    attempts = [_refined(flow, _grown(flow, size, random)) for _ in range(tries if count <= FEW else tries - 1)]
    if count > FEW or not attempts:
        attempts.append(_refined(flow, _spectral(flow, size)))
    return min(attempts, key=lambda found: found[0])[1]


def _spectral(flow: Matrix, size: int) -> Flags:
    degree = flow.sum(axis=1)
    laplacian = np.diag(degree) - flow + max(float(degree.max()), 1e-300) * 1e-6 * (np.eye(len(flow)) - 1 / len(flow))
    order = np.argsort(np.linalg.eigh(laplacian)[1][:, 1], kind="stable")
    second = np.ones(len(flow), dtype=bool)
    second[order[:size]] = False
    return second


def _grown(flow: Matrix, size: int, random: np.random.Generator) -> Flags:
    """A part that takes in who talks most with it and least with the rest."""
    second = np.ones(len(flow), dtype=bool)
    pull = random.random(len(flow)) * 1e-3 * flow.mean() - flow.sum(axis=1) * 1e-3
    taken = int(random.integers(len(flow)))
    for _ in range(size):
        second[taken] = False
        pull += 2.0 * flow[taken]
        pull[taken] = -np.inf
        taken = int(pull.argmax())
    return second


def _refined(flow: Matrix, second: Flags) -> tuple[float, Flags]:
    """Passes of Kernighan-Lin exchanges until one makes the cut no smaller."""
    cut = float(flow[np.ix_(second, ~second)].sum())
    while True:
        order, fall = _pass(flow, second, cut)
        if not order:
            return cut, second
        second = second.copy()
        second[order] ^= True
        cut -= fall


def _pass(flow: Matrix, start: Flags, cut: float) -> tuple[list[int], float]:
    """Who changes sides and how far the cut falls: the best beginning of a row of exchanges, each facility once."""
    second = start.copy()
    sign = np.where(second, 1.0, -1.0)
    gain = -(flow @ sign) * sign
    free_first: Matrix = np.where(second, -np.inf, 0.0)
    free_second: Matrix = np.where(second, 0.0, -np.inf)
    order: list[int] = []
    fall = best_fall = 0.0
    best = 0
    for turn in range(int(min(second.sum(), (~second).sum()))):
        one = int((gain + free_first).argmax())
        other = int((gain - 2.0 * flow[one] + free_second).argmax())
        fall += float(gain[one] + gain[other] - 2.0 * flow[one, other])
        gain += 2.0 * (flow[other] - flow[one]) * sign
        free_first[one] = free_second[other] = -np.inf
        order += [one, other]
        if fall > best_fall + 1e-9 * cut:
            best_fall, best = fall, turn + 1
        elif turn + 1 - best > max(PATIENCE, len(flow) // 8):
            break
    return order[: 2 * best], best_fall
