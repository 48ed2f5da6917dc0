"""Local search over multicast trees: cores move to other parents or places, always in the best sending order."""

import random
import time
from collections.abc import Mapping, Sequence
from math import log

import numpy as np

from planner.trees.caps import Caps
from planner.trees.cost import MulticastCost
from planner.trees.order import parents_of
from planner.trees.search.schedule import Change, Schedule

START_HEAT = 0.005
END_HEAT = 0.0005
"""Of the completion time: how much worse a move may be, on average, at the start and at the end."""

SHARE_OF_SWAPS = 0.3
SHARE_ANYWHERE = 0.2
"""Of the cores to be moved: those drawn from all cores instead of those that the last one waits for."""

TRIES_PER_LOOK = 16
"""Between two looks at the clock."""


def improve(
    cost: MulticastCost,
    tree: Mapping[int, Sequence[int]],
    bound_ps: int,
    *,
    caps: Caps,
    iterations: int | None,
    time_limit: float | None,
    seed: int,
) -> dict[int, list[int]]:
    """Annealing from the given tree; the best tree seen, never worse than the given one.

    A move is tried out only when, with all else as it is, the cores that it delays still end in time: that is
    known from the ready times and heights around the two places, without a look at the rest of the tree.
    Ends after `iterations` tries, after `time_limit` seconds, or at the bound.
    """
    search = _Annealing(cost, tree, caps, seed)
    started = time.perf_counter()
    done = 0
    while cost.size > 2 and search.best_ps > bound_ps:
        part = done / iterations if iterations else 0.0
        if time_limit is not None:
            part = max(part, (time.perf_counter() - started) / time_limit if time_limit else 1.0)
        if part >= 1 or (iterations is None and time_limit is None):
            break
        search.cool(part)
        for _ in range(TRIES_PER_LOOK):
            search.step()
        done += TRIES_PER_LOOK
    return Schedule(cost, search.best).tree()


class _Annealing:
    def __init__(
        self,
        cost: MulticastCost,
        tree: Mapping[int, Sequence[int]],
        caps: Caps,
        seed: int,
    ) -> None:
        self._size = cost.size
        self._caps = caps
        self._now = Schedule(cost, parents_of(tree, cost.size))
        self._draw = random.Random(seed).random
        self._nearest = _nearest_senders(cost)
        self._critical = self._now.critical()
        self._heat_ps = 0.0
        self.best_ps = self._now.completion_ps
        self.best = list(self._now.parents)

    def cool(self, part: float) -> None:
        """The heat after this part of the search."""
        self._heat_ps = self._now.completion_ps * START_HEAT * (END_HEAT / START_HEAT) ** part

    def step(self) -> None:
        """One try."""
        draw = self._draw
        limit_ps = self._now.completion_ps - self._heat_ps * log(1 - draw())
        if draw() < SHARE_ANYWHERE:
            core = 1 + int(draw() * (self._size - 1))
        else:
            core = self._critical[int(draw() * len(self._critical))]
        change = self._swap(core, limit_ps) if draw() < SHARE_OF_SWAPS else self._move(core, limit_ps)
        if change is None:
            return
        now = self._now
        if now.completion_ps > limit_ps:
            now.undo(change)
            return
        now.settle(change)
        self._critical = now.critical()
        if now.completion_ps < self.best_ps:
            self.best_ps, self.best = now.completion_ps, list(now.parents)

    def _swap(self, core: int, limit_ps: float) -> Change | None:
        """The core and any other in each other's place, where both places would still end in time."""
        other = 1 + int(self._draw() * (self._size - 1))
        now = self._now
        if other == core or now.end_of_place(core, other) > limit_ps or now.end_of_place(other, core) > limit_ps:
            return None
        return now.swap(core, other)

    def _move(self, core: int, limit_ps: float) -> Change | None:
        """The core with all below it under another parent, mostly a near one, that would still end in time."""
        part = self._draw()
        parent = self._nearest[core][int(part * part * (self._size - 1))]
        now = self._now
        if parent == now.parents[core] or now.end_with(parent, core) > limit_ps or now.is_below(parent, core):
            return None
        if not now.has_room(parent, core, self._caps):
            return None
        return now.move(core, parent)


def _nearest_senders(cost: MulticastCost) -> list[list[int]]:
    """For each core the others, by how soon it has their messages."""
    delay = cost.delay.copy()
    np.fill_diagonal(delay, np.iinfo(np.int64).max)
    order: list[list[int]] = np.argsort(delay, axis=0, kind="stable").T[:, :-1].tolist()
    return order
