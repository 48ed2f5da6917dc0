"""Partial sets of a pair sum, many at a time as rows of arrays, and their children."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from skb.solving.pairs.cells import Cells

Array: TypeAlias = Any


@dataclass(frozen=True, slots=True)
class Nodes:
    """Partial sets side by side: values taken, their cost, twice a bound of every set that begins so.

    `sums` is what each value would add, `open` which values each class may take.
    """

    taken: Array
    costs: Array
    bounds: Array
    sums: Array
    open: Array

    def part(self, start: int, end: int) -> "Nodes":
        return self.kept(slice(start, end))

    def kept(self, which: Array) -> "Nodes":
        return Nodes(self.taken[which], self.costs[which], self.bounds[which], self.sums[which], self.open[which])

    def bounded_by(self, bounds: Array, below: int) -> "Nodes":
        which = bounds < below
        return Nodes(self.taken[which], self.costs[which], bounds[which], self.sums[which], self.open[which])

    def cheapest(self, count: int) -> "Nodes":
        """The `count` of the least bounds, in their order."""
        return self.kept(self.bounds.argsort(kind="stable")[:count])


def first_nodes(cells: Cells) -> Nodes:
    import numpy as np

    nothing = np.zeros((1, 0), dtype=np.int64)
    sums = np.zeros((1, len(cells.values)), dtype=np.int64)
    lowest = np.full(1, -2 * cells.impossible, dtype=np.int64)
    return Nodes(nothing, np.zeros(1, dtype=np.int64), lowest, sums, cells.domains[None])


def children(cells: Cells, nodes: Nodes, class_: int) -> Nodes:
    """Each node with each value that is open to the class; later members of the class take greater values."""
    import numpy as np

    rows, taken = np.nonzero(nodes.open[:, class_])
    open_ = nodes.open[rows] & cells.compatible[class_][taken]
    open_[:, class_] &= np.arange(len(cells.values))[None] > taken[:, None]
    return Nodes(
        np.hstack([nodes.taken[rows], taken[:, None]]),
        nodes.costs[rows] + nodes.sums[rows, taken],
        nodes.bounds[rows],
        nodes.sums[rows] + cells.floor[taken],
        open_,
    )


def joined(parts: Sequence[Nodes]) -> Nodes:
    import numpy as np

    return Nodes(
        np.concatenate([each.taken for each in parts]),
        np.concatenate([each.costs for each in parts]),
        np.concatenate([each.bounds for each in parts]),
        np.concatenate([each.sums for each in parts]),
        np.concatenate([each.open for each in parts]),
    )
