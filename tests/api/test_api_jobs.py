"""Jobs: work that is handed out, followed and called off."""

import time
from typing import Any

import pytest
from starlette.testclient import TestClient

import facts
from api.service.app import create_app
from api.service.work.pool import Pool
from skb.store.store import Store

MACHINE = "/v1/machines/amd-4x4"
ASYNC = {"prefer": "respond-async"}
APPLICATION = {"name": "cpu", "workload": "cpu-bound", "threads": 2, "cores": [0, 1]}
SCENARIO = {"machine": "amd-4x4", "seconds": 1, "application": [APPLICATION]}
BATCH = {"machines": ["synthetic:pack:1 core:2 pu:1"], "applications": [APPLICATION], "seeds": [1, 2, 3], "seconds": 1}


@pytest.fixture(scope="module")
def own(pool: Pool):
    """A client on a store of its own, for tests that write."""
    with Store("sqlite://") as made, TestClient(create_app(made, pool=pool), base_url="http://localhost") as client:
        made.load(facts.read("amd-4x4"))
        yield client


def finished(client: TestClient, location: str) -> Any:
    deadline = time.monotonic() + 30
    while (job := client.get(location).json())["status"] in ("queued", "running"):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return job


@pytest.mark.parametrize(
    ("path", "body", "kind"),
    [
        (f"{MACHINE}/query", {"goal": "core(0, P)"}, "query"),
        (f"{MACHINE}/query", {"goal": "X :: 1..2, minimize(X)"}, "query"),
        (f"{MACHINE}/placements", {"app": {"name": "x", "group": [{"name": "w", "count": 2}]}}, "place"),
        (f"{MACHINE}/multicast-trees", {"root": 0, "members": [1, 2]}, "build_tree"),
        (f"{MACHINE}/manifests", {"application": "dry", "text": "B 1", "dry_run": True}, "admit"),
        (
            "/v1/simulations",
            {"scenario": {"machine": "amd-4x4", "seconds": 1, "application": [APPLICATION]}},
            "simulation",
        ),
    ],
)
def test_work_that_is_asked_to_respond_later_gives_the_same_answer_as_a_job(
    client: TestClient, path: str, body: dict, kind: str
):
    handed = client.post(path, json=body, headers=ASYNC)
    assert (handed.status_code, handed.headers["preference-applied"]) == (202, "respond-async")
    assert handed.json()["kind"] == kind
    job = finished(client, handed.headers["location"])
    answer = client.post(path, json=body).json()
    timed = ("seconds", "wall_seconds")
    assert job["status"] == "succeeded"
    assert {key: job["result"][key] for key in answer if key not in timed} == {
        key: answer[key] for key in answer if key not in timed
    }


def test_a_batch_is_a_job_that_tells_its_rows(own: TestClient):
    handed = own.post("/v1/experiments", json={"spec": BATCH})
    assert handed.status_code == 202, handed.text
    job = finished(own, handed.headers["location"])
    assert (job["status"], job["progress"]) == ("succeeded", {"done": 3, "total": 3})
    assert [event["rows"][0]["seed"] for event in job["events"]] == ["1", "2", "3"]
    assert [row["status"] for row in job["result"]["rows"]] == ["ok"] * 3
    assert own.get(f"{handed.headers['location']}?after=2").json()["events"] == job["events"][2:]
    told = own.get(f"{handed.headers['location']}/events", headers={"last-event-id": "1"}).text
    assert [line for line in told.splitlines() if line[:3] in ("id:", "eve")] == [
        "event: progress", "id: 2", "event: progress", "id: 3", "event: finished",
    ]  # fmt: skip


def test_a_batch_knows_the_machines_of_the_store(own: TestClient):
    own.post("/v1/machines?name=tiny", content=b"synthetic:pack:1 core:2 pu:1")
    handed = own.post("/v1/experiments", json={"spec": {**BATCH, "machines": ["tiny"], "seeds": [1]}})
    job = finished(own, handed.headers["location"])
    assert [(row["machine"], row["status"]) for row in job["result"]["rows"]] == [("tiny", "ok")]


def test_a_manifest_is_admitted_by_a_job(own: TestClient):
    body = {"application": "later", "text": "B 1"}
    job = finished(own, own.post(f"{MACHINE}/manifests", json=body, headers=ASYNC).headers["location"])
    assert own.get(f"{MACHINE}/manifests/{job['result']['id']}").json()["application"] == "later"


def test_a_job_that_fails_tells_why(client: TestClient):
    body = {"goal": "nonsense(X)"}
    job = finished(client, client.post(f"{MACHINE}/query", json=body, headers=ASYNC).headers["location"])
    assert (job["status"], job["error"]["code"], job["result"]) == ("failed", "unknown_relation", None)


def test_a_job_is_called_off_and_then_forgotten(own: TestClient):
    spec = {**BATCH, "seeds": list(range(200)), "seconds": 900}
    location = own.post("/v1/experiments", json={"spec": spec}).headers["location"]
    assert own.get(location).json()["status"] in ("queued", "running")
    assert own.delete(location).json()["status"] == "cancelled"
    assert own.get(location).json()["error"]["code"] == "cancelled"
    assert own.delete(location).status_code == 200
    gone = own.get(location)
    assert (gone.status_code, gone.json()["code"]) == (404, "unknown_job")


def test_a_batch_that_names_files_or_makes_no_sense_is_refused(client: TestClient):
    for spec in ({}, {**BATCH, "applications": ["/etc/passwd"]}, {**BATCH, "machines": ["/etc/passwd"], "seeds": 7.5}):
        assert client.post("/v1/experiments", json={"spec": spec}).status_code == 422


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/simulations", lambda one: {"scenario": {**SCENARIO, "application": [one]}}),
        ("/v1/experiments", lambda one: {"spec": {**BATCH, "applications": [one]}}),
    ],
)
def test_no_code_is_run_that_a_scenario_names(client: TestClient, path: str, body: Any):
    program = {**APPLICATION, "workload": "program", "workload_options": {"program": "os:getcwd"}}
    answer = client.post(path, json=body(program))
    assert answer.status_code == 422
    assert "files of this machine alone" in answer.json()["detail"]
    named = {**program, "workload_options": {"program": "os:getcwd", "folder": "/tmp"}}
    assert client.post(path, json=body(named)).status_code == 422
