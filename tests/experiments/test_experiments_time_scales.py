"""Placing, reallocating and scheduling at periods of their own; each loop is worth something."""

from dataclasses import replace
from functools import cache

import pytest

import facts
import skb
from experiments.comparing.time_scales import LOOPS, Job, Loops, Run, losses, simulate
from experiments.errors import ExperimentError

DURATION_MS = 1000
MS = 10**9
JOBS = (Job("a", 0, 1000, 2, 24, 40), Job("b", 130, 1000, 2, 24, 40), Job("c", 330, 700, 2, 24, 40))
"""Each asks for six tenths of two of four cores; the third one is too much."""

ALL = Loops()


@cache
def machine() -> skb.Snapshot:
    return skb.load(facts.read("amd-2x2")).snapshot()


@cache
def simulated(loops: Loops = ALL) -> Run:
    return simulate(machine(), JOBS, loops, DURATION_MS)


def test_each_of_the_three_loops_is_worth_a_tenth_of_the_work_at_least() -> None:
    found = losses(machine(), JOBS, ALL, DURATION_MS)
    assert set(found) == set(LOOPS)
    assert all(lost > 0.1 for lost in found.values()), found


@pytest.mark.parametrize("slower", [{"long_ms": 400}, {"medium_ms": 400}, {"short_ms": 80}])
def test_a_loop_that_comes_round_less_often_costs_some_of_it(slower: dict[str, int]) -> None:
    assert simulated(replace(ALL, **slower)).total < 0.97 * simulated().total


def test_each_loop_acts_at_its_own_period() -> None:
    run = simulated()
    assert run.starts_ms == {"a": 0, "b": 200, "c": 400}
    assert run.shipped_ms == (0, 200, 400, 700)
    odd = simulated(Loops(long_ms=70, medium_ms=90))
    assert odd.starts_ms == {"a": 0, "b": 140, "c": 350}
    assert odd.shipped_ms == (0, 180, 360, 720)


def test_the_long_loop_spreads_who_would_crowd_the_first_cores_without_it() -> None:
    assert simulated().cores == {"a": (0, 1), "b": (2, 3), "c": (0, 1)}
    assert set(simulated(Loops(long_ms=None)).cores.values()) == {(0, 1)}
    assert simulated(Loops(long_ms=None)).starts_ms == {job.name: job.arrives_ms for job in JOBS}


def test_the_medium_loop_cuts_all_alike_and_gives_back_what_is_left() -> None:
    granted = [
        {name: own[0].wcet_ps / MS for name, own in schedule.reservations.items()} for schedule in simulated().schedules
    ]
    assert granted == [{"a": 24}, {"a": 24, "b": 24}, {"a": 18, "b": 18, "c": 18}, {"a": 24, "b": 24}]
    assert simulated(Loops(medium_ms=None)).shipped_ms == (0,)
    assert simulated().parts["c"] > 2 * simulated(Loops(medium_ms=None)).parts["c"]


def test_guarantees_are_kept_while_they_change() -> None:
    run = simulated()
    assert all(one.misses == () and one.failures == () for one in run.outcome.applications.values())


def test_a_job_that_no_machine_has_room_for_is_refused() -> None:
    with pytest.raises(ExperimentError, match="'big' was not placed"):
        simulate(machine(), [Job("big", 0, 100, 5, 24, 40)], Loops(), 100)
