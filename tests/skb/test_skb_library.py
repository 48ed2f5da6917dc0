"""The standard rules: each has its entry and its answer, over our facts and over Barrelfish's own."""

import xml.etree.ElementTree as ET
from itertools import permutations
from pathlib import Path

import pytest

import facts
import skb
from skb import schema
from skb.asking import ask
from skb.errors import UnknownRelation, UnsafeVariable
from skb.library.catalogue import entries, standard_rules, texts
from skb.notation.parser import read_term
from skb.notation.printing import write_term
from skb.query.rulebook import Rulebook
from skb.query.usable import unusable_rules
from skb.terms import Compound

# Three packages in a row, cores 0 to 5 with APIC ids from 16, memory in two domains, a device on the first package.
BOARD = """
core(0, cpu0). core(1, cpu0). core(2, cpu1). core(3, cpu1). core(4, cpu2). core(5, cpu2). disallowed(5).
corename(0, x86_64, apic(16)). corename(1, x86_64, apic(17)). corename(2, x86_64, apic(18)).
corename(3, x86_64, apic(19)). corename(4, k1om, apic(20)).
apic(0, 16, 1). apic(1, 17, 1). apic(2, 18, 1). apic(3, 19, 1). apic(4, 20, 1). apic(5, 21, 0).
cpu_affinity(16, 0, 0). cpu_affinity(17, 0, 0). cpu_affinity(18, 0, 1). cpu_affinity(19, 0, 1). cpu_affinity(20, 0, 1).
memory_affinity(0, 1000, 0). memory_affinity(2000, 500, 0). memory_affinity(4000, 4000, 1).
memory_region(100, 0, 300, 0, 0). memory_region(800, 0, 1400, 0, 0). memory_region(5000, 0, 100, 2, 0).
mem_region_type(0, ram). mem_region_type(2, roottask).
node_distance(0, 0, 10). node_distance(0, 1, 16). node_distance(1, 0, 16). node_distance(1, 1, 10).
ht_link(cpu0, cpu1). ht_link(cpu1, cpu0). ht_link(cpu1, cpu2). ht_link(cpu0, pci0).
rootcomplex_addr(pci0, addr(0, 0, 0)). rootbridge(addr(0, 0, 0), childbus(0, 7), mem(1, 2)).
device(pcie, addr(3, 0, 1), 1, 2, 3, 4, 5, 0). bridge(pcie, addr(0, 1, 0), 1, 2, 6, 4, 0, secondary(3)).
device(pcie, addr(9, 0, 0), 1, 2, 3, 4, 5, 0).
cache(l1d, 0, 1, data, 65536, 2, 64, 1). cache(l1i, 0, 1, instruction, 65536, 2, 32, 1).
cache(l2, 0, 2, data, 524288, 6, 64, 1). cache(l1d, 1, 1, data, 65536, 2, 64, 1).
message_rtt(0, 1, 400, 1, 1, 1). message_rtt(1, 0, 405, 1, 1, 1). message_rtt(0, 2, 600, 1, 1, 1).
message_rtt(2, 0, 620, 1, 1, 1). message_rtt(4, 0, 900, 1, 1, 1).
measured_utilisation_ppm(barrier, 0, 300000). measured_utilisation_ppm(cpu, 0, 200000).
phase(7, 1). reservation(7, 1, 0, 1, h, 40, 160, 160, 0, 0, 0). reservation(7, 1, 1, 1, h, 20, 80, 80, 0, 0, 0).
reservation(7, 0, 0, 2, h, 80, 160, 160, 0, 0, 0). reservation(7, 1, 2, 3, b, 0, 0, 0, 0, 0, 10).
pci_discovery_done.
"""

