"""The bundled machines say what the dissertation prints, every number with its unit and provenance."""

from __future__ import annotations

import re
from collections import defaultdict
from functools import cache

import pytest

import facts

KINDS = {"printed", "derived", "external", "free", "estimated"}
CORES = {"intel-2x4": 8, "amd-2x2": 4, "amd-4x4": 16, "amd-8x4": 32, "scc": 48, "scc-host": 52}
LINE = re.compile(r"([a-z_]+)\((.*)\)\.\s+% ([^;]+); (\w+): (.+)")


@cache
def lines(machine: str) -> dict[str, list[tuple[tuple[str, ...], str, str]]]:
    """Map each relation to (arguments, unit, provenance) of its facts, in the file's order."""
    found: dict[str, list[tuple[tuple[str, ...], str, str]]] = defaultdict(list)
    for line in (facts.read(machine).text or "").splitlines():
        if match := LINE.fullmatch(line):
            relation, args, unit, kind, where = match.groups()
            found[relation].append((tuple(args.split(", ")), unit, f"{kind}: {where}"))
    return found


def table(machine: str, relation: str) -> dict[tuple[int, int], list[int]]:
    return {(int(a[0]), int(a[1])): [int(value) for value in a[2:]] for a, _, _ in lines(machine)[relation]}


def costs(machine: str) -> dict[str, tuple[str, str]]:
    return {args[0]: (args[1], args[2]) for args, _, _ in lines(machine)["cost"]}


def test_the_six_machines_are_bundled() -> None:
    assert set(facts.bundled()) == set(CORES)


@pytest.mark.parametrize("machine", CORES)
def test_every_fact_has_its_unit_and_provenance_on_its_line(machine: str) -> None:
    for line in (facts.read(machine).text or "").splitlines():
        if line and not line.startswith("%"):
            match = LINE.fullmatch(line)
            assert match is not None, line
            assert match.group(4) in KINDS, line


@pytest.mark.parametrize("machine", CORES)
def test_a_bundled_machine_goes_out_as_text(machine: str) -> None:
    reading = facts.read(machine)
    assert (reading.name, reading.facts, reading.objects, reading.layer) == (machine, (), None, "static")


@pytest.mark.parametrize(("machine", "cores"), CORES.items())
def test_core_ids_count_from_0_and_equal_the_os_index(machine: str, cores: int) -> None:
    assert [args[:2] for args, _, _ in lines(machine)["pu"]] == [(str(c), str(c)) for c in range(cores)]
    for relation in ("core", "physical_core", "clock_hz", "isa", "core_node"):
        assert [args[0] for args, _, _ in lines(machine)[relation]] == [str(core) for core in range(cores)]


@pytest.mark.parametrize("machine", CORES)
def test_no_key_is_stated_twice(machine: str) -> None:
    key_of = {"message_rtt": 2, "message_throughput": 2, "cache": 2, "package_hops": 2, "cost": 1, "core": 1}
    for relation, width in key_of.items():
        keys = [args[:width] for args, _, _ in lines(machine)[relation]]
        assert len(keys) == len(set(keys)), relation


@pytest.mark.parametrize(
    ("machine", "pairs"),
    [
        ("intel-2x4", {(0, 1): (180, 34, 11970), (0, 2): (570, 50, 3780), (0, 4): (570, 50, 3780)}),
        ("amd-2x2", {(0, 1): (450, 25, 3420), (0, 2): (532, 26, 3190)}),
        ("amd-4x4", {(0, 3): (448, 12, 3570), (0, 4): (545, 11, 3530), (0, 8): (558, 11, 3510)}),
        ("amd-8x4", {(0, 3): (538, 8, 2770), (0, 4): (613, 6, 2790), (0, 8): (618, 7, 2750), (8, 28): (618, 7, 2750)}),
    ],
)
def test_messages_cost_what_table_2_5_prints(machine: str, pairs: dict[tuple[int, int], tuple[int, ...]]) -> None:
    round_trips, throughputs = table(machine, "message_rtt"), table(machine, "message_throughput")
    cores = CORES[machine]
    assert len(round_trips) == len(throughputs) == cores * (cores - 1)
    for pair, (latency, sigma, throughput) in pairs.items():
        for way in (pair, pair[::-1]):
            assert round_trips[way] == [2 * latency, 2 * sigma, 2 * latency, 2 * latency]
            assert throughputs[way] == [throughput]


