"""The page on admission: its manifests, rules and commands do what it says."""

import json
import re
from pathlib import Path

import pytest

import facts
import skb as library
from planner import Manifest, Topology, admit
from planner.overcommit.shares import Rules

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "admission.md").read_text()
TASKS = {"tasks": {"video": {"policy": "SCHED_DEADLINE", "dl-runtime": 5000, "dl-period": 20000, "cpus": [1]}}}


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def test_the_manifests_and_the_rules_of_the_page_are_accepted() -> None:
    machine = Topology.of(library.load(facts.read("amd-4x4")))
    (text,) = blocks("manifest")
    (rules,) = blocks("rules")
    asked = [Manifest.from_text(text, name=name, dispatchers=16) for name in "ab"]
    decision = admit(asked, machine, policy=Rules(rules))
    assert decision.admitted
    assert decision.releases[0].derived_ns is not None
    assert min(decision.reductions.values()) >= 500_000


def test_each_command_of_the_page_answers_as_it_says(skb, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "gang.manifest").write_text(blocks("manifest")[0])
    (tmp_path / "house.rules").write_text(blocks("rules")[0])
    (tmp_path / "tasks.json").write_text(json.dumps(TASKS))
    assert skb("load", "amd-4x4").code == 0
    assert skb("load", "synthetic:pack:2 core:4 pu:1", "--machine", "host").code == 0
    lines = [line for block in blocks("sh") for line in block.splitlines() if line]
    assert len(lines) >= 6
    for line in lines:
        words, _, said = line.partition("#")
        expected = int(found[1]) if (found := re.search(r"exit code (\d)", said)) else 0
        answer = skb(*words.split()[1:])
        assert answer.code == expected, (line, answer.err)
        shown = re.search(r"`(.+)`", said)
        assert shown is None or shown[1] in answer.out, (line, answer.out)


def test_a_phase_change_tells_its_release_on_the_command_line_and_over_http(skb, client, tmp_path: Path) -> None:
    (tmp_path / "gang.manifest").write_text(blocks("manifest")[0])
    skb("load", "amd-4x4")
    number = skb("--json", "submit", "amd-4x4", f"{tmp_path / 'gang.manifest'}:16").document["id"]
    release = skb("--json", "phase", "amd-4x4", number, 1).document["release"]
    assert 160_000 < release["derived_us"] == release["release_us"] < 480_000
    body = {"application": "gang", "text": blocks("manifest")[0], "dispatchers": 16}
    accepted = client.post("/v1/machines/amd-4x4/manifests", json=body).json()
    changed = client.post(f"/v1/machines/amd-4x4/manifests/{accepted['id']}/phase", json={"phase": 1}).json()
    assert changed["release"]["release_us"] == release["release_us"]
    gone = client.delete(f"/v1/machines/amd-4x4/manifests/{accepted['id']}")
    assert gone.status_code == 200
