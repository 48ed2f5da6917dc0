"""A lower bound of any multicast's completion, by counting how many cores can have been reached by when."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush

import numpy as np
from numpy.typing import NDArray

from planner.machine.linkage import Group, nested_levels
from planner.trees.cost import MulticastCost

METHOD = "counting"
LEAST_GAP = 1.06
MOST_LEVELS = 6
LARGE = 300
"""In groups of more cores the distances between pairs are not refined by forwarding."""

NEVER = 1 << 62

Times = NDArray[np.int64]
Profile = Sequence[int]
"""Least time in which a sender completes 1, 2, ... sends, ps."""


@dataclass(frozen=True, slots=True)
class Bound:
    """`levels` are the certificate: nested partitions of the cores' indices, finest first, that were counted."""

    bound_ps: int
    levels: tuple[tuple[Group, ...], ...]


def lower_bound(cost: MulticastCost, max_fanout: int | None = None, *, is_rooted: bool = True) -> Bound:
    """The best bound over several partitions of the cores into groups; of any root's tree unless it is rooted.

    Relaxation for a partition: a message between groups costs what it costs, messages inside a group keep no
    sender busy. Each core sends to other groups from the moment it is reached, as fast as the fastest of all
    cores does for each number of sends; a message that enters a group reaches its m-th core no sooner than the
    quickest of all groups could by itself, which is counted the same way over the finer partitions. The m-th
    core reached is never reached before the m-th shortest path. By induction over the messages between groups
    no real multicast reaches its m-th core earlier. O(n^2 log n) for each partition.
    """
    if cost.size == 1:
        return Bound(0, ())
    levels = nested_levels(cost.delay, LEAST_GAP, MOST_LEVELS)
    counter = _Counter(cost.delay, cost.busy, max_fanout)
    spreads = [[0]]
    for number, level in enumerate(levels[1:], start=1):
        spreads.append(_least(counter.spread(group, levels[:number], spreads) for group in level))
    if is_rooted:
        bound_ps = max(counter.complete(level, spread) for level, spread in zip(levels, spreads, strict=True))
    else:
        bound_ps = counter.spread(tuple(range(cost.size)), levels, spreads)[-1]
    return Bound(bound_ps, tuple(tuple(level) for level in levels))


def most_below(cost: MulticastCost, deadline_ps: int, max_fanout: int | None = None) -> list[int]:
    """How many cores can stand below each core in a tree that takes no longer than the deadline."""
    everyone = tuple(range(cost.size))
    counter = _Counter(cost.delay, cost.busy, max_fanout)
    times = counter.spread(everyone, [[(core,) for core in everyone]], [[0]])
    after = [sum(time <= deadline_ps - reach for time in times) - 1 for reach in shortest_paths(cost.delay)]
    return [cost.size - 1, *(min(count, cost.size - 2) for count in after[1:])]


def shortest_paths(delay: Times, root: int = 0) -> list[int]:
    """Delay along the quickest chain of forwards from the root to each core, senders never busy (Dijkstra)."""
    never = np.iinfo(np.int64).max
    best = delay[root].copy()
    best[root] = 0
    waiting = np.ones(len(delay), dtype=bool)
    for _ in range(len(delay)):
        core = int(np.argmin(np.where(waiting, best, never)))
        waiting[core] = False
        np.minimum(best, best[core] + delay[core], out=best, where=waiting)
    return [int(value) for value in best]


def fastest_sends(delay: Times, busy: Times, wanted: NDArray[np.bool_]) -> Times:
    """Row by row the least time in which a sender completes 1, 2, ... of the wanted sends; NEVER beyond them.

    Where a longer delay never means less busy time or less flight D - G, the k nearest are the best k and
    Jackson's order of them is exact: all their G, plus the greatest D_j - G_j less the G of the nearer ones.
    Otherwise the k smallest G plus the least flight, and the k-th smallest D.
    """
    order = np.lexsort((busy, np.where(wanted, delay, NEVER)), axis=-1)
    near_delay, near_busy = np.take_along_axis(delay, order, -1), np.take_along_axis(busy, order, -1)
    known = np.arange(delay.shape[1]) < wanted.sum(axis=1)[:, None]
    near_busy = np.where(known, near_busy, 0)
    flight = near_delay - near_busy
    total = np.cumsum(near_busy, axis=1)
    times = total + np.maximum.accumulate(flight - total + near_busy, axis=1)
    grows = ((np.diff(near_busy, axis=1) >= 0) & (np.diff(flight, axis=1) >= 0) | ~known[:, 1:]).all(axis=1)
    if not grows.all():
        least_busy = np.where(known, np.sort(np.where(wanted, busy, NEVER), axis=1), 0)
        least_flight = np.where(known, flight, NEVER).min(axis=1, initial=NEVER)
        loose = np.maximum(np.cumsum(least_busy, axis=1) + least_flight[:, None], near_delay)
        times = np.where(grows[:, None], times, loose)
    return np.where(known, times, NEVER)


