"""Rows that never change with every index that questions need of them, each built on first use."""

from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any, NamedTuple, TypeAlias

from skb.terms import Row, Term, sort_terms

Columns: TypeAlias = tuple[int, ...]
Index: TypeAlias = Mapping[Any, Sequence[Row]]

_MANY_ROWS = 100_000
_PRESENT: tuple[Row, ...] = ((),)


class Ordered(NamedTuple):
    """Rows ascending by one integer column, and that column's values beside them."""

    values: list[int]
    rows: list[Row]


class PartialIndex:
    """An index by several columns, filled as keys are asked for: whole, it takes more memory than the rows."""

    def __init__(self, by_leader: Index, positions: Columns, leader: int) -> None:
        self.rows: dict[Any, Sequence[Row]] = {}
        self.widest = 1
        self._by_leader = by_leader
        self._positions = positions
        self._leader = itemgetter(leader)
        self._filled: set[Any] = set()

    def complete_for(self, keys: Iterable[Any]) -> Index:
        """The index once it holds what there is of these keys."""
        for value in set(map(self._leader, keys)) - self._filled:
            found = build_index(self._by_leader.get(value, ()), self._positions)
            self.rows.update(found)
            self.widest = max(self.widest, max(map(len, found.values()), default=0))
            self._filled.add(value)
        return self.rows


class Indexed:
    """One relation's rows, no row twice. A key is the bare value for one column, else a tuple of values."""

    def __init__(self, rows: tuple[Row, ...]) -> None:
        self.rows = rows
        self._indexes: dict[tuple[Columns, Columns | None], Index] = {}
        self._partial: dict[Columns, PartialIndex] = {}
        self._widest: dict[tuple[Columns, Columns | None], int] = {}
        self._distinct: dict[int, int] = {}
        self._ordered: dict[tuple[Columns, Columns, int], Mapping[Any, Ordered] | None] = {}
        self._ranked: dict[int, list[Term]] = {}

    def outputs(self, positions: Columns, wanted: Columns) -> Columns:
        """The columns that `index` had best give: those wanted, or all where a second copy would be large."""
        arity = len(self.rows[0]) if self.rows else 0
        is_large = len(self.rows) > _MANY_ROWS and not (len(wanted) <= 1 and not positions)
        return tuple(range(arity)) if is_large and wanted else wanted

    def index(self, positions: Columns, outputs: Columns | None = None) -> Index:
        """The distinct values of `outputs` (None: whole rows) by the values at `positions`."""
        if outputs is not None and outputs == tuple(range(len(self.rows[0]) if self.rows else 0)):
            outputs = None
        found = self._indexes.get((positions, outputs))
        if found is None:
            found = self._indexes[positions, outputs] = self._built(positions, outputs)
        return found

    def partial(self, positions: Columns, outputs: Columns | None) -> PartialIndex | None:
        """An index to whole rows that grows with the keys; None where the whole index serves better."""
        is_whole = outputs is None or not outputs or len(outputs) == len(self.rows[0])
        if len(self.rows) <= _MANY_ROWS or len(positions) < 2 or not is_whole:
            return None
        found = self._partial.get(positions)
        if found is None:
            leader = max(range(len(positions)), key=lambda at: self.distinct(positions[at]))
            by_leader = self.index((positions[leader],))
            found = self._partial[positions] = PartialIndex(by_leader, positions, leader)
        return found

    def _built(self, positions: Columns, outputs: Columns | None) -> Index:
        if outputs is None:
            return build_index(self.rows, positions)
        if not outputs:
            return dict.fromkeys(self.index(positions), _PRESENT)
        if not positions and len(outputs) == 1:
            return {(): [(value,) for value in self.index(outputs)]}
        return _projected(self.rows, positions, outputs)

    def widest(self, positions: Columns, outputs: Columns | None) -> int:
        """At most so many rows share a key."""
        found = self._widest.get((positions, outputs))
        if found is None:
            sizes = map(len, self.index(positions, outputs).values())
            found = self._widest[positions, outputs] = max(sizes, default=0)
        return found

    def distinct(self, column: int) -> int:
        """How many values a column holds."""
        found = self._distinct.get(column)
        if found is None:
            found = self._distinct[column] = len({row[column] for row in self.rows})
        return found

    def ordered(self, positions: Columns, outputs: Columns, column: int) -> Mapping[Any, Ordered] | None:
        """`index(positions, outputs)` with each key's rows ascending by a column; None unless it is integers alone."""
        key = (positions, outputs, column)
        if key not in self._ordered:
            self._ordered[key] = _in_order(self.index(positions, outputs), outputs.index(column))
        return self._ordered[key]

    def ranked(self, column: int) -> list[Term]:
        """The values of a column, each once, in standard order."""
        found = self._ranked.get(column)
        if found is None:
            found = self._ranked[column] = sort_terms(self.index((column,)))
        return found


def build_index(rows: Sequence[Row], positions: Columns) -> dict[Any, Sequence[Row]]:
    """Whole rows by their values at `positions`."""
    if not positions:
        return {(): rows} if rows else {}
    index: dict[Any, Any] = {}
    identify = itemgetter(*positions)
    for row in rows:
        key = identify(row)
        if key in index:
            index[key].append(row)
        else:
            index[key] = [row]
    return index


def slice_or_items(columns: Sequence[int]) -> "itemgetter[Any]":
    """Reads columns of a row as a tuple, one column too."""
    first = columns[0] if columns else 0
    if tuple(columns) == tuple(range(first, first + len(columns))):
        return itemgetter(slice(first, first + len(columns)))
    return itemgetter(*columns)


def _projected(rows: Iterable[Row], positions: Columns, outputs: Columns) -> Index:
    identify = itemgetter(*positions) if positions else lambda row: ()
    project = slice_or_items(outputs)
    index: dict[Any, dict[Row, None]] = {}
    for row in rows:
        index.setdefault(identify(row), {})[project(row)] = None
    return {key: list(found) for key, found in index.items()}


def _in_order(index: Index, at: int) -> Mapping[Any, Ordered] | None:
    read = itemgetter(at)
    ordered: dict[Any, Ordered] = {}
    for key, rows in index.items():
        if set(map(type, map(read, rows))) != {int}:
            return None
        in_order = sorted(rows, key=read)
        ordered[key] = Ordered(list(map(read, in_order)), in_order)
    return ordered
