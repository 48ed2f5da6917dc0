"""Forgetting old revisions: what ended before the oldest revision that is kept is deleted."""

from dataclasses import asdict, dataclass

from sqlalchemy import Connection, delete, func, select, update

from skb.errors import UnknownRevision
from skb.store.tables import change, clock, fact, record, source


@dataclass(frozen=True, slots=True)
class Pruned:
    """The oldest revision that can still be asked, and how many facts and records were deleted."""

    kept_from: int
    facts: int
    records: int

    def to_json(self) -> dict[str, int]:
        return asdict(self)


def kept_revisions(connection: Connection) -> tuple[int, int]:
    """The oldest and the newest revision that can be asked."""
    kept, newest = connection.execute(select(clock.c.kept, clock.c.revision)).one()
    return int(kept), int(newest)


def check_kept(connection: Connection, revision: int) -> None:
    """Raises UnknownRevision for a revision that is pruned or not reached yet."""
    kept, newest = kept_revisions(connection)
    if not kept <= revision <= newest:
        raise UnknownRevision(
            f"revision {revision} was asked for; {kept} to {newest} are kept",
            details={"asked": revision, "kept": kept, "current": newest},
        )


def prune(connection: Connection, keep_from: int) -> Pruned:
    """Deletes what no revision from `keep_from` on shows; a write transaction. Raises UnknownRevision.

    Each machine keeps its last change up to `keep_from`, that is the revision of what it then held, and each fact
    when it was said.
    """
    connection.execute(update(clock).values(kept=clock.c.kept))  # waits for the writers of PostgreSQL
    kept, newest = kept_revisions(connection)
    if not 0 <= keep_from <= newest:
        raise UnknownRevision(
            f"revision {keep_from} was to be the oldest kept; {kept} to {newest} can be",
            details={"asked": keep_from, "kept": kept, "current": newest},
        )
    if keep_from <= kept:
        return Pruned(kept, 0, 0)
    connection.execute(update(clock).values(kept=keep_from))
    ended = select(func.coalesce(func.sum(fact.c.size), 0)).where(fact.c.removed <= keep_from)
    facts = int(connection.execute(ended).scalar_one())
    connection.execute(delete(fact).where(fact.c.removed <= keep_from))
    records = connection.execute(delete(record).where(record.c.removed <= keep_from)).rowcount
    last = select(func.max(change.c.revision)).where(change.c.revision <= keep_from).group_by(change.c.machine_id)
    told = select(fact.c.added).where(fact.c.added < keep_from)
    gone = (change.c.revision < keep_from, change.c.revision.not_in(last), change.c.revision.not_in(told))
    connection.execute(delete(change).where(*gone))
    connection.execute(delete(source).where(source.c.id.not_in(select(fact.c.source_id))))
    return Pruned(keep_from, facts, records)
