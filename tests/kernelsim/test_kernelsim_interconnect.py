"""The mesh between cores: where messages go, how long they wait behind others, and what that does to interrupts."""

from dataclasses import replace
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernelsim_machines import MS, US, machine

from kernelsim import Application, PhaseChange, Scenario, ScenarioError, Schedule, run
from kernelsim.engine import Engine
from kernelsim.machine.interconnect import Interconnect, Link, Network
from kernelsim.scenario import Barrier, CpuBound, Scripted

NS = 1_000
PACKET_PS = 320 * NS
MESH = Interconnect(4, 4, tuple(range(16)), hop_ps=5 * NS, message_ps=3 * NS, packet_ps=PACKET_PS)
CORES = tuple(range(16))


def two_gangs(**more: object) -> Scenario:
    applications = (Application("barrier", Barrier(), CORES), Application("cpu", CpuBound(), CORES))
    base = Scenario(machine(16, timeslice_ps=100 * US), applications, 4 * MS, scheduler="central-ipi", ipi_ps=3 * US)
    return replace(base, **more)  # type: ignore[arg-type]


def test_a_message_goes_along_its_row_and_then_along_its_column() -> None:
    assert MESH.route(0, 15) == (0, 1, 2, 3, 7, 11, 15)
    assert MESH.route(15, 0) == (15, 14, 13, 12, 8, 4, 0)
    assert MESH.route(6, 6) == (6,)


@given(st.integers(0, 15), st.integers(0, 15))
@settings(derandomize=True, max_examples=50)
def test_every_route_is_a_shortest_one_over_neighbours(source: int, target: int) -> None:
    route = MESH.route(source, target)
    steps = [abs(a % 4 - b % 4) + abs(a // 4 - b // 4) for a, b in pairwise(route)]
    assert steps == [1] * (abs(source % 4 - target % 4) + abs(source // 4 - target // 4))
    assert (route[0], route[-1]) == (source, target)


def arrivals(mesh: Interconnect, sends: list[tuple[int, int, int]]) -> list[tuple[int, int]]:
    """When what was sent (time, source, target) is there, and which."""
    engine, there = Engine(), []
    network = Network(mesh, engine)
    for number, (time, source, target) in enumerate(sends):

        def arrive(number: int = number) -> None:
            there.append((engine.now, number))

        def send(source: int = source, target: int = target, arrive: object = arrive) -> None:
            network.carry(source, target, arrive)  # type: ignore[arg-type]

        engine.at(time, send)
    engine.run(1 * MS)
    return there


def test_on_an_empty_mesh_a_message_takes_its_hops() -> None:
    assert arrivals(MESH, [(0, 0, 15), (50, 5, 5)]) == [(50, 1), (6 * 8 * NS, 0)]


def test_two_messages_that_want_the_same_link_pass_one_after_the_other() -> None:
    assert arrivals(MESH, [(0, 0, 1), (0, 0, 1), (0, 4, 5)]) == [(8 * NS, 0), (8 * NS, 2), (11 * NS, 1)]


def test_messages_between_the_same_cores_keep_their_order() -> None:
    sent = [(number * 20 * NS, 0, 15) for number in range(200)]
    there = arrivals(replace(MESH, load_percent=90), sent)
    assert [number for _, number in there] == list(range(200))
    assert there == sorted(there)
    assert there[-1][0] > sent[-1][0] + 6 * 8 * NS


@pytest.mark.parametrize("load_percent", [20, 50, 80])
def test_the_queue_at_a_link_waits_as_long_as_the_formula_for_m_d_1_says(load_percent: int) -> None:
    link = Link(PACKET_PS, load_percent, Random("a link"))
    packets = 60_000
    link.catch_up(100 * packets * PACKET_PS // load_percent)
    load = load_percent / 100
    assert link.packets == pytest.approx(packets, rel=0.02)
    assert link.waited_ps / link.packets == pytest.approx(load / (2 * (1 - load)) * PACKET_PS, rel=0.1)


def test_a_message_finds_a_link_busy_as_long_as_a_packet_would() -> None:
    link = Link(PACKET_PS, 50, Random("a link"))
    looks = range(0, 40_000 * PACKET_PS, 11 * PACKET_PS // 3)
    waited = sum(link.take(now, 0) - now for now in looks)
    assert waited / len(looks) == pytest.approx(PACKET_PS / 2, rel=0.1)


def starts(scenario: Scenario) -> set[int]:
    """When barrier slices begin, modulo the two slices of the turn, core 0's left out."""
    found = run(scenario).trace.slices
    return {each.start_ps % (200 * US) for each in found if each.who.startswith("barrier") and each.core}


def test_interrupts_arrive_at_other_times_every_slice_only_where_they_share_a_loaded_mesh() -> None:
    loaded = replace(MESH, load_percent=75)
    assert len(starts(two_gangs())) == 1
    assert len(starts(two_gangs(interconnect=MESH))) <= 15
    assert len(starts(two_gangs(interconnect=loaded))) > 200
    assert len(starts(two_gangs(interconnect=replace(loaded, carries_interrupts=False)))) == 1


def test_a_mesh_that_carries_nothing_of_a_run_changes_nothing_in_it() -> None:
    with_bus = two_gangs(interconnect=replace(MESH, load_percent=90, carries_interrupts=False))
    assert run(with_bus).trace.sha256() == run(two_gangs()).trace.sha256()


def test_shortcuts_give_the_same_trace_under_load() -> None:
    quick = two_gangs(interconnect=replace(MESH, load_percent=90), duration_ps=1 * MS)
    assert run(quick).trace.sha256() == run(replace(quick, step_by_step=True)).trace.sha256()


@pytest.mark.parametrize(
    "mesh",
    [
        replace(MESH, load_percent=100),
        replace(MESH, load_percent=-1),
        replace(MESH, router=(0,) * 15),
        replace(MESH, router=(16,) * 16),
        replace(MESH, columns=0),
        replace(MESH, packet_ps=0),
        replace(MESH, hop_ps=-1),
    ],
)
def test_a_mesh_that_cannot_be_is_refused(mesh: Interconnect) -> None:
    with pytest.raises(ScenarioError, match="accepted"):
        run(two_gangs(interconnect=mesh))


def phase_change_cycles(mesh: Interconnect | None) -> int:
    """A phase change over all cores of an idle machine."""
    own = ((1 * MS, "run"), (1 * MS + 100_000, "block"))
    application = Application("app", Scripted((own, *((),) * 15)), CORES)
    schedules = tuple(Schedule({"app": phase}, {}) for phase in (0, 1))
    change = PhaseChange("app", 1, 1 * MS)
    outcome = run(Scenario(machine(16), (application,), 9 * MS, schedules, phase_changes=(change,), interconnect=mesh))
    cycles = outcome.phase_changes[0].cycles
    assert cycles is not None
    return cycles


def test_messages_of_monitors_take_as_long_on_an_idle_mesh_as_without_and_longer_on_a_busy_one() -> None:
    alone = phase_change_cycles(None)
    by_load = [phase_change_cycles(replace(MESH, load_percent=load)) for load in (0, 60, 95)]
    assert by_load[0] == pytest.approx(alone, rel=0.01)
    assert alone * 1.01 < by_load[1] < by_load[2]
