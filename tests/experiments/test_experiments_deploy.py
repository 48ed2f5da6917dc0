"""The planner's view of a machine becomes the simulator's without loss."""

import pytest

import experiments
import facts
import kernelsim
import planner
import skb
from experiments.deploy import cost_provenance, deploy, deploy_image, deploy_schedules
from planner.admission.reservations import Reservation, Schedule


def topology(name: str) -> planner.Topology:
    return planner.Topology.of(skb.load(facts.read(name)))


def test_latencies_switches_and_slices_are_those_of_the_tables() -> None:
    machine = deploy(topology("amd-4x4")).machine
    assert machine.latency_ps[0][1] == 448 * 400
    assert machine.occupancy_ps[0][1] == round(10**12 / (3570 * 2500))
    assert machine.send_ps[0][1] == round(448 * 400 * 0.19)
    assert machine.lmp_ps[0] == 1463 * 400
    assert (machine.line_ps[0][1], machine.line_ps[0][4], machine.line_ps[3][3]) == (75 * 400, 160 * 400, 0)
    assert (machine.context_switch_ps, machine.timeslice_ps, machine.block_ps) == (4 * 10**6, 80 * 10**9, 7_370_000)


def test_every_parameter_says_where_it_comes_from() -> None:
    knowledge = skb.load(facts.read("amd-4x4"))
    deployed = deploy(planner.Topology.of(knowledge), provenance=cost_provenance(knowledge))
    found = {parameter.name: parameter for parameter in deployed.parameters}
    assert found["lmp_one_way"].provenance.startswith("printed: Table 2.4")
    assert found["monitor_work"].provenance.startswith("free")
    assert all(parameter.provenance for parameter in deployed.parameters)


def test_a_machine_without_printed_costs_gets_the_documented_defaults() -> None:
    deployed = deploy(topology("synthetic:pack:2 core:2 pu:1"))
    assert deployed.machine.context_switch_ps == 4 * 10**6
    found = {parameter.name: parameter.provenance for parameter in deployed.parameters}
    assert found["context_switch"].startswith("free")
    assert found["message_latency"] == "estimated"


def test_core_ids_with_gaps_become_dense_and_come_back() -> None:
    notation = "machine(gaps). core(3, 0). core(7, 0). core(20, 1)."
    deployed = deploy(planner.Topology.of(skb.load(notation)))
    assert deployed.core_ids == (3, 7, 20)
    assert deployed.machine.cores == 3
    assert deployed.indices([20, 3], "test") == (2, 0)
    with pytest.raises(experiments.ExperimentError, match="core 4 does not exist on gaps; accepted: 3,7,20"):
        deployed.indices([4], "test")


def test_reservations_keep_their_times_in_picoseconds() -> None:
    own = Reservation("a", 1, 5, "G", wcet_ns=8, period_ns=16, deadline_ns=8, release_ns=3, delay_ns=4)
    schedules = deploy_schedules([Schedule({"a": 0}, (own,))])
    expected = kernelsim.Reservation(1, "G", 0, 8_000, 16_000, 8_000, 3_000, 4_000)
    assert schedules == (kernelsim.Schedule({"a": 0}, {"a": (expected,)}),)


def test_a_host_and_its_peripheral_become_one_system_joined_by_the_stated_link() -> None:
    image = deploy_image(topology("scc-host"))
    assert image.path(50, 7) == (50, 48, 0, 7)
    assert image.link.latency_ps == 5_000_000
    assert image.as_machine().latency_ps[50][7] > image.link.latency_ps > image.as_machine().latency_ps[50][49]
    with pytest.raises(experiments.ExperimentError, match="scc has no external link"):
        deploy_image(topology("scc"))


def test_packages_with_hops_between_them_are_one_island_of_the_link() -> None:
    knowledge = skb.load(facts.read("scc-host"))
    two_sockets = "core(52, 2).\npackage_hops(1, 2, 1).\npackage_hops(2, 1, 1).\n"
    knowledge.tell(two_sockets)
    image = deploy_image(planner.Topology.of(knowledge))
    assert image.path(52, 7) == (52, 48, 0, 7)
    assert image.shares_memory(52, 51)
    knowledge.tell("external_link(0, 2, 9000, 200000000).")
    with pytest.raises(experiments.ExperimentError, match="different external links"):
        deploy_image(planner.Topology.of(knowledge))
