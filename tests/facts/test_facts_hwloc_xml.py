"""hwloc XML of three format versions becomes facts, whatever it looks like."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import pytest

import facts
from facts.hwloc import document

OWN = sorted((Path(__file__).parent / "data").glob("*.xml"))
SHARED_FOLDER = Path(__file__).resolve().parents[3] / "shared" / "data" / "hwloc-xml"
SHARED = sorted(SHARED_FOLDER.glob("*/*.xml"))
EXAMPLE = Path(facts.__file__).parent / "examples" / "build-host.xml"

needs_shared = pytest.mark.skipif(not SHARED, reason=f"{SHARED_FOLDER} is absent")
needs_hwloc = pytest.mark.skipif(shutil.which("hwloc-calc") is None, reason="hwloc's tools are not installed")

# hwloc-calc leaves out memory nodes that are disallowed, adds those without a CPU, or invents one where there is none.
NODES_APART = {"16amd64-8n2c-cpusets.xml", "smt-and-io.v2.xml", "16em64t-4s2c2t.xml"}


def plain_count(path: Path) -> Counter[str]:
    """Count the <object> elements of a file by regular expressions alone."""
    today = {"Socket": "Package", "Node": "NUMANode"}
    counts: Counter[str] = Counter()
    for tag in re.findall(r"<object\s[^>]*>", path.read_text("utf-8")):
        attributes = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        kind = attributes["type"]
        if kind == "Cache":
            kind = f"L{attributes['depth']}{'i' if attributes['cache_type'] == '2' else ''}Cache"
        counts[today.get(kind, kind)] += 1
    return counts


def rows(reading: facts.Reading, relation: str) -> list[tuple[object, ...]]:
    return [fact.args for fact in reading.facts if fact.relation == relation]


def shared(name: str) -> facts.Reading:
    path = SHARED_FOLDER / name
    if not path.exists():
        pytest.skip(f"{path} is absent")
    return facts.read(path)


@pytest.mark.parametrize("path", [*OWN, EXAMPLE, *SHARED], ids=lambda path: f"{path.parent.name}/{path.name}")
def test_object_counts_equal_a_plain_count_of_the_elements(path: Path) -> None:
    assert dict(facts.read(path).objects or {}) == dict(plain_count(path))


@needs_shared
def test_all_shared_files_are_there() -> None:
    assert len(SHARED) == 20


@needs_hwloc
@pytest.mark.parametrize(
    "path",
    [path for path in [*OWN, EXAMPLE, *SHARED] if 'version="3' not in path.read_text("utf-8")[:400]],
    ids=lambda path: f"{path.parent.name}/{path.name}",
)
def test_hwloc_itself_numbers_pus_and_nodes_as_we_do(path: Path) -> None:
    reading = facts.read(path)

    def calculated(kind: str) -> list[int]:
        command = ["hwloc-calc", "-i", str(path), "--disallowed", "-I", kind, "--po", "all"]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=20)
        return [int(word) for word in done.stdout.strip().split(",") if word]

    assert calculated("pu") == [os_index for _, os_index, _ in rows(reading, "pu")]
    if path.name not in NODES_APART:
        assert calculated("numa") == [os_index for _, os_index, _ in rows(reading, "numa_node")]


def test_version_1_names_and_places_become_those_of_today() -> None:
    reading = facts.read(OWN[-1])
    assert reading.name == "two-sockets.v1"
    assert rows(reading, "pu") == [(0, 0, "unknown"), (1, 2, "unknown"), (2, 1, "unknown"), (3, 3, "unknown")]
    assert rows(reading, "core") == [(0, 0), (1, 0), (2, 1), (3, 1)]
    assert rows(reading, "core_node") == [(0, 0), (1, 0), (2, 1), (3, 1)]
    assert rows(reading, "numa_node") == [(0, 0, 2**30), (1, 1, "unknown")]
    assert rows(reading, "cache") == [
        (0, 0, 2, "unified", 4194304, 64),
        (0, 1, 2, "unified", 4194304, 64),
        (1, 0, 1, "data", 32768, 64),
        (2, 0, 1, "instruction", 32768, 64),
    ]


def test_a_version_1_matrix_of_ratios_becomes_slit_like_distances() -> None:
    assert rows(facts.read(OWN[-1]), "numa_distance") == [(0, 0, 10), (0, 1, 21), (1, 0, 20), (1, 1, 10)]


def test_disallowed_pus_stay_in_the_tree_and_are_marked() -> None:
    assert rows(facts.read(OWN[-1]), "disallowed") == [(3,)]
    assert rows(facts.read(OWN[1]), "disallowed") == [(2,)]


def test_pus_that_are_not_in_the_tree_are_named_by_os_index() -> None:
    assert rows(facts.read(OWN[-1]), "unavailable_pu") == [(4,)]
    assert rows(shared("v3/16em64t-4s2c2t-offlines.xml"), "unavailable_pu")[0] == (2,)


def test_a_sparse_mask_with_empty_words_is_read() -> None:
    assert rows(facts.read(OWN[1]), "pu")[-1] == (3, 64, "unknown")


def test_a_distance_matrix_is_taken_by_os_index_and_may_be_asymmetric() -> None:
    reading = facts.read(OWN[1])
    node_of = {os_index: node for node, os_index, _ in rows(reading, "numa_node")}
    assert (node_of[1], node_of[0], 21) in rows(reading, "numa_distance")
    assert (node_of[0], node_of[1], 20) in rows(reading, "numa_distance")


def test_other_matrices_are_kept_under_their_name_and_meaning() -> None:
    first, second = facts.Compound("package", (0,)), facts.Compound("package", (1,))
    found = rows(facts.read(OWN[1]), "object_distance")
    assert ("LinkBandwidth", "bandwidth", first, second, 400) in found
    assert ("LinkBandwidth", "bandwidth", second, first, 500) in found


def test_memory_attributes_name_each_initiating_core() -> None:
    assert ("Bandwidth", 2, 3, 11000) in rows(facts.read(OWN[1]), "memory_attribute")


def test_hybrid_kinds_are_ranks_and_base_clock_beats_greatest_clock() -> None:
    reading = facts.read(OWN[0])
    assert rows(reading, "core_kind") == [(0, 1), (1, 1), (2, 0), (3, 0)]
    assert rows(reading, "clock_hz") == [(core, 2_500_000_000 if core < 2 else 1_800_000_000) for core in range(4)]
    assert rows(reading, "isa")[0] == (0, "riscv64")


def test_a_cache_below_the_core_and_a_memory_side_cache_are_kept_apart() -> None:
    reading = facts.read(OWN[0])
    assert rows(reading, "cache") == [(0, 0, 1, "data", 32768, 64), (0, 1, 1, "data", 32768, 64)]
    assert rows(reading, "memory_cache") == [(0, 0, 67108864, 64)]


def test_unknown_tags_and_attributes_are_warned_of_and_skipped() -> None:
    codes = [(warning.code, warning.where) for warning in facts.read(OWN[0]).warnings]
    assert codes == [
        ("unknown_tag", "line 32, <newthing>"),
        ("unknown_attribute", "line 10, <object type='Group'>"),
    ]


def test_two_nodes_on_the_same_cpus_are_both_local() -> None:
    reading = shared("v3/64intel64-heteromem.xml")
    assert len(rows(reading, "core_node")) == 2 * len(rows(reading, "pu"))
    assert len(rows(reading, "memory_tier")) == 8


def test_the_largest_matrix_is_joined_from_its_chunks() -> None:
    assert len(rows(shared("v3/192em64t-12gr2n8c2t.xml"), "numa_distance")) == 24 * 24


def test_a_machine_without_package_says_none() -> None:
    assert {package for _, package in rows(shared("v2/8intel64-4n2t-memattrs.xml"), "core")} == {"none"}


def test_heterogeneous_matrices_name_devices() -> None:
    found = rows(shared("v3/power8gpudistances.xml"), "object_distance")
    assert len(found) == 36
    assert {term.functor for row in found for term in row if isinstance(term, facts.Compound)} == {"osdev", "package"}


def topology(inside: str, version: str = ' version="2.0"') -> bytes:
    return f"<topology{version}>{inside}</topology>".encode()


PU = '<object type="PU" os_index="{0}" cpuset="{1}"/>'
ONE_PU = f'<object type="Machine" cpuset="0x1">{PU.format(0, "0x1")}</object>'


@pytest.mark.parametrize(
    ("data", "code", "words"),
    [
        (topology(ONE_PU)[:-5], "broken_xml", "line 1, column"),
        (b"<topology><object></topology>", "broken_xml", "line 1, column"),
        (b"<html></html>", "not_hwloc", "<html>"),
        (topology(ONE_PU, ' version="4.0"'), "unknown_version", "versions 1, 2 and 3"),
        (topology(ONE_PU, ' version="three"'), "unknown_version", "'three'"),
        (topology(ONE_PU + ONE_PU), "not_one_root", "2 root objects"),
        (topology(""), "not_one_root", "0 root objects"),
        (topology('<object type="Machine" cpuset="0x1"/>'), "no_pu", "no PU"),
        (topology(f'<object type="Machine" cpuset="0x1">{PU.format(0, "0x1") * 2}</object>'), "repeated_pu", "0"),
        (topology(f'<object type="Machine" cpuset="0x3">{PU.format(0, "0x2")}</object>'), "bad_pu", "os_index='0'"),
        (topology(f'<object type="Machine" cpuset="zz">{PU.format(0, "0x1")}</object>'), "bad_mask", "line 1"),
        (topology(f'<object type="Machine" cpuset="0x1">{PU.format("x", "0x1")}</object>'), "bad_number", "'x'"),
        (topology(PU.format(99999999999999999999999, "0x1")), "bad_number", "from 0 to"),
        (
            topology(f'<object type="Machine"><object type="NUMANode" os_index="0" nodeset="0x2"/>{ONE_PU}</object>'),
            "bad_node",
            "nodeset",
        ),
        (b'<!DOCTYPE t [<!ENTITY a "b">]><topology>&a;</topology>', "hostile_xml", "entity"),
        (b'<!DOCTYPE t [<!ENTITY a SYSTEM "file:///etc/passwd">]><topology>&a;</topology>', "hostile_xml", "none"),
        (b"<?xml version='1.0' encoding='no-such'?><topology/>", "broken_xml", ""),
        (b"<?xml version='1.0' encoding='utf-7'?><topology/>", "broken_xml", ""),
        (b"<", "broken_xml", "line 1"),
        (topology("<a>" * 100), "too_deep", "at most 64"),
    ],
)
def test_unusable_xml_is_refused_with_the_place_and_what_would_be_accepted(data: bytes, code: str, words: str) -> None:
    with pytest.raises(facts.ReadError) as caught:
        facts.read(data)
    assert caught.value.code == code
    assert words in str(caught.value)
    assert "accepted" in str(caught.value) or " read" in str(caught.value)


def test_a_dtd_by_name_is_no_offence_and_is_not_fetched() -> None:
    data = b'<!DOCTYPE topology SYSTEM "http://127.0.0.1:9/hwloc.dtd">' + topology(ONE_PU)
    assert (facts.read(data).objects or {})["PU"] == 1


def test_a_million_nested_elements_are_refused_while_they_are_parsed() -> None:
    with pytest.raises(facts.ReadError) as caught:
        facts.read(b"<topology>" + b"<a>" * 1_000_000)
    assert caught.value.code == "too_deep"


def test_more_objects_than_the_limit_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(document, "MAX_OBJECTS", 3)
    with pytest.raises(facts.ReadError) as caught:
        facts.read(topology('<object type="Machine">' + '<object type="Misc"/>' * 5 + "</object>"))
    assert caught.value.code == "too_many_objects"


def test_more_bytes_than_the_limit_are_refused() -> None:
    with pytest.raises(facts.ReadError) as caught:
        facts.read(b"<topology>" + b" " * document.MAX_BYTES)
    assert caught.value.code == "too_large"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("<indexes>0 1 </indexes><u64values>1 2 3</u64values>", "matrix_unusable"),
        ("<indexes>0 1 </indexes><u64values>1 2 3 x</u64values>", "matrix_unusable"),
        ("<indexes>0 7 </indexes><u64values>1 2 3 4</u64values>", "unknown_node"),
    ],
)
def test_a_matrix_that_is_not_whole_is_left_out_with_a_warning(body: str, code: str) -> None:
    nodes = "".join(f'<object type="NUMANode" os_index="{n}" nodeset="{1 << n:#x}" cpuset="0x1"/>' for n in range(2))
    machine = ONE_PU.replace('<object type="PU"', nodes + '<object type="PU"')
    reading = facts.read(
        topology(f'{machine}<distances2 type="NUMANode" nbobjs="2" kind="5" indexing="os">{body}</distances2>')
    )
    assert [warning.code for warning in reading.warnings] == [code]
    assert rows(reading, "numa_distance") == []


def test_the_example_from_a_build_host_names_nobody() -> None:
    text = EXAMPLE.read_text("utf-8")
    assert not re.search(r"HostName|OSRelease|OSVersion|Address|DMI|ProcessName|LinuxCgroup", text)
    assert facts.read(EXAMPLE).warnings == ()


def test_pci_functions_and_named_devices_are_facts_with_where_they_are() -> None:
    body = (
        '<object type="Machine" cpuset="0x3" nodeset="0x1">'
        '<object type="Bridge" bridge_type="0-1" bridge_pci="0000:[00-0f]">'
        '<object type="Bridge" bridge_type="1-1" bridge_pci="0000:[04-04]" pci_busid="0000:00:01.0" '
        'pci_type="0604 [8086:3408] [0000:0000] 13 00" pci_link_speed="0.4">'
        '<object type="PCIDev" pci_busid="0000:04:00.1" pci_type="0200 [8086:10c9] [003c:003f] 01" '
        'pci_link_speed="0.000000"><object type="OSDev" name="mlx4_0" osdev_type="48"/></object>'
        '<object type="PCIDev" pci_busid="zz" pci_type="0200"/></object></object>'
        '<object type="NUMANode" cpuset="0x3" nodeset="0x1" os_index="0"/>'
        '<object type="PU" cpuset="0x1" os_index="0"/><object type="PU" cpuset="0x2" os_index="1"/></object>'
    )
    reading = facts.read(f'<topology version="3.0">{body}</topology>'.encode())
    card, bridge = facts.Compound("addr", (4, 0, 1)), facts.Compound("addr", (0, 1, 0))
    found = {name: rows(reading, name) for name in ("bridge", "device", "device_core", "device_node", "os_device")}
    assert found == {
        "bridge": [("pcie", bridge, 0x8086, 0x3408, 6, 4, 0, facts.Compound("secondary", (4,)))],
        "device": [("pci", card, 0x8086, 0x10C9, 2, 0, "unknown", "unknown")],
        "device_core": [(bridge, 0), (bridge, 1), (card, 0), (card, 1)],
        "device_node": [(bridge, 0), (card, 0)],
        "os_device": [("mlx4_0", "network", card), ("mlx4_0", "openfabrics", card)],
    }
    assert [warning.code for warning in reading.warnings] == ["bad_device"]


def test_the_number_of_an_os_device_s_type_means_something_else_before_version_3() -> None:
    body = '<object type="Machine" cpuset="0x1"><object type="PU" cpuset="0x1" os_index="0"/>{}</object>'
    devices = '<object type="OSDev" name="eth0" osdev_type="2"/><object type="OSDev" name="dax0.0" osdev_type="0"/>'
    reading = facts.read(f'<topology version="2.0">{body.format(devices)}</topology>'.encode())
    assert rows(reading, "os_device") == [("eth0", "network", "none"), ("dax0.0", "memory", "none")]


@pytest.mark.parametrize("path", [*OWN, EXAMPLE, *SHARED], ids=lambda path: f"{path.parent.name}/{path.name}")
def test_every_pci_function_of_a_file_is_a_device_or_a_bridge(path: Path) -> None:
    text = path.read_text()
    reading = facts.read(path)
    named = re.findall(r'pci_busid="([^"]+)"', text)
    assert len(rows(reading, "device")) + len(rows(reading, "bridge")) == len(set(named))
    repeated = [warning for warning in reading.warnings if warning.code == "repeated_device"]
    assert len(repeated) == len(named) - len(set(named))


def test_matrices_of_the_same_name_do_not_contradict_each_other() -> None:
    body = "".join(
        '<distances2 type="PU" nbobjs="1" kind="5" indexing="os">'
        f"<indexes>0</indexes><u64values>{value}</u64values></distances2>"
        for value in (7, 8)
    )
    core = facts.Compound("core", (0,))
    assert rows(facts.read(topology(ONE_PU + body)), "object_distance") == [
        ("unnamed", "latency", core, core, 7),
        ("unnamed_2", "latency", core, core, 8),
    ]


def test_of_overlapping_initiators_the_smallest_one_states_the_bandwidth() -> None:
    pus = "".join(PU.format(cpu, f"{1 << cpu:#x}") for cpu in range(2))
    node = '<object type="NUMANode" os_index="0" nodeset="0x1" cpuset="0x3" gp_index="5"/>'
    values = "".join(
        f'<memattr_value target_obj_type="NUMANode" target_obj_gp_index="5" value="{value}" initiator_cpuset="{cpus}"/>'
        for value, cpus in ((100, "0x3"), (900, "0x1"))
    )
    machine = f'<object type="Machine" cpuset="0x3">{node}{pus}</object>'
    reading = facts.read(topology(f'{machine}<memattr name="ReadBandwidth" flags="5">{values}</memattr>'))
    assert sorted(rows(reading, "memory_bandwidth")) == [(0, 0, "read", 900), (1, 0, "read", 100)]


def test_a_mask_of_megabytes_is_refused_without_parsing_it_again_and_again() -> None:
    with pytest.raises(facts.ReadError) as caught:
        facts.read(topology(f'<object type="Machine" cpuset="0x{"f" * 8_000_000}"/>'))
    assert caught.value.code == "bad_mask"
