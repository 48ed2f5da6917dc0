"""The fact store: every accepted write is one revision of a single growing number."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from sqlalchemy import Connection, func, insert, select, update

from skb.codec import encode_rows
from skb.database import Database
from skb.errors import RevisionConflict, TermError, UnknownMachine, UnknownRevision
from skb.history import HistoryReader
from skb.layers import LAYERS, layer_rank
from skb.loading import LoadReport, Stated, read_stated
from skb.snapshot import Snapshot
from skb.tables import change, clock, fact, machine, relation, source
from skb.terms import Row

if TYPE_CHECKING:
    from skb.knowledge import KnowledgeBase

_CHUNK = 500
_Item = TypeVar("_Item")
_REPLACED_BY_LOAD = ("static", "discovered")


@dataclass(frozen=True, slots=True)
class MachineSummary:
    """A machine of the store: its name, its facts by relation name, the revision that last changed it."""

    name: str
    revision: int
    facts: Mapping[str, int]


class _Batch(NamedTuple):
    """Rows to be written under one relation, layer and source, encoded."""

    relation_id: int
    layer: int
    source_id: int
    args: list[str]


class Store:
    """Facts of any number of machines in one SQLite or PostgreSQL database; `sqlite://` keeps nothing.

    Safe for several threads and processes. Raises StoreError where the database fails.
    """

    def __init__(self, url: str = "sqlite://") -> None:
        self._database = Database(url)
        self._history = HistoryReader(self._database)

    def __enter__(self) -> "Store":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._database.close()

    @property
    def url(self) -> str:
        """The database's URL without its password."""
        return self._database.shown_url

    @property
    def revision(self) -> int:
        """The number of writes accepted so far."""
        with self._database.reading() as connection:
            return _revision(connection)

    def machines(self) -> tuple[MachineSummary, ...]:
        """Every machine, by name."""
        counted = (
            select(machine.c.name, relation.c.name, func.count())
            .join_from(machine, fact, (fact.c.machine_id == machine.c.id) & fact.c.removed.is_(None), isouter=True)
            .join(relation, relation.c.id == fact.c.relation_id, isouter=True)
            .group_by(machine.c.name, relation.c.name)
            .order_by(machine.c.name, relation.c.name)
        )
        changed = select(machine.c.name, func.max(change.c.revision)).join(change).group_by(machine.c.name)
        with self._database.reading() as connection:
            revisions = {str(name): int(revision) for name, revision in connection.execute(changed)}
            counts: dict[str, dict[str, int]] = {}
            for name, relation_name, count in connection.execute(counted):
                found = counts.setdefault(name, {})
                if relation_name is not None:
                    found[relation_name] = count
        return tuple(MachineSummary(name, revisions.get(name, 0), found) for name, found in counts.items())

    def knowledge(self, name: str) -> "KnowledgeBase":
        """One machine of this store. Raises UnknownMachine."""
        from skb.knowledge import KnowledgeBase  # here: a knowledge base holds its store

        with self._database.reading() as connection:
            _machine_id(connection, name)
        return KnowledgeBase(self, name)

    def snapshot(self, name: str, revision: int | None = None) -> Snapshot:
        """A machine's facts at a revision (default: the newest). Raises UnknownMachine, UnknownRevision."""
        with self._database.reading() as connection:
            current = _revision(connection)
            if revision is not None and not 0 <= revision <= current:
                details = {"asked": revision, "current": current}
                raise UnknownRevision(f"revision {revision} was asked for; 0 to {current} are kept", details=details)
            at = current if revision is None else revision
            return self._history.snapshot(connection, _machine_id(connection, name), name, at)

    def load(self, reading: object, machine: str | None = None, *, expected_revision: int | None = None) -> LoadReport:
        """Takes in what a source says about a machine, in one revision.

        Loading an existing name replaces its static and discovered facts; measured and quirk facts stay (a
        reading that states nothing static or discovered only adds). A refusal leaves the revision unmoved.
        """
        stated = read_stated(reading, machine)
        if not stated.facts:
            raise TermError(f"the source of {stated.machine!r} holds no facts; at least one is needed")
        is_description = any(layer in _REPLACED_BY_LOAD for _, _, layer, _ in stated.facts)
        with self._database.writing() as connection:
            revision = _advance(connection, expected_revision)
            machine_id = _machine_id_or_new(connection, stated.machine)
            if is_description:
                _remove_layers(connection, machine_id, revision)
            counts = self._write(connection, machine_id, revision, stated)
            _record(connection, revision, machine_id, f"load {stated.name}")
        return LoadReport(stated.machine, revision, counts, stated.objects, stated.warnings)

    def tell(self, name: str, stated: Stated, *, expected_revision: int | None = None) -> int:
        """Adds facts to a machine; the same fact in the same layer is said anew. The new revision."""
        if not stated.facts:
            raise TermError("no facts were given; at least one is needed")
        with self._database.writing() as connection:
            revision = _advance(connection, expected_revision)
            machine_id = _machine_id(connection, name)
            self._write(connection, machine_id, revision, stated)
            _record(connection, revision, machine_id, f"tell {len(stated.facts)}")
        return revision

    def retract(
        self,
        name: str,
        facts: Iterable[tuple[str, Row]],
        *,
        layer: str | None = None,
        expected_revision: int | None = None,
    ) -> int:
        """Removes facts from a layer, or from all; the revision, unmoved when nothing was there."""
        ranks = list(range(len(LAYERS))) if layer is None else [layer_rank(layer)]
        grouped: dict[tuple[str, int], list[Row]] = {}
        for relation_name, row in facts:
            grouped.setdefault((relation_name, len(row)), []).append(row)
        with self._database.writing() as connection:
            revision = _advance(connection, expected_revision)
            machine_id = _machine_id(connection, name)
            removed = 0
            for key, rows in grouped.items():
                relation_id = _relation_id(connection, key)
                removed += _remove_rows(connection, machine_id, relation_id, encode_rows(rows), ranks, revision)
            if not removed:
                connection.rollback()
                return revision - 1
            _record(connection, revision, machine_id, f"retract {removed}")
        return revision

    def _write(self, connection: Connection, machine_id: int, revision: int, stated: Stated) -> dict[str, int]:
        counts: dict[str, int] = {}
        for key, batches in _batches(connection, stated).items():
            for batch in batches:
                if not (batch.layer < layer_rank("measured") and stated.is_replacing):
                    _remove_rows(connection, machine_id, batch.relation_id, batch.args, [batch.layer], revision)
                self._insert(connection, machine_id, revision, batch)
                counts[key[0]] = counts.get(key[0], 0) + len(batch.args)
        return counts

    def _insert(self, connection: Connection, machine_id: int, revision: int, batch: _Batch) -> None:
        """Bulk insert of plain tuples: SQLAlchemy's insert() of dicts was measured eleven times slower."""
        marks = ", ".join([self._database.placeholder] * 6)
        connection.exec_driver_sql(
            f"INSERT INTO fact (machine_id, relation_id, args, layer, source_id, added) VALUES ({marks})",
            [(machine_id, batch.relation_id, args, batch.layer, batch.source_id, revision) for args in batch.args],
        )