# Two packages of two cores and an L3 each, a node each and one without cores, costs in cycles.
NUMA = """
core(0, 0). core(1, 0). core(2, 1). core(3, 1). isa(0, x86_64). isa(1, x86_64). isa(2, x86_64). clock_hz(3, 2000000000).
pu(0, 0, 0). pu(1, 1, 2). pu(2, 2, 4). pu(3, 3, unknown). package_link(0, 1).
cache(1, 0, 1, data, 32768, 64). cache(2, 1, 1, data, 32768, 64). cache(3, 2, 1, data, unknown, unknown).
cache(8, 0, 1, instruction, 32768, 64). cache(8, 1, 1, instruction, 32768, 64).
cache(9, 0, 3, unified, 8388608, 64). cache(9, 1, 3, unified, 8388608, 64). cache(10, 2, 3, unified, 8388608, 64).
numa_node(0, 0, 1000). numa_node(1, 1, 0). numa_node(2, 2, 4000).
core_node(0, 0). core_node(1, 0). core_node(2, 1). core_node(3, 1).
numa_distance(0, 0, 10). numa_distance(0, 1, 20). numa_distance(0, 2, 17). numa_distance(1, 0, 20).
numa_distance(1, 1, 10). numa_distance(1, 2, 17). numa_distance(2, 2, 10).
device(pci, addr(1, 0, 0), 1, 2, 3, 4, 5, 0). device_core(addr(1, 0, 0), 2). device_core(addr(1, 0, 0), 3).
device(pci, addr(2, 0, 0), 1, 2, 3, 4, 5, 0). device_node(addr(2, 0, 0), 0).
"""

BOARD_ANSWERS = {
    "core_apic(C, A)": "0 16, 1 17, 2 18, 3 19, 4 20",
    "core_package(C, P)": "0 cpu0, 1 cpu0, 2 cpu1, 3 cpu1, 4 cpu2, 5 cpu2",
    "core_isa(4, A)": "k1om",
    "available_core(C)": "0, 1, 2, 3, 4",
    "get_core_id_list(L)": "[0,1,2,3,4]",
    "available_apic(A)": "16, 17, 18, 19, 20",
    "get_apic_id_list(L)": "[16,17,18,19,20]",
    "available_nr_cores(N)": "5",
    "cores_on_different_cpus([0, B])": "2, 3, 4, 5",
    "two_cores_on_different_cpus(A, B)": "0 2",
    "core_of_other_package(cpu1, C)": "0, 1, 4, 5",
    "core_domain(C, D)": "0 0, 1 0, 2 1, 3 1, 4 1",
    "get_core_info(1, C, Arch, A)": "2 x86_64 18, 3 x86_64 19, 4 k1om 20",
    "is_pci_done(S)": "yes",
    "is_boot_perfmon_done(S)": "no",
    "is_datagatherer_done(S)": "no",
    "cache_of(0, L, T, Size, Line)": "1 data 65536 64, 1 instruction 65536 32, 2 data 524288 64",
    "cache_level(L)": "1, 2",
    "cache_depth(C, D)": "0 2, 1 1",
    "cache_line_size(0, L, B)": "1 64, 2 64",
    "get_cache_size(2, T, S)": "data 524288, instruction 32768, unified 32768",
    "cache_share(A, B, L)": "",
    "ipi_member(package(cpu2), C)": "4",
    "ipi_group(0, Cores)": "[0,1]",
    "best_ipi_groups(G)": "[[0,1],[2,3],[4]]",
    "memory_link(C, D)": "0 0, 1 0, 2 1, 3 1, 4 1",
    "local_range(0, B, L)": "0 1000, 2000 2500",
    "local_memory_affinity(0, L)": "[range(0,1000),range(2000,2500)]",
    "local_memory_affinity(0, B, L)": "0 2500",
    "ram_closest_to(0, B, L)": "100 400, 800 1000, 2000 2200",
    "ram_findall(0, L)": "[range(100,400),range(800,1000),range(2000,2200)]",
    "ram_findall(2, L)": "[]",
    "domain_range(D, B, L)": "0 0 2500, 1 4000 8000",
    "affinity_range(1, B, L)": "4000 8000",
    "memory_distance(0, N, V)": "0 10, 1 16",
    "package_named(N, cpu0)": "cpu0",
    "link_between(P, Q)": "cpu0 cpu1, cpu1 cpu0, cpu1 cpu2, cpu2 cpu1",
    "package_count(N)": "3",
    "package_walk(cpu0, cpu2, N)": "2",
    "package_distance(cpu0, Q, H)": "cpu0 0, cpu1 1, cpu2 2",
    "ht_hops(0, B, H)": "0 0, 1 0, 2 1, 3 1, 4 2, 5 2",
    "rtt_at(1, A, B, V)": "0 2 600, 2 0 620",
    "rtt_of_hops(H, V)": "0 402, 1 610, 2 900",
    "cost_of_one_hop(V)": "208",
    "pci_function(addr(B, D, F))": "0 1 0, 3 0 1, 9 0 0",
    "bus_package(B, P), B > 5": "6 cpu0, 7 cpu0",
    "core_close_to_device(addr(3, 0, 1), C)": "0, 1",
    "cores_close_to_pci_device(3, 0, 1, Cores)": "[0,1]",
    "cores_close_to_pci_device(B, D, F, Cores)": "0 1 0 [0,1], 3 0 1 [0,1]",
    "placed_device(B, D, F)": "0 1 0, 3 0 1",
    "measured_load(C, L)": "0 500000",
    "reserved_share(I, D, C, S)": "7 0 1 250000, 7 1 1 250000",
    "reserved_load(C, L)": "1 500000",
    "core_load(C, L)": "0 500000, 1 500000, 2 0, 3 0, 4 0",
    "light_loaded_core(C)": "2, 3, 4",
    "near_load(addr(3, 0, 1), C, L)": "0 500000, 1 500000",
    "lightest_core_close_to_device(addr(3, 0, 1), C)": "0, 1",
    "best_urpc_buffer(0, 2, N)": "1",
}

