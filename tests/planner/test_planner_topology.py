import pickle
from dataclasses import replace

import pytest
from planner_machines import Snapshot, flat, opteron

import skb
from facts import read
from planner import PlanError, Topology


def test_half_of_a_round_trip_is_the_one_way_latency() -> None:
    machine = Topology.of(opteron())
    assert machine.latency_ps(0, 1) == 179_200
    assert machine.latency_ps(0, 4) == 218_000
    assert machine.latency_source(0, 4) == "stated"


def test_a_measured_fact_of_either_relation_beats_a_static_one() -> None:
    facts = opteron()
    facts.relations["message_latency_ps"] = [(0, 1, 111, 0, 0, 0), (0, 2, 222, 0, 0, 0)]
    facts.origins["message_rtt", facts.relations["message_rtt"][0]] = ("measured", "run 1")
    machine = Topology.of(facts)
    assert (machine.latency_ps(0, 1), machine.latency_source(0, 1)) == (179_200, "measured")
    assert (machine.latency_ps(0, 2), machine.latency_source(0, 2)) == (222, "stated")


def test_a_source_that_says_estimated_is_reported_as_estimated() -> None:
    facts = Snapshot(
        {"message_latency_ps": [(0, 1, 5, 0, 5, 5)]}, origin=("static", "estimated: one crossing of a link")
    )
    assert Topology.of(facts).latency_source(0, 1) == "estimated"


def test_a_pair_known_in_one_direction_has_that_latency_in_both() -> None:
    machine = Topology.of(Snapshot({"message_latency_ps": [(0, 1, 42_000, 0, 0, 0)]}))
    assert machine.core_ids == (0, 1)
    assert machine.latency_ps(1, 0) == 42_000


def test_what_nobody_stated_is_estimated_by_the_lowest_common_object() -> None:
    facts = Snapshot(
        {
            "core": [(0, 0), (1, 0), (2, 0), (3, 1)],
            "physical_core": [(0, 0), (1, 0), (2, 1), (3, 2)],
            "cache": [(9, core, 3, "unified", "unknown", 64) for core in (0, 1, 2)],
        }
    )
    machine = Topology.of(facts)
    latencies = [machine.latency_ps(0, other) for other in (1, 2, 3)]
    assert latencies == sorted(set(latencies))
    assert machine.latency_source(0, 3) == "estimated"
    assert machine.caches[0].size_bytes is None


def test_a_further_numa_node_is_estimated_slower() -> None:
    facts = Snapshot(
        {
            "core": [(0, 0), (1, 1), (2, 2)],
            "core_node": [(0, 0), (1, 1), (2, 2)],
            "numa_distance": [(0, 1, 16), (0, 2, 22)],
        }
    )
    machine = Topology.of(facts)
    assert machine.latency_ps(0, 1) < machine.latency_ps(0, 2)


def test_a_disallowed_core_is_known_but_not_offered() -> None:
    facts = opteron()
    facts.relations["disallowed"] = [(3,)]
    machine = Topology.of(facts)
    assert 3 in machine.core_ids
    assert 3 not in machine.allowed_ids


def test_costs_in_cycles_go_by_the_cores_clock() -> None:
    machine = Topology.of(opteron())
    assert machine.cost_ps("trap", 0) == 320_000
    assert machine.cost_ps("context_switch", 0) == 4_000_000
    assert machine.occupancy_ps(0, 1) == 112_045
    assert machine.send_ps(0, 1) == 34_048


def test_a_core_that_does_not_exist_is_named_with_those_that_do() -> None:
    with pytest.raises(PlanError, match="core 99 does not exist on amd-4x4; its cores are 0-15"):
        Topology.of(opteron()).core(99)


def test_a_cost_that_nobody_stated_is_refused_with_those_stated() -> None:
    with pytest.raises(PlanError, match="stated are context_switch, send_share_ppm, trap"):
        Topology.of(opteron()).cost("teleport")


def test_a_machine_without_cores_is_refused() -> None:
    with pytest.raises(PlanError, match="has no cores"):
        Topology.of(Snapshot({}))


def test_sharing_and_packages_group_the_cores() -> None:
    machine = Topology.of(opteron(2, 2))
    assert machine.sharing(3) == ((0, 1), (2, 3))
    assert machine.packages == {0: (0, 1), 1: (2, 3)}
    assert machine.package_hops(0, 3) == 1


def test_a_topology_survives_pickling() -> None:
    machine = pickle.loads(pickle.dumps(Topology.of(opteron())))
    assert machine.latency_ps(0, 15) == Topology.of(opteron()).latency_ps(0, 15)


def test_a_flat_machine_is_estimated_throughout() -> None:
    machine = Topology.of(flat(3))
    assert machine.weakest_source([(0, 1), (1, 2)]) == "estimated"
    assert machine.weakest_source([]) == "measured"


def test_a_stream_goes_by_throughput_then_by_interval_then_by_the_senders_share() -> None:
    latencies = [(0, 1, 50_000, 0, 0, 0), (0, 2, 50_000, 0, 0, 0), (1, 2, 50_000, 0, 0, 0)]
    intervals = [(0, 1, 9_000, 0, 0, 0), (0, 2, 8_000, 0, 0, 0)]
    facts = Snapshot(
        {
            "message_latency_ps": latencies,
            "message_interval_ps": intervals,
            "message_throughput": [(0, 1, 50_000)],
            "clock_hz": [(0, 2_000_000_000)],
        }
    )
    machine = Topology.of(facts)
    assert [machine.occupancy_ps(*pair) for pair in ((0, 1), (0, 2), (2, 0), (1, 2))] == [10_000, 8_000, 8_000, 9_500]


@pytest.mark.parametrize("source", ["amd-8x4", "intel-2x4", "scc", "synthetic:pack:2 node:2 l3:2 l2:2 core:1 pu:2"])
def test_the_matrix_of_latencies_is_the_latency_of_each_pair(source):
    machine = Topology.of(skb.load(read(source)))
    bare = replace(machine, stated_latency={})
    for each in (machine, bare):
        cores = each.core_ids[::-1][:24]
        expected = [[each.latency_ps(a, b) if a != b else 0 for b in cores] for a in cores]
        assert each.latency_matrix_ps(cores) == expected
