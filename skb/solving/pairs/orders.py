"""Which member takes which value of a set where the cost depends on who stands first: exact, set by set."""

from collections.abc import Sequence
from itertools import combinations
from typing import Any, TypeAlias

from skb.solving.pairs.cells import Cells

Array: TypeAlias = Any
MOST_ORDERED = 12


def can_order(cells: Cells) -> bool:
    """Whether the table over subsets stays small, or is not needed."""
    return cells.is_symmetric or len(cells.slots) <= MOST_ORDERED


def best_orders(cells: Cells, sets: Array, floors: Array) -> tuple[Array, Array]:
    """For sets given slot by slot: their values member by member in the cheapest order, and what that costs.

    Members of one class are interchangeable for all but the cost. Held & Karp's (1962) table over subsets: the
    cheapest way for the first members to take a subset.
    """
    import numpy as np

    by_class = np.argsort(np.array(cells.slots), kind="stable")
    sets = sets[:, by_class]
    classes = np.array(cells.slots)[by_class].tolist()
    if cells.is_symmetric:
        return sets[:, _places(classes, cells.class_of)], floors
    size = len(classes)
    pair = cells.directed[sets[:, :, None], sets[:, None, :]]
    costs = np.full((1 << size, len(sets)), cells.impossible, dtype=np.int64)
    chosen = np.zeros((1 << size, len(sets)), dtype=np.int8)
    costs[0] = 0
    for subset in range(1, 1 << size):
        inside = [at for at in range(size) if subset >> at & 1]
        for at in inside:
            if classes[at] != cells.class_of[len(inside) - 1]:
                continue
            before = [each for each in inside if each != at]
            cost = costs[subset & ~(1 << at)] + pair[:, before, at].sum(axis=1)
            better = cost < costs[subset]
            costs[subset][better] = cost[better]
            chosen[subset][better] = at
    return _traced(sets, chosen), costs[-1]


def improved_order(cells: Cells, order: Sequence[int]) -> tuple[list[int], int]:
    """An order of a set's values, two of one class exchanged as long as it gets cheaper, and what it costs."""
    best = list(order)
    cost = _cost(cells, best)
    is_better = True
    while is_better:
        is_better = False
        for first, second in combinations(range(len(best)), 2):
            if cells.class_of[first] == cells.class_of[second]:
                turned = list(best)
                turned[first], turned[second] = best[second], best[first]
                if (turned_cost := _cost(cells, turned)) < cost:
                    best, cost, is_better = turned, turned_cost, True
    return best, cost


def _cost(cells: Cells, order: Sequence[int]) -> int:
    return sum(int(cells.directed[a, b]) for a, b in combinations(order, 2))


def _places(classes: list[int], class_of: tuple[int, ...]) -> list[int]:
    """For each member the next place of its class."""
    left = {class_: [at for at, each in enumerate(classes) if each == class_] for class_ in set(classes)}
    return [left[class_].pop(0) for class_ in class_of]


def _traced(sets: Array, chosen: Array) -> Array:
    """The order that the table's choices lead to, from the last member back."""
    import numpy as np

    count, size = sets.shape
    orders = np.empty_like(sets)
    rows = np.arange(count)
    subsets = np.full(count, (1 << size) - 1)
    for member in reversed(range(size)):
        last = chosen[subsets, rows].astype(np.int64)
        orders[:, member] = sets[rows, last]
        subsets = subsets & ~(1 << last)
    return orders
