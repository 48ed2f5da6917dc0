"""Synthetic descriptions become the machine that hwloc would make of them."""

from __future__ import annotations

import math
import re
import shutil
import subprocess
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import facts

needs_hwloc = pytest.mark.skipif(shutil.which("lstopo-no-graphics") is None, reason="hwloc is not installed")

SHAPES = [
    "pack:2 core:4 pu:2",
    "2",
    "2 2",
    "2 3 4",
    "2 2 2 2 2",
    "2 2 2 2 2 2 2 2 2",
    "2 1 2 2",
    "2 [numa] 2 2 2",
    "2 2 2 2 2 2 2 [numa] 2",
    "[numa] 2 2",
    "pa:2 l1d:1 l1i:1 co:2 pu:2",
    "SOCKET:2 pu:2",
    "pack:2 [numa(memory=16GB)] l3:1(size=8MB) core:4 pu:2",
    "pack:2 [numa] [numa] l3:1 core:1 pu:1",
    "pack:2 die:2 l4:1 l3:2 l2:1 l1:1 core:2 pu:2",
    "(memory=4GB) pack:2 pu:2",
    "NUMANode:3 core:2 pu:1",
    "node:2 core:1 pu:2",
    "pack:2 numa:1 core:2 pu:2",
    "pack:2 numa:2 l3:1 core:2 pu:1",
    "numa:2 group:2 pu:2",
    "group:2 group:3 pu:2",
    "group:2 group:1 pu:2",
    "pack:2 group:2 core:1 pu:2",
    "pack:2 group:2 pu:1",
    "group:2 [numa] pack:1 pu:2",
    "pack:2 [numa(indexes=1,0)] pu:2",
    "pack:3 core:1 pu:1(indexes=2,1,0)",
    "pack:2 core:2 pu:2(indexes=7,3,5,1,0,2,4,6)",
    "pack:2 core:2 pu:2(indexes=pack:core)",
    "pack:2 core:2 pu:2(indexes=core:pack)",
    "pack:2 core:2 pu:2(indexes=pack)",
    "pack:3 core:2 pu:2(indexes=core)",
    "numa:2 pu:2(indexes=numa)",
    "pack:2 core:2 pu:2(indexes=2*4)",
    "pack:2 core:2 pu:2(indexes=4*2:2*2:1*2)",
]


def rows(reading: facts.Reading, relation: str) -> list[tuple[object, ...]]:
    return [fact.args for fact in reading.facts if fact.relation == relation]


@needs_hwloc
@pytest.mark.parametrize("shape", SHAPES)
def test_counts_and_numbers_are_those_of_hwloc(shape: str) -> None:
    command = ["lstopo-no-graphics", "-i", shape, "--of", "xml"]
    xml = subprocess.run(command, capture_output=True, text=True, check=True, timeout=20).stdout
    reading = facts.read(f"synthetic:{shape}")
    assert dict(reading.objects or {}) == Counter(re.findall(r'<object type="(\w+)"', xml))
    for kind, relation in (("PU", "pu"), ("NUMANode", "numa_node")):
        theirs = [int(number) for number in re.findall(rf'type="{kind}" os_index="(\d+)"', xml)]
        assert [args[1] for args in rows(reading, relation)] == theirs
    assert rows(reading, "core_node") == rows(facts.read(xml.encode()), "core_node")


LEVELS = ["pack", "die", "l3", "l2", "l1", "core", "pu"]


@settings(derandomize=True, max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 4), min_size=len(LEVELS), max_size=len(LEVELS)))
def test_counts_are_the_products_of_the_arities(arities: list[int]) -> None:
    reading = facts.read("synthetic:" + " ".join(f"{level}:{n}" for level, n in zip(LEVELS, arities, strict=True)))
    kinds = ["Package", "Die", "L3Cache", "L2Cache", "L1Cache", "Core", "PU"]
    expected = {kind: math.prod(arities[: depth + 1]) for depth, kind in enumerate(kinds)}
    assert reading.objects == {**expected, "Machine": 1, "NUMANode": 1}
    assert [core for core, _ in rows(reading, "core")] == list(range(expected["PU"]))


