"""RBED's promises, one core at a time: shares, the tenth kept for best effort, and deadlines under `protect_hard`."""

import random
from collections.abc import Callable
from functools import partial
from math import lcm

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernelsim_bench import Bench, Operation

from kernelsim import SchedulerPanic
from kernelsim.core.schedulers.rbed import BEST_EFFORT_SHARE, ONE, Kind, Rbed, Task

SLICE = 80_000
PERIODS = (8, 12, 16, 24, 32, 48)


def best_effort(weight: int = 1) -> Task:
    return Task(Kind.BEST_EFFORT, weight=weight)


def hard(budget: int, period: int, deadline: int = 0, release: int = 0) -> Task:
    return Task(Kind.HARD, budget=budget, period=period, deadline=deadline or period, release=release)


# -- shares ----------------------------------------------------------------------------------------------------


@settings(derandomize=True, max_examples=40, deadline=None)
@given(st.lists(st.integers(1, 20), min_size=2, max_size=5), st.booleans())
def test_best_effort_tasks_get_the_core_in_proportion_to_their_weights(weights: list[int], protect: bool) -> None:
    bench = Bench(Rbed(SLICE, protect_hard=protect))
    tasks = [best_effort(weight) for weight in weights]
    bench.start(*tasks)
    rounds, one_round = 40, len(weights) * SLICE
    bench.play(rounds * one_round)
    for task, weight in zip(tasks, weights, strict=True):
        fair = rounds * one_round * weight / sum(weights)
        assert abs(bench.ran[task] - fair) <= 2 * one_round * weight / sum(weights) + rounds


@settings(derandomize=True, max_examples=40, deadline=None)
@given(st.integers(1, 9), st.integers(1, 4), st.booleans())
def test_best_effort_gets_what_the_hard_load_leaves(tenths: int, others: int, protect: bool) -> None:
    bench = Bench(Rbed(SLICE, protect_hard=protect))
    greedy = hard(tenths * SLICE, 10 * SLICE)
    bench.start(greedy, *(best_effort() for _ in range(others)))
    bench.play(100 * SLICE)
    assert bench.ran[greedy] == 10 * tenths * SLICE
    assert sum(bench.ran.values()) == 100 * SLICE


def test_a_spent_hard_task_leaves_the_core_idle_rather_than_run_again() -> None:
    bench = Bench(Rbed(SLICE))
    bench.start(hard(2, 10))
    bench.play(30)
    assert [(now, task is not None) for now, task in bench.shown] == [
        (0, True), (2, False), (10, True), (12, False), (20, True), (22, False),
    ]  # fmt: skip


# -- the tenth that is kept ------------------------------------------------------------------------------------


@settings(derandomize=True, max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 60), st.integers(10, 100)), min_size=1, max_size=6))
def test_the_hard_load_never_exceeds_nine_tenths(shapes: list[tuple[int, int]]) -> None:
    core, load = Rbed(SLICE), 0
    for budget, period in shapes:
        load += budget * ONE // period
        if load + BEST_EFFORT_SHARE > ONE:
            percent = (load + BEST_EFFORT_SHARE) // 10_000
            with pytest.raises(SchedulerPanic, match=rf"loaded {percent}%"):
                core.make_runnable(hard(budget, period), 0)
            return
        core.make_runnable(hard(budget, period), 0)
        assert core.hard_load == load <= 900_000


def test_a_removed_hard_task_makes_room_for_another() -> None:
    core, first = Rbed(SLICE), hard(9, 10)
    core.make_runnable(first, 0)
    core.remove(first)
    core.remove(first)
    assert core.hard_load == 0
    core.make_runnable(hard(9, 10), 0)


def test_a_hard_task_is_not_released_in_the_past() -> None:
    with pytest.raises(SchedulerPanic, match="Released in the past"):
        Rbed(SLICE).make_runnable(hard(1, 10, release=5), 6)


def test_a_job_selected_after_its_deadline_is_a_panic_only_where_nobody_is_told_of_misses() -> None:
    core, late = Rbed(SLICE), hard(4, 10, 3)
    core.make_runnable(late, 0)
    core.schedule(0)
    with pytest.raises(SchedulerPanic, match="now = 4, deadline = 3"):
        core.schedule(4)
    bench = Bench(Rbed(SLICE))
    bench.start(hard(4, 10, 3))
    bench.play(8)
    assert [(release, finished) for _, release, finished in bench.jobs] == [(0, 4)]


