"""A machine that is written as hwloc XML is the same machine to hwloc, and to our own reader."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import Counter, defaultdict
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import facts

SHARED = sorted((Path(__file__).resolve().parents[3] / "shared" / "data" / "hwloc-xml").glob("*/*.xml"))
OWN = sorted((Path(__file__).parent / "data").glob("*.xml"))
KINDS = ("Package", "Die", "NUMANode", "L1Cache", "L1iCache", "L2Cache", "L3Cache", "MemCache", "Core", "PU")
DEVICES = ("Bridge", "PCIDev", "OSDev", "Misc")

needs_hwloc = pytest.mark.skipif(shutil.which("lstopo-no-graphics") is None, reason="hwloc is not installed")


def exported(reading: facts.Reading) -> str:
    rows: dict[tuple[str, int], list[tuple[facts.reading.Argument, ...]]] = defaultdict(list)
    for fact in reading.facts:
        rows[fact.relation, len(fact.args)].append(fact.args)
    return facts.to_hwloc_xml(lambda name, arity: rows[name, arity], name=reading.name)


def counts(objects: Mapping[str, int] | None) -> dict[str, int]:
    return {kind: (objects or {}).get(kind, 0) for kind in (*KINDS, *DEVICES)}


def counted_by_hwloc(path: Path) -> dict[str, int]:
    command = ["lstopo-no-graphics", "-i", str(path), "-s", "--disallowed", "--filter", "all:all"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert done.stderr == ""
    found: Counter[str] = Counter()
    for number, kind in re.findall(r":\s+(\d+) (\w+) \(type", done.stdout):
        found[re.sub(r"^(L\d)d", r"\1", kind)] += int(number)
    return counts(found)


@needs_hwloc
@pytest.mark.parametrize("path", [*OWN, *SHARED], ids=lambda path: f"{path.parent.name}/{path.name}")
def test_hwloc_counts_what_the_source_has(path: Path, tmp_path: Path) -> None:
    reading = facts.read(path)
    (tmp_path / "out.xml").write_text(exported(reading))
    expected = counts(reading.objects)
    expected["PCIDev"] -= sum(warning.code == "repeated_device" for warning in reading.warnings)
    # hwloc wants a memory node in every machine; sources of its version 1 may have none.
    expected["NUMANode"] = expected["NUMANode"] or 1
    assert counted_by_hwloc(tmp_path / "out.xml") == expected


@pytest.mark.parametrize("path", [*OWN, *SHARED], ids=lambda path: f"{path.parent.name}/{path.name}")
def test_what_is_written_is_read_again_without_a_warning(path: Path) -> None:
    first = facts.read(path)
    again = facts.read(exported(first).encode(), name=first.name)
    assert again.warnings == ()
    expected = counts(first.objects)
    expected["NUMANode"] = expected["NUMANode"] or 1
    expected["PCIDev"] -= sum(warning.code == "repeated_device" for warning in first.warnings)
    assert counts(again.objects) == expected
    # Packages are numbered by their lowest CPU, which may be one that is off and that the facts give no package.
    has_all = not any(fact.relation == "unavailable_pu" for fact in first.facts)
    ordered = ("core", "physical_core", "numa_distance") if has_all else ()
    for relation in (*ordered, "disallowed", "unavailable_pu", "bridge_buses", "misc"):
        mine = sorted(str(fact.args) for fact in first.facts if fact.relation == relation)
        assert sorted(str(fact.args) for fact in again.facts if fact.relation == relation) == mine, relation


def machine(**relations: list[tuple[facts.reading.Argument, ...]]) -> str:
    return facts.to_hwloc_xml(
        lambda name, arity: [row for row in relations.get(name, []) if len(row) == arity], name="made"
    )


def test_a_part_that_overlaps_another_is_left_out() -> None:
    text = machine(core=[(core, core // 2) for core in range(4)], die=[(1, 0), (2, 0)])
    objects = facts.read(text.encode()).objects or {}
    assert (objects["PU"], objects["Package"], objects.get("Die", 0)) == (4, 2, 0)


def test_memory_of_some_cores_gets_a_group_to_hang_off() -> None:
    text = machine(core=[(core, "none") for core in range(4)], numa_node=[(0, 3, 64)], core_node=[(0, 0), (1, 0)])
    assert '<object type="Group" cpuset="0x00000003"' in text
    assert 'local_memory="64"' in text


def test_cores_without_os_indices_are_numbered_by_their_own_ids() -> None:
    text = machine(core=[(0, 0), (1, 0)], pu=[(0, "unknown", 4), (1, 7, 5)])
    assert re.findall(r'type="PU".*os_index="(\d+)"', text) == ["0", "1"]


def test_what_may_not_be_used_is_marked_so() -> None:
    text = machine(core=[(0, 0), (1, 0)], disallowed=[(1,)], unavailable_pu=[(5,)])
    reading = facts.read(text.encode())
    assert [fact.args for fact in reading.facts if fact.relation in ("disallowed", "unavailable_pu")] == [(1,), (5,)]


def test_a_machine_without_cores_and_one_too_large_are_refused() -> None:
    with pytest.raises(facts.ReadError, match="no fact that names a core"):
        machine()
    with pytest.raises(facts.ReadError, match="would have about"):
        machine(core=[(core, core) for core in range(60_000)])


def addr(*place: int) -> facts.reading.Compound:
    return facts.reading.Compound("addr", place)


def test_devices_hang_off_their_bridges_whatever_their_order_and_unfit_ones_are_left_out() -> None:
    secondary = facts.reading.Compound("secondary", (4,))
    text = machine(
        core=[(0, 0), (1, 1)],
        bridge=[
            ("pcie", addr(0, 1, 0), 0x8086, 1, 6, 4, 0, secondary),
            ("pci", addr(4, 0, 0), 0x8086, 2, 6, 4, "unknown", facts.reading.Compound("secondary", (5,))),
        ],
        bridge_buses=[(addr(0, 1, 0), 4, 6)],
        device=[
            ("pcie", addr(6, 0, 0), 1, 1, 2, 0, 0, 0),
            ("pcie", addr(5, 3, 1), 1, 1, 2, 0, 0, 0),
            ("pci", addr(7, 0, 0), 1, 1, 2, 0, 0, 0),
            ("pci", addr(300, 0, 0), 1, 1, 2, 0, 0, 0),
            ("pci", "none", 1, 1, "unknown", 0, 0, 0),
        ],
        device_core=[(addr(7, 0, 0), 1)],
        os_device=[("eth<0>", "network", addr(6, 0, 0)), ("ib0", "network", "none"), ("odd", "unknown", "none")],
    )
    shown = re.findall(r'(?m)^( *)<object type="(?:Package|Bridge|PCIDev|OSDev)".*(?:name|pci_busid)="([^"]+)"', text)
    assert [(name, len(indent) // 2) for indent, name in shown] == [
        ("0000:07:00.0", 4),
        ("0000:00:01.0", 3),
        ("0000:04:00.0", 4),
        ("0000:05:03.1", 5),
        ("0000:06:00.0", 4),
        ("eth&lt;0&gt;", 5),
        ("ib0", 2),
    ]
    assert re.findall(r'bridge_type="0-1" depth="0" bridge_pci="([^"]+)"', text) == ["0000:[07-07]", "0000:[00-06]"]
    assert facts.read(text.encode()).warnings == ()


def test_names_are_escaped() -> None:
    assert '"&lt;x&amp;\'&gt;"' in machine(core=[(0, 0)], isa=[(0, "<x&'>")])


@settings(derandomize=True, max_examples=60, deadline=None)
@given(st.lists(st.lists(st.integers(0, 11), min_size=1, max_size=12), max_size=12))
def test_any_sets_of_cores_give_xml_with_every_core(groups: list[list[int]]) -> None:
    group = [(core, depth, depth) for depth, cores in enumerate(groups) for core in dict.fromkeys(cores)]
    caches = [(number, core, 2, "unified", 1, 64) for core, _, number in group]
    reading = facts.read(machine(core=[(core, "none") for core in range(12)], group=group, cache=caches).encode())
    assert reading.warnings == ()
    assert (reading.objects or {})["PU"] == 12


def test_packages_and_caches_without_a_core_survive_with_the_memory_in_them(tmp_path: Path) -> None:
    text = (
        '<topology version="3.0"><object type="Machine" cpuset="0x3" complete_cpuset="0xf" allowed_cpuset="0x3" '
        'nodeset="0x7" complete_nodeset="0xf" allowed_nodeset="0x3">'
        '<object type="Package" os_index="0" cpuset="0x3" nodeset="0x1">'
        '<object type="NUMANode" os_index="0" cpuset="0x3" nodeset="0x1"/>'
        '<object type="PU" os_index="0" cpuset="0x1"/><object type="PU" os_index="1" cpuset="0x2"/></object>'
        '<object type="Package" os_index="7" cpuset="0x0" complete_cpuset="0xc" nodeset="0x6">'
        + "".join(
            f'<object type="L3Cache" cpuset="0x0" nodeset="{1 << node:#x}" cache_size="9" cache_type="0">'
            f'<object type="NUMANode" os_index="{node}" cpuset="0x0" nodeset="{1 << node:#x}"/></object>'
            for node in (1, 2)
        )
        + "</object></object></topology>"
    )
    reading = facts.read(text.encode(), name="made")
    found = [fact.args for fact in reading.facts if fact.relation == "without_core"]
    assert found == [("Package", 1, 1), ("Package", 1, 2), ("L3Cache", 0, 1), ("L3Cache", 1, 2)]
    written = exported(reading)
    again = facts.read(written.encode(), name="made")
    assert again.warnings == ()
    for relation in ("without_core", "package", "disallowed_node", "unavailable_node", "unavailable_pu", "core_node"):
        mine = [fact.args for fact in reading.facts if fact.relation == relation]
        assert [fact.args for fact in again.facts if fact.relation == relation] == mine, relation
    if shutil.which("lstopo-no-graphics"):
        (tmp_path / "out.xml").write_text(written)
        assert counted_by_hwloc(tmp_path / "out.xml") == counts(reading.objects)
