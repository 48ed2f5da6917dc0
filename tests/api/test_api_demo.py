"""The demonstration does the whole job."""

import json
from pathlib import Path


def test_the_demonstration_does_every_step_and_ends(skb, tmp_path: Path):
    told = skb("demo", "--json", "--output", tmp_path / "pictures")
    assert told.code == 0, told.err
    results = told.document
    assert {"amd-4x4", "amd-8x4"} <= set(results["machines"])
    assert results["question"]["status"] == "complete"
    assert results["admission"]["schedules"] == 2
    for _, unicast, by_tree in results["phase_change_cycles"]:
        assert by_tree < unicast
    progress = {name: run["barrier"]["progress"] for name, run in results["progress"].items()}
    assert progress["both, no manifest"] * 1000 < progress["BARRIER alone"]
    assert 0.45 <= progress["both, with manifest"] / progress["BARRIER alone"] <= 0.5
    assert results["http"]["same"] is True
    assert json.loads((tmp_path / "pictures" / "timeline.json").read_text())["traceEvents"]
    assert (tmp_path / "pictures" / "timeline.svg").read_text().startswith("<svg")
    assert told.err.count("\n") > 60
    assert results["seconds"] < 60
