"""Opening a database: engine, pragmas, transactions that begin when they say so, migrations."""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Condition, RLock
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, Engine, Table, create_engine, event, insert, inspect, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.pool import StaticPool

from skb.errors import StoreError
from skb.store.tables import HEAD, clock, metadata

BUSY_TIMEOUT_S = 30
_MIGRATING = 0x736B62  # the advisory lock of PostgreSQL under which one opener at a time creates the tables


class Database:
    """One database and its two kinds of transaction: reads of one state, writes one after another."""

    def __init__(self, url: str | URL) -> None:
        self.url = _url(url)
        self._lock = RLock()
        self.changed = Condition()
        self.is_in_memory = self.url.get_backend_name() == "sqlite" and self.url.database in (
            None,
            "",
            ":memory:",
        )
        self._failures: tuple[type[Exception], ...] = (SQLAlchemyError, sqlite3.Error)
        try:
            self._engine = self._create_engine()
            self._failures += (self._engine.dialect.loaded_dbapi.Error,)
            self._migrate()
        except (*self._failures, OSError, ImportError) as error:
            raise StoreError(f"the store {self.shown_url} cannot be opened: {_reason(error)}") from error

    @property
    def shown_url(self) -> str:
        """The URL without its password."""
        return self.url.render_as_string(hide_password=True)

    def close(self) -> None:
        self._engine.dispose()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that sees one state throughout."""
        with self._transaction(write=False) as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that is committed at the end, rolled back on any error; one at a time on SQLite."""
        with self._transaction(write=True) as connection:
            yield connection
        with self.changed:
            self.changed.notify_all()

    def insert(
        self, connection: Connection, table: Table, columns: Sequence[str], rows: Iterable[Sequence[Any]]
    ) -> None:
        """Bulk insert of plain tuples: a million rows in seconds, where insert() of dicts takes a minute."""
        target = f"{table.name} ({', '.join(columns)})"
        cursor: Any = connection.connection.cursor()
        if self._engine.dialect.name == "sqlite":
            marks = ", ".join("?" * len(columns))
            cursor.executemany(f"INSERT INTO {target} VALUES ({marks})", rows)
            return
        with cursor.copy(f"COPY {target} FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)

    @contextmanager
    def _transaction(self, write: bool) -> Iterator[Connection]:
        with self._exclusive():
            try:
                options: dict[str, Any] = {"skb_write": write}
                if not write and self._engine.dialect.name != "sqlite":
                    options["isolation_level"] = "REPEATABLE READ"
                with self._engine.connect().execution_options(**options) as connection, connection.begin():
                    yield connection
            except self._failures as error:
                raise StoreError(f"the store {self.shown_url} failed: {_reason(error)}") from error

    @contextmanager
    def _exclusive(self) -> Iterator[None]:
        """Threads share the one connection of a store in memory, so they take turns."""
        if self.is_in_memory:
            with self._lock:
                yield
        else:
            yield

    def _create_engine(self) -> Engine:
        if self.url.get_backend_name() != "sqlite":
            return create_engine(self.url)
        if self.is_in_memory:
            engine = create_engine(self.url, poolclass=StaticPool, connect_args={"check_same_thread": False})
        else:
            Path(str(self.url.database)).parent.mkdir(parents=True, exist_ok=True)
            engine = create_engine(self.url, connect_args={"timeout": BUSY_TIMEOUT_S})
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine

    def _migrate(self) -> None:
        with self._engine.connect().execution_options(skb_write=True) as connection, connection.begin():
            if self.is_in_memory:
                _create_all(connection)
            elif not _is_current(connection):
                if self._engine.dialect.name == "postgresql":
                    connection.execute(text(f"SELECT pg_advisory_xact_lock({_MIGRATING})"))
                _run_migrations(connection)


def _url(url: str | URL) -> URL:
    try:
        found = make_url(url)
        backend = found.get_backend_name()
    except (ArgumentError, SQLAlchemyError):
        backend = ""
    if backend == "postgresql" and found.drivername == "postgresql":
        found = found.set(drivername="postgresql+psycopg")
    if backend not in ("sqlite", "postgresql"):
        raise StoreError("the database URL is neither sqlite:///FILE, sqlite:// nor postgresql://...")
    return found


def _reason(error: Exception) -> str:
    return str(getattr(error, "orig", None) or error).splitlines()[0]


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={BUSY_TIMEOUT_S * 1000}",
    ):  # fmt: skip
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    write = connection.get_execution_options().get("skb_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


def _is_current(connection: Connection) -> bool:
    if not inspect(connection).has_table("alembic_version"):
        return False
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar() == HEAD


def _create_all(connection: Connection) -> None:
    """A store that keeps nothing skips Alembic's import; a test holds both ways to the same tables."""
    metadata.create_all(connection)
    connection.execute(insert(clock).values(id=1, revision=0, epoch=uuid4().hex))


def _run_migrations(connection: Connection) -> None:
    from alembic import command  # here: a store that is up to date never pays for the import
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise StoreError(f"the store has tables of a newer release; up to {HEAD} are read") from error