def _batches(connection: Connection, stated: Stated) -> dict[tuple[str, int], list[_Batch]]:
    """Facts by relation, then by runs of equal layer and source; a fact said twice in a layer counts once."""
    grouped: dict[tuple[str, int], dict[tuple[str, str], dict[Row, None]]] = {}
    for name, row, layer, said_by in stated.facts:
        runs = grouped.setdefault((name, len(row)), {})
        runs.setdefault((layer, said_by), {})[row] = None
    sources = _source_ids(connection, {said_by for runs in grouped.values() for _, said_by in runs})
    return {
        key: [
            _Batch(_relation_id(connection, key), layer_rank(layer), sources[said_by], encode_rows(list(rows)))
            for (layer, said_by), rows in runs.items()
        ]
        for key, runs in grouped.items()
    }


def _revision(connection: Connection) -> int:
    return int(connection.execute(select(clock.c.revision)).scalar_one())


def _advance(connection: Connection, expected: int | None) -> int:
    """Takes the next revision; the row lock of the clock makes writers of PostgreSQL wait for each other."""
    connection.execute(update(clock).values(revision=clock.c.revision + 1))
    revision = _revision(connection)
    if expected is not None and revision - 1 != expected:
        raise RevisionConflict(
            f"the write expected revision {expected}, the store is at {revision - 1}; read again and retry",
            details={"expected": expected, "found": revision - 1},
        )
    return revision


