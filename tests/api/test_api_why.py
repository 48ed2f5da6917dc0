"""`skb why`, `skb query --all` and `skb prune`: contradictions, who said what, and what is forgotten."""

from datetime import datetime
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from skb.store.store import Store


@pytest.fixture
def disputed(skb, tmp_path: Path) -> None:
    """core(1) is said to be on p0 by a file, on p9 by a measurement; a quirk denies the link."""
    (tmp_path / "m.pl").write_text("core(0, p0). core(1, p0). link(a, b). link(b, c).")
    assert skb("load", tmp_path / "m.pl").code == 0
    with Store(f"sqlite:///{tmp_path / 'store.sqlite'}") as store:
        store.knowledge("m").tell("core(1, p9).", source="a run")
        store.knowledge("m").tell("denied(link(a, _)).", layer="quirk", source="erratum 7")


def _said(document: dict[str, list[dict[str, list[dict[str, object]]]]]) -> list[list[tuple[object, ...]]]:
    return [
        [(one["fact"], one["layer"], one["revision"], one["wins"]) for one in key["said"]] for key in document["keys"]
    ]


def test_every_contradiction_is_reported_with_who_said_what_and_when(skb, disputed: None):
    told = skb("why", "m", "--json").document
    assert _said(told) == [
        [("core(1,p9)", "measured", 2, True), ("core(1,p0)", "static", 1, False)],
        [("link(a,b)", "static", 1, False), ("denied(link(a,_))", "quirk", 3, True)],
    ]
    times = [datetime.fromisoformat(one["when"]) for key in told["keys"] for one in key["said"]]
    assert times[1] <= times[0] <= times[3]
    assert skb("why", "m").out.endswith("2 keys, 2 in dispute at revision 3\n")


def test_a_fact_tells_who_stands_behind_it_whether_it_holds_or_not(skb, disputed: None):
    assert _said(skb("why", "m", "core(X, p0)", "--json").document) == [
        [("core(0,p0)", "static", 1, True)],
        [("core(1,p9)", "measured", 2, True), ("core(1,p0)", "static", 1, False)],
    ]
    assert skb("why", "m", "core(X, Y)", "--limit", "1", "--json").document["status"] == "truncated"
    assert skb("why", "m", "core(7, _)").out == "0 keys, 0 in dispute at revision 3\n"
    assert (skb("why", "m", "nothing(X)").code, skb("why", "m", "7").code, skb("why", "m", "core(").code) == (2, 2, 2)


def test_why_a_goal_holds_names_the_contradictors_of_its_facts(skb, disputed: None):
    told = skb("query", "m", "why core(1, P)", "--json").document
    assert told["supports"] == [[{"f": "core", "args": [1, "p9"]}]]
    assert [(one["source"], one["wins"]) for one in told["said"][0]] == [("a run", True), ("facts: m.pl", False)]
    assert "not core(1,p0)  static, facts: m.pl" in skb("query", "m", "why core(1, P)").out


def test_all_sees_what_goals_do_not(skb, disputed: None):
    assert skb("query", "m", "core(1, P)", "--json").document["rows"] == [["p9"]]
    assert skb("query", "m", "core(1, P)", "--all", "--json").document["rows"] == [["p0"], ["p9"]]
    assert skb("query", "m", "link(a, X)", "--json").document["rows"] == []
    assert skb("query", "m", "link(a, X)", "--all", "--json").document["rows"] == [["b"]]


def test_pruning_forgets_revisions_and_not_when_a_fact_was_said(skb, disputed: None):
    with_all = skb("why", "m", "--json").document
    pruned = skb("prune", "--keep", "1", "--json").document
    assert pruned == {"revision": 3, "kept_from": 3, "facts": 0, "records": 0}
    assert skb("why", "m", "--json").document == with_all
    assert skb("prune", "--before", "2").out.startswith("revisions 3 to 3 can be asked")
    for words in (("--before", "9"), (), ("--keep", "1", "--before", "2"), ("--keep", "0")):
        assert skb("prune", *words).code == 2


def test_who_said_what_is_told_over_http(client: TestClient, store: Store):
    name = store.machines()[0].name
    wrong = store.knowledge(name).snapshot().rows("physical_core", 2)[0][0]
    revision = store.knowledge(name).tell([("physical_core", (wrong, 99))], source="a run")
    told = client.get(f"/v1/machines/{name}/why").json()
    assert told["revision"] == revision
    assert told["keys"][0]["said"][0]["source"] == "a run"
    assert [one["layer"] for one in told["keys"][0]["said"]] == ["measured", "static"]
    asked = client.get(f"/v1/machines/{name}/why", params={"fact": f"physical_core({wrong}, _)"})
    assert asked.json()["keys"] == told["keys"]
    assert asked.headers["etag"] == f'"{revision}"'
    assert client.get(f"/v1/machines/{name}/why", params={"fact": "nothing(1)"}).status_code == 422
