from itertools import product
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import facts
import skb
from planner import Application, PlanError, Topology, place
from planner.machine.devices import Device
from planner.services import choose_scheme, place_driver, place_memory
from planner.verify.errors import ViolationError
from planner.verify.exhaustive import try_every_map
from planner.verify.services import check_driver, check_memory, check_scheme

EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples"
GIB = 2**30


def machine(name: str, *told: tuple[str, tuple], layer: str = "measured") -> Topology:
    knowledge = skb.load(facts.read(name))
    if told:
        knowledge.tell(list(told), layer=layer)
    return Topology.of(knowledge)


HYBRID = machine(str(EXAMPLES / "hybrid.facts"))


def test_driver_and_web_server_come_into_one_package_and_every_map_agrees() -> None:
    opteron = machine("amd-2x2")
    app = Application.from_toml((EXAMPLES / "webserver.toml").read_text())
    plan, tried = place(app, opteron), try_every_map(app, opteron)
    assert (plan.status, plan.cost) == ("optimal", pytest.approx(tried.cost))
    assert (tried.maps, tried.kept) == (24, 24)
    assert plan.cores in tried.best
    for cores in tried.best:
        driver, server = cores[0], cores[1]
        assert opteron.core(driver).package == opteron.core(server).package


def test_too_many_maps_are_not_tried() -> None:
    app = Application.from_mapping({"group": [{"name": "w", "count": 12}]})
    with pytest.raises(PlanError, match=r"12 dispatchers on 16 cores have 8\.72e\+11 maps"):
        try_every_map(app, machine("amd-4x4"))


def test_a_driver_runs_near_its_device_on_the_least_loaded_core_that_takes_its_interrupts() -> None:
    found = place_driver(HYBRID, "eth0").to_json()
    assert (found["core"], found["distance"], found["equals"]) == (4, 10, [5, 6])
    assert found["interrupt"] == {
        "core": 4,
        "os_index": 4,
        "hw_id": 16,
        "pin": 0,
        "gsi": [28],
        "smp_affinity_list": "4",
        "smp_affinity": "10",
    }
    loads = [("measured_utilisation_ppm", ("x", core, load)) for core, load in ((4, 500_000), (5, 100), (6, 200))]
    busy = machine(str(EXAMPLES / "hybrid.facts"), *loads)
    assert place_driver(busy, "01:00.0").core == 5
    assert place_driver(busy, "0000:01:00.0", clients=[5]).core == 6


def test_an_unknown_device_and_one_of_unknown_place_are_refused() -> None:
    with pytest.raises(PlanError, match=r"device 'eth1' does not exist on hybrid; it has 0000:01:00\.0 eth0"):
        place_driver(HYBRID, "eth1")
    lost = machine("amd-2x2", ("os_device", ("eth0", "network", skb.terms.Compound("addr", (0, 0, 0)))))
    with pytest.raises(PlanError, match="no fact of amd-2x2 says which cores are near"):
        place_driver(lost, "eth0")


def test_shared_memory_fills_the_nearest_node_and_then_the_next() -> None:
    one = place_memory(HYBRID, [0, 1, 4], 2 * GIB)
    assert (one.policy, dict(one.node_bytes), one.unit) == ("bind", {0: 2 * GIB}, "SLIT")
    assert one.cost == pytest.approx(40 / 3)
    both = place_memory(HYBRID, [0, 1, 4], 12 * GIB)
    assert (both.policy, dict(both.node_bytes)) == ("interleave", {0: 8 * GIB, 1: 4 * GIB})
    with pytest.raises(PlanError, match="its nodes hold 0: 8589934592, 1: 8589934592"):
        place_memory(HYBRID, [0], 17 * GIB)
    with pytest.raises(PlanError, match="core 99 does not exist"):
        place_memory(HYBRID, [99], 1)


@settings(derandomize=True, max_examples=20, deadline=None)
@given(
    st.lists(st.integers(0, 7), min_size=1, max_size=5, unique=True),
    st.integers(1, 5),
    st.lists(st.integers(50, 400), min_size=16, max_size=16),
)
def test_memory_of_ones_own_costs_no_more_than_the_best_of_all_choices(
    cores: list[int], gib: int, cycles: list[int]
) -> None:
    told = [("memory_latency", (core, node, cycles[2 * core + node])) for core in range(8) for node in (0, 1)]
    stated = machine(str(EXAMPLES / "hybrid.facts"), *told)
    room = 8 // gib
    every = [
        sum(stated.memory_cycles[pair] for pair in zip(cores, nodes, strict=True)) / len(cores)
        for nodes in product((0, 1), repeat=len(cores))
        if all(nodes.count(node) <= room for node in (0, 1))
    ]
    if not every:
        with pytest.raises(PlanError, match="bytes are asked of hybrid"):
            place_memory(stated, cores, gib * GIB, is_private=True)
        return
    found = place_memory(stated, cores, gib * GIB, is_private=True)
    assert (found.unit, found.cost) == ("cycles", pytest.approx(min(every)))


def test_cores_of_one_cache_share_state_and_far_ones_send_messages() -> None:
    opteron = machine("amd-4x4")
    assert choose_scheme(opteron, [0, 1, 2, 3]).scheme == "shared"
    assert choose_scheme(opteron, [0, 8]).scheme == "messages"
    assert choose_scheme(opteron, [0, 8], lines=1).scheme == "shared"
    assert choose_scheme(opteron, range(16), lines=20, read_share=0.9).scheme == "replicas"
    cloud = choose_scheme(machine("scc"), [0, 1, 40])
    assert "shared" not in cloud.costs_ns
    assert cloud.notes == ("caches are not coherent: state cannot be shared",)
    for cores, lines, reads in (([0], 1, 0.0), ([0, 1], 0, 0.0), ([0, 1], 1, float("nan"))):
        with pytest.raises(PlanError, match="at least 2 cores"):
            choose_scheme(opteron, cores, lines=lines, read_share=reads)


def test_the_costs_of_schemes_are_those_of_the_page() -> None:
    found = choose_scheme(HYBRID, [0, 4], lines=2)
    fetch_ns = 200 / 3.0  # 200 cycles of one hop at 3 GHz
    latency_ns = HYBRID.latency_ps(0, 4) / 1000
    send_ns = HYBRID.send_ps(0, 4) / 1000
    assert found.costs_ns["shared"] == pytest.approx(2 * fetch_ns * 2, rel=1e-3)
    assert found.costs_ns["messages"] == pytest.approx(latency_ns + 2 * send_ns)
    assert found.costs_ns["replicas"] == pytest.approx(2 * latency_ns + send_ns)


def test_the_checkers_find_what_does_not_hold() -> None:
    device: Device = HYBRID.device("eth0")
    with pytest.raises(ViolationError, match="core 4 is nearer"):
        check_driver(HYBRID, device, 0, 20, ())
    with pytest.raises(ViolationError, match="10 was claimed"):
        check_driver(HYBRID, device, 0, 10, ())
    with pytest.raises(ViolationError, match="node 0 has 8589934592 bytes"):
        check_memory(HYBRID, [0], 9 * GIB, {0: 9 * GIB}, {}, 10.0)
    with pytest.raises(ViolationError, match=r"an access costs 20\.0, 10\.0 would do"):
        check_memory(HYBRID, [0], GIB, {1: GIB}, {0: 1}, 20.0)
    with pytest.raises(ViolationError, match="was chosen"):
        check_scheme(HYBRID, [0, 4], 1, 0.0, "shared", {"shared": 9.0, "messages": 1.0, "replicas": 9.0})
