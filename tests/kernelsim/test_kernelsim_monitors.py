"""Monitors: asleep while there is nothing to do, the same on every machine, all joined by channels or by routes."""

import re
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kernelsim_machines import MS, US, S, machine

import kernelsim
from kernelsim import Application, Operation, Scenario, run
from kernelsim.messages.routing import Routing, mesh_channels
from kernelsim.scenario import CpuBound, Scripted

SLEEPER = Scripted(((),))


def test_an_idle_core_is_busy_for_no_time_at_all() -> None:
    outcome = run(Scenario(machine(4), (Application("sleeper", SLEEPER, (0,)),), 10 * S))
    assert outcome.trace.slices == []
    assert outcome.trace.messages == []


def test_a_monitor_wakes_on_a_message_and_sleeps_again() -> None:
    scripts = Scripted((((0, "run"), (MS + US // 10, "block")), (), ()))
    scenario = Scenario(
        machine(4), (Application("app", scripts, (0, 1, 2)),), 10 * S, operations=(Operation("unmap", "app", at_ps=MS),)
    )
    woken = {each.core: each for each in run(scenario).trace.slices if each.who.startswith("monitor") and each.core}
    assert set(woken) == {1, 2}
    for each in woken.values():
        assert MS < each.start_ps < each.end_ps < MS + 20 * US


def test_a_monitor_takes_no_time_from_a_program_that_nobody_interrupts() -> None:
    outcome = run(Scenario(machine(2), (Application("cpu", CpuBound(), (0, 1)),), 1 * S))
    assert outcome.applications["cpu"].cpu_ps == (S, S)


def test_nothing_in_the_system_asks_which_machine_it_runs_on() -> None:
    folder = Path(kernelsim.__file__).parent / "system"
    text = "".join(file.read_text() for file in sorted(folder.rglob("*.py")))
    assert not re.search(r"machine\.name|amd|intel|\bscc\b", text.replace("SCC", ""), re.IGNORECASE)


# -- channels --------------------------------------------------------------------------------------------------


def test_the_full_mesh_has_a_channel_for_every_ordered_pair() -> None:
    assert mesh_channels(16) == 240
    assert mesh_channels(1) == 0


@pytest.mark.parametrize("cores", [16, 64, 256])
def test_routing_needs_a_fraction_of_the_channels(cores: int) -> None:
    assert Routing(machine(cores)).channels() == cores * 3 + (cores // 4) * (cores // 4 - 1)
    assert Routing(machine(cores)).channels() < mesh_channels(cores) / 3


@given(st.integers(0, 31), st.integers(0, 31))
def test_a_route_leads_from_end_to_end_over_channels_that_are_there(source: int, target: int) -> None:
    on = machine(32)
    path = Routing(on).path(source, target)
    assert (path[0], path[-1]) == (source, target)
    assert len(set(path)) == len(path) <= 4
    for a, b in pairwise(path):
        assert on.package[a] == on.package[b] or a % 4 == b % 4 == 0


def test_a_route_takes_longer_than_a_channel_of_its_own() -> None:
    on = machine(32)
    direct = on.latency_ps[1][30] + on.receive_ps(1, 30)
    assert Routing(on).latency_ps(1, 2) == on.latency_ps[1][2] + on.receive_ps(1, 2)
    assert 2 * direct < Routing(on).latency_ps(1, 30) < 3 * direct
