"""How facts of a machine are written and taken back in one transaction, each with a first and a last revision."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import NamedTuple, TypeVar

from sqlalchemy import Connection, insert, select, update

from skb.errors import RevisionConflict, TermError
from skb.layers import Statement, layer_rank
from skb.rowtext import Rows
from skb.schema import key_of
from skb.store.database import Database
from skb.store.fact_rows import Standing, end_facts, insert_facts, superseded
from skb.store.loading import Stated
from skb.store.tables import change, clock, fact, machine, relation, source

MOST_NAMES = 10_000
"""Different relations, or sources, of one write; each costs a question to the database."""

_CHUNK = 500
_Item = TypeVar("_Item")
REPLACED_BY_LOAD = ("static", "discovered")
MEASURED = layer_rank("measured")


class _Batch(NamedTuple):
    """Facts to be written under one relation, layer and source."""

    name: str
    relation_id: int
    key: tuple[int, ...] | None
    layer: int
    source_id: int
    lines: list[str]


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
    """Adds facts, each anew where its layer has it already; how many by relation name.

    What a source measured and is loaded with again takes the place of what it said of the same keys.
    """
    counts: dict[str, int] = {}
    place = 0
    for batch in _batches(connection, stated.statements):
        standing = Standing(machine_id, batch.relation_id, batch.layer, batch.source_id, revision)
        if not (batch.layer < MEASURED and stated.is_replacing):
            ended = batch.lines
            if stated.is_replacing and batch.layer == MEASURED:
                ended = ended + superseded(connection, standing, batch.lines, batch.key)
            end_facts(database, connection, machine_id, batch.relation_id, ended, [batch.layer], revision)
        insert_facts(database, connection, standing, batch.lines, place)
        place += len(batch.lines)
        counts[batch.name] = counts.get(batch.name, 0) + len(batch.lines)
    return counts


def end_layers(connection: Connection, machine_id: int, revision: int) -> None:
    """Takes back every static and discovered fact of a machine."""
    replaced = [layer_rank(layer) for layer in REPLACED_BY_LOAD]
    connection.execute(
        update(fact)
        .where(fact.c.machine_id == machine_id, fact.c.removed.is_(None), fact.c.layer.in_(replaced))
        .values(removed=revision)
    )


def retract_facts(
    database: Database,
    connection: Connection,
    machine_id: int,
    facts: Sequence[Statement],
    layers: Sequence[int],
    revision: int,
) -> int:
    """Takes facts back from layers, whoever stated them; how many there were."""
    count = 0
    for said in facts:
        relation_id = _relation_id(connection, (said.name, said.arity))
        count += end_facts(database, connection, machine_id, relation_id, said.rows.lines(), layers, revision)
    return count


def _batches(connection: Connection, statements: Sequence[Statement]) -> Iterator[_Batch]:
    """What one source states of one relation in one layer; a fact that it says twice counts once."""
    grouped: dict[tuple[str, int, str, str], list[Rows]] = {}
    for said in statements:
        grouped.setdefault((said.name, said.arity, said.layer, said.source), []).append(said.rows)
    relations, said_by = {key[:2] for key in grouped}, {key[3] for key in grouped}
    for what, found in (("relations", relations), ("sources", said_by)):
        if len(found) > MOST_NAMES:
            raise TermError(f"the facts have {len(found)} different {what}; up to {MOST_NAMES} at once are accepted")
    sources = _source_ids(connection, said_by)
    for (name, arity, layer, source_text), parts in grouped.items():
        lines = parts[0].lines() if len(parts) == 1 else [line for part in parts for line in part.lines()]
        if len(set(lines)) < len(lines):
            lines = list(dict.fromkeys(lines))
        relation_id = _relation_id(connection, (name, arity))
        key = key_of(name, arity)
        yield _Batch(name, relation_id, key, layer_rank(layer), sources[source_text], lines)


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
