"""lscpu's tables become cores, packages, caches and nodes, whichever columns a version prints."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import facts

SMELT = Path(__file__).resolve().parents[3] / "shared" / "data" / "smelt" / "lscpu_parse.txt"

PARSABLE = """# The following is the parsable format, which can be fed to other
# programs.
# CPU,Core,Socket,Node,,L1d,L1i,L2,L3
0,0,0,0,,0,0,0,0
1,0,1,1,,1,1,1,1
2,0,0,0,,0,0,0,0
3,0,1,1,,1,1,1,1
"""

TABLE = """CPU NODE SOCKET CORE L1d:L1i:L2:L3 ONLINE    MAXMHZ
  0    0      0    0 0:0:0:0          yes 3400.0000
  1    -      -    - -                 no         -
  2    0      0    0 0:0:0:0          yes 3400.5000
"""


def rows(reading: facts.Reading, relation: str) -> list[tuple[object, ...]]:
    return [fact.args for fact in reading.facts if fact.relation == relation]


def test_core_numbers_that_repeat_in_every_socket_are_different_cores() -> None:
    reading = facts.read(PARSABLE.encode())
    assert rows(reading, "pu") == [(0, 0, "unknown"), (1, 2, "unknown"), (2, 1, "unknown"), (3, 3, "unknown")]
    assert rows(reading, "core") == [(0, 0), (1, 0), (2, 1), (3, 1)]
    assert rows(reading, "physical_core") == [(0, 0), (1, 0), (2, 1), (3, 1)]
    assert {kind: (reading.objects or {})[kind] for kind in ("Core", "L1iCache", "L3Cache", "NUMANode")} == {
        "Core": 2,
        "L1iCache": 2,
        "L3Cache": 2,
        "NUMANode": 2,
    }


def test_a_table_names_cpus_that_are_offline_and_clocks() -> None:
    reading = facts.read(TABLE.encode())
    assert rows(reading, "unavailable_pu") == [(1,)]
    assert rows(reading, "clock_hz") == [(0, 3_400_000_000), (1, 3_400_500_000)]
    assert (reading.objects or {})["L1Cache"] == 1


@pytest.mark.parametrize("text", [str, int], ids=["of older versions", "of newer versions"])
def test_json_of_either_age_is_read(text: type) -> None:
    cpus = [
        {"cpu": text(cpu), "node": text(0), "socket": text(0), "core": text(cpu), "l1d:l1i:l2": f"{cpu}:{cpu}:0"}
        for cpu in range(2)
    ]
    reading = facts.read(json.dumps({"cpus": [{**cpu, "online": True} for cpu in cpus]}).encode())
    assert {kind: (reading.objects or {})[kind] for kind in ("PU", "Core", "L1Cache", "L2Cache")} == {
        "PU": 2,
        "Core": 2,
        "L1Cache": 2,
        "L2Cache": 1,
    }


def test_odd_rows_are_left_out_with_their_line() -> None:
    reading = facts.read((PARSABLE + "x,1,1\n3,7,7\n4,z,0\n").encode())
    assert [(warning.code, warning.where) for warning in reading.warnings] == [
        ("unreadable_line", "line 8"),
        ("repeated_pu", "line 9"),
        ("bad_number", "line 10"),
    ]
    assert (reading.objects or {})["PU"] == 5


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"lscpu": [{"field": "Architecture:", "data": "x86_64"}]}', "says nothing of single CPUs"),
        ("Architecture: x86_64\n", "says nothing of single CPUs"),
        ('{"cpus": [', "no whole JSON"),
        ('{"cpus": []}', "no online CPU"),
        ("# CPU,Core\n", "no online CPU"),
    ],
)
def test_what_names_no_cpu_is_refused(text: str, words: str) -> None:
    with pytest.raises(facts.ReadError, match=words):
        facts.read(text.encode())


@pytest.mark.skipif(not SMELT.is_file(), reason=f"{SMELT} is absent")
def test_the_table_of_the_smelt_machine_is_read_under_its_command_line() -> None:
    reading = facts.read(SMELT)
    assert reading.name == "lscpu_parse"
    assert (reading.objects or {})["PU"] == 20
    assert reading.warnings == ()


@settings(derandomize=True, max_examples=150, deadline=None)
@given(st.text(alphabet="0123456789,-yx\n", max_size=120))
def test_any_table_is_read_or_refused(text: str) -> None:
    try:
        assert (facts.read(f"# CPU,Core,Socket,Node,,L1d,L2\n{text}".encode()).objects or {})["PU"]
    except facts.ReadError as error:
        assert error.code == "no_cpu"  # noqa: PT017


def test_a_summary_before_the_table_and_a_second_table_after_it_do_no_harm() -> None:
    first, second = (f"\n# CPU,Core,Socket,Node\n6,0,{a},\n7,1,{b},\n" for a, b in ("01", "--"))
    text = f"CPU op-mode(s): 64-bit\nCPU(s): 2\n{first}{second}"
    reading = facts.read(text.encode())
    assert reading.warnings == ()
    assert rows(reading, "core") == [(0, 0), (1, 1)]
    assert [os_index for _, os_index, _ in rows(reading, "pu")] == [6, 7]


def test_a_row_that_lacks_a_cache_does_not_take_the_next_level_s_for_it() -> None:
    reading = facts.read(b"# CPU,Core,Socket,Node,,L1d,L1i,L2\n0,0,0,0,,0,0,0\n1,1,0,0,,0,0\n2,2,0,0,,1,1,0\n")
    assert {args[:3] for args in rows(reading, "cache")} == {
        (0, 0, 2),
        (0, 1, 2),
        (1, 0, 1),
        (2, 0, 1),
        (3, 1, 1),
        (4, 1, 1),
    }
    assert [(warning.code, warning.where) for warning in reading.warnings] == [("short_row", "line 3")]


def test_data_and_instruction_caches_of_level_2_are_two() -> None:
    reading = facts.read(b"# CPU,Core,Socket,Node,,L1d,L1i,L2d,L2i\n0,0,0,0,,0,0,0,0\n")
    assert {key: (reading.objects or {})[key] for key in ("L1Cache", "L1iCache", "L2Cache", "L2iCache")} == {
        "L1Cache": 1,
        "L1iCache": 1,
        "L2Cache": 1,
        "L2iCache": 1,
    }
    assert [args[2:4] for args in rows(reading, "cache")] == [
        (2, "data"),
        (2, "instruction"),
        (1, "data"),
        (1, "instruction"),
    ]
