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
