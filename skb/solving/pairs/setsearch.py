"""Pair sums by branch and bound over sets of values, members of one class in ascending order.

A partial set is bounded from below as in quadratic assignment (Gilmore 1962, Lawler 1963): every value still to be
taken pays its pairs with the values taken, and half of its cheapest pairs with others. Ascending order and the
relations between members leave a few thousand sets where a solver's relaxation branches for seconds.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from typing import Any, TypeAlias

from skb.solving.pairs.cells import Cells, read_cells
from skb.solving.pairs.completion import Undecided, complete
from skb.solving.pairs.nodes import Nodes, children, first_nodes, joined
from skb.solving.pairs.orders import best_orders, can_order, improved_order
from skb.solving.pairs.pairsums import PairSum

Array: TypeAlias = Any
MOST_WORK = 2_000_000_000
_CHUNK = 2_000_000
_MOST_SHARPENED = 96
_BEAM = 64
_ORDERED_AT_ONCE = 1024
_MOST_REFUSALS = 60
_SHARE_OF_TIME = 0.5


@dataclass(frozen=True, slots=True)
class Found:
    """A solution, if one was met, and a cost that none can beat: the work was finished where both agree."""

    values: dict[str, int] | None
    cost: int | None
    bound: int

    @property
    def is_optimal(self) -> bool:
        return self.values is not None and self.cost == self.bound


class _GaveUp(Exception):  # noqa: N818
    """The sets are too many, or time is up."""


def search_sets(pair_sum: PairSum, time_limit_s: float | None) -> Found | None:
    """The best solution that was met, costs as in the objective; None where this search does not apply.

    Directed costs of many members are searched by the lesser of both ways, and the best set is then put in order.
    """
    cells = read_cells(pair_sum)
    if cells is None:
        return None
    searched = cells if can_order(cells) else cells.relaxed()
    found = _Search(pair_sum, searched, time_limit_s).run()
    if found is None:
        return None
    values, cost = found.values, found.cost
    if values is not None and searched is cells:
        values = pair_sum.completed(values)
    elif values is not None:
        order, cost = improved_order(cells, [cells.values.index(values[name]) for name in cells.members])
        chosen = {name: cells.values[place] for name, place in zip(cells.members, order, strict=True)}
        values = None if cost >= cells.impossible else _completed(pair_sum, chosen)
    sign = -1 if pair_sum.is_maximised else 1
    shown = None if values is None or cost is None else sign * cost + pair_sum.constant
    return Found(values, shown, sign * found.bound + pair_sum.constant)


def _completed(pair_sum: PairSum, chosen: Mapping[str, int]) -> dict[str, int] | None:
    try:
        values = complete(pair_sum.rest, chosen, 1.0)
    except Undecided:
        return None
    return None if values is None else pair_sum.completed(values)


class _Search:
    def __init__(self, pair_sum: PairSum, cells: Cells, time_limit_s: float | None) -> None:
        self._pair_sum = pair_sum
        self._cells = cells
        self._deadline = None if time_limit_s is None else monotonic() + _SHARE_OF_TIME * time_limit_s
        self._work = 0
        self._refusals = 0
        self._cheapest: dict[tuple[int, int], Array] = {}
        self._best: tuple[int, dict[str, int]] | None = None
        self._bound: int | None = None

    def run(self) -> Found | None:
        with suppress(_GaveUp, Undecided):
            self._whole()
        if self._bound is None:
            return None
        if self._best is None:
            return Found(None, None, self._bound)
        return Found(self._best[1], self._best[0], min(self._bound, self._best[0]))

    def _whole(self) -> None:
        """Ever dearer sets are tried until the best solution is no dearer than what was tried."""
        cheapest = self._dive()
        if cheapest is None:
            return
        tried, limit = -self._cells.impossible, cheapest + 1
        step = max(1, abs(limit) // 100)
        while True:
            limit = limit if self._best is None else self._best[0]
            self._walk(tried, limit)
            if self._best is not None and self._best[0] <= limit:
                return
            tried, limit, step = limit, limit + step, 2 * step
            if tried >= self._cells.impossible:
                raise _GaveUp

    def _dive(self) -> int | None:
        """What a narrow beam finds is tried; the cost of the cheapest set, or None where it finds none."""
        nodes = first_nodes(self._cells)
        for depth in range(len(self._cells.slots)):
            parts = list(self._children(nodes, depth, self._cells.impossible))
            if not parts:
                return None
            nodes = joined(parts).cheapest(_BEAM)
        self._try(nodes.taken, nodes.costs)
        return int(nodes.costs.min())

    def _walk(self, tried: int, limit: int) -> None:
        """All sets that cost at least `tried` and less than a limit, depth first, a chunk of partial sets at a time."""
        stack = [(0, first_nodes(self._cells))]
        size = max(1, _CHUNK // (self._cells.floor.size * len(self._cells.sizes)))
        while stack:
            depth, nodes = stack.pop()
            below = limit if self._best is None else min(limit, self._best[0])
            nodes = nodes.kept(nodes.bounds < 2 * below)
            if not len(nodes.costs):
                continue
            try:
                if depth == len(self._cells.slots):
                    is_fresh = nodes.costs >= tried
                    self._try(nodes.taken[is_fresh], nodes.costs[is_fresh])
                    continue
                parts = list(self._children(nodes.part(0, size), depth, below))
            except (_GaveUp, Undecided):
                self._note_bound(below, [nodes, *(each for _, each in stack)])
                raise
            if len(nodes.costs) > size:
                stack.append((depth, nodes.part(size, len(nodes.costs))))
            if parts:
                found = joined(parts)
                stack.append((depth + 1, found.cheapest(len(found.costs))))
        self._note_bound(limit if self._best is None else min(limit, self._best[0]), [])

    def _note_bound(self, below: int, open_: Sequence[Nodes]) -> None:
        """Everything that is not open costs `below` or more."""
        bounds = [-(-int(nodes.bounds.min()) // 2) for nodes in open_]
        self._bound = min([below, *bounds])

    def _try(self, sets: Array, floors: Array) -> None:
        """Completes sets, the cheapest first, where they may be cheaper than the best known."""
        order = floors.argsort(kind="stable")
        for start in range(0, len(order), _ORDERED_AT_ONCE):
            part = order[start : start + _ORDERED_AT_ONCE]
            if self._best is not None and floors[part[0]] >= self._best[0]:
                return
            self._spend(0 if self._cells.is_symmetric else len(part) << len(self._cells.slots))
            self._try_orders(*best_orders(self._cells, sets[part], floors[part]))

    def _try_orders(self, orders: Array, costs: Array) -> None:
        for at in costs.argsort(kind="stable").tolist():
            cost = int(costs[at])
            if cost >= self._cells.impossible or (self._best is not None and cost >= self._best[0]):
                return
            places = orders[at].tolist()
            chosen = {name: self._cells.values[place] for name, place in zip(self._cells.members, places, strict=True)}
            values = complete(self._pair_sum.rest, chosen, self._seconds_left())
            if values is not None:
                self._best = cost, values
                return
            self._refusals += 1
            if self._refusals > _MOST_REFUSALS:
                raise _GaveUp

    def _children(self, nodes: Nodes, depth: int, below: int) -> Iterator[Nodes]:
        """The children of nodes, in pieces, as far as their bounds lie below a cost."""
        cells = self._cells
        size = max(1, _CHUNK // (cells.floor.size * len(cells.sizes)))
        for start in range(0, len(nodes.costs), size):
            part = children(cells, nodes.part(start, start + size), cells.slots[depth])
            self._spend(part.open.size + len(cells.values))
            if depth + 1 < len(cells.slots):
                part = self._bounded(part, depth + 1, self._cheapest_pairs(part, depth + 1), below)
                if depth + 2 < len(cells.slots) and len(cells.values) <= _MOST_SHARPENED:
                    yield from self._sharpened(part, depth + 1, below)
                    continue
            else:
                part = part.bounded_by(2 * part.costs, 2 * below)
            if len(part.costs):
                yield part

    def _sharpened(self, nodes: Nodes, depth: int, below: int) -> Iterator[Nodes]:
        """Nodes bounded again by the cheapest pairs among the values that are open to each of them."""
        cells = self._cells
        size = max(1, _CHUNK // cells.floor.size)
        for start in range(0, len(nodes.costs), size):
            part = nodes.part(start, start + size)
            self._spend(part.costs.size * cells.floor.size)
            part = self._bounded(part, depth, cells.cheapest_pairs(depth, part.open), below)
            if len(part.costs):
                yield part

    def _spend(self, work: int) -> None:
        self._work += work
        if self._work > MOST_WORK or (self._deadline is not None and monotonic() > self._deadline):
            raise _GaveUp

    def _seconds_left(self) -> float | None:
        return None if self._deadline is None else max(0.0, self._deadline - monotonic())

    def _bounded(self, nodes: Nodes, depth: int, rest: Array, below: int) -> Nodes:
        """The nodes whose sets may lie below a cost; `rest` is what each value pays at least among what comes."""
        import numpy as np  # here: plain questions need no arrays

        cells = self._cells
        total = 2 * nodes.costs
        for class_, count in enumerate(cells.remaining(depth)):
            if count:
                own = np.where(nodes.open[:, class_], 2 * nodes.sums + rest[:, class_], cells.impossible)
                if count < own.shape[1]:
                    own = np.partition(own, count - 1, axis=1)[:, :count]
                total = total + own.sum(axis=1)
        return nodes.bounded_by(total, min(2 * below, cells.impossible))

    def _cheapest_pairs(self, nodes: Nodes, depth: int) -> Array:
        """For each node, class and value: what a value pays at least to the others that are still to come."""
        import numpy as np

        is_same_class = self._cells.slots[depth] == self._cells.slots[depth - 1]
        last = nodes.taken[:, -1] if is_same_class else np.full(len(nodes.costs), -1)
        found, rows = np.unique(last, return_inverse=True)
        for each in found.tolist():
            if (depth, each) not in self._cheapest:
                open_ = self._cells.domains.copy()
                open_[self._cells.slots[depth], : each + 1] = False
                self._cheapest[depth, each] = self._cells.cheapest_pairs(depth, open_[None])[0]
        if not len(found):
            return np.empty((0, *self._cells.domains.shape), dtype=np.int64)
        return np.stack([self._cheapest[depth, each] for each in found.tolist()])[rows]
