"""The databases that the tests of the store run over: SQLite in memory, SQLite in a file, PostgreSQL."""

import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.context import BaseContext
from pathlib import Path

import postgres_server
import psycopg
import pytest

import skb
from skb.store.tables import clock, metadata


@pytest.fixture(scope="session")
def processes() -> BaseContext:
    """Starts processes from one that has loaded the store already: each costs some milliseconds, not half a second."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["skb.knowledge", "skb.store.store", "skb.octopus.coordination", "psycopg"])
    return context


@pytest.fixture(scope="session")
def postgres() -> Iterator[postgres_server.PostgresServer]:
    """One PostgreSQL server for the whole run; what it keeps need not outlive the machine."""
    with postgres_server.running("fsync=off", "full_page_writes=off", "autovacuum=off") as server:
        yield server


@pytest.fixture(scope="session")
def databases(postgres: postgres_server.PostgresServer) -> dict[str, str]:
    """A database for each of the fixtures below; emptying one is faster than making one."""
    names = {fixture: postgres.new_database() for fixture in ("url", "store")}
    for name in names.values():
        skb.Store(postgres.url(name)).close()
    return {fixture: postgres.url(name) for fixture, name in names.items()}


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty store that several connections and processes may open, on each database."""
    with _a_url(request, tmp_path) as found:
        yield found


@contextmanager
def _a_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param != "postgres":
        yield "sqlite://" if request.param == "memory" else f"sqlite:///{tmp_path}/{request.fixturename}.db"
        return
    url = request.getfixturevalue("databases")[request.fixturename]
    _empty(url)
    yield url


def _empty(url: str) -> None:
    tables = ", ".join(table.name for table in metadata.sorted_tables if table is not clock)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"TRUNCATE {tables} RESTART IDENTITY")
        connection.execute("UPDATE clock SET revision = 0, kept = 0, epoch = gen_random_uuid()::text")


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[skb.Store]:
    """An empty store, open."""
    with _a_url(request, tmp_path) as url, skb.Store(url) as opened:
        yield opened
