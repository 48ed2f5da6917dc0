"""A cursor over the changes of the facts that match a pattern, in order, from any revision that is kept."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, func, or_, select

from skb.errors import StoreError
from skb.layers import DENIED
from skb.rowtext import Rows
from skb.store.database import Database
from skb.store.fact_rows import holding
from skb.store.loading import check_machine_name
from skb.store.pruning import check_kept
from skb.store.tables import clock, fact, machine, relation, source
from skb.store.writing import revision_of
from skb.terms import Row
from skb.watching.bookkeeping import MANY_FACTS, Bookkeeping, Change, Said
from skb.watching.pattern import Pattern, Relation, key_among, key_starts

_REVISIONS_AT_ONCE = 1000
_FEW_KEYS = 20


class _Turned(NamedTuple):
    """What began and what ended in some revisions, by revision and machine."""

    begun: dict[int, dict[str, list[Said]]]
    ended: dict[int, dict[str, list[Said]]]

    def facts(self, name: str) -> Iterator[Said]:
        for side in self:
            for machines in side.values():
                yield from machines.get(name, ())


class Changes:
    """What changed after `revision`, which moves on as changes are read; iterating ends at the present.

    A fact is `asserted` when a layer states it that did not, or when goals see it again; `retracted` when a layer
    states it no more; `superseded` when it is still stated but a better or newer fact, or a denial, hides it from
    goals. Saying the same again is no change. A read costs what changed, and a search of the relation's text for
    the other facts of the same keys; where a quirk denies facts, or many keys changed, the relation is read.
    """

    def __init__(self, database: Database, pattern: str, from_revision: int | None, machine_name: str | None) -> None:
        self._database = database
        self._pattern = Pattern(pattern)
        if machine_name is not None:
            check_machine_name(machine_name)
        self._machine = machine_name
        self._books: dict[str, Bookkeeping] = {}
        with database.reading() as connection:
            self.revision = revision_of(connection) if from_revision is None else from_revision
            check_kept(connection, self.revision)
            self._epoch = _epoch(connection)

    def __iter__(self) -> Iterator[Change]:
        while found := self.read():
            yield from found

    def read(self) -> tuple[Change, ...]:
        """The next changes, of a thousand revisions at most; () when there are none up to the present.

        Raises UnknownRevision when what was not read yet is pruned, StoreError when the store was restored.
        """
        with self._database.reading() as connection:
            if _epoch(connection) != self._epoch:
                raise StoreError("the store was restored from a backup; changes must be followed anew")
            check_kept(connection, self.revision)
            newest = revision_of(connection)
            found: list[Change] = []
            while self.revision < newest and not found:
                until = self._until(connection, newest)
                found = self._turn(connection, until)
                self.revision = until
        return tuple(found)

    def _until(self, connection: Connection, newest: int) -> int:
        """How far one step goes: some thousand facts, at least one revision."""
        last = min(newest, self.revision + _REVISIONS_AT_ONCE)
        sizes: dict[int, int] = defaultdict(int)
        for column in (fact.c.added, fact.c.removed):
            within = (column > self.revision, column <= last)
            counted = select(column, func.sum(fact.c.size)).where(*within).group_by(column)
            for revision, size in connection.execute(counted):
                sizes[revision] += int(size)
        total = 0
        for revision in sorted(sizes):
            total += sizes[revision]
            if total > MANY_FACTS:
                return revision
        return last

    def _turn(self, connection: Connection, until: int) -> list[Change]:
        turned = _Turned(
            self._grouped(connection, fact.c.added, until), self._grouped(connection, fact.c.removed, until)
        )
        names = sorted({name for side in turned for machines in side.values() for name in machines})
        for name in names:
            self._recall(connection, name, turned)
        found: list[Change] = []
        for revision in sorted(turned.begun.keys() | turned.ended.keys()):
            for name in sorted(turned.begun[revision].keys() | turned.ended[revision].keys()):
                found += self._books[name].turn(revision, turned.ended[revision][name], turned.begun[revision][name])
        self._books = {name: book for name, book in self._books.items() if book.is_worth_keeping()}
        return found

    def _recall(self, connection: Connection, name: str, turned: _Turned) -> None:
        """Reads what the books must know of a machine to judge what changed in it."""
        book = self._books.get(name)
        if book is None:
            book = self._books[name] = Bookkeeping(name, self._pattern)
            denials = (relation.c.name == DENIED, relation.c.arity == 1)
            book.recall(self._said(connection, *self._then(), machine.c.name == name, *denials), ())
        buckets, denied = book.missing(turned.facts(name))
        keys: dict[Relation, set[Row]] = defaultdict(set)
        for changed, key in buckets:
            keys[changed].add(key)
        here = (*self._then(), machine.c.name == name)
        for (relation_name, arity), wanted in keys.items():
            these = (relation.c.name == relation_name, relation.c.arity == arity)
            starts = key_starts((relation_name, arity), wanted) if len(wanted) <= _FEW_KEYS else ()
            book.recall(self._said(connection, *here, *these, starts=starts, keys=wanted), buckets)
        for relation_name, arity in denied:
            these = (relation.c.name == relation_name, relation.c.arity == arity)
            book.recall(self._said(connection, *here, *these), (), denied)

    def _then(self) -> tuple[ColumnElement[bool], ...]:
        """What was stated at `revision`."""
        at = self.revision
        return fact.c.added <= at, or_(fact.c.removed.is_(None), fact.c.removed > at)

    def _grouped(
        self, connection: Connection, column: ColumnElement[int], until: int
    ) -> dict[int, dict[str, list[Said]]]:
        """Facts that began or ended, by revision and machine; a fact that did both at once was never there."""
        lasted = or_(fact.c.removed.is_(None), fact.c.removed > fact.c.added)
        found: dict[int, dict[str, list[Said]]] = defaultdict(lambda: defaultdict(list))
        for said in self._said(connection, column > self.revision, column <= until, lasted):
            found[said.added if column is fact.c.added else said.removed][said.machine].append(said)
        return found

    def _said(
        self,
        connection: Connection,
        *conditions: ColumnElement[bool],
        starts: Sequence[str] = (),
        keys: Collection[Row] | None = None,
    ) -> Iterator[Said]:
        """Facts that may concern the pattern, of any key or of some; `starts` are the beginnings of their text."""
        wanted = (
            select(
                machine.c.name, relation.c.name, relation.c.arity, source.c.text, fact.c.layer, fact.c.added,
                fact.c.removed, fact.c.place, fact.c.args, fact.c.size,
            )
            .select_from(fact.join(machine).join(relation).join(source))
            .where(*conditions)
        )  # fmt: skip
        if starts:
            wanted = wanted.where(holding(connection, starts))
        if self._machine is not None:
            wanted = wanted.where(machine.c.name == self._machine)
        if self._pattern.relation is not None:
            name, arity = self._pattern.relation
            wanted = wanted.where(
                or_((relation.c.name == name) & (relation.c.arity == arity), relation.c.name == DENIED)
            )
        found: list[Any] = sorted(connection.execute(wanted), key=itemgetter(1, 2, 5, 7))
        for key, run in groupby(found, key=itemgetter(1, 2)):
            keep = self._pattern.concerns(key) if keys is None else key_among(key, keys)
            yield from _read(key, list(run), tuple(starts), keep)


def _read(
    key: Relation, found: Sequence[Any], starts: tuple[str, ...], keep: Callable[[Row], bool] | None
) -> Iterator[Said]:
    """The facts of some rows of one relation; where their beginnings are known, only such lines are read."""
    texts: list[str] = []
    placed: list[tuple[Any, Sequence[int]]] = []
    for each in found:
        text: str = each.args
        places: Sequence[int] = range(each.place, each.place + each.size)
        if starts:
            text, places = _lines_from(text, places, starts)
        if places:
            texts.append(text)
            placed.append((each, places))
    if not placed:
        return
    rows = iter(Rows.joined([Rows(text, len(places)) for text, (_, places) in zip(texts, placed, strict=True)]))
    for (name, _, _, said_by, layer, added, removed, *_), places in placed:
        for place, row in zip(places, rows, strict=False):
            if keep is None or keep(row):
                yield Said(name, key, row, layer, said_by, added, place, removed or 0)


def _lines_from(text: str, places: Sequence[int], starts: tuple[str, ...]) -> tuple[str, Sequence[int]]:
    """The lines that begin so, and their places."""
    lines = text.split("\n")
    hits = [at for at, line in enumerate(lines) if line.startswith(starts)]
    return "\n".join([lines[at] for at in hits]), [places[at] for at in hits]


def _epoch(connection: Connection) -> str:
    return str(connection.execute(select(clock.c.epoch)).scalar_one())
