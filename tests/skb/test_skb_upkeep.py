"""Keeping a store over the years: pruned histories, backups that move between databases, old schemas, bulk loads."""

import os
import sqlite3
from contextlib import closing
from multiprocessing.context import BaseContext
from pathlib import Path

import pytest

import skb
from skb.errors import StoreError, UnknownRevision
from skb.store.database import Database

BULK = 200_000 if os.environ.get("SKB_TEST_SCALE") == "full" else 5_000
FIRST_SCHEMA = Path(__file__).parent / "store_0001.sql"


@pytest.fixture
def kb(store: skb.Store) -> skb.KnowledgeBase:
    """Four revisions: links a-b and b-c are told, a-b is taken back, another machine comes."""
    store.load("link(a, b).", machine="m")
    kb = store.knowledge("m")
    kb.tell([("link", ("b", "c"))], source="a run")
    kb.retract("link(a, b).")
    store.load("core(0, p0).", machine="other")
    return kb


def test_a_pruned_store_answers_from_the_oldest_kept_revision_on(kb: skb.KnowledgeBase) -> None:
    assert kb.store.prune(2).facts == 0
    assert kb.snapshot(2).rows("link", 2) == (("a", "b"), ("b", "c"))
    pruned = kb.store.prune(3)
    assert (pruned.kept_from, pruned.facts) == (3, 1)
    assert kb.snapshot(3).rows("link", 2) == (("b", "c"),)
    assert kb.snapshot().source_of("link", ("b", "c")) == ("measured", "a run")
    assert kb.revision == 4
    with pytest.raises(UnknownRevision, match="revision 2 was asked for; 3 to 4 are kept"):
        kb.snapshot(2)
    assert [(each.name, each.revision) for each in kb.store.machines()] == [("m", 3), ("other", 4)]


def test_pruning_twice_or_less_changes_nothing_and_beyond_the_newest_is_refused(kb: skb.KnowledgeBase) -> None:
    kb.store.prune(4)
    assert kb.store.prune(2).kept_from == 4
    with pytest.raises(UnknownRevision, match="revision 5 was to be the oldest kept; 4 to 4 can be"):
        kb.store.prune(5)
    assert kb.tell([("link", ("c", "d"))]) == 5
    assert kb.snapshot(4).rows("link", 2) == (("b", "c"),)


def _all(store: skb.Store) -> list[object]:
    """All that can be asked of a store, at every revision."""
    found: list[object] = [store.machines()]
    for summary in store.machines():
        found += [store.snapshot(summary.name, revision).facts() for revision in range(store.revision + 1)]
    return found


def test_a_backup_moves_whole_to_another_database(kb: skb.KnowledgeBase, url: str, tmp_path: Path) -> None:
    kb.tell('note("text", 1.5, f([a, 18446744073709551615])). note(é, "\\t\\\\", -1).', source="tab\there \\N \\. ünï")
    report = kb.store.backup(tmp_path / "backup.skb")
    assert (report.revision, report.machines, report.facts) == (5, 2, 5)
    with skb.Store(url) as other:
        assert other.restore(tmp_path / "backup.skb").revision == 5
        assert _all(other) == _all(kb.store)
        assert other.load("core(0, p0).", machine="a third").revision == 6
        assert other.knowledge("m").tell([("new", (1,))], source="new") == 7


def test_a_restore_replaces_everything_and_never_moves_the_revision_back(kb: skb.KnowledgeBase, tmp_path: Path) -> None:
    kb.store.backup(tmp_path / "backup.skb")
    assert kb.snapshot().rows("link", 2) == (("b", "c"),)
    kb.tell([("link", ("c", "d"))])
    kb.store.load("core(0, p0).", machine="a third")
    assert kb.store.restore(tmp_path / "backup.skb").revision == 7
    assert [each.name for each in kb.store.machines()] == ["m", "other"]
    assert kb.snapshot().rows("link", 2) == (("b", "c"),)
    assert kb.snapshot(1).rows("link", 2) == (("a", "b"),)
    assert kb.tell([("link", ("c", "e"))], expected_revision=7) == 8