def test_sizes_are_decimal_or_binary_as_written() -> None:
    reading = facts.read("synthetic:pack:1 [numa(memory=16GB)] l3:1(size=8MiB) core:1 pu:1")
    assert rows(reading, "numa_node") == [(0, 0, 16_000_000_000)]
    assert rows(reading, "cache") == [(0, 0, 3, "unified", 8 * 2**20, "unknown")]


def test_the_layer_is_static_and_the_source_is_the_text() -> None:
    reading = facts.read("synthetic: pack:1  core:4 pu:1", name="four")
    assert (reading.name, reading.layer, reading.source) == ("four", "static", "synthetic: pack:1 core:4 pu:1")
    assert {(fact.layer, fact.source) for fact in reading.facts} == {(reading.layer, reading.source)}


@pytest.mark.parametrize(
    ("shape", "token"),
    [
        ("pack:2", "pack:2"),
        ("", "''"),
        ("pack:2 foo:3 pu:1", "'foo'"),
        ("pack:0 pu:1", "'0'"),
        ("pack pu:1", "'pack'"),
        ("machine:2 pu:1", "'machine'"),
        ("pack:2 [mem] pu:1", "'mem]'"),
        ("pack:2[ pu:1", "pu:1"),
        ("pack:2(foo=1) pu:1", "'foo=1'"),
        ("pack:2(size=8XB) pu:1", "'8XB'"),
        ("pack:2 (size=1) pu:1", "'(size=1)'"),
        ("2 core:2 2", "'2'"),
        ("pack:2 pack:2 pu:1", "Package"),
        ("pack:2 pu:2 core:1", "'core:1'"),
        ("numa:2 pack:2 [numa] pu:2", "'['"),
        ("pu:2 [numa]", "beneath a PU"),
        ("pu:4(indexes=0,1)", "'0,1'"),
        ("pu:4(indexes=0,0,1,2)", "'0,0,1,2'"),
        ("pack:2 core:2 pu:2(indexes=core:pu)", "'pu'"),
        ("pack:2 core:2 pu:2(indexes=4*2:1*2)", "'4*2:1*2'"),
        ("pu:4(indexes=0*4)", "'0*4'"),
        ("pack:2 pu:2(indexes=pack:1*2)", "'pack:1*2'"),
        ("pack:1000 core:1000 pu:1", "1000000 PUs"),
        ("pu:99999999999999999999", "'99999999999999999999'"),
        ("core:60000 l1:1 pu:1", "objects"),
    ],
)
def test_what_hwloc_would_ignore_or_refuse_is_refused_by_name(shape: str, token: str) -> None:
    with pytest.raises(facts.ReadError) as caught:
        facts.read(f"synthetic:{shape}")
    assert token in str(caught.value)
    assert "accepted" in str(caught.value)


@settings(derandomize=True, max_examples=300, deadline=None)
@given(st.text(alphabet="pack:23core l1d(size=8MB)[numa](indexes=0,1*:)", max_size=40))
def test_any_text_is_a_machine_or_a_read_error(text: str) -> None:
    try:
        objects = facts.read("synthetic:" + text).objects or {}
    except facts.ReadError:
        return
    assert objects["PU"] >= 1


def test_a_long_list_of_indexes_is_cut_in_the_source_and_endless_memory_nodes_are_refused() -> None:
    indexes = ",".join(str(pu) for pu in range(2000))
    assert len(facts.read(f"synthetic:pu:2000(indexes={indexes})").source) < 400
    with pytest.raises(facts.ReadError, match="over 64 memory nodes"):
        facts.read("synthetic:" + "[numa] " * 65 + "pu:2")
