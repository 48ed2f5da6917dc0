"""Runs that would stand still or go back: refused, or told as failures with the virtual time and the core."""

from dataclasses import replace
from typing import Any

import pytest
from kernelsim_machines import MS, machine

from kernelsim import Application, Machine, Outcome, Programs, Reservation, Scenario, ScenarioError, run
from kernelsim.machine.timer import BILLION, LocalTimer
from kernelsim.messages.ump_format import UmpFormat
from kernelsim.programs.requests import Wait
from kernelsim.scenario import Barrier, CpuBound, Traffic, Workload


def outcome_of(workload: Workload, on: Machine | None = None, **more: Any) -> Outcome:
    return run(Scenario(on or machine(4), (Application("a", workload, (0, 1)),), 20 * MS, **more))


def gives_way(me: Any) -> Any:
    while True:
        yield me.give_way()


def polls(me: Any) -> Any:
    yield Wait(me.team.signal("what nobody raises"), 0, "yield")


def dozes(me: Any) -> Any:
    while True:
        yield me.sleep(0)


def asks_for_nothing(me: Any) -> Any:
    while True:
        yield me.compute_ps(0)


def wants_yesterday(me: Any) -> Any:
    yield me.compute_ps(MS)
    yield me.sleep(-5)


@pytest.mark.parametrize("scheduler", ["rbed", "linux-like"])
@pytest.mark.parametrize(
    ("body", "says", "at_ms"),
    [
        (gives_way, "gave way or waited 10,000 times", 0),
        (polls, "gave way or waited 10,000 times", 0),
        (dozes, "gave way or waited 10,000 times", 0),
        (asks_for_nothing, "10,000 requests in a row that take no time", 0),
        (wants_yesterday, "a signal raised at", 1),
    ],
)
def test_a_program_for_which_no_time_passes_fails_with_its_time_and_core(
    body: Any, says: str, at_ms: int, scheduler: str
) -> None:
    on = machine(4)
    found = outcome_of(Programs(lambda team: body), on, scheduler=scheduler)
    failures = found.applications["a"].failures
    assert {failure.core for failure in failures} == {0, 1}
    assert all(says in failure.what for failure in failures)
    assert {failure.time_ps for failure in failures} == {on.context_switch_ps + at_ms * MS}


def test_two_who_give_way_to_each_other_get_on() -> None:
    applications = tuple(Application(name, Programs(lambda team: gives_way), (0,)) for name in "ab")
    found = run(Scenario(machine(4), applications, 20 * MS))
    assert all(not one.failures for one in found.applications.values())


def broken(team: Any) -> Any:
    raise KeyError("nothing here")


@pytest.mark.parametrize("make", [broken, lambda team: 3, lambda team: lambda: 3])
def test_a_program_that_cannot_be_made_is_refused_by_name(make: Any) -> None:
    with pytest.raises(ScenarioError, match="making the program of 'a' raised") as caught:
        outcome_of(Programs(make))
    assert caught.value.code == "bad_program"


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"timeslice_ps": 0}, "slices of 1 ps"),
        ({"context_switch_ps": -1}, "costs from 0 on"),
        ({"block_ps": -1}, "costs from 0 on"),
        ({"lmp_ps": (0, 0, 0, -1)}, "costs from 0 on"),
        ({"clock_hz": (0,) * 4}, "1 to 1000000000000 Hz"),
        ({"clock_hz": (10**13,) * 4}, "1 to 1000000000000 Hz"),
        ({"line_ps": [[-(10**9)] * 4] * 4}, "never comes on"),
    ],
)
def test_a_machine_on_which_time_stands_still_or_goes_back_is_refused(changed: dict[str, Any], says: str) -> None:
    with pytest.raises(ScenarioError, match=says):
        outcome_of(Barrier(), replace(machine(4), **changed))


def test_a_message_that_would_come_before_it_is_sent_is_refused() -> None:
    with pytest.raises(ScenarioError, match=r"from core 0 to 1 that takes -5 ps"):
        outcome_of(Traffic(((0, 1, MS),)), replace(machine(4), latency_ps=[[-5] * 4] * 4))


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"clock_skew_ps": (0, -1, 0, 0)}, "values from 0 on"),
        ({"timer_offset_ps": (-1, 0, 0, 0)}, "values from 0 on"),
        ({"response_delay_ps": (-1, 0, 0, 0)}, "values from 0 on"),
        ({"monitors": {0: Reservation(0, "H", wcet_ps=0, period_ps=MS, deadline_ps=MS)}}, "0 < WCET"),
        ({"monitors": {9: Reservation(0, "H", wcet_ps=1, period_ps=MS, deadline_ps=MS)}}, "cores 0 to 3"),
        ({"stops_ps": {4: 0}}, "cores 0 to 3"),
        ({"slices_ps": {0: (0,)}, "scheduler": "linux-like"}, "each positive"),
    ],
)
def test_clocks_budgets_and_cores_that_cannot_be_are_refused(wrong: dict[str, Any], says: str) -> None:
    with pytest.raises(ScenarioError, match=says):
        outcome_of(CpuBound(), **wrong)


def test_a_timer_that_would_stand_still_or_run_backwards_is_refused() -> None:
    with pytest.raises(ScenarioError, match="stands still or runs backwards"):
        LocalTimer(drift_ppb=-BILLION)
    slow = LocalTimer(drift_ppb=1 - BILLION)
    assert slow.read(0) <= slow.read(BILLION) == 1


@pytest.mark.parametrize("slots", [-1, 0, 1])
def test_a_ring_of_length_one_is_refused(slots: int) -> None:
    with pytest.raises(ScenarioError, match=f"a ring of {slots} slots"):
        UmpFormat(slots)
