"""Earliest completion with lookahead: each step informs the core that is done, and can go on, soonest."""

import numpy as np
from numpy.typing import NDArray

from planner.trees.caps import Caps
from planner.trees.cost import MulticastCost
from planner.trees.order import best_order, ready_times

Tree = dict[int, list[int]]
LOOKAHEAD_WEIGHTS = (1.0, 0.5, 2.0, 0.0)
LARGE = 300
"""Above this many cores one weight has to do."""


def lookahead(cost: MulticastCost, caps: Caps) -> Tree:
    """Earliest completing edge first, with regard to how soon its receiver can reach someone (Bhat et al.
    2003).

    The best of a few weights of the lookahead term, each tree in its best order. O(n^2) for each weight.
    """
    weights = LOOKAHEAD_WEIGHTS if cost.size <= LARGE else LOOKAHEAD_WEIGHTS[:1]
    trees = [best_order(cost, _Frontier(cost, weight, caps).grow()) for weight in weights]
    return min(trees, key=lambda tree: max(ready_times(cost, tree)))


class _Frontier:
    """For each core not yet informed: its earliest arrival, from whom, and its nearest other such core."""

    def __init__(self, cost: MulticastCost, weight: float, caps: Caps) -> None:
        self._delay: NDArray[np.float64] = cost.delay.astype(np.float64)
        self._busy: NDArray[np.float64] = cost.busy.astype(np.float64)
        size = cost.size
        self._weight = weight
        self._fanout_left = np.full(size, size if caps.fanout is None else caps.fanout)
        self._depth_left = np.zeros(size, dtype=np.int64)
        self._depth_left[0] = size if caps.depth is None else caps.depth
        self._free_at = np.full(size, np.inf)
        self._free_at[0] = 0.0
        self._waiting = np.ones(size, dtype=bool)
        self._waiting[0] = False
        self._arrival = self._delay[0].copy()
        self._sender = np.zeros(size, dtype=np.int64)
        self._onward = np.zeros(size)
        self._nearest = np.full(size, -1)
        self._parents = [-1] * size
        self._look_ahead(np.arange(size))

    def grow(self) -> list[int]:
        for _ in range(len(self._parents) - 1):
            score = np.where(self._waiting, self._arrival + self._weight * self._onward, np.inf)
            receiver = int(np.argmin(score))
            self._inform(receiver, int(self._sender[receiver]))
        return self._parents

    def _inform(self, receiver: int, sender: int) -> None:
        self._parents[receiver] = sender
        self._waiting[receiver] = False
        self._depth_left[receiver] = self._depth_left[sender] - 1
        self._free_at[receiver] = self._arrival[receiver] if self._depth_left[receiver] else np.inf
        self._fanout_left[sender] -= 1
        self._free_at[sender] += self._busy[sender, receiver] if self._fanout_left[sender] else np.inf
        stale = np.flatnonzero(self._waiting & (self._sender == sender))
        if stale.size:
            informed = np.flatnonzero(~self._waiting)
            arrivals = self._free_at[informed, None] + self._delay[np.ix_(informed, stale)]
            best = np.argmin(arrivals, axis=0)
            self._sender[stale] = informed[best]
            self._arrival[stale] = arrivals[best, np.arange(stale.size)]
        fresh = self._free_at[receiver] + self._delay[receiver]
        better = self._waiting & (fresh < self._arrival)
        self._arrival[better], self._sender[better] = fresh[better], receiver
        self._look_ahead(np.flatnonzero(self._waiting & (self._nearest == receiver)))

    def _look_ahead(self, cores: NDArray[np.int64]) -> None:
        others = np.flatnonzero(self._waiting)
        if not cores.size or not others.size:
            return
        onward = self._delay[np.ix_(cores, others)].copy()
        onward[cores[:, None] == others[None, :]] = np.inf
        best = np.argmin(onward, axis=1)
        least = onward[np.arange(cores.size), best]
        self._nearest[cores] = others[best]
        self._onward[cores] = np.where(np.isinf(least), 0.0, least)
