"""Each trap of hwloc's XML, on the real file that is awkward in that way."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

import facts

Rows = list[tuple[object, ...]]


@pytest.fixture
def xml(shared_data: Path) -> Path:
    return shared_data / "hwloc-xml"


def rows(reading: facts.Reading, relation: str) -> Rows:
    return [fact.args for fact in reading.facts if fact.relation == relation]


def os_indices(reading: facts.Reading, relation: str = "pu") -> list[object]:
    return [row[1] for row in rows(reading, relation)]


def test_ids_of_our_own_do_without_gp_index(xml: Path) -> None:
    path = xml / "v1" / "16em64t-4s2c2t.xml"
    assert "gp_index" not in path.read_text()
    assert [row[0] for row in rows(facts.read(path), "pu")] == list(range(16))


def test_sparse_pus_and_nodes_without_cpus_keep_their_numbers(xml: Path) -> None:
    reading = facts.read(xml / "v1" / "16amd64-8n2c-cpusets.xml")
    assert os_indices(reading) == [0, 1, 2, 3, 5, 6, 12, 13, 14, 15]
    assert sorted(rows(reading, "unavailable_pu")) == [(pu,) for pu in (4, 7, 8, 9, 10, 11)]
    assert len(rows(reading, "numa_node")) == 8
    assert len({node for _, node in rows(reading, "core_node")}) < 8


def test_nodes_that_may_not_be_used_are_marked(xml: Path) -> None:
    assert rows(facts.read(xml / "v1" / "16amd64-8n2c-cpusets.xml"), "disallowed_node") == [(0,), (6,), (7,)]


def test_offline_pus_leave_cores_with_one_and_with_two_threads(xml: Path) -> None:
    reading = facts.read(xml / "v3" / "16em64t-4s2c2t-offlines.xml")
    assert sorted(Counter(core for _, core in rows(reading, "physical_core")).values()) == [1, 1, 1, 1, 1, 2]
    assert len(rows(reading, "unavailable_pu")) == 9


def test_empty_words_of_a_mask_are_0(xml: Path) -> None:
    path = xml / "v3" / "192em64t-12gr2n8c2t.xml"
    assert ",," in path.read_text()
    assert sorted(os_indices(facts.read(path)), key=str) == sorted(range(384), key=str)


def test_a_matrix_in_58_chunks_is_whole(xml: Path) -> None:
    path = xml / "v3" / "192em64t-12gr2n8c2t.xml"
    assert path.read_text().count("<u64values") == 58
    distances = {row[:2]: row[2] for row in rows(facts.read(path), "numa_distance")}
    assert len(distances) == 24 * 24
    assert {distances[node, node] for node in range(24)} == {10}


@pytest.mark.parametrize("version", ["v2", "v3"])
def test_four_matrices_of_one_file_stay_apart_and_asymmetric(xml: Path, version: str) -> None:
    reading = facts.read(xml / version / "16amd64-4distances.xml")
    values = {row[:4]: row[4] for row in rows(reading, "object_distance")}
    assert len(values) == len(rows(reading, "object_distance"))
    assert len({key[0] for key in values}) + bool(rows(reading, "numa_distance")) == 4
    assert any(values[name, means, there, here] != value for (name, means, here, there), value in values.items())
    assert os_indices(reading, "numa_node")[:2] == [1, 0]


def test_hybrid_kinds_are_ranked_and_their_clocks_are_kept(xml: Path) -> None:
    reading = facts.read(xml / "v3" / "fakecpukinds.xml")
    kind_of = dict(rows(reading, "core_kind"))
    by_os_index = {pu: kind_of[core] for core, pu, _ in rows(reading, "pu")}
    assert by_os_index == {0: 0, 1: 0, 2: 1, 3: 2}
    assert {hz for _, hz in rows(reading, "clock_hz")} == {1_000_000_000, 2_000_000_000}


@pytest.mark.parametrize("version", ["v2", "v3"])
def test_memory_attributes_of_both_initiator_forms_and_an_empty_one(xml: Path, version: str) -> None:
    reading = facts.read(xml / version / "8intel64-4n2t-memattrs.xml")
    values = rows(reading, "memory_attribute")
    assert {core for _, _, core, _ in values} >= {"any", 0, 7}
    assert {name for name, *_ in values} >= {"Bandwidth", "foobar"}
    assert rows(reading, "memory_bandwidth") == [(core, 1, "any", 20) for core in range(8)]


@pytest.mark.parametrize("name", ["v3/64intel64-heteromem.xml", "v2/64intel64-fakeKNL-SNC4-hybrid.xml"])
def test_fast_and_large_memory_of_the_same_cores_differ_in_bandwidth(xml: Path, name: str) -> None:
    reading = facts.read(xml / name)
    of_core_0 = [(node, rate) for core, node, _, rate in rows(reading, "memory_bandwidth") if core == 0]
    assert sorted(rate for _, rate in of_core_0) == [22500, 90000]
    assert {node for core, node in rows(reading, "core_node") if core == 0} == {node for node, _ in of_core_0}


def test_memory_side_caches_stand_in_front_of_their_nodes(xml: Path) -> None:
    reading = facts.read(xml / "v3" / "memorysidecaches.xml")
    assert rows(reading, "memory_cache") == [(node, node, 103079215104, 64) for node in range(4)]
    assert os_indices(reading, "numa_node") == [0, 2, 1, 3]


def test_bandwidths_between_gpus_and_packages_are_by_name(xml: Path) -> None:
    reading = facts.read(xml / "v3" / "power8gpudistances.xml")
    found = rows(reading, "object_distance")
    assert {(name, means) for name, means, *_ in found} == {("NVLinkBandwidth", "bandwidth")}
    assert max(pu for pu in os_indices(reading) if isinstance(pu, int)) == 105
    assert len(found) == 6 * 6


def test_functions_that_are_virtual_are_functions(xml: Path) -> None:
    reading = facts.read(xml / "v2" / "16intel64-manyVFs.xml")
    assert len(rows(reading, "device")) == (reading.objects or {})["PCIDev"]


def test_devices_right_under_a_package_have_no_pci_function(xml: Path) -> None:
    devices = rows(facts.read(xml / "v3" / "cxlmem+dax.v3.xml"), "os_device")
    assert {kind for _, kind, place in devices if place == "none"} == {"memory"}


def test_groups_nest_three_deep_and_misc_objects_are_only_counted(xml: Path) -> None:
    reading = facts.read(xml / "v3" / "16-2gr2gr2n2c+misc.xml")
    assert {depth for _, depth, _ in rows(reading, "group")} == {0, 1, 2}
    assert (reading.objects or {})["Misc"] == 2
    assert {package for _, package in rows(reading, "core")} == {"none"}
