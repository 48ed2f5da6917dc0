"""The databases that the tests of the store run over: SQLite in memory, SQLite in a file, PostgreSQL."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import postgres_server
import pytest

import skb


@pytest.fixture(scope="session")
def postgres() -> Iterator[postgres_server.PostgresServer]:
    """One PostgreSQL server for the whole run; what it keeps need not outlive the machine."""
    with postgres_server.running("fsync=off", "full_page_writes=off", "autovacuum=off") as server:
        yield server


@pytest.fixture(scope="session")
def migrated(postgres: postgres_server.PostgresServer) -> str:
    """A database with the tables of the store and nothing in them, to be copied."""
    name = postgres.new_database()
    skb.Store(postgres.url(name)).close()
    return name


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
    server: postgres_server.PostgresServer = request.getfixturevalue("postgres")
    name = server.new_database(request.getfixturevalue("migrated"))
    yield server.url(name)
    server.drop(name)


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[skb.Store]:
    """An empty store, open."""
    with _a_url(request, tmp_path) as url, skb.Store(url) as opened:
        yield opened
