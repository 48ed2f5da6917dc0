"""Checks of lower bounds of multicast trees: the count is made again, slowly, from what the answer says it rests on."""

from collections.abc import Sequence
from functools import cache
from itertools import pairwise

from planner.verify.errors import ViolationError

Rows = Sequence[Sequence[int]]
"""Times in ps, row by sender, column by receiver; the root is 0."""

Groups = Sequence[Sequence[int]]


def check_counting(
    delay: Rows, busy: Rows, levels: Sequence[Groups], max_fanout: int | None, bound_ps: int, *, is_rooted: bool = True
) -> None:
    """Raises ViolationError where counting over these partitions, finest first, gives less than the bound.

    The levels need not nest: any partitions give a valid bound. Single cores are always counted first.
    """
    size = len(delay)
    for groups in levels:
        if sorted(core for group in groups for core in group) != list(range(size)):
            raise ViolationError(f"{groups} is no partition of the {size} cores")
    recount = _Recount(delay, busy, max_fanout)
    every = [[(core,) for core in range(size)], *levels]
    spreads: list[list[int]] = []
    for number, groups in enumerate(every):
        inner = list(zip(every[:number], spreads, strict=True))
        spreads.append(_least_of([recount.inside(tuple(group), inner) for group in groups]) if number else [0])
    pairs = list(zip(every, spreads, strict=True))
    if is_rooted:
        counted_ps = max(recount.from_root(groups, spread) for groups, spread in pairs)
    else:
        counted_ps = recount.inside(tuple(range(size)), pairs)[-1]
    if counted_ps < bound_ps:
        raise ViolationError(f"counting gives {counted_ps} ps, a bound of {bound_ps} ps was claimed")


def check_optimum(delay: Rows, busy: Rows, bound_ps: int) -> None:
    """Raises ViolationError where some tree without caps takes less than the bound; for ten cores at most."""

    @cache
    def least(sender: int, served: frozenset[int]) -> int:
        best = 1 << 62
        for first in served:
            rest = sorted(served - {first})
            for chosen in range(1 << len(rest)):
                below = frozenset(core for at, core in enumerate(rest) if chosen >> at & 1)
                beside = frozenset(rest) - below
                takes_ps = delay[sender][first] + (least(first, below) if below else 0)
                if takes_ps < best and beside:
                    takes_ps = max(takes_ps, busy[sender][first] + least(sender, beside))
                best = min(best, takes_ps)
        return best

    found_ps = least(0, frozenset(range(1, len(delay)))) if len(delay) > 1 else 0
    if found_ps < bound_ps:
        raise ViolationError(f"a tree takes {found_ps} ps, a bound of {bound_ps} ps was claimed")


class _Recount:
    def __init__(self, delay: Rows, busy: Rows, max_fanout: int | None) -> None:
        self._delay, self._busy = delay, busy
        self._size = len(delay)
        self._most = self._size if max_fanout is None else max_fanout
        apart = [list(row) for row in delay]
        for core in range(self._size):
            apart[core][core] = 0
        self._paths = _shortest(apart)

    def from_root(self, groups: Groups, spread: Sequence[int]) -> int:
        """When the last core can be ready if the root starts at 0: the better of two ways to count its group."""
        home = next(group for group in groups if 0 in group)
        everyone = range(self._size)
        sends = {core: self._sends(core, everyone, groups) for core in everyone}
        anyone = _least_of([sends[core] for core in everyone if core])
        earliest = sorted(self._paths[0])
        near = [(self._paths[0][core], sends[core]) for core in home]
        spread_out = [(spread[number], anyone if number else sends[0]) for number in range(len(home))]
        return max(_reached(start, anyone, spread, earliest)[-1] for start in (near, spread_out))

    def inside(self, group: tuple[int, ...], inner: Sequence[tuple[Groups, Sequence[int]]]) -> list[int]:
        """The least times at which 1, 2, ... cores of the group are reached after a message has entered it."""
        within = _shortest([[self._delay[a][b] if a != b else 0 for b in group] for a in group])
        if self._size > 1 and len(group) > 300:
            least = min(self._delay[a][b] for a in group for b in group if a != b)
            within = [[0 if a == b else least for b in range(len(group))] for a in range(len(group))]
        earliest = [min(times) for times in zip(*(sorted(row) for row in within), strict=True)]
        times = [0] * len(group)
        for groups, spread in inner:
            anyone = _least_of([self._sends(core, group, groups) for core in group])
            start = [(after, anyone) for after in spread[: len(group)]]
            times = [max(pair) for pair in zip(times, _reached(start, anyone, spread, earliest), strict=True)]
        return times

    def _sends(self, core: int, inside: Sequence[int], groups: Groups) -> list[int]:
        """The least time for 1, 2, ... sends to cores inside that are in other groups."""
        own = next(group for group in groups if core in group)
        pairs = sorted((self._delay[core][one], self._busy[core][one]) for one in inside if one not in own)
        grows = all(a[1] <= b[1] and a[0] - a[1] <= b[0] - b[1] for a, b in pairwise(pairs))
        least_flight = min((delay - busy for delay, busy in pairs), default=0)
        times, latest, total = [], -(1 << 62), 0
        smallest = sorted(busy for _, busy in pairs)
        for number, (delay, busy) in enumerate(pairs[: self._most]):
            if grows:
                # One more, further away, is sent to before all the nearer ones, which come later by its busy time.
                latest = max(latest + busy, delay)
                times.append(latest)
            else:
                total += smallest[number]
                times.append(max(total + least_flight, delay))
        return times


def _reached(
    start: Sequence[tuple[int, Sequence[int]]], anyone: Sequence[int], spread: Sequence[int], earliest: Sequence[int]
) -> list[int]:
    """The times of the first, second, ... core reached, found by looking through all that is under way."""
    arriving = list(start)
    sending: list[tuple[int, int, Sequence[int]]] = []
    times: list[int] = []
    while len(times) < len(earliest):
        arrival = min(arriving, key=lambda one: one[0], default=None)
        entry = min(sending, default=None, key=lambda one: one[0] + one[2][one[1]])
        if arrival is not None and (entry is None or arrival[0] <= entry[0] + entry[2][entry[1]]):
            arriving.remove(arrival)
            times.append(max(arrival[0], earliest[len(times)]))
            if arrival[1]:
                sending.append((times[-1], 0, arrival[1]))
        elif entry is not None:
            sending.remove(entry)
            now = entry[0] + entry[2][entry[1]]
            arriving += [(now + after, anyone) for after in spread]
            if entry[1] + 1 < len(entry[2]):
                sending.append((entry[0], entry[1] + 1, entry[2]))
    return times


def _least_of(profiles: Sequence[Sequence[int]]) -> list[int]:
    longest = max(map(len, profiles), default=0)
    return [min(profile[at] for profile in profiles if at < len(profile)) for at in range(longest)]


def _shortest(apart: list[list[int]]) -> list[list[int]]:
    """All shortest paths (Floyd and Warshall)."""
    size = range(len(apart))
    for middle in size:
        for one in size:
            through = apart[one][middle]
            row = apart[middle]
            apart[one] = [min(direct, through + onward) for direct, onward in zip(apart[one], row, strict=True)]
    return apart