NUMA_ANSWERS = {
    "core_apic(C, A)": "0 0, 1 2, 2 4",
    "get_apic_id_list(L)": "[0,2,4]",
    "get_core_info(1, C, Arch, A)": "2 x86_64 4, 3 unknown unknown",
    "cache_share(A, B, L)": "0 1 3, 1 0 3",
    "cores_with_cache_sharing(3, Pairs)": "[[0,1],[1,0]]",
    "cns([0, B])": "2, 3",
    "cores_no_cache_sharing(Pairs), length(Pairs, N)": None,
    "cache_line_size(C, 1, B)": "0 64, 1 64",
    "get_cache_size(3, unified, S)": "8388608",
    "last_level_cache(C, I)": "0 9, 1 9",
    "best_ipi_groups(G)": "[[0,1],[2,3]]",
    "memory_link_share(A, B)": "0 1, 1 0, 2 3, 3 2",
    "cores_no_memory_link_sharing([0, B])": "2, 3",
    "first_core_of_node(N, C)": "0 0, 1 2",
    "cores_with_different_memory(L)": "[0,2]",
    "memory_node(N)": "0, 1, 2",
    "ram_node(N)": "0, 2",
    "local_distance(2, N, V)": "0 20, 1 10, 2 17",
    "core_memory_distance(0, N, V)": "0 10, 1 20, 2 17",
    "ram_at(2, N, V)": "0 20, 2 17",
    "ram_node_closest_to(C, N)": "0 0, 1 0, 2 2, 3 2",
    "memory_access(0, N, V)": "0 10, 1 20, 2 17",
    "buffer_cost(0, 2, N, S, R)": "0 30 20, 2 34 17",
    "least_buffer_cost(0, 2, S)": "30",
    "best_urpc_buffer(0, 2, N)": "0",
    "package_distance(1, P, H)": "0 1, 1 0",
    "core_close_to_device(addr(B, 0, 0), C)": "1 2, 1 3, 2 0, 2 1",
    "cores_close_to_pci_device(2, 0, 0, L)": "[0,1]",
    "lightest_core_close_to_device(addr(1, 0, 0), C)": "2, 3",
}

COSTS = (
    NUMA
    + """
memory_affinity(0, 1000, 0). memory_affinity(1000, 4000, 2). memory_latency(0, 0, 100). memory_latency(0, 2, 90).
memory_latency(2, 0, 300). memory_latency(2, 2, 80). memory_latency_ns(3, 2, read, 150).
memory_latency_ns(0, 0, read, 9).
"""
)
COST_ANSWERS = {
    "memory_cost(C, N, V)": "0 0 100, 0 2 90, 2 0 300, 2 2 80, 3 2 300",
    "access_cost(C, 999, V)": "0 100, 2 300",
    "access_cost(0, 1000, V)": "90",
    "memory_access(2, N, V)": "0 300, 2 80",
    "best_urpc_buffer(2, 0, N)": "2",
}
ELSEWHERE = {("get_system_topology", 5)}


