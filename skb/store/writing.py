"""How facts of a machine are written and taken back in one transaction: rows with a first and a last revision."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple, TypeVar

from sqlalchemy import Connection, insert, select, update

from skb.errors import RevisionConflict, TermError
from skb.layers import layer_rank
from skb.store.codec import encode_rows
from skb.store.database import Database
from skb.store.loading import Stated
from skb.store.tables import change, clock, fact, machine, relation, source
from skb.terms import Row

MOST_NAMES = 10_000
"""Different relations, or sources, of one write; each costs a question to the database."""

_CHUNK = 500
_FACT_COLUMNS = ("machine_id", "relation_id", "args", "layer", "source_id", "added")
_Item = TypeVar("_Item")
REPLACED_BY_LOAD = ("static", "discovered")


class _Batch(NamedTuple):
    """Rows to be written under one relation, layer and source, encoded."""

    relation_id: int
    layer: int
    source_id: int
    args: list[str]


def revision_of(connection: Connection) -> int:
    return int(connection.execute(select(clock.c.revision)).scalar_one())


def advance(connection: Connection, expected: int | None) -> int:
    """Takes the next revision; the row lock of the clock makes writers of PostgreSQL wait for each other."""
    connection.execute(update(clock).values(revision=clock.c.revision + 1))
    revision = revision_of(connection)
    if expected is not None and revision - 1 != expected:
        raise RevisionConflict(
            f"the write expected revision {expected}, the store is at {revision - 1}; read again and retry",
            details={"expected": expected, "found": revision - 1},
        )
    return revision


def record_change(connection: Connection, revision: int, machine_id: int, summary: str) -> None:
    at = datetime.now(UTC).isoformat(timespec="milliseconds")
    connection.execute(insert(change).values(revision=revision, machine_id=machine_id, at=at, summary=summary))


def machine_id_or_new(connection: Connection, name: str) -> int:
    found = connection.execute(select(machine.c.id).where(machine.c.name == name)).scalar()
    if found is not None:
        return int(found)
    return int(connection.execute(insert(machine).values(name=name).returning(machine.c.id)).scalar_one())


def write_facts(
    database: Database, connection: Connection, machine_id: int, revision: int, stated: Stated
) -> dict[str, int]:
    """Adds facts, each anew where its layer has it already; how many by relation name."""
    counts: dict[str, int] = {}
    for key, batches in _batches(connection, stated).items():
        for batch in batches:
            if not (batch.layer < layer_rank("measured") and stated.is_replacing):
                _end_rows(connection, machine_id, batch.relation_id, batch.args, [batch.layer], revision)
            rows = (
                (machine_id, batch.relation_id, args, batch.layer, batch.source_id, revision) for args in batch.args
            )
            database.insert(connection, fact, _FACT_COLUMNS, rows)
            counts[key[0]] = counts.get(key[0], 0) + len(batch.args)
    return counts


def end_layers(connection: Connection, machine_id: int, revision: int) -> None:
    """Takes back every static and discovered fact of a machine."""
    replaced = [layer_rank(layer) for layer in REPLACED_BY_LOAD]
    connection.execute(
        update(fact)
        .where(fact.c.machine_id == machine_id, fact.c.removed.is_(None), fact.c.layer.in_(replaced))
        .values(removed=revision)
    )


def end_facts(
    connection: Connection,
    machine_id: int,
    facts: dict[tuple[str, int], list[Row]],
    layers: Sequence[int],
    revision: int,
) -> int:
    """Takes facts back from layers; how many rows there were."""
    return sum(
        _end_rows(connection, machine_id, _relation_id(connection, key), encode_rows(rows), layers, revision)
        for key, rows in facts.items()
    )


def _end_rows(
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


def _batches(connection: Connection, stated: Stated) -> dict[tuple[str, int], list[_Batch]]:
    """Facts by relation, then by runs of equal layer and source; a fact said twice in a layer counts once."""
    grouped: dict[tuple[str, int], dict[tuple[str, str], dict[Row, None]]] = {}
    for name, row, layer, said_by in stated.facts:
        runs = grouped.setdefault((name, len(row)), {})
        runs.setdefault((layer, said_by), {})[row] = None
    said = {said_by for runs in grouped.values() for _, said_by in runs}
    for what, found in (("relations", grouped), ("sources", said)):
        if len(found) > MOST_NAMES:
            raise TermError(f"the facts have {len(found)} different {what}; up to {MOST_NAMES} at once are accepted")
    sources = _source_ids(connection, said)
    return {
        key: [
            _Batch(_relation_id(connection, key), layer_rank(layer), sources[said_by], encode_rows(list(rows)))
            for (layer, said_by), rows in runs.items()
        ]
        for key, runs in grouped.items()
    }


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


def _chunks(items: Sequence[_Item]) -> list[Sequence[_Item]]:
    return [items[at : at + _CHUNK] for at in range(0, len(items), _CHUNK)]
