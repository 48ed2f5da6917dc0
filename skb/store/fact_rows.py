"""Rows of the fact table that hold several facts: cut from lists of facts, split where some of them end."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy import Connection, delete, func, or_, select, update

from skb.rowtext import decode_rows
from skb.store.database import Database
from skb.store.tables import fact

MOST_FACTS = 1000
MOST_CHARACTERS = 1 << 16
"""Of one row; ending one of its facts writes the others anew."""

_CHUNK = 500
_FEW = 20
_COLUMNS = ("machine_id", "relation_id", "layer", "source_id", "added", "removed", "args", "size", "place")


class Standing(NamedTuple):
    """What the facts of a row have in common."""

    machine_id: int
    relation_id: int
    layer: int
    source_id: int
    added: int


def insert_facts(
    database: Database, connection: Connection, standing: Standing, lines: Sequence[str], place: int
) -> None:
    """Writes facts, each a line; `place` counts those that were written in the same revision before."""
    size = max(1, min(MOST_FACTS, MOST_CHARACTERS * len(lines) // (sum(map(len, lines)) + 1)))
    parts = ((lines[at : at + size], place + at) for at in range(0, len(lines), size))
    database.insert(connection, fact, _COLUMNS, (_row(standing, None, part, at) for part, at in parts))


def superseded(
    connection: Connection, standing: Standing, lines: Sequence[str], key: tuple[int, ...] | None
) -> list[str]:
    """The living facts that the same source stated in the same layer, of which a line states the key anew."""
    same = ("machine_id", "relation_id", "layer", "source_id")
    alike = (fact.c[name] == getattr(standing, name) for name in same)
    texts = connection.execute(select(fact.c.args).where(*alike, fact.c.removed.is_(None))).scalars().all()
    if not texts or not key:
        return []
    identify = itemgetter(*key)
    renewed = set(map(identify, decode_rows("\n".join(lines))))
    held = "\n".join(texts)
    stated = zip(held.split("\n"), decode_rows(held), strict=True)
    return [line for line, row in stated if identify(row) in renewed]


def end_facts(
    database: Database,
    connection: Connection,
    machine_id: int,
    relation_id: int,
    lines: Sequence[str],
    layers: Sequence[int],
    revision: int,
) -> int:
    """Takes living facts back from layers; how many there were."""
    wanted = frozenset(lines)
    whole: list[int] = []
    split: list[int] = []
    pieces: list[tuple[Any, ...]] = []
    count = 0
    for row in connection.execute(_living(connection, machine_id, relation_id, wanted, layers)):
        held = row.args.split("\n")
        hits = [line in wanted for line in held]
        count += sum(hits)
        if all(hits):
            whole.append(row.id)
        elif any(hits):
            split.append(row.id)
            standing = Standing(machine_id, relation_id, row.layer, row.source_id, row.added)
            pieces += _split(standing, held, hits, row.place, revision)
    for at in range(0, len(whole), _CHUNK):
        connection.execute(update(fact).where(fact.c.id.in_(whole[at : at + _CHUNK])).values(removed=revision))
    for at in range(0, len(split), _CHUNK):
        connection.execute(delete(fact).where(fact.c.id.in_(split[at : at + _CHUNK])))
    database.insert(connection, fact, _COLUMNS, pieces)
    return count


def _living(
    connection: Connection, machine_id: int, relation_id: int, wanted: frozenset[str], layers: Sequence[int]
) -> Any:
    """The rows that may hold one of the facts; of few facts, the database looks for the text itself."""
    rows = select(fact.c.id, fact.c.layer, fact.c.source_id, fact.c.added, fact.c.place, fact.c.args).where(
        fact.c.machine_id == machine_id,
        fact.c.relation_id == relation_id,
        fact.c.removed.is_(None),
        fact.c.layer.in_(layers),
    )
    return rows if len(wanted) > _FEW else rows.where(holding(connection, sorted(wanted)))


def holding(connection: Connection, texts: Sequence[str]) -> Any:
    """The condition that a row's text holds one of some texts, at the start of a line or within it."""
    position = func.instr if connection.dialect.name == "sqlite" else func.strpos
    return or_(*(position(fact.c.args, text) > 0 for text in texts))


def _split(
    standing: Standing, held: Sequence[str], hits: Sequence[bool], place: int, revision: int
) -> Iterator[tuple[Any, ...]]:
    """Rows for what ends and what stays, each where it stood."""
    for is_hit, run in groupby(range(len(held)), key=hits.__getitem__):
        numbers = list(run)
        first, last = numbers[0], numbers[-1]
        yield _row(standing, revision if is_hit else None, held[first : last + 1], place + first)


def _row(standing: Standing, removed: int | None, lines: Sequence[str], place: int) -> tuple[Any, ...]:
    return (*standing, removed, "\n".join(lines), len(lines), place)
