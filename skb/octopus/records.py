"""Named records with attributes in the manner of Barrelfish's Octopus: set, found, watched, published."""

import json
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol, TypeVar

from sqlalchemy import Connection, insert, or_, select, update

from skb.errors import RecordError
from skb.octopus.query import MOST_RECORD_BYTES, Query, Record, natural_order, read_query
from skb.store.database import Database
from skb.store.pruning import check_kept
from skb.store.tables import record, record_counter
from skb.store.writing import advance, revision_of
from skb.watching.subscription import Subscription

_POLL_S = 0.02
_Found = TypeVar("_Found")


class RecordEvent(NamedTuple):
    """`kind` is set, deleted or published; `existing` for what a watch finds when it begins."""

    revision: int
    kind: str
    record: Record


class _Follow(Protocol):
    def __call__(
        self, read: Callable[[], Sequence[RecordEvent]], tell: Callable[[RecordEvent], object]
    ) -> Subscription[RecordEvent]: ...


class Records:
    """Records of one store; each write is one of its revisions. Raises RecordError with Octopus's codes.

    Sequential names count for ever. Records outlive the process that set them, as in Octopus.
    """

    def __init__(self, database: Database, follow: _Follow) -> None:
        self._database = database
        self._follow = follow

    def set(self, text: str, *, is_sequential: bool = False) -> Record:
        """Sets a record as a whole; `key op value` in its text are conditions on the record that it replaces.

        With `is_sequential` the next number is added to the name. Codes: no_record_name, constraint_mismatch.
        """
        query = read_query(text)
        wanted = query.record()
        with self._database.writing() as connection:
            revision = advance(connection, None)
            if is_sequential:
                wanted = Record(f"{wanted.name}{_next_number(connection, wanted.name)}", wanted.attributes)
            if query.constraints:
                _check_constraints(query, _living(connection, wanted.name))
            _end(connection, wanted.name, revision)
            _write(connection, wanted, revision, None)
        return wanted

    def find(self, text: str) -> tuple[Record, ...]:
        """Every record that matches, by name, with `n2` before `n10`."""
        query = read_query(text)
        with self._database.reading() as connection:
            return _matching(connection, query)

    def names(self, text: str) -> tuple[str, ...]:
        """The names of the records that match. Code: no_record."""
        found = self.find(text)
        if not found:
            raise _no_record(text)
        return tuple(each.name for each in found)

    def get(self, text: str) -> Record:
        """The first record that matches. Code: no_record."""
        return self._first(self.find(text), text)

    def exists(self, text: str) -> bool:
        return bool(self.find(text))

    def delete(self, text: str) -> Record:
        """Takes the first record that matches away; of several who try, one gets it. Code: no_record."""
        query = read_query(text)
        with self._database.writing() as connection:
            revision = advance(connection, None)
            found = self._first(_matching(connection, query), text)
            _end(connection, found.name, revision)
        return found

    def publish(self, text: str) -> int:
        """Tells subscribers of a record that is never stored; the revision."""
        wanted = read_query(text).record()
        with self._database.writing() as connection:
            revision = advance(connection, None)
            _write(connection, wanted, revision, revision)
        return revision

    def events(self, text: str, from_revision: int | None = None, *, with_existing: bool = False) -> "RecordEvents":
        """A cursor over what happens to matching records after a revision (default: the newest)."""
        return RecordEvents(self._database, read_query(text), from_revision, with_existing)

    def watch(
        self, text: str, tell: Callable[[RecordEvent], object], *, with_existing: bool = False
    ) -> Subscription[RecordEvent]:
        """Calls `tell` for each matching record that is set or deleted, first for those there are if asked."""
        events = self.events(text, with_existing=with_existing)
        return self._follow(lambda: [each for each in events.read() if each.kind != "published"], tell)

    def subscribe(self, text: str, tell: Callable[[RecordEvent], object]) -> Subscription[RecordEvent]:
        """Calls `tell` for each matching record that is published from now on."""
        events = self.events(text)
        return self._follow(lambda: [each for each in events.read() if each.kind == "published"], tell)

    def wait_for(self, text: str, timeout_s: float | None = None) -> Record:
        """The first record that matches, as soon as there is one. Code: timeout."""
        return self.wait_until(lambda: next(iter(self.find(text)), None), timeout_s, text)

    def wait_until(self, find: Callable[[], _Found | None], timeout_s: float | None, what: str) -> _Found:
        """What `find` gives when it is not None; asked again after each write here and every 20 ms."""
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        while (found := find()) is None:
            if deadline is not None and time.monotonic() >= deadline:
                raise RecordError(f"waiting for {what} ended after {timeout_s} seconds", "timeout")
            with self._database.changed:
                self._database.changed.wait(_POLL_S)
        return found

    def _first(self, found: Sequence[Record], text: str) -> Record:
        if not found:
            raise _no_record(text)
        return found[0]


