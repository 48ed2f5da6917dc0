"""A store in a temporary folder, a command line and a client for it."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from starlette.testclient import TestClient

import facts
from api.cli import main
from api.service.app import create_app
from api.service.work.caps import Caps
from api.service.work.pool import Pool
from skb.store.store import Store


class Said(NamedTuple):
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)


Skb = Callable[..., Said]


@pytest.fixture
def skb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Skb:
    """Runs a command in this process, on a store of its own."""
    monkeypatch.setenv("SKB_DATABASE_URL", f"sqlite:///{tmp_path / 'store.sqlite'}")
    monkeypatch.delenv("SKB_DEBUG", raising=False)

    def run(*words: object) -> Said:
        capsys.readouterr()
        code = main([str(word) for word in words])
        captured = capsys.readouterr()
        return Said(code, captured.out, captured.err)

    return run


@pytest.fixture
def barrier(tmp_path: Path) -> Path:
    """The dissertation's manifest, Fig 3.4."""
    path = tmp_path / "barrier.manifest"
    path.write_text("B 1\nH 80 160 80 480\n")
    return path


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    """A store in memory with one machine; shared by the tests of a module."""
    with Store("sqlite://") as made:
        made.load(facts.read("amd-4x4"))
        yield made


@pytest.fixture(scope="session")
def pool() -> Iterator[Pool]:
    """The workers of all services under test: loading their rooms takes a second."""
    made = Pool(Caps())
    yield made
    made.close()


@pytest.fixture(scope="module")
def client(store: Store, pool: Pool) -> Iterator[TestClient]:
    """A client that sees faults of ours as status 500."""
    with TestClient(create_app(store, pool=pool), base_url="http://127.0.0.1", raise_server_exceptions=False) as made:
        yield made
