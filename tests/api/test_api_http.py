"""The service: the same answers as the command line, problem documents for everything else."""

import pytest
from starlette.testclient import TestClient

import facts
from api.service.app import create_app
from api.service.work.pool import Pool
from skb.store.store import Store

MACHINE = "/v1/machines/amd-4x4"
GANG = "B 1\nH 80 160 80 480\n"


@pytest.fixture
def own(pool: Pool):
    """A client on a store of its own, for tests that write."""
    with Store("sqlite://") as made, TestClient(create_app(made, pool=pool), base_url="http://localhost") as client:
        made.load(facts.read("amd-4x4"))
        yield client


def test_machines_are_listed_and_described(client: TestClient):
    assert [one["machine"] for one in client.get("/v1/machines").json()["machines"]] == ["amd-4x4"]
    described = client.get(MACHINE).json()
    assert len(described["cores"]) == 16
    assert described["cores"][3]["os_index"] == 3


def test_a_machine_is_loaded_from_bytes(own: TestClient):
    loaded = own.post("/v1/machines?name=small", content=b"synthetic:pack:2 core:2 pu:1")
    assert loaded.status_code == 201
    assert loaded.json()["machine"] == "small"
    assert loaded.json()["objects"]["PU"] == 4


def test_bytes_never_name_a_file_or_the_host(own: TestClient):
    for source in (b"/etc/passwd", b"host", b"../secrets.xml"):
        assert own.post("/v1/machines?name=x", content=source).status_code == 422


def test_a_refused_source_leaves_the_revision_where_it_was(own: TestClient):
    before = own.get("/v1/readyz").json()["revision"]
    assert own.post("/v1/machines?name=x", content=b"<topology version='3.0'><object").status_code == 422
    assert own.get("/v1/readyz").json()["revision"] == before


def test_facts_are_asserted_read_and_retracted(own: TestClient):
    said = {"facts": ["likes(0, [a, b])", {"f": "likes", "args": [1, {"str": "tea"}]}], "layer": "measured"}
    assert own.post(f"{MACHINE}/facts", json=said).json()["asserted"] == 2
    found = own.get(f"{MACHINE}/facts?relation=likes").json()["facts"]
    assert [fact["args"] for fact in found] == [[0, ["a", "b"]], [1, {"str": "tea"}]]
    assert {fact["layer"] for fact in found} == {"measured"}
    own.request("DELETE", f"{MACHINE}/facts", json=said)
    assert own.get(f"{MACHINE}/facts?relation=likes").json()["facts"] == []


def test_a_write_that_expects_another_revision_is_412(own: TestClient):
    lost = own.post(f"{MACHINE}/facts", json={"facts": ["a(1)"]}, headers={"if-match": '"99"'})
    assert lost.status_code == 412
    assert lost.json()["code"] == "revision_conflict"


def test_a_question_is_answered_as_on_the_command_line(client: TestClient):
    answer = client.post(f"{MACHINE}/query", json={"goal": "cache(Id, 5, 3, _, Size, _)"}).json()
    assert answer["columns"] == ["Id", "Size"]
    assert answer["status"] == "complete"


def test_a_question_may_bring_rules(client: TestClient):
    body = {"goal": "near(0, X)", "rules": "near(A, B) :- core(A, P), core(B, P), A < B."}
    assert client.post(f"{MACHINE}/query", json=body).json()["rows"] == [[1], [2], [3]]


def test_an_application_is_placed(client: TestClient):
    app = {
        "name": "pair",
        "group": [{"name": "w", "count": 2}],
        "traffic": [{"between": "w", "pattern": "ring", "bytes_per_second": 1e6}],
    }
    placed = client.post(f"{MACHINE}/placements", json={"app": app, "iterations": 50}).json()
    assert len({seat["core"] for seat in placed["map"].values()}) == 2


def test_services_are_told_cores_and_memory(client: TestClient):
    scheme = client.post(f"{MACHINE}/schemes", json={"cores": [0, 1, 2, 3]}).json()
    assert scheme["scheme"] == "shared"
    memory = client.post(f"{MACHINE}/memory", json={"cores": [4, 5], "size_bytes": 4096}).json()
    assert memory["nodes"] == [{"numa_node": 1, "bytes": 4096}]
    refused = client.post(f"{MACHINE}/drivers", json={"device": "eth9"})
    assert (refused.status_code, refused.json()["code"]) == (422, "unknown_device")


def test_a_tree_reaches_its_members(client: TestClient):
    tree = client.post(f"{MACHINE}/multicast-trees", json={"root": 0, "members": [1, 2, 3]}).json()
    assert sorted(child for children in tree["sends"].values() for child in children) == [1, 2, 3]


def test_a_tree_keeps_its_caps_and_is_repaired(client: TestClient):
    body = {"root": "choose", "members": [0, 1, 2, 3], "max_fanout": 1, "cost": {"latency": [[9.0] * 4] * 4}}
    chain = client.post(f"{MACHINE}/multicast-trees", json=body).json()
    assert (chain["makespan"], chain["proven"]) == (27.0, True)
    body = {"root": chain["root"], "members": [0, 1, 2], "previous": chain["sends"]}
    assert client.post(f"{MACHINE}/multicast-trees", json=body).json()["changes"]["left"] == [3]


