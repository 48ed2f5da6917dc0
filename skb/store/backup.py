"""A whole store in one file, to be moved to any other database: the file is an SQLite store itself."""

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import URL, Connection, delete, func, select, text, update

from skb.errors import StoreError
from skb.store.database import Database
from skb.store.tables import HEAD, clock, fact, machine, metadata
from skb.store.writing import advance, revision_of

_ROWS_AT_ONCE = 1000
_COPIED = [table for table in metadata.sorted_tables if table is not clock]


@dataclass(frozen=True, slots=True)
class BackupReport:
    """What a backup holds: its machines and facts (of all kept revisions); the revision of the store afterwards."""

    file: str
    revision: int
    machines: int
    facts: int

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def write_backup(database: Database, path: str | Path) -> BackupReport:
    """Writes one consistent state while others go on writing; the file appears whole or not at all.

    Raises StoreError where the file exists already, so that no older backup is lost, or cannot be written.
    """
    target = Path(path)
    if target.exists():
        raise StoreError(f"the file {target} exists; a backup is written to a new file only")
    try:
        with tempfile.TemporaryDirectory(prefix=".skb-backup-", dir=target.absolute().parent) as folder:
            copy = Database(URL.create("sqlite", database=f"{folder}/backup"))
            with database.reading() as source, copy.writing() as sink:
                report = _fill(source, copy, sink, target)
                sink.execute(update(clock).values(**source.execute(select(clock)).one()._mapping))
            copy.close()
            os.replace(f"{folder}/backup", target)
    except OSError as error:
        raise StoreError(f"the backup {target} cannot be written: {error.strerror}") from error
    return report


def read_backup(database: Database, path: str | Path) -> BackupReport:
    """Replaces all that a store holds by what a backup holds, in one transaction. Raises StoreError.

    An empty store takes over the revisions of the backup; another one moves past its own and the backup's,
    for the number never goes back: a write that expects an earlier revision is refused.
    """
    with _opened(Path(path)) as backup, backup.reading() as source, database.writing() as sink:
        own = advance(sink, None) - 1
        for table in reversed(_COPIED):
            sink.execute(delete(table))
        report = _fill(source, database, sink, Path(path))
        found = source.execute(select(clock)).one()
        revision = found.revision if own == 0 else max(own, found.revision) + 1
        sink.execute(update(clock).values(revision=revision, kept=found.kept, epoch=uuid4().hex))
        _continue_sequences(sink)
    return BackupReport(report.file, revision, report.machines, report.facts)


def _fill(source: Connection, database: Database, sink: Connection, file: Path) -> BackupReport:
    for table in _COPIED:
        columns = [column.name for column in table.columns]
        rows = source.execution_options(yield_per=_ROWS_AT_ONCE).execute(select(table))
        for part in rows.partitions():
            database.insert(sink, table, columns, [tuple(row) for row in part])
    machines = int(source.execute(select(func.count()).select_from(machine)).scalar_one())
    facts = int(source.execute(select(func.coalesce(func.sum(fact.c.size), 0))).scalar_one())
    return BackupReport(str(file), revision_of(source), machines, facts)


def _continue_sequences(connection: Connection) -> None:
    """PostgreSQL numbers rows by sequences, which rows with numbers of their own do not move."""
    if connection.dialect.name == "postgresql":
        for table in _COPIED:
            if "id" in table.columns:
                sequence, most = f"pg_get_serial_sequence('{table.name}', 'id')", f"SELECT max(id) FROM {table.name}"
                connection.execute(text(f"SELECT setval({sequence}, coalesce(({most}), 0) + 1, false)"))


@contextmanager
def _opened(path: Path) -> Iterator[Database]:
    """A copy of the backup, brought to the newest tables; the file itself stays as it is."""
    with tempfile.TemporaryDirectory(prefix="skb-restore-") as folder:
        try:
            shutil.copyfile(path, f"{folder}/backup")
        except OSError as error:
            raise StoreError(f"the backup {path} cannot be read: {error.strerror}") from error
        _check(path, f"{folder}/backup")
        database = Database(URL.create("sqlite", database=f"{folder}/backup"))
        try:
            yield database
        finally:
            database.close()


def _check(path: Path, copy: str) -> None:
    try:
        with closing(sqlite3.connect(copy)) as connection:
            version = connection.execute("SELECT version_num FROM alembic_version").fetchone()
            damage = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
            strays = connection.execute("PRAGMA foreign_key_check").fetchone()
            is_whole = version is not None and connection.execute("SELECT revision FROM clock").fetchone() is not None
    except sqlite3.Error as error:
        raise StoreError(f"the file {path} is no backup of a store: {error}") from error
    if damage != "ok" or strays is not None or not is_whole:
        raise StoreError(f"the backup {path} is damaged ({damage}); the store stays as it was")
    if version[0] > HEAD:
        raise StoreError(f"the backup {path} has tables {version[0]} of a newer release; up to {HEAD} are read")
