"""Reading a machine's facts as they were at a revision, with a small cache of what was read."""

from collections import OrderedDict
from itertools import groupby
from operator import itemgetter
from threading import Lock
from typing import Any

from sqlalchemy import Connection, func, or_, select

from skb.layers import Stretch
from skb.rowtext import Rows
from skb.snapshot import Contents, Snapshot
from skb.store.database import Database
from skb.store.tables import change, clock, fact, relation, source

_KEPT = 8


class HistoryReader:
    """Snapshots by revision; one is read once for all revisions in which its machine did not change."""

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
        if found is None:
            found = _read(connection, *key[1:])
        with self._lock:
            self._cache[key] = found
            self._cache.move_to_end(key)
            while len(self._cache) > _KEPT:
                self._cache.popitem(last=False)
        return Snapshot(name, revision, found)


def _read(connection: Connection, machine_id: int, revision: int) -> Contents:
    wanted = select(
        fact.c.relation_id, fact.c.layer, fact.c.added, fact.c.place, fact.c.source_id, fact.c.args, fact.c.size
    ).where(
        fact.c.machine_id == machine_id,
        fact.c.added <= revision,
        or_(fact.c.removed.is_(None), fact.c.removed > revision),
    )
    rows: list[Any] = sorted(connection.execute(wanted), key=itemgetter(0, 1, 2, 3))
    names = {each.id: (each.name, each.arity) for each in connection.execute(select(relation))}
    texts = {each.id: each.text for each in connection.execute(select(source))}
    stated: dict[tuple[str, int], list[Stretch]] = {}
    for (relation_id, layer, added, source_id), run in groupby(rows, key=itemgetter(0, 1, 2, 4)):
        found = Rows.joined([Rows(each.args, each.size) for each in run])
        stated.setdefault(names[relation_id], []).append(Stretch(layer, texts[source_id], added, found))
    return Contents(stated)