class RecordEvents:
    """A cursor: each event after `revision` once, in order."""

    def __init__(self, database: Database, query: Query, from_revision: int | None, with_existing: bool) -> None:
        self._database, self._query = database, query
        with database.reading() as connection:
            self.revision = revision_of(connection) if from_revision is None else from_revision
            check_kept(connection, self.revision)
            existing = _matching(connection, query) if with_existing else ()
        self._first = [RecordEvent(self.revision, "existing", each) for each in existing]

    def read(self) -> list[RecordEvent]:
        """The events since the last read. Raises UnknownRevision when some are pruned."""
        first, self._first = self._first, []
        with self._database.reading() as connection:
            check_kept(connection, self.revision)
            until = revision_of(connection)
            after = (record.c.added > self.revision, record.c.removed > self.revision)
            rows = list(connection.execute(select(record).where(or_(*after)).order_by(record.c.id)))
        since, self.revision = self.revision, until
        begun = {(each.added, each.name) for each in rows if each.removed != each.added}
        found = [event for each in rows for event in _events(each, since, begun) if self._query.matches(event.record)]
        return first + sorted(found, key=lambda event: event.revision)


def _events(row: Any, since: int, begun: set[tuple[int, str]]) -> list[RecordEvent]:
    """What a stored row tells: one that ended as it began was published; one that another replaced was not deleted."""
    found = _record(row)
    if row.removed == row.added:
        return [RecordEvent(row.added, "published", found)]
    events = [RecordEvent(row.added, "set", found)] if row.added > since else []
    if row.removed is not None and row.removed > since and (row.removed, row.name) not in begun:
        events.append(RecordEvent(row.removed, "deleted", found))
    return events


def _record(row: Any) -> Record:
    return Record(row.name, json.loads(row.attributes))


def _matching(connection: Connection, query: Query) -> tuple[Record, ...]:
    wanted = select(record).where(record.c.removed.is_(None))
    if query.name and not query.is_regex:
        wanted = wanted.where(record.c.name == query.name)
    found = [each for each in map(_record, connection.execute(wanted)) if query.matches(each)]
    return tuple(sorted(found, key=lambda each: natural_order(each.name)))


def _living(connection: Connection, name: str) -> Record | None:
    row = connection.execute(select(record).where(record.c.name == name, record.c.removed.is_(None))).one_or_none()
    return None if row is None else _record(row)


def _check_constraints(query: Query, found: Record | None) -> None:
    if found is None or not all(each.holds(found.attributes) for each in query.constraints):
        shown = "there is none" if found is None else f"it is {found}"
        raise RecordError(f"the record {query.name} does not meet the conditions: {shown}", "constraint_mismatch")


def _write(connection: Connection, wanted: Record, added: int, removed: int | None) -> None:
    if len(str(wanted).encode()) > MOST_RECORD_BYTES:
        raise RecordError(f"the record {wanted.name[:60]} is longer than {MOST_RECORD_BYTES} bytes", "query_size")
    attributes = json.dumps(dict(wanted.attributes))
    connection.execute(insert(record).values(name=wanted.name, attributes=attributes, added=added, removed=removed))


def _end(connection: Connection, name: str, revision: int) -> None:
    connection.execute(update(record).where(record.c.name == name, record.c.removed.is_(None)).values(removed=revision))


def _next_number(connection: Connection, name: str) -> int:
    """The clock's row is locked already, so nobody else counts at the same time."""
    found = connection.execute(select(record_counter.c.next).where(record_counter.c.name == name)).scalar()
    if found is None:
        connection.execute(insert(record_counter).values(name=name, next=1))
        return 0
    connection.execute(update(record_counter).where(record_counter.c.name == name).values(next=found + 1))
    return int(found)


def _no_record(text: str) -> RecordError:
    return RecordError(f"no record matches {text[:80]}", "no_record")
