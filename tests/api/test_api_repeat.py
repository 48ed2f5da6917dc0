"""Writes that are sent again, or that expect a revision; and the figures of the service."""

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

import facts
from api.service.app import create_app
from api.service.work.pool import Pool
from skb.store.store import Store

MACHINE = "/v1/machines/amd-4x4"


@pytest.fixture
def own(pool: Pool) -> Iterator[TestClient]:
    with Store("sqlite://") as made, TestClient(create_app(made, pool=pool), base_url="http://localhost") as client:
        made.load(facts.read("amd-4x4"))
        yield client


def revision(client: TestClient) -> int:
    found: int = client.get("/v1/readyz").json()["revision"]
    return found


def test_a_write_that_is_sent_again_is_done_once(own: TestClient):
    body, headers = {"application": "a", "text": "B 1"}, {"idempotency-key": "k1"}
    first = own.post(f"{MACHINE}/manifests", json=body, headers=headers)
    second = own.post(f"{MACHINE}/manifests", json=body, headers=headers)
    assert first.status_code == second.status_code == 201
    assert first.content == second.content
    assert "idempotency-replayed" not in first.headers
    assert second.headers["idempotency-replayed"] == "true"
    assert second.headers["x-content-type-options"] == "nosniff"
    assert revision(own) == 2


def test_another_request_with_the_same_key_is_refused(own: TestClient):
    headers = {"idempotency-key": "k"}
    own.post(f"{MACHINE}/facts", json={"facts": ["a(1)"]}, headers=headers)
    for answer in (
        own.post(f"{MACHINE}/facts", json={"facts": ["a(2)"]}, headers=headers),
        own.request("DELETE", f"{MACHINE}/facts", json={"facts": ["a(1)"]}, headers=headers),
        own.post("/v1/machines?name=x", content=b"core(0, 0).", headers=headers),
        own.post(f"{MACHINE}/facts", json={"facts": ["a(1)"]}, headers={**headers, "if-match": "9"}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    assert revision(own) == 2


def test_a_refusal_may_be_asked_again_with_its_key(own: TestClient):
    headers = {"idempotency-key": "k"}
    assert own.post(f"{MACHINE}/facts", json={"facts": ["p(X)"]}, headers=headers).status_code == 422
    assert own.post(f"{MACHINE}/facts", json={"facts": ["p(1)"]}, headers=headers).status_code == 201


@pytest.mark.parametrize("key", ["", "a b", "x" * 256])
def test_a_key_that_is_none_is_refused(own: TestClient, key: str):
    answer = own.post(f"{MACHINE}/facts", json={"facts": ["a(1)"]}, headers={"idempotency-key": key})
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_idempotency_key")


def test_every_write_takes_if_match(own: TestClient):
    number = own.post(f"{MACHINE}/manifests", json={"application": "a", "text": "B 1\nB 2"}).json()["id"]
    now = revision(own)
    writes = (
        ("POST", "/v1/machines?name=x", {"content": b"core(0, 0)."}),
        ("POST", f"{MACHINE}/facts", {"json": {"facts": ["a(1)"]}}),
        ("DELETE", f"{MACHINE}/facts", {"json": {"facts": ["core_node(0, 0)"]}}),
        ("POST", f"{MACHINE}/manifests", {"json": {"application": "b", "text": "B 1"}}),
        ("POST", f"{MACHINE}/manifests/{number}/phase", {"json": {"phase": 1}}),
        ("DELETE", f"{MACHINE}/manifests/{number}", {}),
    )
    for method, path, body in writes:
        answer = own.request(method, path, headers={"if-match": f'"{now - 1}"'}, **body)
        assert (answer.status_code, answer.json()["code"]) == (412, "revision_conflict"), path
    assert revision(own) == now
    for method, path, body in writes:
        answer = own.request(method, path, headers={"if-match": f'"{revision(own)}"'}, **body)
        assert answer.status_code in (200, 201), (path, answer.text)
    assert revision(own) == now + len(writes)


def test_the_figures_are_what_prometheus_reads(own: TestClient):
    own.get(MACHINE)
    own.get("/v1/machines/nowhere")
    own.get("/v1/nothing-of-the-kind")
    answer = own.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    lines = answer.text.splitlines()
    assert 'skb_requests_total{method="GET",route="/v1/machines/{machine}",status="200"} 1' in lines
    assert 'skb_requests_total{method="GET",route="/v1/machines/{machine}",status="404"} 1' in lines
    assert 'skb_requests_total{method="GET",route="none",status="404"} 1' in lines
    assert 'skb_request_seconds_bucket{route="/v1/machines/{machine}",le="+Inf"} 2' in lines
    assert "skb_store_revision 1" in lines
    named = {line.split()[2] for line in lines if line.startswith("# TYPE")}
    told = {line.partition("{")[0].partition(" ")[0] for line in lines if not line.startswith("#")}
    assert {name.removesuffix("_bucket").removesuffix("_sum").removesuffix("_count") for name in told} == named