# -- deadlines -------------------------------------------------------------------------------------------------


def edf_misses_none(tasks: list[Task], until: int) -> bool:
    """Exact: earliest deadline first in unit steps, everybody using all of his budget."""
    jobs: list[list[int]] = []
    for now in range(until):
        for task in tasks:
            if now >= task.release and (now - task.release) % task.period == 0:
                jobs.append([now + task.deadline, task.budget])
        jobs = [job for job in jobs if job[1]]
        if jobs:
            job = min(jobs)
            job[1] -= 1
            if now >= job[0]:
                return False
    return True


def random_hard_set(draw: random.Random) -> tuple[list[Task], int]:
    """A set that earliest deadline first can serve, and how long its schedule takes to repeat for sure."""
    while True:
        tasks = []
        for _ in range(draw.randint(1, 4)):
            period = draw.choice(PERIODS)
            budget = draw.randint(1, period // 2)
            tasks.append(hard(budget, period, draw.randint(budget, period), draw.randrange(period)))
        until = 2 * lcm(*(task.period for task in tasks)) + max(task.release for task in tasks)
        if sum(task.load for task in tasks) <= ONE - BEST_EFFORT_SHARE and edf_misses_none(tasks, until):
            return tasks, until


def restless(core: Rbed, draw: random.Random, count: int, until: int) -> list[Operation]:
    """Best-effort tasks that start, wake, yield and block when they please."""
    operations: list[Operation] = []
    for _ in range(count):
        task = best_effort(draw.randint(1, 5))
        times = [draw.randrange(until) for _ in range(draw.randint(1, 30))]
        operations.append((min(times), partial(core.make_runnable, task)))
        operations.extend((time, _whim(core, task, draw.choice("wwyb"))) for time in times)
    return operations


def _whim(core: Rbed, task: Task, what: str) -> Callable[[int], None]:
    def act(now: int) -> None:
        if what == "w":
            core.make_runnable(task, now)
        elif core.current is task:
            core.give_up(task, now) if what == "y" else core.remove(task)

    return act


def misses_beside_best_effort(seed: int, *, protect: bool) -> int:
    draw = random.Random(seed)
    tasks, until = random_hard_set(draw)
    until *= 12
    bench = Bench(Rbed(draw.choice((20, 80, 200)), protect_hard=protect))
    bench.start(*tasks)
    bench.play(until, restless(bench.core, draw, draw.randint(0, 4), until))
    return bench.misses(until)


def test_hard_sets_that_earliest_deadline_first_can_serve_miss_nothing_beside_restless_best_effort(
    full_scale: bool,
) -> None:
    missed = {seed for seed in range(3200 if full_scale else 150) if misses_beside_best_effort(seed, protect=True)}
    assert missed == set()


def test_under_the_exact_rules_best_effort_makes_such_sets_miss() -> None:
    missed = sum(misses_beside_best_effort(seed, protect=False) > 0 for seed in range(150))
    assert missed > 40  # 66 of 150 with these seeds


def test_under_protect_hard_each_job_gets_its_whole_budget_in_time() -> None:
    bench = Bench(Rbed(8, protect_hard=True))
    gang, other = hard(8, 16, 8, 4), hard(2, 8, 8)
    bench.start(gang, other, best_effort(), best_effort(5))
    bench.play(4 + 16 * 20)
    assert [release for task, release, _ in bench.jobs if task is gang] == list(range(4, 324, 16))
    assert bench.ran[gang] == 8 * 20
    assert bench.misses(324) == 0


def test_a_gang_waits_for_a_freshly_renewed_best_effort_budget_under_the_exact_rules_only() -> None:
    misses = {}
    for protect in (True, False):
        bench = Bench(Rbed(80, protect_hard=protect))
        bench.start(hard(80, 160, 80, 80))
        bench.play(80 + 160 * 6, [(30, partial(bench.core.make_runnable, best_effort()))])
        misses[protect] = bench.misses(80 + 160 * 6)
    assert misses[True] == 0
    assert misses[False] > 0


def test_two_gangs_without_laxity_at_one_instant_cannot_both_be_in_time() -> None:
    together = Bench(Rbed(80, protect_hard=True))
    together.start(hard(4, 16, 4), hard(4, 16, 4))
    together.play(64)
    apart = Bench(Rbed(80, protect_hard=True))
    apart.start(hard(4, 16, 4), hard(4, 16, 4, release=4))
    apart.play(64)
    assert together.misses(64) == 4
    assert apart.misses(64) == 0
