"""No body, however hostile, gets a 5xx, and none of them is repeated in the answer."""

import gzip
import json
import socket
from collections.abc import Iterator
from time import perf_counter
from urllib.parse import quote, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from api.service.app import create_app
from api.service.limits import BodyLimit
from api.service.server import serving
from api.service.work.pool import Pool
from skb.store.store import Store

MACHINE = "/v1/machines/amd-4x4"
ROUTES = (
    ("POST", f"{MACHINE}/query"),
    ("POST", f"{MACHINE}/facts"),
    ("DELETE", f"{MACHINE}/facts"),
    ("POST", f"{MACHINE}/placements"),
    ("POST", f"{MACHINE}/multicast-trees"),
    ("POST", f"{MACHINE}/drivers"),
    ("POST", f"{MACHINE}/memory"),
    ("POST", f"{MACHINE}/schemes"),
    ("POST", f"{MACHINE}/manifests"),
    ("POST", f"{MACHINE}/manifests/1/phase"),
    ("POST", "/v1/simulations"),
    ("POST", "/v1/experiments"),
)
DEEP = 100_000
CORPUS = {
    "nothing": b"",
    "no JSON": b"{goal: 1}",
    "half": b'{"goal": "core(X',
    "NaN": b'{"goal": NaN, "root": NaN, "facts": [NaN]}',
    "infinity": b'{"root": Infinity, "goal": -Infinity}',
    "1e999": b'{"root": 1e999, "time_limit": 1e999, "goal": 1e999}',
    "5000 digits": b'{"root": ' + b"7" * 5000 + b', "phase": ' + b"7" * 5000 + b"}",
    "4000 digits": b'{"root": -' + b"7" * 4000 + b"}",
    "65 bits": b'{"root": 18446744073709551616, "phase": 18446744073709551616}',
    "lone surrogate": b'{"goal": "\\ud800", "application": "\\udfff", "text": "\\ud800"}',
    "lone surrogate key": b'{"\\ud800": 1}',
    "deep arrays": b"[" * DEEP + b"]" * DEEP,
    "deep objects": b'{"a":' * 5000 + b"1" + b"}" * 5000,
    "deep app": b'{"app": ' + b'{"a":' * 90 + b"1" + b"}" * 91,
    "duplicate keys": b'{"goal": "core(X, Y)", "goal": "core(0, Y)", "root": 0, "root": 1}',
    "invalid UTF-8": b'{"goal": "\xff\xfe"}',
    "byte order mark": b'\xef\xbb\xbf{"goal": "core(X, Y)"}',
    "UTF-16": '{"goal": "core(X, Y)"}'.encode("utf-16"),
    "booleans as numbers": b'{"root": true, "phase": false, "seed": true, "goal": true}',
    "null": b"null",
    "array": b"[]",
    "text": b'"core(X, Y)"',
    "nulls inside": b'{"goal": null, "facts": null, "app": null, "scenario": null, "application": null, "text": null}',
    "NUL character": b'{"goal": "core(\\u0000)", "application": "\\u0000", "text": "\\u0000", "facts": ["p(\\u0000)"]}',
    "gzip": gzip.compress(b'{"goal": "core(X, Y)"}'),
}


@pytest.mark.parametrize(("method", "path"), ROUTES)
@pytest.mark.parametrize("body", CORPUS.values(), ids=CORPUS.keys())
def test_a_hostile_body_is_a_problem_of_the_sender(client: TestClient, method: str, path: str, body: bytes):
    answer = client.request(method, path, content=body, headers={"content-type": "application/json"})
    assert 400 <= answer.status_code < 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert len(answer.content) < 4000
    json.loads(answer.content)


@pytest.mark.parametrize("body", CORPUS.values(), ids=CORPUS.keys())
def test_a_hostile_source_is_a_problem_of_the_sender(client: TestClient, body: bytes):
    assert client.post("/v1/machines?name=x", content=body).status_code == 422


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "", "json"])
def test_another_content_type_is_415(client: TestClient, kind: str):
    answer = client.post(f"{MACHINE}/query", content=b'{"goal": "core(X, Y)"}', headers={"content-type": kind})
    assert answer.status_code == 415


def test_a_compressed_body_is_415(client: TestClient):
    headers = {"content-type": "application/json", "content-encoding": "gzip"}
    body = gzip.compress(b'{"goal": "core(X, Y)"}')
    assert client.post(f"{MACHINE}/query", content=body, headers=headers).status_code == 415
    assert client.post("/v1/machines?name=x", content=body, headers={"content-encoding": "gzip"}).status_code == 415


