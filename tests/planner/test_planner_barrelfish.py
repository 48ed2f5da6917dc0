"""A dump of the real SKB is a machine to the planner, through the bridge from core ids to APIC ids."""

from pathlib import Path

import pytest

import skb
from planner.machine.topology import Topology

BARRELFISH = Path(__file__).resolve().parents[3] / "shared" / "data" / "barrelfish"

needs_files = pytest.mark.skipif(not BARRELFISH.is_dir(), reason=f"{BARRELFISH} is absent")


def topology(text: str) -> Topology:
    return Topology.of(skb.load(text, machine="m"))


@needs_files
def test_the_4_core_dump_has_4_cores_in_2_proximity_domains() -> None:
    cores = topology((BARRELFISH / "data.txt").read_text()).cores
    assert [(core.id, core.hw_id, core.package, core.node) for core in cores] == [
        (0, 0, 0, 0),
        (1, 1, 0, 0),
        (2, 2, 0, 1),
        (3, 3, 0, 1),
    ]


@needs_files
def test_the_board_layout_has_8_packages_of_4_cores_from_apic_id_4_on() -> None:
    machine = topology((BARRELFISH / "boardlayout.pl").read_text())
    assert [len(cores) for cores in machine.packages.values()] == [4] * 8
    assert (machine.core(0).hw_id, machine.core(31).hw_id) == (4, 35)


def test_corename_bridges_to_the_affinity_of_the_apic_id() -> None:
    text = """corename(0, x86_64, apic(16)). corename(1, x86_64, apic(4)).
cpu_thread(4, 0, 0, 0). cpu_thread(16, 1, 0, 0).
cpu_affinity(16, 0, 7). cpu_affinity(4, 0, 8). cpu_affinity(0, 0, 9)."""
    assert [(core.id, core.hw_id, core.package, core.node, core.isa) for core in topology(text).cores] == [
        (0, 16, 1, 7, "x86_64"),
        (1, 4, 0, 8, "x86_64"),
    ]


def test_core_ids_are_no_apic_ids_where_the_two_sets_differ() -> None:
    text = "cpu(0, 0). cpu(1, 0). apic(0, 0, 1). apic(1, 2, 1). cpu_affinity(0, 0, 5)."
    assert [(core.hw_id, core.node) for core in topology(text).cores] == [(None, None), (None, None)]


def test_the_skb_s_own_cores_come_first() -> None:
    assert topology("core(5, 1). cpu(0, 0). cpu(1, 0).").core_ids == (5,)