def test_a_manifest_is_admitted_once_and_a_second_gang_is_refused(own: TestClient):
    body = {"application": "barrier", "text": GANG, "dispatchers": 16}
    dry = own.post(f"{MACHINE}/manifests", json={**body, "dry_run": True})
    assert (dry.status_code, dry.json()["id"], dry.json()["admitted"]) == (200, None, True)
    admitted = own.post(f"{MACHINE}/manifests", json=body)
    assert admitted.status_code == 201
    number = admitted.json()["id"]
    refused = own.post(f"{MACHINE}/manifests", json={**body, "application": "other"})
    assert (refused.status_code, refused.json()["admitted"]) == (200, False)
    assert own.get(f"{MACHINE}/manifests/{number}").json()["phase"] == 0
    assert own.post(f"{MACHINE}/manifests/{number}/phase", json={"phase": 1}).json()["phase"] == 1
    schedules = own.get(f"{MACHINE}/schedules").json()["schedules"]
    assert [one["phases"]["barrier"] for one in schedules] == [1, 0]
    assert own.delete(f"{MACHINE}/manifests/{number}").status_code == 200
    assert own.get(f"{MACHINE}/manifests/{number}").status_code == 404


def test_a_scenario_is_simulated_on_a_machine_of_the_store(own: TestClient):
    own.post("/v1/machines?name=tiny", content=b"synthetic:pack:1 core:2 pu:1")
    scenario = {
        "machine": "tiny",
        "seconds": 1,
        "application": [{"name": "cpu", "workload": "cpu-bound", "threads": 2, "cores": [0, 1]}],
    }
    run = own.post("/v1/simulations", json={"scenario": scenario})
    assert run.status_code == 200, run.text
    assert run.json()["applications"]["cpu"]["progress"] > 0


def test_a_scenario_that_names_files_is_refused(client: TestClient):
    scenario = {"machine": "amd-4x4", "application": [{"app": "/etc/passwd"}]}
    assert client.post("/v1/simulations", json={"scenario": scenario}).status_code == 422


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("GET", "/v1/machines/nowhere", None, 404, "unknown_machine"),
        ("GET", f"{MACHINE}/manifests/77", None, 404, "unknown_manifest"),
        ("GET", f"{MACHINE}/manifests/99999999999", None, 422, "invalid"),
        ("GET", f"{MACHINE}/facts?revision=10000", None, 404, "unknown_revision"),
        ("POST", f"{MACHINE}/query", {"goal": "core(X"}, 422, "syntax"),
        ("POST", f"{MACHINE}/query", {"goal": "nonsense(X)"}, 422, "unknown_relation"),
        ("POST", f"{MACHINE}/query", {"goal": 7}, 422, "invalid"),
        ("POST", f"{MACHINE}/query", {"goal": "core(X, Y)", "extra": 1}, 422, "invalid"),
        ("POST", f"{MACHINE}/multicast-trees", {"root": 99}, 422, "unknown_core"),
        ("POST", f"{MACHINE}/multicast-trees", {"root": True}, 422, "invalid"),
        ("POST", f"{MACHINE}/multicast-trees", {"root": 0, "max_fanout": 1, "max_depth": 1}, 422, "infeasible"),
        ("POST", f"{MACHINE}/multicast-trees", {"root": 0, "method": "magic"}, 422, "unknown_method"),
        ("POST", f"{MACHINE}/multicast-trees", {"root": 0, "cost": {"delay": [[0.0]]}}, 422, "bad_cost"),
        ("POST", f"{MACHINE}/multicast-trees", {"root": 0, "previous": {"x": [1]}}, 422, "bad_previous"),
        ("POST", f"{MACHINE}/multicast-trees", {"root": "0"}, 422, "invalid"),
        ("POST", f"{MACHINE}/manifests", {"application": "a", "text": "H 80 60"}, 422, "bad_manifest"),
        ("POST", f"{MACHINE}/placements", {"app": {"name": "x"}}, 422, None),
        ("POST", f"{MACHINE}/facts", {"facts": ["p(X)"]}, 422, "bad_fact"),
        ("POST", f"{MACHINE}/facts", {"facts": ["p(1)"], "layer": "cream"}, 422, "invalid"),
        ("PUT", "/v1/machines", None, 405, "method_not_allowed"),
        ("GET", "/v1/nothing", None, 404, "not_found"),
    ],
)
def test_a_mistake_is_a_problem_document(client: TestClient, method: str, path: str, body, status: int, code):
    answer = client.request(method, path, json=body)
    problem = answer.json()
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert problem["status"] == status
    assert problem["detail"]
    assert code in (None, problem["code"])


def test_a_foreign_host_or_origin_is_turned_away(client: TestClient):
    assert client.get("/v1/machines", headers={"host": "evil.example"}).status_code == 421
    assert client.get("/v1/machines", headers={"origin": "http://evil.example"}).status_code == 403
    assert client.get("/v1/machines", headers={"sec-fetch-site": "cross-site"}).status_code == 403
    assert client.get("/v1/machines", headers={"host": "localhost:8421"}).status_code == 200
    assert client.get("/v1/machines", headers={"host": "[::1]:8421"}).status_code == 200


def test_every_route_declares_the_refusals_that_it_may_answer(client: TestClient):
    schema = client.get("/openapi.json").json()
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            declared = set(operation["responses"])
            assert {"403", "413", "421", "422"} <= declared, (method, path)
            if "requestBody" in operation:
                assert {"400", "415"} <= declared, (method, path)
            if "{machine}" in path:
                assert "404" in declared, (method, path)


def test_health_and_readiness_are_told(client: TestClient):
    assert client.get("/v1/healthz").json() == {"status": "ok"}
    assert client.get("/v1/readyz").json()["status"] == "ready"
