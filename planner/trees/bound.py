"""A lower bound of any multicast's completion, by counting which cores can have been reached by when."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush, heapreplace

import numpy as np
from numpy.typing import NDArray

from planner.machine.core_clusters import clusterings
from planner.trees.cost import MulticastCost

METHOD = "counting"
LARGE = 300
"""Above this many cores few groups are counted, so that the bound stays a matter of a second."""

Times = NDArray[np.int64]
Profile = Sequence[int]
"""Least time in which a sender completes 1, 2, ... sends, ps."""


@dataclass(frozen=True, slots=True)
class Bound:
    """`group` is the set of cores (indices) that cannot all have been reached before `bound_ps`."""

    bound_ps: int
    group: tuple[int, ...]


def lower_bound(cost: MulticastCost) -> Bound:
    """The best bound over several groups of cores and over several clusterings of them all.

    Relaxation for a group: a core outside sends from its shortest path on, at its own full speed, to the
    group alone; the k-th core reached inside sends as fast as the fastest inside does for each number of
    sends. By induction over k no real broadcast reaches the k-th core of the group earlier. For a
    clustering, clusters are counted instead, and sends inside one keep nobody busy. O(n^2 log n) for each.
    """
    if cost.size == 1:
        return Bound(0, (0,))
    delay, busy = cost.delay, cost.busy
    reach_ps = shortest_paths(delay)
    everyone = tuple(range(cost.size))
    levels = clusterings(delay, 1 if cost.size > LARGE else 8)
    groups = {everyone} | {group for level in levels for group in level if len(group) > 1}
    bounds = [Bound(_count_cores(group, delay, busy, reach_ps), group) for group in sorted(groups)]
    bounds += [Bound(_count_clusters(level, delay, busy, reach_ps), everyone) for level in levels if len(level) > 1]
    return max(bounds, key=lambda bound: bound.bound_ps)


def shortest_paths(delay: Times) -> list[int]:
    """Delay along the quickest chain of forwards from the root to each core, senders never busy (Dijkstra)."""
    never = np.iinfo(np.int64).max
    best = delay[0].copy()
    best[0] = 0
    waiting = np.ones(len(delay), dtype=bool)
    for _ in range(len(delay)):
        core = int(np.argmin(np.where(waiting, best, never)))
        waiting[core] = False
        np.minimum(best, best[core] + delay[core], out=best, where=waiting)
    return [int(value) for value in best]


def fastest_sends(busy: Times, delay: Times) -> Times:
    """Least time in which a core completes 1, 2, ... of these sends, one each.

    Where a longer delay never means less busy time or less flight D - G, the k nearest are the best k and
    Jackson's order of them is exact: all their G, plus the greatest D_j - G_j less the G of the nearer ones.
    Otherwise the k smallest G plus the least flight, and the k-th smallest D.
    """
    if not len(delay):
        return delay
    order = np.lexsort((busy, delay))
    ordered_delay, ordered_busy = delay[order], busy[order]
    flight = ordered_delay - ordered_busy
    total = np.cumsum(ordered_busy)
    if np.all(np.diff(ordered_busy) >= 0) and np.all(np.diff(flight) >= 0):
        return np.asarray(total + np.maximum.accumulate(flight - total + ordered_busy))
    return np.asarray(np.maximum(np.cumsum(np.sort(busy)) + flight.min(), ordered_delay))


def _count_cores(group: tuple[int, ...], delay: Times, busy: Times, reach_ps: Sequence[int]) -> int:
    inside = set(group)
    wanted = np.array([core for core in group if core != 0])

    def profile(core: int) -> Times:
        receivers = wanted[wanted != core]
        return fastest_sends(busy[core, receivers], delay[core, receivers])

    senders = [
        (reach_ps[core], profile(core).tolist()) for core in range(len(delay)) if core not in inside or core == 0
    ]
    universal = _fastest(profile(core) for core in group if core != 0)
    nearest = sorted(reach_ps[core] for core in group if core != 0)
    return _race(senders, [(0, universal)], nearest)


def _count_clusters(level: Sequence[tuple[int, ...]], delay: Times, busy: Times, reach_ps: Sequence[int]) -> int:
    home = {core: number for number, own in enumerate(level) for core in own}
    shortest = np.stack([delay[:, list(own)].min(axis=1) for own in level], axis=1)
    quickest = np.stack([busy[:, list(own)].min(axis=1) for own in level], axis=1)
    wanted = np.array([number for number in range(len(level)) if number != home[0]])

    def profile(core: int) -> Times:
        receivers = wanted[wanted != home[core]]
        return fastest_sends(quickest[core, receivers], shortest[core, receivers])

    universal = _fastest(profile(core) for core in home if home[core] != home[0])
    joining = [(later_ps, universal) for later_ps in _spread(level, delay, busy)]
    senders = [(reach_ps[core], profile(core).tolist()) for core in level[home[0]]]
    nearest = sorted(min(reach_ps[core] for core in level[number]) for number in wanted)
    return _race(senders, joining, nearest)


def _spread(level: Sequence[tuple[int, ...]], delay: Times, busy: Times) -> list[int]:
    """How long after a cluster is reached its m-th core can be informed, in the quickest cluster."""
    largest = max(len(own) for own in level)
    profiles = []
    for own in level:
        members = np.array(own)
        for core in own:
            rest = members[members != core]
            profiles.append(fastest_sends(busy[core, rest], delay[core, rest]))
    universal = _fastest(profiles)
    return [
        0,
        *(_race([(0, universal)], [(0, universal)], [0] * number) for number in range(1, largest)),
    ]


def _fastest(profiles: Iterable[Times]) -> list[int]:
    """The least time of any sender for each number of sends; one may lead for few, another for many."""
    least = np.empty(0, dtype=np.int64)
    for profile in profiles:
        short, long = sorted((least, profile), key=len)
        least = long.copy()
        np.minimum(least[: len(short)], short, out=least[: len(short)])
    return [int(value) for value in least]


def _race(
    senders: Iterable[tuple[int, Profile]], joining: Sequence[tuple[int, Profile]], nearest: Sequence[int]
) -> int:
    """When the last of the receivers is reached, everyone sending at full speed.

    `senders` start at a time of their own; each receiver reached adds the senders `joining`, each after a
    delay.
    """
    pending: list[tuple[int, int, int, Profile]] = []
    for start_ps, profile in senders:
        if profile:
            heappush(pending, (start_ps + profile[0], start_ps, 0, profile))
    reached_ps = 0
    for least_ps in nearest:
        arrival_ps, start_ps, sends, profile = pending[0]
        if sends + 1 < len(profile):
            heapreplace(pending, (start_ps + profile[sends + 1], start_ps, sends + 1, profile))
        else:
            heappop(pending)
        reached_ps = max(reached_ps, arrival_ps, least_ps)
        for later_ps, joined in joining:
            if joined:
                heappush(pending, (reached_ps + later_ps + joined[0], reached_ps + later_ps, 0, joined))
    return reached_ps
