"""The best tree of a small group, by dynamic programming over which cores stand below which."""

from collections.abc import Iterator, Sequence
from math import inf
from typing import Any

import numpy as np
from numpy.typing import NDArray

from planner.trees.caps import Caps
from planner.trees.cost import MulticastCost

METHOD = "subsets"
MOST_CORES = 19
"""With more cores than this, root included, the table does not fit a common memory."""
SECONDS_AT_16 = 2.0
"""What 16 cores take on a slow core, rounded up; every further core takes three times as long."""

Tree = dict[int, list[int]]
Table = NDArray[Any]
Sets = NDArray[np.int32]
NEVER = 1 << 61
NEVER_SMALL = 1 << 30


def seconds_needed(size: int, caps: Caps) -> float:
    """About how long `best_tree` takes; endless for groups that it is not made for."""
    if size > MOST_CORES:
        return inf
    return float(SECONDS_AT_16 * _fanouts(size, caps) * _depths(size, caps) * 3.0 ** (size - 16))


def best_tree(cost: MulticastCost, caps: Caps, most_below: Sequence[int] | None = None) -> Tree:
    """A tree of least completion time.

    h(i, S) is the least time in which core i, from when it is ready, has the set S served by a tree on S alone.
    Its first message goes to some c of S, which serves a part C of the rest, while i serves what is left:
    h(i, S) = min over c, C of max(D(i,c) + h(c, C), G(i,c) + h(i, S - c - C)), without the second where nothing is
    left. With caps h has two more arguments: the receivers that i may still have, and the levels that may still
    lie below it. `most_below[i]` says how many cores can stand below core i in a tree that is worth finding.
    """
    search = _Subsets(cost, caps, most_below)
    search.fill()
    return search.tree()


def _fanouts(size: int, caps: Caps) -> int:
    return 1 if caps.fanout is None else min(caps.fanout, size - 1)


def _depths(size: int, caps: Caps) -> int:
    return 1 if caps.depth is None else min(caps.depth, size - 1)


class _Subsets:
    """Tables [fan-out left][levels left][core] by set of the other cores, bit `core - 1`.

    Without a cap there is one layer, whose next is itself. Sets are filled by size, so that both parts of a
    set have been filled before it.
    """

    def __init__(self, cost: MulticastCost, caps: Caps, most_below: Sequence[int] | None) -> None:
        self._size = cost.size
        self._others = cost.size - 1
        self._most_below = [self._others, *[self._others - 1] * self._others] if most_below is None else most_below
        self._delay, self._busy = cost.delay_ps, cost.busy_ps
        self._has_fanout, self._has_depth = caps.fanout is not None, caps.depth is not None
        self._fanouts, self._depths = _fanouts(cost.size, caps), _depths(cost.size, caps)
        shape = (self._fanouts, self._depths, cost.size, 1 << self._others)
        small = 4 * cost.size * int(cost.delay.max() + cost.busy.max()) < NEVER_SMALL
        self._never = NEVER_SMALL if small else NEVER
        self._height = np.full(shape, self._never, dtype=np.int32 if small else np.int64)
        self._height[..., 0] = 0
        self._parts: dict[tuple[int, int], tuple[Sets, Sets]] = {}

    def fill(self) -> None:
        for members in range(1, self._others + 1):
            self._parts.clear()
            for sender in range(self._size):
                if members > self._most_below[sender]:
                    continue
                for first in range(1, self._size):
                    if first != sender:
                        self._extend(sender, first, members)

    def _extend(self, sender: int, first: int, members: int) -> None:
        """Sets of this many members whose first receiver is `first`."""
        bits = [core - 1 for core in range(1, self._size) if core not in (sender, first)]
        if members - 1 > len(bits):
            return
        below, beside = self._splits(len(bits), members - 1)
        spread = _spread(bits)
        wholes = spread[below[:, -1]] | 1 << (first - 1)
        delay, busy = self._delay[sender][first], self._busy[sender][first]
        for fanout, depth in self._layers():
            served, left = self._served(depth, first), self._left(fanout, depth, sender)
            later = busy + left[spread]
            later[0] = 0
            sooner = delay + served[spread]
            found = np.maximum(sooner[below], later[beside]).min(axis=1)
            table = self._table(fanout, depth, sender)
            table[wholes] = np.minimum(table[wholes], found)

    def _layers(self) -> Iterator[tuple[int, int]]:
        return ((fanout, depth) for fanout in range(self._fanouts) for depth in range(self._depths))

    def _served(self, depth: int, first: int) -> Table:
        """Heights of the receiver: all its fan-out, one level less; at the last level it serves nobody."""
        if self._has_depth:
            return self._table(-1, depth - 1, first) if depth else self._leaf()
        return self._table(-1, 0, first)

    def _left(self, fanout: int, depth: int, sender: int) -> Table:
        """Heights of the sender afterwards: one receiver less; after the last it serves nobody."""
        if self._has_fanout:
            return self._table(fanout - 1, depth, sender) if fanout else self._leaf()
        return self._table(0, depth, sender)

    def _table(self, fanout: int, depth: int, core: int) -> Table:
        table: Table = self._height[fanout, depth, core]
        return table

    def _leaf(self) -> Table:
        table = np.full(1 << self._others, self._never, dtype=self._height.dtype)
        table[0] = 0
        return table

    def _splits(self, bits: int, members: int) -> tuple[Sets, Sets]:
        """For each set of so many of `bits` bits a row of all its parts, the whole set last, and their rests."""
        key = (bits, members)
        if key not in self._parts:
            sets = np.array([one for one in range(1 << bits) if one.bit_count() == members], dtype=np.int32)
            parts = np.zeros((len(sets), 1), dtype=np.int32)
            rest = sets.copy()
            for _ in range(members):
                lowest = rest & -rest
                parts = np.concatenate([parts, parts | lowest[:, None]], axis=1)
                rest ^= lowest
            self._parts[key] = (parts, sets[:, None] ^ parts)
        return self._parts[key]

    def tree(self) -> Tree:
        found: Tree = {}
        waiting = [(0, (1 << self._others) - 1, self._fanouts - 1, self._depths - 1)]
        while waiting:
            sender, whole, fanout, depth = waiting.pop()
            while whole:
                first, below = self._choice(sender, whole, fanout, depth)
                found.setdefault(sender, []).append(first)
                if below:
                    waiting.append((first, below, self._fanouts - 1, depth - self._has_depth))
                whole ^= below | 1 << (first - 1)
                fanout -= self._has_fanout
        return found

    def _choice(self, sender: int, whole: int, fanout: int, depth: int) -> tuple[int, int]:
        """The first receiver and what it serves, at the height that the table has."""
        best = (NEVER, 0, 0)
        for first in range(1, self._size):
            rest = whole & ~(1 << (first - 1))
            if rest == whole:
                continue
            parts = _spread([bit for bit in range(self._others) if rest >> bit & 1])
            served, left = self._served(depth, first), self._left(fanout, depth, sender)
            later = self._busy[sender][first] + left[rest ^ parts]
            later[-1] = 0
            times = np.maximum(self._delay[sender][first] + served[parts], later)
            at = int(np.argmin(times))
            best = min(best, (int(times[at]), first, int(parts[at])))
        return best[1], best[2]


def _spread(bits: list[int]) -> Sets:
    """Each set of positions 0, 1, ... as the set of the bits that stand there."""
    sets = np.zeros(1, dtype=np.int32)
    for bit in bits:
        sets = np.concatenate([sets, sets | 1 << bit])
    return sets