@pytest.mark.parametrize(
    ("machine", "lmp", "same", "other"),
    [
        ("intel-2x4", 845, 80, 128),
        ("amd-2x2", 757, 75, 160),
        ("amd-4x4", 1463, 75, 160),
        ("amd-8x4", 1549, 130, 190),
    ],
)
def test_scalar_costs(machine: str, lmp: int, same: int, other: int) -> None:
    found = costs(machine)
    assert found["lmp_one_way"] == (str(lmp), "cycles")
    assert found["line_same_package"] == (str(same), "cycles")
    assert found["line_other_package"] == (str(other), "cycles")
    assert found["context_switch"] == ("4000", "ns")
    assert found["trap"] == ("800", "cycles")
    assert found["timeslice"] == ("80", "ms")
    assert found["monitor_work"] == ("10000", "cycles")
    assert found["send_share_ppm"] == ("190000", "ppm")


@pytest.mark.parametrize("machine", ["intel-2x4", "amd-2x2", "amd-4x4", "amd-8x4"])
def test_hops_follow_from_the_links_and_the_links_go_both_ways(machine: str) -> None:
    links = {(int(args[0]), int(args[1])) for args, _, _ in lines(machine)["package_link"]}
    assert links == {(q, p) for p, q in links}
    hops = {pair: values[0] for pair, values in table(machine, "package_hops").items()}
    packages = {p for p, _ in hops}
    for p in packages:
        assert hops[p, p] == 0
        for q in packages - {p}:
            assert hops[p, q] == 1 + min(hops[n, q] for m, n in links if m == p)


def test_the_square_has_two_hop_diagonals() -> None:
    hops = table("amd-4x4", "package_hops")
    assert [hops[0, q][0] for q in range(4)] == [0, 1, 2, 1]


def test_three_hop_pairs_cost_what_two_hops_do_and_are_marked_as_estimated() -> None:
    hops = table("amd-8x4", "package_hops")
    estimated = {
        (int(args[0]), int(args[1]))
        for args, _, source in lines("amd-8x4")["message_rtt"]
        if source.startswith("estimated: three hops as two")
    }
    assert estimated == {(a, b) for a in range(32) for b in range(32) if hops[a // 4, b // 4] == [3]}
    assert len(estimated) == 2 * 2 * 16


def test_apic_ids_of_the_large_machine_are_those_of_its_board_layout() -> None:
    assert [args[2] for args, _, _ in lines("amd-8x4")["pu"]] == [str(core + 4) for core in range(32)]


def test_the_mesh_machine_states_no_message_latency_but_positions() -> None:
    assert lines("scc")["message_rtt"] == []
    assert lines("scc")["message_latency_ps"] == []
    positions = {(int(a[1]), int(a[2])) for a, _, _ in lines("scc")["mesh_position"]}
    assert positions == {(x, y) for x in range(6) for y in range(4)}


def test_the_host_of_the_mesh_machine_speaks_another_instruction_set_over_an_estimated_link() -> None:
    assert {args[1] for args, _, _ in lines("scc-host")["isa"]} == {"x86_32", "x86_64"}
    crossing = lines("scc-host")["message_latency_ps"]
    assert len(crossing) == 2 * 48 * 4
    assert all(source.startswith("estimated") for _, _, source in crossing)


def test_caches_have_the_printed_sizes() -> None:
    def sizes(machine: str, level: str) -> set[tuple[str, int]]:
        served = defaultdict(list)
        for args, _, _ in lines(machine)["cache"]:
            if args[2] == level and args[3] == "unified":
                served[args[0], args[4]].append(args[1])
        return {(size, len(cores)) for (_, size), cores in served.items()}

    assert sizes("intel-2x4", "2") == {(str(4 * 2**20), 2)}
    assert sizes("amd-2x2", "2") == {(str(2**20), 1)}
    assert (sizes("amd-4x4", "2"), sizes("amd-4x4", "3")) == ({("524288", 1)}, {(str(6 * 2**20), 4)})
    assert (sizes("amd-8x4", "2"), sizes("amd-8x4", "3")) == ({("524288", 1)}, {(str(2 * 2**20), 4)})
    assert sizes("scc", "2") == {("262144", 1)}
