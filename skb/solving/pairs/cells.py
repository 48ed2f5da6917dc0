"""The arrays of a pair sum: which values each class may take, which go together, what a pair costs at least."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from math import lgamma, log
from typing import Any, TypeAlias

from skb.solving.constraints import AllDifferent, Problem, Table, variables_of
from skb.solving.enumeration import as_test
from skb.solving.pairs.pairsums import PairSum
from skb.stopwatch import importing

Array: TypeAlias = Any
_LARGEST_TOTAL = 2**58
_MOST_PAIRED = 64


@dataclass(frozen=True, slots=True)
class Cells:
    """`slots` names the class of each place to be filled; `members` and `classes` are in the order of the pair sum.

    `compatible[p][a, q, b]` says whether class q may take value b where class p takes a; `directed[a, b]` is the
    cost where the earlier member takes a, `floor` the lesser of both ways. What is not allowed costs `impossible`.
    """

    values: tuple[int, ...]
    members: tuple[str, ...]
    class_of: tuple[int, ...]
    sizes: tuple[int, ...]
    slots: tuple[int, ...]
    domains: Array
    compatible: Array
    directed: Array
    floor: Array
    impossible: int
    is_symmetric: bool

    def relaxed(self) -> "Cells":
        """The same with every pair at the lesser cost of both ways."""
        return replace(self, directed=self.floor, is_symmetric=True)

    def remaining(self, depth: int) -> list[int]:
        """How many values of each class the slots from `depth` on take."""
        return [sum(1 for each in self.slots[depth:] if each == class_) for class_ in range(len(self.sizes))]

    def cheapest_pairs(self, depth: int, open_: Array) -> Array:
        """For each node, class and value the sum of its cheapest pairs with all that the other slots take.

        The slots from `depth` on are to be filled; `open_` says for each node and class which values are left.
        """
        import numpy as np

        count = len(self.values)
        remaining = self.remaining(depth)
        found = np.zeros((len(open_), len(self.sizes), count), dtype=np.int64)
        for mine, other in product(range(len(self.sizes)), repeat=2):
            wanted = remaining[other] - (mine == other)
            if not remaining[mine] or wanted <= 0:
                continue
            allowed = self.compatible[mine][None, :, other] & open_[:, None, other]
            costs = np.where(allowed, self.floor, self.impossible)
            if wanted < count:
                costs = np.partition(costs, wanted - 1, axis=2)[:, :, :wanted]
            found[:, mine] += np.minimum(costs.sum(axis=2), self.impossible)
        return np.minimum(found, self.impossible)


def read_cells(pair_sum: PairSum) -> Cells | None:
    """The arrays of a pair sum, costs turned round where they are to be large; None where they would not fit."""
    with importing():
        import numpy as np  # here: plain questions need no arrays

    rest, classes = pair_sum.rest, pair_sum.exchangeable
    largest = max((abs(weight) for weight in pair_sum.weights.values()), default=0)
    pairs = len(pair_sum.members) ** 2
    if 4 * (largest + 1) * pairs * (pairs + 1) > _LARGEST_TOTAL:
        return None
    impossible = 4 * (largest + 1) * pairs
    values = tuple(sorted({value for class_ in classes for value in rest.variables[class_[0]]}))
    place = {value: at for at, value in enumerate(values)}
    directed = np.full((len(values), len(values)), impossible, dtype=np.int64)
    sign = -1 if pair_sum.is_maximised else 1
    for (a, b), weight in pair_sum.weights.items():
        if a in place and b in place:
            directed[place[a], place[b]] = sign * weight
    floor = np.minimum(directed, directed.T)
    domains = np.array([_domain(rest, class_[0], values) for class_ in classes], dtype=bool)
    domains = domains.reshape(len(classes), len(values))
    compatible = _compatible(rest, classes, values, floor < impossible)
    order = sorted(range(len(classes)), key=lambda at: _spread(len(classes[at]), domains[at], compatible[at, :, at]))
    slots = tuple(at for at in order for _ in classes[at])
    where = {name: at for at, class_ in enumerate(classes) for name in class_}
    return Cells(
        values,
        pair_sum.members,
        tuple(where[name] for name in pair_sum.members),
        tuple(map(len, classes)),
        slots,
        domains,
        compatible,
        directed,
        floor,
        impossible,
        bool((directed == directed.T).all()),
    )


def _spread(size: int, domain: Array, compatible: Array) -> float:
    """About how many sets a class may take, as a logarithm."""
    count = int(domain.sum())
    inside = compatible[domain][:, domain].sum() / max(1, count * count)
    return size * log(max(1, count)) + size * (size - 1) / 2 * log(max(1e-9, inside)) - lgamma(size + 1)


def _domain(rest: Problem, member: str, values: Sequence[int]) -> list[bool]:
    """Which values a member may take by its domain and by what is said of it alone."""
    domain = rest.variables[member]
    alone = [each.constraint for each in rest.constraints if set(variables_of(each.constraint)) == {member}]
    tests = [as_test(each, [member]) for each in alone]
    return [value in domain and all(test(value) for test in tests) for value in values]


def _compatible(rest: Problem, classes: Sequence[Sequence[str]], values: Sequence[int], is_priced: Array) -> Array:
    """compatible[p][a, q, b]: whether class q may take b where class p takes a, by all that relates two members."""
    import numpy as np

    size, count = len(values), len(classes)
    found = np.empty((count, size, count, size), dtype=bool)
    found[:] = is_priced[None, :, None, :]
    for p, q in product(range(count), repeat=2):
        if p == q and len(classes[p]) == 1:
            continue
        first, second = classes[p][0], classes[q][p == q]
        for posted in rest.constraints:
            if set(variables_of(posted.constraint)) == {first, second} and size <= _MOST_PAIRED:
                test = as_test(posted.constraint, [first, second])
                found[p, :, q] &= np.array([[test(a, b) for b in values] for a in values], dtype=bool)
        for left, allowed, right in _images(rest, first, second, values):
            found[p, :, q] &= left @ allowed @ right.T > 0
    return found


def _images(rest: Problem, first: str, second: str, values: Sequence[int]) -> Iterator[tuple[Array, Array, Array]]:
    """Relations lead from two members to other variables, which may be one, or related themselves.

    Yields which images each value of the first has, which images go together, and those of the second.
    """
    import numpy as np

    for (left, left_rows), (right, right_rows) in product(_relations(rest, first), _relations(rest, second)):
        if left in (first, second) or right in (first, second):
            continue
        between = [each.constraint for each in rest.constraints if set(variables_of(each.constraint)) == {left, right}]
        are_different = any(
            isinstance(each.constraint, AllDifferent) and {left, right} <= set(each.constraint.variables)
            for each in rest.constraints
        )
        if left != right and not between and not are_different:
            continue
        ends = sorted({b for _, b in left_rows}), sorted({b for _, b in right_rows})
        if len(ends[0]) * len(ends[1]) > _MOST_PAIRED**2:
            continue
        tests = [as_test(each, [left, right]) for each in between] if left != right else []
        allowed = [
            [
                (a == b) if left == right else (a != b or not are_different) and all(test(a, b) for test in tests)
                for b in ends[1]
            ]
            for a in ends[0]
        ]
        yield (
            _matrix(left_rows, values, ends[0]),
            np.array(allowed, dtype=np.int64),
            _matrix(right_rows, values, ends[1]),
        )


def _relations(rest: Problem, member: str) -> list[tuple[str, set[tuple[int, int]]]]:
    """The tables of a member with one other variable: that variable, and the pairs (value of the member, its value)."""
    found = []
    for posted in rest.constraints:
        table = posted.constraint
        if isinstance(table, Table) and not table.is_forbidden and len(table.variables) == 2:
            at = 0 if table.variables[0] == member else 1
            if table.variables[at] == member != table.variables[1 - at]:
                found.append((table.variables[1 - at], {(row[at], row[1 - at]) for row in table.rows}))
    return found


def _matrix(pairs: set[tuple[int, int]], rows: Sequence[int], columns: Sequence[int]) -> Array:
    import numpy as np

    row, column = ({value: at for at, value in enumerate(listed)} for listed in (rows, columns))
    made = np.zeros((len(rows), len(columns)), dtype=np.int64)
    for a, b in pairs:
        if a in row:
            made[row[a], column[b]] = 1
    return made
