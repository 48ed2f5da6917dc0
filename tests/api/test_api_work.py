"""Work in child processes: limited in time and memory, called off, queued, and never at the service's expense."""

import http.client
import os
import pickle
import signal
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from starlette.testclient import TestClient

import facts
from api.failures import TimeIsUp
from api.service.app import create_app
from api.service.server import serving
from api.service.work.caps import MIB, Caps, Cost
from api.service.work.failures import Busy, Cancelled, MemoryIsUp, WorkerDied
from api.service.work.orders import machine_at
from api.service.work.pool import Assignment, Pool
from skb.query.answer import Limits
from skb.store.store import Store

MACHINE = "/v1/machines/amd-4x4"
FINITE = "X :: 0..5, Y :: 0..5, X + Y #= 7, minimize(X)"
HUGE = "core(A, _), core(B, _), core(C, _), core(D, _), core(E, _), core(F, _)"
PLENTY = Cost(20, 1024 * MIB)
ENDLESS = {"scenario": {"machine": "amd-4x4", "seconds": 900_000, "seed": 1, "scheduler": "linux-like", "application": [
    {"name": "a", "workload": "barrier", "threads": 16, "cores": "0-15"},
    {"name": "b", "workload": "cpu-bound", "threads": 8, "cores": "0-7"},
]}}  # fmt: skip


def asking(store: Store, goal: str, **limits: int) -> Callable[[Assignment[bytes]], bytes]:
    """Work that asks a worker about the machine."""
    found = Limits(workers=1, **limits)

    def work(assignment: Assignment[bytes]) -> bytes:
        machine = machine_at(store, str(id(store)), "amd-4x4", store.revision)
        answer: bytes = assignment.ask("ask", [machine], goal=goal, rules="", limits=found)
        return answer

    return work


def until(happens: Callable[[], Any], seconds: float = 20.0) -> Any:
    """What a condition gives as soon as it holds."""
    deadline = time.monotonic() + seconds
    while not (found := happens()):
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)
    return found


def running(pool: Pool, assignment: Assignment[bytes]) -> int:
    """The process of work that runs."""
    worker = until(lambda: assignment._worker)
    time.sleep(0.1)
    return int(worker.pid)


@pytest.fixture
def narrow(pool: Pool) -> Iterator[Pool]:
    """A pool of one worker with room for one who waits."""
    made = Pool(Caps(workers=1, waiting=1), pool._nursery)
    yield made
    made.close()


def test_a_worker_answers_from_a_store_in_memory_and_from_a_file(store: Store, pool: Pool, tmp_path: Path):
    with Store(f"sqlite:///{tmp_path / 'store.sqlite'}") as kept:
        kept.load(facts.read("amd-4x4"))
        for each in (store, kept):
            assert b'"rows": [[2, 5]]' in pool.submit(asking(each, FINITE), PLENTY).outcome.result()


def test_a_worker_sees_what_was_written_since_it_was_asked_last(pool: Pool):
    with Store("sqlite://") as own:
        own.load(facts.read("amd-4x4"))
        for value in range(3):
            own.knowledge("amd-4x4").tell([("likes", (value,))])
            told = pool.submit(asking(own, "N = count(X : likes(X))"), PLENTY).outcome.result()
            assert b'"rows": [[%d]]' % (value + 1) in told


def test_a_snapshot_travels_with_layers_sources_and_revisions(store: Store):
    snapshot = store.snapshot("amd-4x4")
    assert pickle.loads(pickle.dumps(snapshot)).facts() == snapshot.facts()


def test_work_beyond_its_memory_is_ended_and_the_next_is_answered(store: Store, pool: Pool):
    with pytest.raises(MemoryIsUp):
        pool.submit(asking(store, HUGE), Cost(20, 24 * MIB)).outcome.result()
    assert b"optimal" in pool.submit(asking(store, FINITE), PLENTY).outcome.result()


def test_work_beyond_its_time_is_ended(store: Store, pool: Pool, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("api.service.work.worker_process.GRACE_S", 0.0)
    with pytest.raises(TimeIsUp):
        pool.submit(asking(store, HUGE), Cost(0.2, 1024 * MIB)).outcome.result()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGKILL, "worker_died"), (signal.SIGSEGV, "worker_crashed")])
def test_work_whose_process_dies_says_so(store: Store, pool: Pool, number: int, code: str):
    assignment = pool.submit(asking(store, HUGE), PLENTY)
    os.kill(running(pool, assignment), number)
    with pytest.raises(WorkerDied) as died:
        assignment.outcome.result()
    assert died.value.code == code
    assert b"optimal" in pool.submit(asking(store, FINITE), PLENTY).outcome.result()


def test_an_idle_worker_that_died_is_replaced(store: Store, pool: Pool):
    pool.submit(asking(store, FINITE), PLENTY).outcome.result()
    for worker in list(pool._idle):
        os.kill(worker.pid, signal.SIGKILL)
        until(lambda worker=worker: not worker.is_alive())
    assert b"optimal" in pool.submit(asking(store, FINITE), PLENTY).outcome.result()


