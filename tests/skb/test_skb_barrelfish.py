"""The fact files of the real SKB load whole, and each thing that is wrong in them is told with its line."""

from collections import Counter
from pathlib import Path

import pytest

import skb
from skb.errors import SkbError
from skb.notation.factlines import read_facts
from skb.store.fact_audit import audit
from skb.store.loading import MAX_ODDITIES, LoadReport

BARRELFISH = Path(__file__).resolve().parents[3] / "shared" / "data" / "barrelfish"

needs_files = pytest.mark.skipif(not BARRELFISH.is_dir(), reason=f"{BARRELFISH} is absent")


def report_of(text: str) -> LoadReport:
    report = skb.load(text, machine="m").report
    assert report is not None
    return report


def told(text: str) -> list[tuple[str, str]]:
    return [(warning.code, warning.where) for warning in report_of(text).warnings]


@needs_files
@pytest.mark.parametrize(
    ("name", "count", "odd"),
    [
        (
            "data.txt",
            482,
            {
                "zero_size_cache": 8,
                "unknown_core": 4 + 1 + 16,
                "two_arities": 1,
                "conflicting_facts": 1,
                "inconsistent_bits": 10,
                "unknown_region_type": 1,
                "region_of_two_types": 2,
                "size_overflow": 1,
                "inverted_window": 1,
            },
        ),
        ("boardlayout.pl", 58, {"one_way_link": 2}),
        # 105 facts about devices, and the marker pci_discovery_done/0.
        ("testdevices2.txt", 106, {"bus_outside_bridges": 5}),
        ("plat_VE_A15x4_A7x4.pl", 12, {}),
        ("plat_imx8x.pl", 11, {"not_a_fact": 1}),
    ],
)
def test_a_fact_file_of_barrelfish_loads_with_its_dirt_told(name: str, count: int, odd: dict[str, int]) -> None:
    report = report_of((BARRELFISH / name).read_text())
    assert sum(report.facts.values()) == count
    assert Counter(warning.code for warning in report.warnings) == odd
    assert all(warning.where.startswith("line ") for warning in report.warnings)


@needs_files
def test_the_relations_of_the_4_core_dump_have_the_counts_of_its_source() -> None:
    facts = report_of((BARRELFISH / "data.txt").read_text()).facts
    assert facts["associativity_encoding"] == 280
    assert facts["memory_region"] == 85
    assert facts["device"] == 36
    assert facts["cache"] == 28


@needs_files
@pytest.mark.parametrize(
    ("file", "code", "start"),
    [
        ("data.txt", "inverted_window", "rootbridge(addr(128,0,0)"),
        ("data.txt", "unknown_region_type", "memory_region(19922944,20,1048576, 4294967295,0)"),
        ("data.txt", "size_overflow", "memory_region(4294967296,32,0, 0,0)"),
        ("data.txt", "conflicting_facts", "interrupt_override(0,0,2,5)"),
        ("boardlayout.pl", "one_way_link", "ht_link(cpu0,cpu4)"),
        ("plat_imx8x.pl", "not_a_fact", "boot_driver_entry(_"),
    ],
)
def test_the_line_of_a_warning_is_that_of_the_fact(file: str, code: str, start: str) -> None:
    text = (BARRELFISH / file).read_text()
    where = next(warning.where for warning in report_of(text).warnings if warning.code == code)
    assert text.splitlines()[int(where.removeprefix("line ")) - 1].startswith(start)


def test_an_inverted_window_and_a_bus_outside_of_it_are_told() -> None:
    text = "rootbridge(addr(0,0,0), childbus(0,7), mem(9, 3)).\ndevice(pci, addr(8,0,0), 1, 2, 3, 4, 5, 0).\n"
    assert told(text) == [("inverted_window", "line 1"), ("bus_outside_bridges", "line 2")]


def test_memory_regions_are_told_whose_type_or_size_cannot_be() -> None:
    text = """memory_region(0, 20, 1048576, 0, 0).
memory_region(0, 12, 4096, 8, 0).
memory_region(8, 32, 0, 0, 0).
memory_region(9, 20, 7, 99, 0).
memory_region(10, 0, 4711, 1, 0)."""
    assert told(text) == [
        ("region_of_two_types", "line 2"),
        ("size_overflow", "line 3"),
        ("unknown_region_type", "line 4"),
        ("inconsistent_bits", "line 4"),
    ]


def test_a_repeated_fact_and_a_contradiction_in_one_file_are_told() -> None:
    text = "core(0, 0).\ncore(1, 0). core(0, 0).\n\ncore(1, 1).\n"
    assert told(text) == [("duplicate_fact", "line 2"), ("conflicting_facts", "line 4")]


def test_rows_about_cores_are_judged_only_where_the_file_names_its_cores() -> None:
    row = "tlb(99, 1, data, 255, 32, 4096).\n"
    assert told(row) == []
    assert told(row + "cpu(0, 0).") == [("unknown_core", "line 1")]


def test_both_arities_of_device_in_one_file_are_told() -> None:
    text = "device(pci, addr(0,0,0), 1, 2, 3).\ndevice(pci, addr(0,1,0), 1, 2, 3, 4, 5, 0).\n"
    warnings = report_of(text).warnings
    assert [warning.code for warning in warnings] == ["two_arities"]
    assert "beside device/8" in warnings[0].message


def test_rules_and_directives_are_left_out_by_name() -> None:
    warnings = report_of("core(0, 0).\n:- dynamic(core/2).\nfar(X) :- core(X, 1).\ncore(_, 3).\n").warnings
    assert [warning.message.split(" was")[0] for warning in warnings] == [
        "a directive",
        "a rule",
        "a fact that holds a variable",
    ]


def test_many_oddities_of_a_kind_are_cut_to_a_readable_number() -> None:
    warnings = report_of("\n".join(["core(0, 0)."] * (MAX_ODDITIES + 8))).warnings
    assert len(warnings) == MAX_ODDITIES + 1
    assert warnings[-1].message == "7 more of the same kind"


def test_odd_shapes_of_known_relations_do_no_harm() -> None:
    text = "rootbridge(a, b, c). memory_region(a, b, c, d, e). cache(a, b, c, d, e, f, g, h). ht_link(1, 2). cpu(a, b)."
    assert {oddity.code for oddity in audit(read_facts(text))} <= {"unknown_region_type", "unknown_core"}


def test_a_program_without_facts_is_refused_with_what_it_holds_instead() -> None:
    with skb.Store() as store, pytest.raises(SkbError, match=r"only rules and other clauses \(2\)") as refused:
        store.load("p(X) :- q(X). :- dynamic q/1.", "m")
    assert refused.value.details == {"clauses": 2}
