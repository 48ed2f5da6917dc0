"""The rows that rules read and derive: stored relations, growing ones with their indexes."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any

from skb.indexes import Columns, Index, Indexed, Ordered, build_index
from skb.query.rules import STORED_SUFFIX, PredicateId
from skb.snapshot import Snapshot
from skb.terms import Row


class Growing:
    """Derived rows, each once, in the order found; indexes follow as rows come."""

    def __init__(self) -> None:
        self.rows: dict[Row, None] = {}
        self._indexes: dict[Columns, dict[Any, Any]] = {}
        self._all: list[Row] = []

    def add(self, rows: Iterable[Row]) -> list[Row]:
        """Takes rows in; those that are new."""
        known = self.rows
        unique = dict.fromkeys([row for row in rows if row not in known] if known else rows)
        known.update(unique)
        fresh = list(unique)
        self._all += fresh
        for positions, index in self._indexes.items():
            identify = itemgetter(*positions)
            for row in fresh:
                index.setdefault(identify(row), []).append(row)
        return fresh

    def index_by(self, positions: Columns) -> Index:
        if not positions:
            return {(): self._all}
        found = self._indexes.get(positions)
        if found is None:
            found = self._indexes[positions] = build_index(self._all, positions)
        return found

    def __len__(self) -> int:
        return len(self._all)


class GrowingAccess:
    """A growing relation by the values at fixed positions, rows whole."""

    outputs: Columns | None = None

    def __init__(self, relation: Growing, positions: Columns) -> None:
        self._relation = relation
        self._positions = positions

    def index(self, keys: Iterable[Hashable]) -> Index:
        return self._relation.index_by(self._positions)

    def widest(self) -> int:
        rows, index = len(self._relation), self._relation.index_by(self._positions)
        return 4 * (rows // max(1, len(index)) + 1)

    def ordered(self, column: int) -> None:
        return None


class StoredAccess:
    """The wanted columns of a stored relation by the values at fixed positions."""

    def __init__(self, indexed: Indexed, positions: Columns, wanted: Columns) -> None:
        self._indexed = indexed
        self._positions = positions
        self.outputs: Columns | None = indexed.outputs(positions, wanted)
        self._partial = indexed.partial(positions, self.outputs) if indexed.rows else None

    def index(self, keys: Iterable[Hashable]) -> Index:
        if self._partial is not None:
            return self._partial.complete_for(keys)
        return self._indexed.index(self._positions, self.outputs)

    def widest(self) -> int:
        if self._partial is not None:
            return self._partial.widest
        return self._indexed.widest(self._positions, self.outputs)

    def ordered(self, column: int) -> Mapping[Any, Ordered] | None:
        """The index with each key's rows ascending by an integer column, for range joins."""
        assert self.outputs is not None
        return self._indexed.ordered(self._positions, self.outputs, column)


class Stored:
    """The snapshot's winning facts together with the ground facts of the question's own program."""

    def __init__(self, snapshot: Snapshot, own: Mapping[PredicateId, Sequence[Row]]) -> None:
        self._snapshot = snapshot
        self._own = {
            (name, arity): Indexed(_merged(snapshot.rows(name.removesuffix(STORED_SUFFIX), arity), rows))
            for (name, arity), rows in own.items()
        }

    def has(self, predicate: PredicateId) -> bool:
        return bool(self.rows(predicate))

    def rows(self, predicate: PredicateId) -> tuple[Row, ...]:
        return self.indexed(predicate).rows

    def indexed(self, predicate: PredicateId) -> Indexed:
        own = self._own.get(predicate)
        return self._snapshot.indexed(*predicate) if own is None else own

    def access(self, predicate: PredicateId, positions: Columns, wanted: Columns) -> "StoredAccess | RecordingAccess":
        return StoredAccess(self.indexed(predicate), positions, wanted)

    def sorted_rows(self, predicate: PredicateId) -> Indexed | None:
        """The relation for readers of its sorted columns; None where every row read is to be noted."""
        return self.indexed(predicate)

    def distinct(self, predicate: PredicateId, position: int) -> int:
        """How many values an argument position takes."""
        return self.indexed(predicate).distinct(position)


def _merged(stored: Sequence[Row], own: Sequence[Row]) -> tuple[Row, ...]:
    return tuple(dict.fromkeys((*stored, *own)))


class RecordingStored(Stored):
    """Stored relations that remember which rows were looked at."""

    def __init__(self, snapshot: Snapshot, own: Mapping[PredicateId, Sequence[Row]]) -> None:
        super().__init__(snapshot, own)
        self._met: dict[tuple[PredicateId, Row], None] = {}

    def access(self, predicate: PredicateId, positions: Columns, wanted: Columns) -> "RecordingAccess":
        return RecordingAccess(self.indexed(predicate).index(positions), predicate, self._met)

    def sorted_rows(self, predicate: PredicateId) -> None:
        return None

    def met(self) -> list[tuple[PredicateId, Row]]:
        """Every row looked at, under the relation's own name."""
        return [((name.removesuffix(STORED_SUFFIX), arity), row) for (name, arity), row in self._met]


class RecordingAccess:
    """Whole rows by their key; the rows of every key asked for are noted."""

    outputs: Columns | None = None

    def __init__(self, index: Index, predicate: PredicateId, met: dict[tuple[PredicateId, Row], None]) -> None:
        self._index = index
        self._predicate = predicate
        self._met = met

    def index(self, keys: Iterable[Hashable]) -> Index:
        for key in dict.fromkeys(keys):
            for row in self._index.get(key, ()):
                self._met[self._predicate, row] = None
        return self._index

    def widest(self) -> int:
        return max(map(len, self._index.values()), default=0)

    def ordered(self, column: int) -> None:
        return None
