"""The rows that rules read and derive: stored relations, growing ones with their indexes."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any

from skb.query.rules import PredicateId
from skb.query.steps import Index
from skb.snapshot import Snapshot, build_index
from skb.terms import Row

STORED_SUFFIX = "$stored"


class Growing:
    """Derived rows, each once, in the order found; indexes follow as rows come."""

    def __init__(self) -> None:
        self.rows: dict[Row, None] = {}
        self._indexes: dict[tuple[int, ...], dict[Any, list[Row]]] = {}
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

    def index_by(self, positions: tuple[int, ...]) -> Index:
        if not positions:
            return {(): self._all}
        found = self._indexes.get(positions)
        if found is None:
            found = self._indexes[positions] = build_index(self._all, positions)
        return found

    def __len__(self) -> int:
        return len(self._all)


class GrowingAccess:
    """A growing relation by the values at fixed positions."""

    def __init__(self, relation: Growing, positions: tuple[int, ...]) -> None:
        self._relation = relation
        self._positions = positions

    def index(self, keys: Iterable[Hashable]) -> Index:
        return self._relation.index_by(self._positions)

    def widest(self) -> int:
        rows, index = len(self._relation), self._relation.index_by(self._positions)
        return 4 * (rows // max(1, len(index)) + 1)


class StoredAccess:
    """A stored relation by the values at fixed positions."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._widest = max(map(len, index.values()), default=0)

    def index(self, keys: Iterable[Hashable]) -> Index:
        return self._index

    def widest(self) -> int:
        return self._widest


class Stored:
    """The snapshot's winning facts together with the ground facts of the question's own program."""

    def __init__(self, snapshot: Snapshot, own: Mapping[PredicateId, Sequence[Row]]) -> None:
        self._snapshot = snapshot
        self._own = {
            (name, arity): _merged(snapshot.rows(name.removesuffix(STORED_SUFFIX), arity), rows)
            for (name, arity), rows in own.items()
        }
        self._accesses: dict[tuple[PredicateId, tuple[int, ...]], StoredAccess] = {}

    def has(self, predicate: PredicateId) -> bool:
        return bool(self.rows(predicate))

    def rows(self, predicate: PredicateId) -> tuple[Row, ...]:
        own = self._own.get(predicate)
        return self._snapshot.rows(*predicate) if own is None else own

    def access(self, predicate: PredicateId, positions: tuple[int, ...]) -> StoredAccess:
        found = self._accesses.get((predicate, positions))
        if found is None:
            found = self._accesses[predicate, positions] = StoredAccess(self._index(predicate, positions))
        return found

    def _index(self, predicate: PredicateId, positions: tuple[int, ...]) -> Index:
        if not positions:
            return {(): self.rows(predicate)}
        if predicate in self._own:
            return build_index(self._own[predicate], positions)
        return self._snapshot.index(*predicate, positions)

    def distinct(self, predicate: PredicateId, position: int) -> int:
        """How many values an argument position takes."""
        if predicate in self._own:
            return len({row[position] for row in self._own[predicate]})
        return self._snapshot.distinct(*predicate, position)


def _merged(stored: Sequence[Row], own: Sequence[Row]) -> tuple[Row, ...]:
    return tuple(dict.fromkeys((*stored, *own)))


class RecordingStored(Stored):
    """Stored relations that remember which rows were looked at."""

    def __init__(self, snapshot: Snapshot, own: Mapping[PredicateId, Sequence[Row]]) -> None:
        super().__init__(snapshot, own)
        self._met: dict[tuple[PredicateId, Row], None] = {}

    def access(self, predicate: PredicateId, positions: tuple[int, ...]) -> StoredAccess:
        return _RecordingAccess(super().access(predicate, positions), predicate, self._met)

    def met(self) -> list[tuple[PredicateId, Row]]:
        """Every row looked at, under the relation's own name."""
        return [((name.removesuffix(STORED_SUFFIX), arity), row) for (name, arity), row in self._met]


class _RecordingAccess(StoredAccess):
    def __init__(self, inner: StoredAccess, predicate: PredicateId, met: dict[tuple[PredicateId, Row], None]) -> None:
        super().__init__(inner.index(()))
        self._predicate = predicate
        self._met = met

    def index(self, keys: Iterable[Hashable]) -> Index:
        for key in dict.fromkeys(keys):
            for row in self._index.get(key, ()):
                self._met[self._predicate, row] = None
        return self._index