def test_a_body_beyond_16_mib_is_413_whatever_it_says_about_itself(client: TestClient):
    headers = {"content-type": "application/json"}
    stated = client.post(f"{MACHINE}/query", content=b" " * (16 * 1024 * 1024 + 1), headers=headers)
    assert stated.status_code == 413
    chunks = (b" " * 1024 * 1024 for _ in range(17))
    assert client.post(f"{MACHINE}/query", content=chunks, headers=headers).status_code == 413


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("query", {"goal": "(" * 50_000}),
        ("query", {"goal": "f(" * 5_000 + ")" * 5_000}),
        ("query", {"goal": "X is " + "1+" * 20_000 + "1"}),
        ("query", {"goal": "core(X, Y), X =:= 1 / 0"}),
        ("query", {"goal": "X is 9999999999999999999 * 9999999999999999999"}),
        ("query", {"goal": 'X = "\\xD800\\"'}),
        ("query", {"goal": "true", "rules": "p(X) :- p(s(X)). p(0)."}),
        ("query", {"goal": "p(X)", "rules": "p(s(X)) :- p(X). p(0).", "limits": {"time_ms": 300}}),
        ("query", {"goal": "'" + "a" * 900_000 + "'(X)"}),
        ("facts", {"facts": ["p(1e999)"]}),
        ("facts", {"facts": ["p(" + "9" * 30 + ")"]}),
        ("facts", {"facts": [{"f": "p", "args": [True]}]}),
        ("facts", {"facts": [{"f": "p", "args": [None]}]}),
        ("facts", {"facts": [{"f": "", "args": []}]}),
        ("facts", {"facts": [{"f": "p", "args": {"str": "x"}}]}),
        ("facts", {"facts": ["p(X) :- q(X)"]}),
        ("facts", {"facts": [""]}),
        ("placements", {"app": {"name": "x", "group": [{"name": "w", "count": 10**15}]}}),
        ("placements", {"app": {"name": "x", "group": [{"name": "w", "count": -1}]}}),
        ("placements", {"app": {"name": "x", "group": "w"}}),
        ("placements", {"app": {"name": ["x"], "group": [[]]}}),
        ("placements", {"app": {"name": "x", "group": [{"name": "w", "count": 2}], "traffic": [{"between": 3}]}}),
        ("manifests", {"application": "a", "text": "H " + "9" * 400 + " 1"}),
        ("manifests", {"application": "a", "text": "[" * 10_000}),
        ("manifests", {"application": "a", "text": "B 1\n" * 10_000}),
        ("manifests", {"application": "a", "text": "B 1", "cores": [2**31 - 1]}),
        ("multicast-trees", {"root": 0, "members": [2**31 - 1]}),
        ("drivers", {"device": "0000:00:00.0", "clients": [2**31 - 1]}),
        ("memory", {"cores": [0, 0], "size_bytes": 2**62}),
        ("memory", {"cores": list(range(16)), "size_bytes": 2**40, "private": True}),
        ("schemes", {"cores": [0], "lines": 1_000_000}),
    ],
)
def test_a_well_formed_body_with_hostile_content_gets_no_5xx(client: TestClient, path: str, body: dict):
    answer = client.post(f"{MACHINE}/{path}", json=body)
    assert answer.status_code < 500, answer.text[:300]
    assert len(answer.content) < 10_000


@pytest.mark.parametrize(
    "scenario",
    [
        {},
        {"machine": "/etc/passwd", "application": [{"name": "a", "workload": "cpu-bound", "threads": 1}]},
        {"machine": 7},
        {"machine": "amd-4x4", "application": [{"name": "a", "workload": "cpu-bound", "threads": 10**15}]},
        {"machine": "amd-4x4", "seconds": -1, "application": [{"name": "a", "workload": "cpu-bound", "threads": 1}]},
    ],
)
def test_a_hostile_scenario_gets_no_5xx(client: TestClient, scenario: dict):
    assert client.post("/v1/simulations", json={"scenario": scenario}).status_code in (404, 422)


@pytest.mark.parametrize("name", ["%00", "%ff", "..%2f..", "a" * 5000, "%ed%a0%80", "%3Cscript%3E"])
def test_a_hostile_name_gets_no_5xx(client: TestClient, name: str):
    for path in (f"/v1/machines/{name}", f"/machines/{name}", f"/v1/machines/{name}/facts?relation={name}"):
        assert 400 <= client.get(path).status_code < 500
    assert client.post(f"/v1/machines?name={name}", content=b"core(0, 0).").status_code < 500


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
KEYS = st.sampled_from(["goal", "rules", "limits", "facts", "layer", "app", "root", "members", "application", "text"])


