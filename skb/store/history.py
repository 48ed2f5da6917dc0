"""Reading a machine's facts as they were at a revision, with a small cache of what was read."""

from collections import OrderedDict
from threading import Lock

from sqlalchemy import Connection, func, or_, select

from skb.layers import stretches
from skb.snapshot import Contents, Snapshot
from skb.store.codec import decode_rows
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
    wanted = (
        select(fact.c.relation_id, fact.c.layer, fact.c.source_id, fact.c.added, fact.c.args)
        .where(
            fact.c.machine_id == machine_id,
            fact.c.added <= revision,
            or_(fact.c.removed.is_(None), fact.c.removed > revision),
        )
        .order_by(fact.c.id)
    )
    columns: dict[int, tuple[list[int], list[int], list[int], list[str]]] = {}
    for relation_id, layer, source_id, added, args in connection.execute(wanted):
        found = columns.setdefault(relation_id, ([], [], [], []))
        found[0].append(layer)
        found[1].append(source_id)
        found[2].append(added)
        found[3].append(args)
    names = {each.id: (each.name, each.arity) for each in connection.execute(select(relation))}
    texts = {each.id: each.text for each in connection.execute(select(source))}
    return Contents(
        {
            names[relation_id]: stretches(
                zip(layers, map(texts.__getitem__, sources), added, decode_rows(args), strict=True)
            )
            for relation_id, (layers, sources, added, args) in columns.items()
        }
    )
