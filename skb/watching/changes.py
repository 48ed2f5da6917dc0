"""A cursor over the changes of the facts that match a pattern, in order, from any revision that is kept."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, Connection, or_, select

from skb.errors import StoreError
from skb.layers import DENIED
from skb.rowtext import decode_rows
from skb.store.database import Database
from skb.store.pruning import check_kept
from skb.store.tables import clock, fact, machine, relation, source
from skb.store.writing import revision_of
from skb.watching.bookkeeping import Bookkeeping, Change, Pattern, Said

_REVISIONS_AT_ONCE = 1000


class Changes:
    """What changed after `revision`, which moves on as changes are read; iterating ends at the present.

    A fact is `asserted` when a layer states it that did not, or when goals see it again; `retracted` when a layer
    states it no more; `superseded` when it is still stated but a better or newer fact, or a denial, hides it from
    goals. Saying the same again is no change. Reads cost what changed; the first one reads the relation.
    """

    def __init__(self, database: Database, pattern: str, from_revision: int | None, machine_name: str | None) -> None:
        self._database = database
        self._pattern = Pattern(pattern)
        self._machine = machine_name
        self._books: dict[str, Bookkeeping] | None = None
        with database.reading() as connection:
            self.revision = revision_of(connection) if from_revision is None else from_revision
            check_kept(connection, self.revision)
            self._epoch = _epoch(connection)

    def __iter__(self) -> Iterator[Change]:
        while True:
            before = self.revision
            yield from self.read()
            if self.revision == before:
                return

    def read(self) -> tuple[Change, ...]:
        """The next changes, of a thousand revisions at most; () when there are none.

        Raises UnknownRevision when what was not read yet is pruned, StoreError when the store was restored.
        """
        with self._database.reading() as connection:
            if _epoch(connection) != self._epoch:
                raise StoreError("the store was restored from a backup; changes must be followed anew")
            check_kept(connection, self.revision)
            until = min(revision_of(connection), self.revision + _REVISIONS_AT_ONCE)
            if until == self.revision:
                return ()
            if self._books is None:
                self._books = self._open_books(connection)
            begun = self._grouped(connection, fact.c.added, until)
            ended = self._grouped(connection, fact.c.removed, until)
        found: list[Change] = []
        for revision in sorted(begun.keys() | ended.keys()):
            for name in begun.get(revision, {}).keys() | ended.get(revision, {}).keys():
                book = self._books.setdefault(name, Bookkeeping(name, self._pattern))
                found += book.turn(revision, ended[revision][name], begun[revision][name])
        self.revision = until
        return tuple(found)

    def _open_books(self, connection: Connection) -> dict[str, Bookkeeping]:
        at = self.revision
        then = (fact.c.added <= at, or_(fact.c.removed.is_(None), fact.c.removed > at))
        books: dict[str, Bookkeeping] = {}
        for name, said in self._said(connection, *then):
            books.setdefault(name, Bookkeeping(name, self._pattern)).add(said)
        return books

    def _grouped(
        self, connection: Connection, column: ColumnElement[int], until: int
    ) -> dict[int, dict[str, list[Said]]]:
        """Facts that began or ended, by revision and machine; a fact that did both at once was never there."""
        lasted = or_(fact.c.removed.is_(None), fact.c.removed > fact.c.added)
        found: dict[int, dict[str, list[Said]]] = defaultdict(lambda: defaultdict(list))
        for name, said in self._said(connection, column > self.revision, column <= until, lasted):
            found[said.added if column is fact.c.added else said.removed][name].append(said)
        return found

    def _said(self, connection: Connection, *conditions: ColumnElement[bool]) -> Iterator[tuple[str, Said]]:
        wanted = (
            select(
                machine.c.name, relation.c.name, relation.c.arity, fact.c.args, source.c.text,
                fact.c.place, fact.c.layer, fact.c.added, fact.c.removed,
            )
            .select_from(fact.join(machine).join(relation).join(source))
            .where(*conditions)
            .order_by(fact.c.added, fact.c.place)
        )  # fmt: skip
        if self._machine is not None:
            wanted = wanted.where(machine.c.name == self._machine)
        if self._pattern.relation is not None:
            name, arity = self._pattern.relation
            wanted = wanted.where(
                or_((relation.c.name == name) & (relation.c.arity == arity), relation.c.name == DENIED)
            )
        found: list[Any] = list(connection.execute(wanted))
        for name, relation_name, arity, args, said_by, place, layer, added, removed in found:
            for at, row in enumerate(decode_rows(args)):
                said = Said((relation_name, arity), row, layer, said_by, added, place + at, removed or 0)
                if self._pattern.may_concern(said.relation, row):
                    yield name, said


def _epoch(connection: Connection) -> str:
    return str(connection.execute(select(clock.c.epoch)).scalar_one())