def test_a_backup_never_overwrites_a_file_and_can_be_opened_as_a_store(kb: skb.KnowledgeBase, tmp_path: Path) -> None:
    kb.store.backup(tmp_path / "backup.skb")
    with pytest.raises(StoreError, match="exists"):
        kb.store.backup(tmp_path / "backup.skb")
    with pytest.raises(StoreError, match="cannot be written"):
        kb.store.backup(tmp_path / "no folder" / "backup.skb")
    assert [each.name for each in tmp_path.iterdir() if "backup" in each.name] == ["backup.skb"]
    with skb.Store(f"sqlite:///{tmp_path}/backup.skb") as opened:
        assert opened.knowledge("m").snapshot().rows("link", 2) == (("b", "c"),)


def _another_database(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE guests (name)")


def _newer(path: Path) -> None:
    Database(f"sqlite:///{path}").close()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")


def _half(path: Path) -> None:
    Database(f"sqlite:///{path}").close()
    path.write_bytes(path.read_bytes()[:20_000])


def _missing(path: Path) -> None:
    assert not path.exists()


def _text(path: Path) -> None:
    path.write_text("no database " * 500)


@pytest.mark.parametrize("make", [_missing, _text, _another_database, _newer, _half])
def test_a_file_that_is_no_backup_leaves_the_store_as_it_was(
    kb: skb.KnowledgeBase, tmp_path: Path, make: object
) -> None:
    make(tmp_path / "file")  # type: ignore[operator]
    with pytest.raises(StoreError, match="file"):
        kb.store.restore(tmp_path / "file")
    assert kb.revision == 4
    assert kb.snapshot().rows("link", 2) == (("b", "c"),)


def test_a_store_of_a_newer_release_is_refused(tmp_path: Path) -> None:
    _newer(tmp_path / "store.db")
    with pytest.raises(StoreError, match="newer release"):
        skb.Store(f"sqlite:///{tmp_path}/store.db")


def test_a_store_of_the_first_schema_is_upgraded_without_loss(url: str, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "old.db")) as connection:
        connection.executescript(FIRST_SCHEMA.read_text())
    with skb.Store(url) as store:
        store.restore(tmp_path / "old.db")
        _check_first_schema(store)
    with skb.Store(f"sqlite:///{tmp_path}/old.db") as store:
        _check_first_schema(store)
        assert store.knowledge("m").tell([("link", ("c", "d"))]) == 7


def _check_first_schema(store: skb.Store) -> None:
    assert store.revision == 6
    now, then = store.snapshot("m"), store.snapshot("m", 3)
    assert now.rows("link", 2) == ()
    assert then.rows("link", 2) == (("a", "b"),)
    assert now.rows("core", 2) == ((0, "p0"),)
    assert then.rows("core", 2) == ((0, "p0"), (1, "p1"))
    assert now.source_of("message_rtt", (0, 1, 480, 1, 1, 1)) == ("measured", "a second run")
    assert len(now.facts()) == 7
    assert store.snapshot("other").rows("core", 2) == ((0, "q0"),)


def _load_bulk(url: str, begin: object) -> None:
    facts = [("part", (number,), "static", "bulk") for number in range(BULK)]
    with skb.Store(url) as store:
        begin.set()  # type: ignore[attr-defined]
        store.load(facts, machine="m")


def test_a_reader_holds_one_revision_while_another_process_loads_in_bulk(url: str, processes: BaseContext) -> None:
    begin = processes.Event()
    with skb.Store(url) as store:
        store.load("part(-1).", machine="m")
        before = store.snapshot("m")
        loader = processes.Process(target=_load_bulk, args=(url, begin))
        loader.start()
        begin.wait(60)
        seen = []
        while store.revision == 1 and loader.is_alive():
            seen.append(len(store.snapshot("m").rows("part", 1)))
        loader.join(60)
        assert loader.exitcode == 0
        assert set(seen) <= {1, BULK}
        assert before.rows("part", 1) == ((-1,),)
        assert len(store.snapshot("m").rows("part", 1)) == BULK
        assert store.snapshot("m", 1).rows("part", 1) == ((-1,),)


def test_a_transaction_of_a_reader_sees_nothing_of_a_write_that_ends_meanwhile(url: str) -> None:
    with skb.Store(url) as store:
        store.load("part(-1).", machine="m")
        database = Database(url)
        with database.reading() as connection:
            first = connection.exec_driver_sql("SELECT count(*) FROM fact").scalar()
            store.knowledge("m").tell([("part", (number,)) for number in range(10)])
            assert connection.exec_driver_sql("SELECT count(*) FROM fact").scalar() == first == 1
            assert connection.exec_driver_sql("SELECT revision FROM clock").scalar() == 1
        database.close()
        assert store.revision == 2
