"""The fact store: every accepted write is one revision of a single growing number."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from sqlalchemy import Connection, func, select

from skb.errors import TermError, UnknownMachine
from skb.layers import LAYERS, Statement, layer_rank
from skb.octopus.records import Records
from skb.snapshot import Snapshot
from skb.store.backup import BackupReport, read_backup, write_backup
from skb.store.database import Database
from skb.store.history import HistoryReader
from skb.store.loading import NOT_A_FACT, LoadReport, Stated, is_machine_name, read_stated
from skb.store.pruning import Pruned, check_kept, prune
from skb.store.tables import change, fact, machine, relation
from skb.store.writing import (
    REPLACED_BY_LOAD,
    advance,
    end_layers,
    machine_id_or_new,
    record_change,
    retract_facts,
    revision_of,
    write_facts,
)
from skb.watching.bookkeeping import Change
from skb.watching.changes import Changes
from skb.watching.subscription import Event, Subscription

if TYPE_CHECKING:
    from skb.knowledge import KnowledgeBase


@dataclass(frozen=True, slots=True)
class MachineSummary:
    """A machine of the store: its name, its facts by relation name, the revision that last changed it."""

    name: str
    revision: int
    facts: Mapping[str, int]


class Store:
    """Facts of any number of machines in one SQLite or PostgreSQL database; `sqlite://` keeps nothing.

    Safe for several threads and processes. Raises StoreError where the database fails.
    """

    def __init__(self, url: str = "sqlite://") -> None:
        self._database = Database(url)
        self._history = HistoryReader(self._database)
        self._subscriptions: WeakSet[Subscription[Any]] = WeakSet()

    def __enter__(self) -> "Store":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the subscriptions, too."""
        for subscription in list(self._subscriptions):
            subscription.stop()
        self._database.close()

    @property
    def url(self) -> str:
        """The database's URL without its password."""
        return self._database.shown_url

    @property
    def address(self) -> str | None:
        """The URL with its password, by which another process opens this store; None for one in memory."""
        return None if self._database.is_in_memory else self._database.url.render_as_string(hide_password=False)

    @property
    def revision(self) -> int:
        """The number of writes accepted so far."""
        with self._database.reading() as connection:
            return revision_of(connection)

    def machines(self) -> tuple[MachineSummary, ...]:
        """Every machine, by name."""
        counted = (
            select(machine.c.name, relation.c.name, func.sum(fact.c.size))
            .join_from(machine, fact, (fact.c.machine_id == machine.c.id) & fact.c.removed.is_(None), isouter=True)
            .join(relation, relation.c.id == fact.c.relation_id, isouter=True)
            .group_by(machine.c.name, relation.c.name)
            .order_by(machine.c.name, relation.c.name)
        )
        changed = select(machine.c.name, func.max(change.c.revision)).join(change).group_by(machine.c.name)
        with self._database.reading() as connection:
            revisions = {str(name): int(revision) for name, revision in connection.execute(changed)}
            counts: dict[str, dict[str, int]] = {}
            for name, relation_name, count in connection.execute(counted):
                found = counts.setdefault(name, {})
                if relation_name is not None:
                    found[relation_name] = int(count)
        return tuple(MachineSummary(name, revisions.get(name, 0), found) for name, found in counts.items())

    def knowledge(self, name: str) -> "KnowledgeBase":
        """One machine of this store. Raises UnknownMachine."""
        from skb.knowledge import KnowledgeBase  # here: a knowledge base holds its store

        with self._database.reading() as connection:
            _machine_id(connection, name)
        return KnowledgeBase(self, name)

    def snapshot(self, name: str, revision: int | None = None) -> Snapshot:
        """A machine's facts at a revision (default: the newest). Raises UnknownMachine, UnknownRevision."""
        with self._database.reading() as connection:
            at = revision_of(connection) if revision is None else revision
            check_kept(connection, at)
            return self._history.snapshot(connection, _machine_id(connection, name), name, at)

    def load(self, reading: object, machine: str | None = None, *, expected_revision: int | None = None) -> LoadReport:
        """Takes in what a source says about a machine, in one revision.

        Loading an existing name replaces its static and discovered facts; measured and quirk facts stay (a
        reading that states nothing static or discovered only adds). A refusal leaves the revision unmoved.
        """
        stated = read_stated(reading, machine)
        if not stated.statements:
            raise _without_facts(stated)
        is_description = any(said.layer in REPLACED_BY_LOAD for said in stated.statements)
        with self._database.writing() as connection:
            revision = advance(connection, expected_revision)
            machine_id = machine_id_or_new(connection, stated.machine)
            if is_description:
                end_layers(connection, machine_id, revision)
            counts = write_facts(self._database, connection, machine_id, revision, stated)
            record_change(connection, revision, machine_id, f"load {stated.name}")
        return LoadReport(stated.machine, revision, counts, stated.objects, stated.warnings)

    def tell(self, name: str, stated: Stated, *, expected_revision: int | None = None) -> int:
        """Adds facts to a machine; the same fact in the same layer is said anew. The new revision."""
        if not stated.statements:
            raise TermError("no facts were given; at least one is needed")
        with self._database.writing() as connection:
            revision = advance(connection, expected_revision)
            machine_id = _machine_id(connection, name)
            write_facts(self._database, connection, machine_id, revision, stated)
            record_change(connection, revision, machine_id, f"tell {sum(len(said.rows) for said in stated.statements)}")
        return revision

    def retract(
        self,
        name: str,
        facts: Sequence[Statement],
        *,
        layer: str | None = None,
        expected_revision: int | None = None,
    ) -> int:
        """Removes facts from a layer, or all; the revision, unmoved when nothing was there."""
        ranks = list(range(len(LAYERS))) if layer is None else [layer_rank(layer)]
        with self._database.writing() as connection:
            revision = advance(connection, expected_revision)
            machine_id = _machine_id(connection, name)
            removed = retract_facts(self._database, connection, machine_id, facts, ranks, revision)
            if not removed:
                connection.rollback()
                return revision - 1
            record_change(connection, revision, machine_id, f"retract {removed}")
        return revision

    def changes(self, pattern: str, from_revision: int | None = None, *, machine: str | None = None) -> Changes:
        """A cursor over the changes after a revision (default: the newest) of facts that match a pattern.

        `message_rtt(0, _, _, _, _, _)` is a pattern, `_` is any fact; of all machines unless one is named.
        Raises UnknownRevision for a revision that is pruned or not reached.
        """
        return Changes(self._database, pattern, from_revision, machine)

    def subscribe(
        self,
        pattern: str,
        tell: Callable[[Change], object],
        *,
        from_revision: int | None = None,
        machine: str | None = None,
        poll_s: float = 0.05,
    ) -> Subscription[Change]:
        """Calls `tell` with every such change, once and in order, from a thread of its own, until closed.

        Writes of other processes are seen within `poll_s`, those of this store at once.
        """
        changes = self.changes(pattern, from_revision, machine=machine)
        return self.follow(changes.read, tell, poll_s)

    def follow(
        self, read: Callable[[], Sequence[Event]], tell: Callable[[Event], object], poll_s: float = 0.05
    ) -> Subscription[Event]:
        """A subscription to what a cursor's `read` gives; it ends with the store."""
        made = Subscription(read, tell, self._database.changed, poll_s)
        self._subscriptions.add(made)
        return made

    @property
    def records(self) -> Records:
        """The named records beside the facts: attributes, watches, publish and subscribe."""
        return Records(self._database, self.follow)

    def prune(self, keep_from_revision: int) -> Pruned:
        """Forgets what no revision from that one on shows; asking an earlier one raises UnknownRevision from then on.

        The store's revision stays. Raises UnknownRevision for one that is not reached yet.
        """
        with self._database.writing() as connection:
            return prune(connection, keep_from_revision)

    def times(self, revisions: Iterable[int]) -> dict[int, str]:
        """When each of some revisions was written, as ISO 8601 in UTC; those that are not known are left out."""
        wanted = sorted({revision for revision in revisions if 0 <= revision < 2**63})
        found: dict[int, str] = {}
        with self._database.reading() as connection:
            for at in range(0, len(wanted), 500):
                known = select(change.c.revision, change.c.at).where(change.c.revision.in_(wanted[at : at + 500]))
                found.update({int(revision): str(when) for revision, when in connection.execute(known)})
        return found

    def backup(self, path: str | Path) -> BackupReport:
        """Writes the whole store, with its history, into a new file that any database can restore.

        Others may write meanwhile; the file holds one revision. It is an SQLite store and can be opened as one.
        """
        return write_backup(self._database, path)

    def restore(self, path: str | Path) -> BackupReport:
        """Replaces all that this store holds by a backup, or leaves it as it was and raises StoreError.

        An empty store takes over the backup's revision; in another one the revision moves past both.
        """
        return read_backup(self._database, path)


def _without_facts(stated: Stated) -> TermError:
    others = sum(warning.code == NOT_A_FACT for warning in stated.warnings)
    held = f"no facts, only rules and other clauses ({others})" if others else "no facts"
    remedy = "; rules are not kept with a machine, a question is asked with them" if others else ""
    return TermError(
        f"the source of {stated.machine!r} holds {held}; at least one fact is needed{remedy}",
        details={"clauses": others},
    )


def _machine_id(connection: Connection, name: str) -> int:
    wanted = select(machine.c.id).where(machine.c.name == name)
    found = connection.execute(wanted).scalar() if is_machine_name(name) else None
    if found is None:
        known = [str(each) for each in connection.execute(select(machine.c.name).order_by(machine.c.name)).scalars()]
        shown = ", ".join(known[:20]) or "none yet"
        raise UnknownMachine(
            f"the machine {name[:200]!r} is not in the store; it holds {shown}",
            details={"machine": name, "known": known},
        )
    return int(found)
