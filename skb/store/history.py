"""Reading a machine's facts as they were at a revision; what did not change since one read before is not read again."""

from collections import OrderedDict
from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter
from threading import Lock
from typing import Any

from sqlalchemy import Connection, func, or_, select, union

from skb.layers import Stretch
from skb.rowtext import Rows
from skb.snapshot import Contents, RelationId, Snapshot
from skb.store.database import Database
from skb.store.tables import change, clock, fact, relation, source

_KEPT = 8
_FEW = 500
"""Relations that one question to the database may name."""


class HistoryReader:
    """Snapshots by revision; one is read once for all revisions in which its machine did not change.

    After a write only the relations that it changed are read; the others are shared with the snapshot before, with
    all that was worked out of them.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._cache: OrderedDict[tuple[str, int, int], Contents] = OrderedDict()
        self._lock = Lock()

    def snapshot(self, connection: Connection, machine_id: int, name: str, revision: int) -> Snapshot:
        changed = select(func.max(change.c.revision)).where(
            change.c.machine_id == machine_id, change.c.revision <= revision
        )
        epoch = str(connection.execute(select(clock.c.epoch)).scalar_one())  # another one after a restore
        key = (epoch, machine_id, int(connection.execute(changed).scalar() or 0))
        with self._lock:
            found = self._cache.get(key)
            earlier = [(at, held) for (era, whose, at), held in self._cache.items() if (era, whose) == key[:2]]
        if found is None:
            kept = int(connection.execute(select(clock.c.kept)).scalar_one())
            before = [each for each in earlier if kept <= each[0] < key[2]]
            found = _renewed(connection, machine_id, key[2], *max(before, key=itemgetter(0))) if before else None
        if found is None:
            found = Contents(_stated(connection, machine_id, key[2]))
        with self._lock:
            self._cache[key] = found
            self._cache.move_to_end(key)
            while len(self._cache) > _KEPT:
                self._cache.popitem(last=False)
        return Snapshot(name, revision, found)


def _renewed(connection: Connection, machine_id: int, revision: int, since: int, before: Contents) -> Contents:
    """The contents at a revision from those of an earlier one, since which every change has left its trace."""
    of_machine = select(fact.c.relation_id).where(fact.c.machine_id == machine_id)
    added = of_machine.where(fact.c.added > since, fact.c.added <= revision)
    removed = of_machine.where(fact.c.removed > since, fact.c.removed <= revision)
    numbers = sorted({int(number) for number in connection.execute(union(added, removed)).scalars()})
    changed = {key for number, key in _names(connection).items() if number in set(numbers)}
    return before.changed(changed, _stated(connection, machine_id, revision, numbers))


def _stated(
    connection: Connection, machine_id: int, revision: int, relations: Sequence[int] | None = None
) -> dict[RelationId, list[Stretch]]:
    """What is stated at a revision, of some relations or of all."""
    wanted = select(
        fact.c.relation_id, fact.c.layer, fact.c.added, fact.c.place, fact.c.source_id, fact.c.args, fact.c.size
    ).where(
        fact.c.machine_id == machine_id,
        fact.c.added <= revision,
        or_(fact.c.removed.is_(None), fact.c.removed > revision),
    )
    if relations is not None and len(relations) <= _FEW:
        wanted = wanted.where(fact.c.relation_id.in_(relations))
    found = connection.execute(wanted)
    chosen = None if relations is None else set(relations)
    rows: list[Any] = sorted(
        (row for row in found if chosen is None or row.relation_id in chosen), key=itemgetter(0, 1, 2, 3)
    )
    names = _names(connection)
    texts = {each.id: each.text for each in connection.execute(select(source))}
    stated: dict[RelationId, list[Stretch]] = {}
    for (relation_id, layer, added, source_id), run in groupby(rows, key=itemgetter(0, 1, 2, 4)):
        joined = Rows.joined([Rows(each.args, each.size) for each in run])
        stated.setdefault(names[relation_id], []).append(Stretch(layer, texts[source_id], added, joined))
    return stated


def _names(connection: Connection) -> dict[int, RelationId]:
    return {each.id: (each.name, each.arity) for each in connection.execute(select(relation))}