class _Counter:
    def __init__(self, delay: Times, busy: Times, max_fanout: int | None) -> None:
        self._delay, self._busy, self._most = delay, busy, max_fanout
        self._reach = shortest_paths(delay)
        self._order = sorted(self._reach)

    def complete(self, level: Sequence[Group], spread: Profile) -> int:
        """When the last core can have been reached: the root's group by its own cores, or by the spread."""
        everyone = range(len(self._delay))
        profiles = self._profiles(everyone, level)
        anyone = profiles[1:].min(axis=0).tolist()
        own = next(group for group in level if 0 in group)
        near = [(self._reach[core], profiles[core].tolist()) for core in own]
        first = [(0, profiles[0].tolist()), *((after, anyone) for after in spread[1 : len(own)])]
        return max(_race(start, anyone, spread, self._order)[-1] for start in (near, first))

    def spread(self, group: Group, levels: Sequence[Sequence[Group]], spreads: Sequence[Profile]) -> list[int]:
        """The least time after which a message that enters the group anywhere has reached 1, 2, ... of it."""
        if len(group) == 1:
            return [0]
        order = self._nearest(group)
        times = [0] * len(group)
        for level, spread in zip(levels, spreads, strict=True):
            anyone = self._profiles(group, level).min(axis=0).tolist()
            counted = _race([(after, anyone) for after in spread[: len(group)]], anyone, spread, order)
            times = [max(pair) for pair in zip(times, counted, strict=True)]
        return times

    def _nearest(self, group: Group) -> list[int]:
        """The m-th core's least distance from any core of the group, inside it."""
        apart = self._delay[np.ix_(group, group)]
        if len(group) > LARGE:
            apart = np.broadcast_to(apart[apart > 0].min() if np.any(apart > 0) else 0, apart.shape).copy()
            np.fill_diagonal(apart, 0)
        else:
            for core in range(len(group)):
                np.minimum(apart, apart[:, core, None] + apart[None, core], out=apart)
        return [int(value) for value in np.sort(apart, axis=1).min(axis=0)]

    def _profiles(self, inside: Sequence[int], level: Sequence[Group]) -> Times:
        """Row by sender the least times of its sends to other groups."""
        home = {core: number for number, group in enumerate(level) for core in group}
        homes = np.array([home[core] for core in inside])
        pairs = np.ix_(inside, inside)
        found = fastest_sends(self._delay[pairs], self._busy[pairs], homes[:, None] != homes[None, :])
        return found[:, : self._most]


def _least(profiles: Iterable[Profile]) -> list[int]:
    """The least of all for each number; one may lead for few, another for many."""
    least: list[int] = []
    for profile in profiles:
        both = [min(pair) for pair in zip(least, profile, strict=False)]
        least = [*both, *max(least, profile, key=len)[len(both) :]]
    return least


def _race(first: Iterable[tuple[int, Profile]], anyone: Profile, spread: Profile, order: Sequence[int]) -> list[int]:
    """When 1, 2, ... cores are reached, as many as `order` has, the m-th not before `order[m]`.

    `first` are the cores reached without a message from another group, with what they can send; each message
    into a group reaches cores after each time in `spread`, and these send like `anyone`.
    """
    pending: list[tuple[int, int, int, Profile]] = [(reached, -1, 0, profile) for reached, profile in first]
    heapify(pending)
    times: list[int] = []
    while len(times) < len(order):
        now, sent, start, profile = heappop(pending)
        if sent < 0:
            now = max(now, order[len(times)])
            times.append(now)
            start = now
        else:
            for after in spread:
                heappush(pending, (now + after, -1, 0, anyone))
        if sent + 1 < len(profile) and profile[sent + 1] < NEVER:
            heappush(pending, (start + profile[sent + 1], sent + 1, start, profile))
    return times
