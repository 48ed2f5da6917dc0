"""Measurements between pairs of cores, in MCTOP's and Smelt's formats, become facts; what is dirty in them is told."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import facts

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
MCTOP, SMELT = SHARED / "mctop", SHARED / "smelt"

SMALL = """#box #HWCs 2 #Nodes 1 SMT 0
0 0 0
0 1 101
1 0 99
1 1 0
#Mem_latencies 1
0 0 250
1 0 0
#Mem_bw-READ 1
0 0 1.048576
#Cache_levels 2
Cache_level 0   Latency 0      SizeOS 32    SizeEst 32
Cache_level 1   Latency 4      SizeOS 32    SizeEst 32#Power_measurements 1
Power_sockt_0_idle  1.8 12.5
"""


def rows(reading: facts.Reading, relation: str) -> list[tuple[object, ...]]:
    return [fact.args for fact in reading.facts if fact.relation == relation]


def codes(reading: facts.Reading) -> list[str]:
    return [warning.code for warning in reading.warnings]


def test_an_mctop_file_gives_round_trips_of_two_moves_in_cycles() -> None:
    reading = facts.read(SMALL.encode(), name="box")
    assert rows(reading, "message_rtt") == [(0, 1, 202, 0, 202, 202), (1, 0, 198, 0, 198, 198)]
    assert rows(reading, "memory_latency") == [(0, 0, 250)]
    assert rows(reading, "numa_bandwidth") == [(0, 0, 1000)]
    assert rows(reading, "cache_latency") == [("l1", 4)]
    assert reading.objects == {"NUMANode": 1, "PU": 2}
    assert {fact.layer for fact in reading.facts if fact.relation in ("core", "pu", "machine")} == {"discovered"}


def test_what_is_odd_in_an_mctop_file_is_told_with_its_place() -> None:
    assert codes(facts.read(SMALL.encode())) == ["missing_newline", "not_measured"]
    dirty = SMALL.replace("1 0 99\n", "0 1 5\n0 9 7\nnonsense\n")
    reading = facts.read(dirty.encode())
    assert set(codes(reading)) >= {"duplicate", "unknown_context", "missing_pair", "unreadable_line"}
    assert [anomaly.where for anomaly in reading.warnings[:2]] == ["line 4", "line 6"]
    assert rows(reading, "message_rtt") == [(0, 1, 202, 0, 202, 202)]


@pytest.mark.parametrize("header", ["#box #HWCs 0 #Nodes 1 SMT 0\n0 1 2\n", "#box #HWCs 5000 #Nodes 1\n0 1 2\n"])
def test_an_mctop_header_out_of_range_is_refused(header: str) -> None:
    with pytest.raises(facts.ReadError, match="an MCTOP header"):
        facts.read(header.encode())


def test_an_mctop_file_without_pairs_is_refused() -> None:
    with pytest.raises(facts.ReadError, match="no latency of a pair"):
        facts.read(b"#box #HWCs 2 #Nodes 1 SMT 0\n")


@pytest.mark.skipif(not MCTOP.is_dir(), reason=f"{MCTOP} is absent")
@pytest.mark.parametrize(
    ("file", "contexts", "nodes", "odd"),
    [
        ("lpd48core", 48, 8, []),
        ("lpdquad", 96, 4, ["not_measured"]),
        ("lpdxeon2680", 40, 2, ["missing_newline", "not_measured"]),
    ],
)
def test_the_mctop_files_hold_every_pair(file: str, contexts: int, nodes: int, odd: list[str]) -> None:
    reading = facts.read(MCTOP / f"{file}.mct")
    found = Counter(fact.relation for fact in reading.facts)
    assert reading.name == file
    assert found["message_rtt"] == contexts * (contexts - 1)
    assert found["numa_bandwidth"] == nodes * nodes
    assert codes(reading) == odd


@pytest.mark.skipif(not MCTOP.is_dir(), reason=f"{MCTOP} is absent")
def test_hyperthreads_are_nearest_on_the_mctop_machine_with_them() -> None:
    reading = facts.read(MCTOP / "lpdquad.mct")
    nearest = min((row for row in rows(reading, "message_rtt") if row[0] == 0), key=lambda row: str(row[2]).zfill(9))
    assert nearest[:3] == (0, 48, 48)


def smelt_folder(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "pairwise-nsend_send").write_text("1 0 60.5 25.4\n0 1 62.18 25.1\n")
    (folder / "pairwise-nsend_receive").write_text("0 1 610.8 131.5\nodd\n0 0 1 1\n0 1 9 9\n")
    (folder / "lscpu_parse.txt").write_text("lscpu --parse\n# CPU,Core,Socket\n1,0,0\n0,1,1\n")
    return folder


def test_a_smelt_folder_gives_costs_between_the_cores_that_lscpu_names(tmp_path: Path) -> None:
    reading = facts.read(smelt_folder(tmp_path / "ivy"))
    assert reading.name == "ivy"
    assert rows(reading, "pu") == [(0, 0, "unknown"), (1, 1, "unknown")]
    assert rows(reading, "message_send") == [(0, 1, 62, 25), (1, 0, 61, 25)]
    assert rows(reading, "message_receive") == [(0, 1, 611, 132)]
    assert (reading.objects or {})["Package"] == 2
    assert sorted(codes(reading)) == ["duplicate", "missing_file", "missing_pair", "same_core", "unreadable_line"]


def test_smelt_costs_without_a_table_of_cpus_keep_their_own_numbers(tmp_path: Path) -> None:
    folder = smelt_folder(tmp_path)
    (folder / "lscpu_parse.txt").unlink()
    (folder / "pairwise-nsend_rtt").write_text("5 1 100 3\n")
    reading = facts.read(folder)
    assert rows(reading, "message_rtt") == [(5, 1, 100, 3, 100, 100)]
    assert reading.objects == {"PU": 3}


def test_costs_of_a_core_that_lscpu_does_not_name_are_left_out(tmp_path: Path) -> None:
    folder = smelt_folder(tmp_path)
    (folder / "pairwise-nsend_rtt").write_text("5 1 100 3\n")
    reading = facts.read(folder)
    assert rows(reading, "message_rtt") == []
    assert "unknown_core" in codes(reading)


@pytest.mark.skipif(not SMELT.is_dir(), reason=f"{SMELT} is absent")
def test_the_smelt_machine_is_2_packages_of_10_cores_with_380_pairs_each_way() -> None:
    reading = facts.read(SMELT)
    found = Counter(fact.relation for fact in reading.facts)
    assert {found[name] for name in ("message_send", "message_receive", "message_rtt")} == {380}
    assert {kind: (reading.objects or {})[kind] for kind in ("Package", "Core", "L3Cache")} == {
        "Package": 2,
        "Core": 20,
        "L3Cache": 2,
    }
    assert (2, 16, 2223, 265, 2223, 2223) in rows(reading, "message_rtt")
    assert reading.warnings == ()


@settings(derandomize=True, max_examples=150, deadline=None)
@given(st.text(alphabet="0123456789 .#Mem_latncis-\n", max_size=200))
def test_any_lines_under_an_mctop_header_are_read_or_refused(text: str) -> None:
    try:
        reading = facts.read(f"#box #HWCs 3 #Nodes 2 SMT 0\n{text}".encode())
    except facts.ReadError as error:
        assert error.code == "empty"  # noqa: PT017
    else:
        assert all(here != there for here, there, *_ in rows(reading, "message_rtt"))


def test_an_older_mctop_section_that_does_not_say_read_is_read_bandwidth() -> None:
    text = "#old #HWCs 2 #Nodes 1 SMT 1\n0 0 0\n0 1 9\n1 0 9\n1 1 0\n#Mem_bw 1\n0 0 10.48576\n"
    reading = facts.read(text.encode())
    assert [fact.args for fact in reading.facts if fact.relation == "numa_bandwidth"] == [(0, 0, 10000)]