def test_a_template_that_died_is_replaced_and_takes_its_workers_with_it(store: Store, pool: Pool):
    pool.submit(asking(store, FINITE), PLENTY).outcome.result()
    template, workers = pool._nursery._template, list(pool._idle)
    assert template is not None
    template.kill()
    until(lambda: not any(worker.is_alive() for worker in workers))
    assert b"optimal" in pool.submit(asking(store, FINITE), PLENTY).outcome.result()


def test_running_and_waiting_work_is_called_off_and_the_queue_is_bounded(store: Store, narrow: Pool):
    first = narrow.submit(asking(store, HUGE), PLENTY)
    second = narrow.submit(asking(store, FINITE), PLENTY)
    with pytest.raises(Busy) as refused:
        narrow.submit(asking(store, FINITE), PLENTY)
    assert refused.value.details["retry_after_s"]
    pid = running(narrow, first)
    narrow.cancel(second)
    narrow.cancel(first)
    for assignment in (first, second):
        with pytest.raises(Cancelled):
            assignment.outcome.result()
    until(lambda: not Path(f"/proc/{pid}").exists())
    assert narrow.state() == {"used": 0, "idle": 0, "running": 0, "waiting": 0}


def test_solver_threads_count_as_workers(pool: Pool):
    release: list[bool] = []
    held = [pool.submit(lambda _: bool(until(lambda: release)), Cost(1, MIB, workers=4)) for _ in range(3)]
    assert [each.has_started for each in held] == [True, True, False]
    release.append(True)
    assert all(each.outcome.result() for each in held)


def test_long_work_leaves_workers_for_others(pool: Pool):
    release: list[bool] = []
    cost = Cost(1, MIB)
    held = [pool.submit(lambda _: bool(until(lambda: release)), cost, is_long=True) for _ in range(8)]
    assert sum(each.has_started for each in held) == 6
    assert pool.submit(lambda _: True, cost).outcome.result()
    release.append(True)
    assert all(each.outcome.result() for each in held)


def test_the_limits_of_a_body_hold(client: TestClient):
    def ask(goal: str, **limits: int) -> Any:
        return client.post(f"{MACHINE}/query", json={"goal": goal, "limits": limits})

    assert ask(HUGE, max_rows=7).json()["stopped_by"] == "max_rows"
    counted = f"N = count(x(A, B, C, D, E, F) : ({HUGE}))"
    assert ask(counted, max_derived=250_000).json()["stopped_by"] == "max_derived"
    assert ask(counted, time_ms=250).json()["stopped_by"] == "time_ms"
    tight = ask(HUGE, memory_bytes=24 * MIB)
    assert (tight.status_code, tight.json()["code"]) == (422, "memory_limit")
    assert ask(FINITE, workers=8).json()["status"] == "optimal"


@pytest.mark.parametrize("limits", [{"time_ms": 60_001}, {"memory_bytes": 2**40}])
@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("query", {"goal": FINITE}),
        ("placements", {"app": {}}),
        ("multicast-trees", {"root": 0}),
        ("manifests", {"application": "a", "text": "B 1"}),
    ],
)
def test_more_than_the_service_allows_is_refused(client: TestClient, path: str, body: dict, limits: dict):
    answer = client.post(f"{MACHINE}/{path}", json={**body, "limits": limits})
    assert (answer.status_code, answer.json()["code"]) == (422, "limit_too_high")


def test_a_full_queue_is_503_with_retry_after(store: Store, pool: Pool):
    full = Pool(Caps(workers=1, waiting=0), pool._nursery)
    release: list[bool] = []
    with TestClient(
        create_app(store, caps=Caps(workers=1, waiting=0), pool=full), base_url="http://127.0.0.1"
    ) as client:
        held = full.submit(lambda _: bool(until(lambda: release)), PLENTY)
        answer = client.post(f"{MACHINE}/query", json={"goal": FINITE})
        release.append(True)
        assert held.outcome.result()
    full.close()
    assert (answer.status_code, answer.json()["code"]) == (503, "busy_workers")
    assert int(answer.headers["retry-after"]) > 0
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_client_that_leaves_calls_its_work_off(store: Store, pool: Pool):
    before = pool.ended["cancelled"]
    with serving(create_app(store, pool=pool)) as address:
        place = urlsplit(address)
        connection = http.client.HTTPConnection(str(place.hostname), place.port)
        body = b'{"goal": "%s"}' % HUGE.encode()
        connection.request("POST", f"{MACHINE}/query", body, {"content-type": "application/json"})
        until(lambda: pool.state()["running"])
        assert connection.sock is not None
        connection.sock.shutdown(socket.SHUT_RDWR)
        connection.close()
        until(lambda: pool.ended["cancelled"] > before)
        assert pool.state()["used"] == 0


def test_a_simulation_that_takes_long_becomes_a_job(client: TestClient, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("api.service.routes.simulations.SHORT_S", 0.05)
    handed = client.post("/v1/simulations", json=ENDLESS)
    assert handed.status_code == 202
    assert client.delete(handed.headers["location"]).json()["status"] == "cancelled"