@pytest.fixture(scope="module")
def machines() -> dict[str, skb.Snapshot]:
    texts_of = {"board": BOARD, "numa": NUMA, "costs": COSTS}
    return {name: skb.load(text, machine=name).snapshot() for name, text in texts_of.items()}


def shown(snapshot: skb.Snapshot, goal: str, rules: str = "") -> str:
    """Rows as text: values by spaces, rows by commas."""
    return ", ".join(" ".join(write_term(value) for value in row) for row in ask(snapshot, goal, rules=rules).rows)


@pytest.mark.parametrize(
    ("machine", "goal", "wanted"),
    [
        (name, goal, wanted)
        for name, answers in (("board", BOARD_ANSWERS), ("numa", NUMA_ANSWERS), ("costs", COST_ANSWERS))
        for goal, wanted in answers.items()
    ],
)
def test_a_standard_rule_answers(
    machines: dict[str, skb.Snapshot], machine: str, goal: str, wanted: str | None
) -> None:
    if wanted is None:
        assert ask(machines[machine], goal).rows[0][1] == 10
    else:
        assert shown(machines[machine], goal) == wanted


def test_every_standard_rule_has_an_entry_and_an_answer_above() -> None:
    documented = [(entry.name, entry.arity) for entry in entries()]
    assert len(documented) == len(set(documented))
    assert set(documented) == set(standard_rules().rules)
    assert all(entry.meaning.endswith(".") and entry.clauses for entry in entries())
    asked = set(ELSEWHERE)
    for goal in (*BOARD_ANSWERS, *NUMA_ANSWERS, *COST_ANSWERS):
        term = read_term(goal)
        first = term.args[0] if isinstance(term, Compound) and term.functor == "," else term
        assert isinstance(first, Compound)
        asked.add((first.functor, len(first.args)))
    assert set(documented) - asked == set()


def test_the_library_is_whole_and_clashes_with_no_registered_relation() -> None:
    rules = standard_rules().rules
    assert list(unusable_rules(standard_rules())) == []
    assert [name for name in rules if schema.find(*name) is not None] == []
    assert sum(len(Rulebook.of_text(text).rules) for text in texts().values()) == len(rules)
    empty = skb.Snapshot.of_facts([])
    for name, arity in set(rules) - {("access_cost", 3)}:
        ask(empty, f"{name}({', '.join(f'X{at}' for at in range(arity))})")
    ask(empty, "access_cost(C, 1, X)")


def test_the_topology_is_told_in_one_answer(machines: dict[str, skb.Snapshot]) -> None:
    goal = "get_system_topology(NrNodes, NrCores, Nodes, Cores, Distances)"
    assert shown(machines["board"], goal) == (
        "2 5 [node(0,0,2500),node(1,4000,8000)] [cpu(0,0,16,x86_64),cpu(0,1,17,x86_64),cpu(1,2,18,x86_64),"
        "cpu(1,3,19,x86_64),cpu(1,4,20,k1om)] "
        "[node_distance(0,0,10),node_distance(0,1,16),node_distance(1,0,16),node_distance(1,1,10)]"
    )
    bare = skb.Snapshot.of_facts([("core", (0, 0), "static", "")])
    assert shown(bare, goal) == "1 1 [node(0,0,0)] [cpu(0,0,unknown,unknown)] []"


