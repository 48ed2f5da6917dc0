"""Ways to build a multicast tree: earliest completion with lookahead, beside the usual baselines."""

from collections.abc import Callable
from heapq import heappop, heappush

import numpy as np
from numpy.typing import NDArray

from planner.trees.cost import MulticastCost
from planner.trees.order import best_order, ready_times

Tree = dict[int, list[int]]
LOOKAHEAD_WEIGHTS = (1.0, 0.5, 2.0, 0.0)
LARGE = 300
"""Above this many cores one weight has to do."""


def lookahead(cost: MulticastCost) -> Tree:
    """Earliest completing edge first, with regard to how soon its receiver can reach someone (Bhat et al.
    2003).

    The best of a few weights of the lookahead term, each tree in its best order. O(n^2) for each weight.
    """
    weights = LOOKAHEAD_WEIGHTS if cost.size <= LARGE else LOOKAHEAD_WEIGHTS[:1]
    trees = [best_order(cost, _earliest_completion(cost, weight)) for weight in weights]
    return min(trees, key=lambda tree: max(ready_times(cost, tree)))


def sequential(cost: MulticastCost) -> Tree:
    """The root sends to each member in turn."""
    return {0: list(range(1, cost.size))} if cost.size > 1 else {}


def binomial(cost: MulticastCost) -> Tree:
    """In round k each of the first 2^k cores sends to the one 2^k places on."""
    tree: Tree = {}
    reached = 1
    while reached < cost.size:
        for sender in range(min(reached, cost.size - reached)):
            tree.setdefault(sender, []).append(sender + reached)
        reached *= 2
    return tree


def two_level(cost: MulticastCost) -> Tree:
    """Barrelfish's: a core of each other package first, furthest first; each then serves its own package."""
    leaders: dict[int, int] = {cost.packages[0]: 0}
    for core in range(1, cost.size):
        leaders.setdefault(cost.packages[core], core)
    remote = [leader for package, leader in leaders.items() if package != cost.packages[0]]
    remote.sort(key=lambda leader: (-cost.delay_ps[0][leader], leader))
    tree: Tree = {0: remote}
    for core in range(1, cost.size):
        leader = leaders[cost.packages[core]]
        if leader != core:
            tree.setdefault(leader, []).append(core)
    return {sender: own for sender, own in tree.items() if own}


def mst(cost: MulticastCost) -> Tree:
    """The minimum spanning tree of the delays, grown from the root (Prim), in its best order."""
    parents = [-1] * cost.size
    reached = [False] * cost.size
    edges = [(0, 0, -1)]
    while edges:
        _, core, parent = heappop(edges)
        if reached[core]:
            continue
        reached[core], parents[core] = True, parent
        for other in range(cost.size):
            if not reached[other]:
                heappush(edges, (cost.delay_ps[core][other], other, core))
    return best_order(cost, parents)


METHODS: dict[str, Callable[[MulticastCost], Tree]] = {
    "lookahead": lookahead,
    "two-level": two_level,
    "sequential": sequential,
    "binomial": binomial,
    "mst": mst,
}


def _earliest_completion(cost: MulticastCost, weight: float) -> list[int]:
    """Parents. Each step informs the core whose arrival plus weighted lookahead is least."""
    return _Frontier(cost, weight).grow()


class _Frontier:
    """For each core not yet informed: its earliest arrival, from whom, and its nearest other such core."""

    def __init__(self, cost: MulticastCost, weight: float) -> None:
        self._delay: NDArray[np.float64] = cost.delay.astype(np.float64)
        self._busy: NDArray[np.float64] = cost.busy.astype(np.float64)
        size = cost.size
        self._weight = weight
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
        self._free_at[receiver] = self._arrival[receiver]
        self._free_at[sender] += self._busy[sender, receiver]
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
