"""Placements in the words of launchers, and bindings said in other words, by the doors."""

import io
import re
import sys
from pathlib import Path

import pytest

from planner.binding import NOTATIONS

DOCS = Path(__file__).resolve().parents[2] / "docs"
PIPELINE = DOCS / "examples" / "pipeline.toml"


@pytest.fixture
def amd(skb):
    skb("load", "amd-4x4")
    return skb


def test_a_placement_comes_in_every_format(amd):
    placed = amd("place", "amd-4x4", PIPELINE, "--iterations", 1, "--json").document
    for name in NOTATIONS:
        answer = amd("place", "amd-4x4", PIPELINE, "--iterations", 1, "--emit", name, "--json").document
        emitted = answer["emit"]
        assert answer["map"] == placed["map"]
        assert emitted["format"] == name
        for dispatcher, seat in placed["map"].items():
            said = f"{dispatcher}: core {seat['core']} (logical PU {seat['core']}, OS index {seat['os_index']})"
            assert said in emitted["text"]


def test_memory_is_bound_where_it_was_asked_for_and_there_are_words_for_it(skb, tmp_path: Path):
    skb("load", "synthetic:pack:2 [numa(memory=4GiB)] core:2 pu:1", "--machine", "two")
    app = tmp_path / "app.toml"
    app.write_text('[[group]]\nname = "w"\ncount = 4\nmemory = "1 GiB"\n')
    words = {name: skb("place", "two", app, "--emit", name).out for name in NOTATIONS}
    assert words["numactl"].count("--membind=0") == words["numactl"].count("--membind=1") == 2
    assert words["systemd"].count("NUMAPolicy=bind\nNUMAMask=1") == 2
    assert words["cpuset"].count("cpuset.mems") == 4
    assert "--mem-bind=map_mem:" in words["slurm"]
    assert "hwloc-bind -p --cpubind 0x00000008 --membind numa:1" in words["hwloc-bind"]
    assert "is not bound: taskset has no words for it" in words["taskset"]
    assert f'memory: "{2**30}"' in words["kubernetes"]


def test_a_binding_is_said_in_another_notation(amd, monkeypatch, tmp_path: Path):
    said = amd("translate", "amd-4x4", "taskset -c 2-3 ./a", "--to", "omp-places")
    assert "OMP_PLACES={2:2}" in said.out
    answer = amd("translate", "amd-4x4", "numactl -C 5 -m 1 ./a", "--to", "cpuset", "--json").document
    assert answer["from"] == "numactl"
    assert answer["bindings"] == [
        {
            "name": "0",
            "cores": [5],
            "logical": [5],
            "os_index": [5],
            "memory": {"policy": "bind", "nodes": [{"numa_node": 1, "os_index": 1}]},
        }
    ]
    (tmp_path / "mask").write_text("f0\n")
    assert "CPUAffinity=4-7" in amd(
        "translate", "amd-4x4", "-f", tmp_path / "mask", "--from", "kernel-mask", "--to", "systemd"
    ).out  # fmt: skip
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"srun --cpu-bind=map_cpu:3,2 ./a")))
    assert 'GOMP_CPU_AFFINITY="3 2"' in amd("translate", "amd-4x4", "-f", "-", "--to", "gomp").out


def test_what_cannot_be_said_is_refused(amd):
    for words, code in (
        (("taskset -c 0-3", "--to", "gomp"), "not_expressible"),
        (("taskset -c 0-3", "--to", "kubernetes"), "not_expressible"),
        (("numactl -C 0 -m 0", "--to", "taskset"), "not_expressible"),
        (("taskset -c 99", "--to", "gomp"), "unknown_cpu"),
        (("taskset -c 0", "--to", "abacus"), "unsupported_format"),
        (("hello", "--to", "gomp"), "unsupported_format"),
        (("--to", "gomp"), "usage"),
    ):
        refused = amd("translate", "amd-4x4", *words, "--json")
        assert refused.code == 2
        assert refused.document["error"]["code"] == code


def test_matrices_have_no_os_indexes_to_bind_by(skb, tmp_path: Path):
    for name in ("latency.csv", "traffic.csv"):
        (tmp_path / name).write_text("0,1\n1,0\n")
    words = ("--latency", tmp_path / "latency.csv", "--traffic", tmp_path / "traffic.csv", "--emit", "gomp")
    assert "no_os_index" in skb("place", *words, "--json").out


def test_the_service_says_a_placement_in_words(client):
    group = {"name": "w", "count": 2}
    body = {"app": {"group": [group]}, "iterations": 1, "emit": "likwid-pin"}
    answer = client.post("/v1/machines/amd-4x4/placements", json=body)
    assert re.search(r"likwid-pin -c \d+,\d+", answer.json()["emit"]["text"])
    refused = client.post("/v1/machines/amd-4x4/placements", json={**body, "emit": "abacus"})
    assert refused.status_code in (400, 422)
    assert refused.json()["code"] == "unsupported_format"


def test_the_page_of_bindings_has_a_row_for_each_notation_and_its_commands_run(amd, tmp_path: Path):
    page = (DOCS / "bindings.md").read_text()
    assert re.findall(r"(?m)^\| `([a-z0-9-]+)` \|", page) == list(NOTATIONS)
    for machine, text, target in re.findall(r"(?m)^skb translate (\S+) '(.*)' --to (\S+)$", page):
        assert amd("translate", machine, text, "--to", target).code == 0
    for name, example in re.findall(r"(?m)^\| `([a-z0-9-]+)` .* `([^`]*)` \|$", page):
        if name not in ("kubernetes", "kernel-mask"):
            assert amd("translate", "amd-4x4", example, "--from", name, "--to", "cpuset").code == 0, name
