"""kill -9 in the middle of writes: what was acknowledged is there, and nothing is half there."""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import postgres_server
import pytest

import skb

KILLS = 25 if os.environ.get("SKB_TEST_SCALE") == "full" else 2
PARTS, BULK, BULK_EVERY = 3, 2000, 5

WRITER = f"""
import sys, skb
url, first = sys.argv[1], int(sys.argv[2])
with skb.Store(url) as store:
    knowledge = store.knowledge("m")
    for number in range(first, 1_000_000):
        size = {BULK} if number % {BULK_EVERY} == 0 else {PARTS}
        revision = knowledge.tell([("part", (number, each)) for each in range(size)])
        print(number, revision, flush=True)
"""


@pytest.fixture(scope="module")
def durable() -> Iterator[postgres_server.PostgresServer]:
    """A server with the settings of an installation: it waits for the disk before it says yes."""
    with postgres_server.running("recovery_init_sync_method=syncfs") as server:
        yield server


def _write_until(url: str, first: int, kill: object, after_s: float) -> list[tuple[int, int]]:
    """Runs a writer, kills something `after_s` after its first acknowledgement; what it acknowledged."""
    command = [sys.executable, "-c", WRITER, url, str(first)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as writer:
        assert writer.stdout is not None
        lines = [writer.stdout.readline()]
        time.sleep(after_s)
        kill(writer)  # type: ignore[operator]
        lines += writer.stdout.readlines()
    whole = [line for line in lines if line.endswith(b"\n")]
    return [(int(number), int(revision)) for number, revision in (line.split() for line in whole)]


def _check(store: skb.Store, acknowledged: dict[int, int]) -> int:
    """Every acknowledged write is there whole, and so is every other; the number of the next write."""
    found = store.knowledge("m").snapshot().facts("part")
    sizes = Counter(each.args[0] for each in found)
    assert {number: each for number, each in acknowledged.items() if number not in sizes} == {}
    torn = {n: size for n, size in sizes.items() if size != (BULK if int(str(n)) % BULK_EVERY == 0 else PARTS)}
    assert torn == {}
    revisions = {each.args[0]: each.revision for each in found}
    assert {number: revisions[number] for number in acknowledged} == acknowledged
    assert store.revision == 1 + len(sizes)
    return 1 + len(sizes)


def _kill_writer(writer: subprocess.Popen[bytes]) -> None:
    writer.send_signal(signal.SIGKILL)


def test_a_killed_writer_on_sqlite_loses_nothing_acknowledged(tmp_path: Path) -> None:
    url, moments, acknowledged, first = f"sqlite:///{tmp_path}/store.db", random.Random(1), {}, 1
    with skb.Store(url) as store:
        store.load("machine(m).", machine="m")
    for _ in range(KILLS):
        acknowledged |= dict(_write_until(url, first, _kill_writer, moments.uniform(0, 0.3)))
        with skb.Store(url) as store:
            first = _check(store, acknowledged)
    assert len(acknowledged) >= KILLS


def test_a_killed_writer_on_postgresql_loses_nothing_acknowledged(durable: postgres_server.PostgresServer) -> None:
    url, moments, acknowledged, first = durable.url(durable.new_database()), random.Random(2), {}, 1
    with skb.Store(url) as store:
        store.load("machine(m).", machine="m")
        for _ in range(KILLS):
            acknowledged |= dict(_write_until(url, first, _kill_writer, moments.uniform(0, 0.3)))
            time.sleep(0.1)  # the server may yet finish a write whose writer is gone
            first = _check(store, acknowledged)
    assert len(acknowledged) >= KILLS


def test_a_killed_postgresql_loses_nothing_acknowledged(durable: postgres_server.PostgresServer) -> None:
    url, moments, acknowledged, first = durable.url(durable.new_database()), random.Random(3), {}, 1
    with skb.Store(url) as store:
        store.load("machine(m).", machine="m")
    for _ in range(KILLS):
        acknowledged |= dict(_write_until(url, first, lambda _: durable.crash(), moments.uniform(0, 0.3)))
        durable.start()
        with skb.Store(url) as store:
            first = _check(store, acknowledged)
    assert len(acknowledged) >= KILLS