def _record(connection: Connection, revision: int, machine_id: int, summary: str) -> None:
    at = datetime.now(UTC).isoformat(timespec="milliseconds")
    connection.execute(insert(change).values(revision=revision, machine_id=machine_id, at=at, summary=summary))


def _machine_id(connection: Connection, name: str) -> int:
    found = connection.execute(select(machine.c.id).where(machine.c.name == name)).scalar()
    if found is None:
        known = [str(each) for each in connection.execute(select(machine.c.name).order_by(machine.c.name)).scalars()]
        shown = ", ".join(known[:20]) or "none yet"
        raise UnknownMachine(
            f"the machine {name!r} is not in the store; it holds {shown}",
            details={"machine": name, "known": known},
        )
    return int(found)


def _machine_id_or_new(connection: Connection, name: str) -> int:
    found = connection.execute(select(machine.c.id).where(machine.c.name == name)).scalar()
    if found is not None:
        return int(found)
    return int(connection.execute(insert(machine).values(name=name).returning(machine.c.id)).scalar_one())


def _relation_id(connection: Connection, key: tuple[str, int]) -> int:
    known = select(relation.c.id).where(relation.c.name == key[0], relation.c.arity == key[1])
    found = connection.execute(known).scalar()
    if found is not None:
        return int(found)
    new = insert(relation).values(name=key[0], arity=key[1]).returning(relation.c.id)
    return int(connection.execute(new).scalar_one())


def _source_ids(connection: Connection, texts: set[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    wanted = sorted(texts)
    for chunk in _chunks(wanted):
        known = select(source.c.text, source.c.id).where(source.c.text.in_(chunk))
        found.update({text: int(number) for text, number in connection.execute(known)})
    for text in wanted:
        if text not in found:
            new = insert(source).values(text=text).returning(source.c.id)
            found[text] = int(connection.execute(new).scalar_one())
    return found


def _remove_layers(connection: Connection, machine_id: int, revision: int) -> None:
    replaced = [layer_rank(layer) for layer in _REPLACED_BY_LOAD]
    connection.execute(
        update(fact)
        .where(fact.c.machine_id == machine_id, fact.c.removed.is_(None), fact.c.layer.in_(replaced))
        .values(removed=revision)
    )


def _remove_rows(
    connection: Connection,
    machine_id: int,
    relation_id: int,
    args: Sequence[str],
    layers: Sequence[int],
    revision: int,
) -> int:
    here = (fact.c.machine_id == machine_id, fact.c.relation_id == relation_id)
    if connection.execute(select(fact.c.id).where(*here).limit(1)).scalar() is None:
        return 0
    live = (*here, fact.c.removed.is_(None), fact.c.layer.in_(layers))
    if len(args) <= _CHUNK:
        gone = update(fact).where(*live, fact.c.args.in_(args)).values(removed=revision)
        return connection.execute(gone).rowcount
    wanted = set(args)
    stored = connection.execute(select(fact.c.id, fact.c.args).where(*live))
    found = [number for number, text in stored if text in wanted]
    for chunk in _chunks(found):
        connection.execute(update(fact).where(fact.c.id.in_(chunk)).values(removed=revision))
    return len(found)


def _chunks(items: Sequence[_Item]) -> list[Sequence[_Item]]:
    return [items[at : at + _CHUNK] for at in range(0, len(items), _CHUNK)]