def test_the_bundled_16_core_machine_answers_as_a_plain_count_says() -> None:
    kb = skb.load(facts.read("amd-4x4"))
    snapshot = kb.snapshot()
    package = dict(snapshot.rows("core", 2))
    hops = {(p, q): h for p, q, h in snapshot.rows("package_hops", 3)}
    pairs = {(a, b) for a, b in permutations(package, 2) if package[a] != package[b]}
    assert {row[0] for row in kb.ask("cores_on_different_cpus(P)").rows} == pairs
    assert set(kb.ask("cores_no_cache_sharing(L), member(P, L)").rows[0][0]) == pairs
    apart: dict[int, list[int]] = {}
    for a, b, cycles, *_ in snapshot.rows("message_rtt", 6):
        apart.setdefault(hops[package[a], package[b]], []).append(cycles)  # type: ignore[index, arg-type, call-overload]
    assert kb.ask("rtt_of_hops(H, V)").rows == tuple((h, sum(v) // len(v)) for h, v in sorted(apart.items()))
    assert [row[0] for row in kb.ask("ipi_group(_, Cores)").rows] == [tuple(range(at, at + 4)) for at in (0, 4, 8, 12)]


def test_counted_hops_equal_those_that_the_machine_states() -> None:
    kb = skb.load(facts.read("amd-8x4"))
    stated = kb.ask("package_distance(P, Q, H)").rows
    links = [("package_link", row, "static", "") for row in kb.snapshot().rows("package_link", 2)]
    cores = [("core", row, "static", "") for row in kb.snapshot().rows("core", 2)]
    assert ask(skb.Snapshot.of_facts(links + cores), "package_distance(P, Q, H)").rows == stated


def test_the_board_of_the_real_skb_has_the_hops_that_a_search_finds(shared_data: Path) -> None:
    kb = skb.load((shared_data / "barrelfish" / "boardlayout.pl").read_text(), machine="board")
    links = [row for row in kb.snapshot().rows("ht_link", 2) if "pci" not in str(row)]
    near: dict[str, set[str]] = {}
    for one, other in links:
        near.setdefault(str(one), set()).add(str(other))
        near.setdefault(str(other), set()).add(str(one))
    found, edge, hops = {"cpu0": 0}, {"cpu0"}, 0
    while edge:
        hops += 1
        edge = {other for one in edge for other in near[one]} - set(found)
        found.update(dict.fromkeys(edge, hops))
    assert {f"cpu{q}": h for q, h in kb.ask("package_distance(0, Q, H)").rows} == found
    assert len(kb.ask("cores_close_to_pci_device(0, 2, 0, Cores)").rows) == 0
    assert len(kb.ask("available_core(C)")) == 32


def test_the_devices_of_a_real_machine_are_near_the_cores_of_their_bridge(shared_data: Path) -> None:
    path = shared_data / "hwloc-xml" / "v3" / "24em64t-2n6c2t-pci.xml"
    kb = skb.load(facts.read(path))
    root = ET.parse(path).getroot()
    wanted: dict[str, int] = {}

    def walk(element: ET.Element, cpuset: str) -> None:
        cpuset = element.get("cpuset", cpuset)
        if element.get("type") == "PCIDev":
            wanted[str(element.get("pci_busid"))] = int(cpuset.replace("0x", "").replace(",", ""), 16).bit_count()
        for child in element:
            walk(child, cpuset)

    walk(root, "0x0")
    rows = kb.ask("cores_close_to_pci_device(B, D, F, Cores)").rows
    found = {f"0000:{b:02x}:{d:02x}.{f:x}": len(cores) for b, d, f, cores in rows}  # type: ignore[str-format, arg-type]
    assert {busid: found[busid] for busid in wanted} == wanted
    assert found


def test_who_states_a_relation_replaces_the_standard_one_everywhere(machines: dict[str, skb.Snapshot]) -> None:
    rules = "cache_share(A, B, 9) :- core(A, cpu1), core(B, cpu1), A < B."
    assert shown(machines["board"], "cores_with_cache_sharing(9, L)", rules) == "[[2,3]]"
    told = skb.Snapshot.of_facts([("cache_share", (4, 5, 2), "static", ""), ("core", (4, 0), "static", "")])
    assert shown(told, "cores_with_cache_sharing(L, P)") == "2 [[4,5]]"


def test_standard_rules_serve_finite_domain_questions_and_why(machines: dict[str, skb.Snapshot]) -> None:
    goal = "[A, B] :: core(C, _)/C, cache_share(A, B, 3), A #< B, all([A, B])"
    assert ask(machines["numa"], goal).rows == ((0, 1),)
    why = ask(machines["numa"], "?- why ram_node_closest_to(0, N).")
    assert why.supports is not None
    assert ("core_node", (0, 0)) in [(each.relation, each.args) for each in why.supports[0]]


def test_a_name_that_nobody_knows_stays_unknown_and_the_library_helps_to_find_it(
    machines: dict[str, skb.Snapshot],
) -> None:
    with pytest.raises(UnknownRelation, match="best_urpc_buffer/3"):
        ask(machines["numa"], "best_urpc_bufer(0, 1, N)")
    with pytest.raises(UnsafeVariable):
        ask(machines["costs"], "access_cost(0, Address, V)")