@settings(max_examples=30, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(route=st.sampled_from(ROUTES[:-1]), body=st.dictionaries(KEYS, VALUES, max_size=4))
def test_no_json_object_gets_a_5xx(client: TestClient, route: tuple[str, str], body: dict):
    assert client.request(*route, json=body).status_code < 500


@settings(max_examples=60, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(goal=st.text(alphabet="coreXY_(),.[]|\\+-*/=<>:'\"0123456789 \n", max_size=40))
def test_no_goal_gets_a_5xx(client: TestClient, goal: str):
    body = {"goal": goal, "limits": {"time_ms": 500}}
    assert client.post(f"{MACHINE}/query", json=body).status_code < 500


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("query", b"{" + b",".join(b'"k%d":1' % at for at in range(100_000)) + b"}"),
        ("facts", b'{"facts":[' + b"null," * 199_999 + b"null]}"),
        ("multicast-trees", b'{"root":0,"members":[' + b"0," * 1_000_000 + b"0]}"),
    ],
)
def test_a_body_of_many_small_mistakes_is_refused_in_a_short_answer(client: TestClient, path: str, body: bytes):
    started = perf_counter()
    answer = client.post(f"{MACHINE}/{path}", content=body, headers={"content-type": "application/json"})
    assert answer.status_code in (400, 422)
    assert len(answer.content) < 4000
    assert perf_counter() - started < 10


def test_an_answer_of_endless_names_is_cut(client: TestClient):
    goal = f"core(A, _), core(B, _), core(C, _), X = '{'a' * 100_000}'"
    answer = client.post(f"{MACHINE}/query", json={"goal": goal})
    assert (answer.status_code, answer.json()["stopped_by"]) == (200, "max_answer_size")
    assert len(answer.content) < 20_000_000


@pytest.mark.parametrize(
    "text",
    [
        '[[group]]\nname = "a"\ndispatchers = ' + "9" * 5000,
        ".".join("a" * 100_000) + " = 1\n[[group]]",
        "".join(f'[[group]]\nname = "g{at}"\n' for at in range(3000)),
    ],
)
def test_a_hostile_manifest_in_toml_is_refused_at_once(client: TestClient, text: str):
    answer = client.post(f"{MACHINE}/manifests", json={"application": "a", "text": text, "dry_run": True})
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_manifest")


SCRIPT = "<script>alert('x')<script>\"&"


def test_markup_in_names_and_values_is_text_on_every_page(pool: Pool):
    stated = """core(0, 0).
    pu(0, 0, '<script>'). isa(0, '<script>'). '<script>'(1). numa_node(0, 0, 5). core_node(0, 0).
    cache(1, 0, 3, '<script>', 5, 5). info(0, '<script>', "<script>")."""
    with Store("sqlite://") as store, TestClient(create_app(store, pool=pool), base_url="http://127.0.0.1") as client:
        assert client.post("/v1/machines", params={"name": SCRIPT}, content=stated.encode()).status_code == 201
        body = {"application": SCRIPT, "text": "B 1"}
        assert client.post(f"/v1/machines/{quote(SCRIPT, safe='')}/manifests", json=body).status_code == 201
        for page in ("/", f"/machines/{quote(SCRIPT, safe='')}", f"/machines/{quote(SCRIPT, safe='')}/topology.svg"):
            answer = client.get(page)
            assert answer.status_code == 200
            assert "<script" not in answer.text
            assert "default-src 'self'" in answer.headers["content-security-policy"]
            assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_method_that_is_not_allowed_is_told_which_are(client: TestClient):
    answer = client.options(f"{MACHINE}/facts")
    assert (answer.status_code, answer.headers["allow"]) == (405, "DELETE, GET, POST")


def test_json_answers_are_described_as_json(client: TestClient):
    described = client.get("/openapi.json").json()["paths"]["/v1/healthz"]["get"]["responses"]["200"]
    assert described["content"]["application/json"]["schema"] != {"type": "string"}


@pytest.fixture(scope="module")
def patient(pool: Pool) -> Iterator[tuple[str, int, Store]]:
    """Host and port of a service on a real socket that waits half a second for bodies, and its store."""
    with Store("sqlite://") as store:
        app = create_app(store, pool=pool)
        app.add_middleware(BodyLimit, longest_s=0.5)
        with serving(app) as address:
            place = urlsplit(address)
            assert place.port is not None
            yield str(place.hostname), place.port, store


def post_source(host: str, port: int, part: bytes) -> socket.socket:
    """A client that says it sends 1,000 bytes, and sends less."""
    client = socket.create_connection((host, port), timeout=10)
    client.sendall(b"POST /v1/machines?name=x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n" + part)
    return client


def test_a_body_that_does_not_come_is_408(patient: tuple[str, int, Store]):
    host, port, _ = patient
    with post_source(host, port, b"core(0, 0).") as client:
        assert client.recv(100).startswith(b"HTTP/1.1 408")


def test_half_a_source_is_not_loaded_when_its_client_leaves(patient: tuple[str, int, Store]):
    host, port, store = patient
    post_source(host, port, b"core(0, 0). ").close()
    with post_source(host, port, b"") as another:
        assert another.recv(100).startswith(b"HTTP/1.1 408")
    assert store.revision == 0
