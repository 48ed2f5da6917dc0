"""Local search over multicast trees: cores move to other parents, always in the best sending order."""

import random
import time
from collections.abc import Mapping, Sequence
from math import exp

from planner.trees.cost import MulticastCost
from planner.trees.order import best_order, parents_of, ready_times

START_HEAT = 0.02
"""Of the makespan: how much worse a first move may be with probability 1/e."""


def improve(
    cost: MulticastCost,
    tree: Mapping[int, Sequence[int]],
    bound_ps: int,
    *,
    iterations: int | None,
    time_limit: float | None,
    seed: int,
) -> dict[int, list[int]]:
    """Annealing from the given tree; the best tree seen, never worse than the given one.

    Ends after `iterations` moves, after `time_limit` seconds, or at the bound.
    """
    search = _Search(cost, tree, seed)
    started = time.perf_counter()
    done = 0
    while cost.size > 2 and search.best_ps > bound_ps:
        if iterations is not None and done >= iterations:
            break
        elapsed = time.perf_counter() - started
        if time_limit is not None and elapsed >= time_limit:
            break
        search.step(1.0 - (done / iterations if iterations else elapsed / (time_limit or 1.0)))
        done += 1
    return best_order(cost, search.best)


class _Search:
    def __init__(self, cost: MulticastCost, tree: Mapping[int, Sequence[int]], seed: int) -> None:
        self._cost = cost
        self._random = random.Random(seed)
        self._parents = parents_of(tree, cost.size)
        self._evaluate(self._parents)
        self.best, self.best_ps = list(self._parents), self._makespan_ps

    def _evaluate(self, parents: list[int]) -> int:
        ready_ps = ready_times(self._cost, best_order(self._cost, parents))
        self._makespan_ps = max(ready_ps)
        self._last = ready_ps.index(self._makespan_ps)
        return self._makespan_ps

    def step(self, heat: float) -> None:
        before_ps, last = self._makespan_ps, self._last
        parents = self._move()
        after_ps = self._evaluate(parents)
        allowed_ps = START_HEAT * heat * before_ps
        worse_ps = after_ps - before_ps
        if worse_ps <= 0 or (allowed_ps > 0 and self._random.random() < exp(-worse_ps / allowed_ps)):
            self._parents = parents
            if after_ps < self.best_ps:
                self.best, self.best_ps = list(parents), after_ps
        else:
            self._makespan_ps, self._last = before_ps, last

    def _move(self) -> list[int]:
        """A core of the critical path, mostly, under another parent; or two cores in each other's place."""
        parents = list(self._parents)
        path = [self._last]
        while parents[path[-1]] > 0:
            path.append(parents[path[-1]])
        anywhere = self._random.random() < 0.3
        core = self._random.randrange(1, self._cost.size) if anywhere else self._random.choice(path)
        other = self._random.randrange(self._cost.size)
        if other == core:
            return parents
        if other and self._random.random() < 0.4:
            return _swapped(parents, core, other)
        if not _is_below(parents, other, core):
            parents[core] = other
        return parents


def _swapped(parents: list[int], one: int, other: int) -> list[int]:
    name = {one: other, other: one}
    renamed = list(parents)
    for core, parent in enumerate(parents):
        renamed[name.get(core, core)] = name.get(parent, parent)
    return renamed


def _is_below(parents: list[int], core: int, ancestor: int) -> bool:
    while core >= 0:
        if core == ancestor:
            return True
        core = parents[core]
    return False
