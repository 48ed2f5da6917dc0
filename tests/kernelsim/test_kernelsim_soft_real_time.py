"""Soft real time: jobs that overrun go on later, their dispatcher is told, and nobody hard pays for it."""

import random
from collections.abc import Callable
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
from kernelsim_bench import Bench
from kernelsim_machines import MS, US, machine

from kernelsim import Application, Outcome, Reservation, Scenario, Schedule, run
from kernelsim.core.schedulers.rbed import Kind, Rbed, Task
from kernelsim.programs.requests import Program
from kernelsim.programs.team import Body, Member, Team
from kernelsim.scenario import CpuBound, Programs

SLICE = 80


def soft(budget: int, period: int) -> Task:
    return Task(Kind.SOFT, budget=budget, period=period, deadline=period, may_overrun=True)


def hard(budget: int, period: int) -> Task:
    return Task(Kind.HARD, budget=budget, period=period, deadline=period)


class Worker:
    """Yields for a task once it has had what each of its jobs needs; the last job is repeated."""

    def __init__(self, bench: Bench, task: Task, needs: list[int]) -> None:
        self.bench, self.task, self.needs = bench, task, needs
        self.had = self.job = 0
        self.ends: list[int] = []

    def need(self) -> int:
        return self.needs[min(self.job, len(self.needs) - 1)]

    def tick(self, now: int, running: Task | None) -> None:
        self.had += running is self.task
        if self.had == self.need():
            self.bench.core.give_up(self.task, now + 1)
            self.ends.append(now + 1)
            self.had, self.job = 0, self.job + 1


def play(core: Rbed, others: list[Task], *served: tuple[Task, list[int]], until: int) -> tuple[Bench, list[Worker]]:
    """Tick by tick, for the worker has to yield in between."""
    bench = Bench(core)
    bench.start(*(task for task, _ in served), *others)
    workers = [Worker(bench, task, needs) for task, needs in served]
    for now in range(until):
        running = core.schedule(now)
        if running is not None:
            bench.ran[running] += 1
        bench.shown.append((now, running))
        for worker in workers:
            worker.tick(now, running)
    return bench, workers


def test_a_job_that_overruns_goes_on_with_the_budget_of_the_next_period() -> None:
    core = Rbed(SLICE, protect_hard=True)
    _, (worker,) = play(core, [], (soft(3, 10), [5, 2]), until=40)
    assert worker.ends == [12, 22, 32]


def test_a_job_in_time_leaves_its_period_as_a_hard_one_does() -> None:
    core = Rbed(SLICE, protect_hard=True)
    _, (worker,) = play(core, [], (soft(3, 10), [2]), until=40)
    assert worker.ends == [2, 12, 22, 32]


def test_donated_slack_ends_it_in_its_own_period_where_the_core_would_be_idle() -> None:
    core = Rbed(SLICE, protect_hard=True, donate_slack=True)
    _, (worker,) = play(core, [], (soft(3, 10), [5, 2]), until=40)
    assert worker.ends == [5, 12, 22, 32]


def test_what_a_hard_task_gives_back_is_donated_before_best_effort_and_no_more_than_that() -> None:
    ends = {}
    for donate in (False, True):
        core = Rbed(SLICE, protect_hard=True, donate_slack=donate)
        loop = Task(Kind.BEST_EFFORT)
        _, workers = play(core, [loop], (hard(4, 10), [1]), (soft(3, 10), [5, 7, 2]), until=60)
        ends[donate] = workers[1].ends[:2]
    assert ends == {False: [13, 42], True: [6, 22]}


@settings(derandomize=True, max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.booleans())
def test_hard_tasks_get_their_budgets_in_time_however_soft_ones_overrun(seed: int, donate: bool) -> None:
    draw = random.Random(seed)
    period, until = draw.choice((10, 20, 40)), 400
    certain = [hard(draw.randint(1, period // 4), period) for _ in range(2)]
    eager = soft(draw.randint(1, period // 4), draw.choice((10, 20, 40)))
    if sum(task.load for task in (*certain, eager)) > 900_000:
        eager = soft(1, 40)
    core = Rbed(SLICE, protect_hard=True, donate_slack=donate)
    needs = [draw.randint(1, 3 * eager.budget) for _ in range(40)]
    bench, _ = play(core, [*certain, Task(Kind.BEST_EFFORT)], (eager, needs), until=until)
    for task in certain:
        assert bench.ran[task] == task.budget * until // period
    assert all(finished <= release + task.deadline for task, release, finished in bench.jobs if task in certain)


@settings(derandomize=True, max_examples=30, deadline=None)
@given(st.integers(1, 4), st.lists(st.integers(1, 12), min_size=1, max_size=8))
def test_a_soft_task_gets_its_budget_in_each_period_and_never_more_without_slack(budget: int, needs: list[int]) -> None:
    core = Rbed(SLICE, protect_hard=True)
    task = soft(budget, 10)
    bench, (worker,) = play(core, [hard(4, 10), Task(Kind.BEST_EFFORT)], (task, needs), until=200)
    for start in range(0, 200, 10):
        assert sum(running is task for now, running in bench.shown if start <= now < start + 10) <= budget
    periods = [-(-need // budget) for need in (*needs, *[needs[-1]] * 20)]
    due = [10 * sum(periods[: job + 1]) for job in range(len(worker.ends))]
    assert all(due[job] - 10 < end <= due[job] for job, end in enumerate(worker.ends))


@settings(derandomize=True, max_examples=40, deadline=None)
@given(st.integers(0, 10**6))
def test_slack_makes_no_soft_job_later(seed: int) -> None:
    draw = random.Random(seed)
    needs, spare = [draw.randint(1, 8) for _ in range(20)], [draw.randint(1, 4) for _ in range(20)]
    ends = []
    for donate in (False, True):
        core = Rbed(SLICE, protect_hard=True, donate_slack=donate)
        _, workers = play(core, [Task(Kind.BEST_EFFORT)], (hard(4, 10), spare), (soft(3, 10), needs), until=300)
        ends.append(workers[1].ends)
    assert all(with_slack <= without for without, with_slack in zip(*ends, strict=False))
    assert len(ends[1]) >= len(ends[0])


def yielding_at_random(seed: int) -> tuple[Bench, list[tuple[int, Callable[[int], None]]]]:
    """Two hard tasks, two soft ones and best effort, all of whom yield now and then."""
    draw = random.Random(seed)
    bench = Bench(Rbed(SLICE, protect_hard=True, donate_slack=True))
    core = bench.core
    tasks = [hard(4, 20), hard(3, 24), soft(3, 20), soft(2, 16)]
    if draw.random() < 0.7:
        tasks.append(Task(Kind.BEST_EFFORT))
    bench.start(*tasks)

    def yields(now: int) -> None:
        if core.current is not None:
            core.settle(now)
            core.give_up(core.current, now)

    return bench, [(time, yields) for time in sorted(draw.sample(range(1, 600), draw.randint(1, 120)))]


@settings(derandomize=True, max_examples=30, deadline=None)
@given(st.integers(0, 10**6))
def test_looking_only_when_something_can_change_gives_what_looking_at_every_tick_gives(seed: int) -> None:
    quick, operations = yielding_at_random(seed)
    quick.play(600, operations)
    slow, pending = yielding_at_random(seed)
    for now in range(600):
        for time, operation in pending:
            if time == now:
                operation(now)
                slow.core.schedule(now)
        running = slow.core.schedule(now)
        if running is not None:
            slow.ran[running] += 1
    slow.core.schedule(600)
    assert [finished for _, _, finished in quick.jobs] == [finished for _, _, finished in slow.jobs]
    assert sorted(quick.ran.values()) == sorted(slow.ran.values())


# -- in a booted kernel ----------------------------------------------------------------------------------------


def player(adapts: bool) -> Programs:
    """Draws frames that take 6 ms; one that adapts draws half as much once it learns of a missed deadline."""

    def make(team: Team) -> Body:
        def body(me: Member) -> Program:
            while True:
                yield me.compute_ps(3 * MS if adapts and me.activation.missed else 6 * MS)
                me.count()
                yield me.give_way()

        return body

    return Programs(make)


def test_a_period_in_which_a_job_goes_on_is_counted_once_however_often_it_is_preempted() -> None:
    pages = []

    def make(team: Team) -> Body:
        def body(me: Member) -> Program:
            pages.append(me.activation)
            for _ in range(10):
                yield me.compute_ps(10 * MS)
                yield me.give_way()

        return body

    often = Reservation(0, "H", wcet_ps=MS // 2, period_ps=MS, deadline_ps=MS)
    frames = Reservation(0, "S", wcet_ps=4 * MS, period_ps=10 * MS, deadline_ps=10 * MS)
    applications = Application("player", Programs(make), (0,)), Application("often", CpuBound(), (0,))
    schedule = Schedule({"player": 0, "often": 0}, {"player": (frames,), "often": (often,)})
    run(Scenario(machine(2), applications, 400 * MS, (schedule,)))
    assert pages[0].overruns == 2 * 10


def play_frames(*, adapts: bool, donate: bool = False, busy: bool = True) -> Outcome:
    """4 ms of every 10 for frames of 6 ms."""
    applications = [Application("player", player(adapts), (0,))]
    if busy:
        applications.append(Application("cpu", CpuBound(), (0,)))
    reservation = Reservation(0, "S", wcet_ps=4 * MS, period_ps=10 * MS, deadline_ps=10 * MS)
    scenario = Scenario(
        machine(2), tuple(applications), 400 * MS, (Schedule({"player": 0}, {"player": (reservation,)}),)
    )
    return run(replace(scenario, donate_slack=donate))


def test_a_player_that_learns_of_missed_deadlines_adapts_and_misses_no_more() -> None:
    stubborn, adaptive = (play_frames(adapts=each).applications["player"] for each in (False, True))
    assert len(stubborn.misses) == stubborn.progress
    assert len(adaptive.misses) == 1
    assert adaptive.progress > 1.9 * stubborn.progress


def test_a_missed_deadline_is_told_at_the_next_run_though_the_job_is_not_done() -> None:
    first = play_frames(adapts=False).applications["player"].misses[0]
    assert first.deadline_ps == 10 * MS
    assert 0 <= first.lateness_ps <= 10 * US


def test_on_an_idle_core_donated_slack_saves_every_deadline() -> None:
    player = play_frames(adapts=False, donate=True, busy=False).applications["player"]
    assert player.misses == ()
    assert player.progress == 40
    assert play_frames(adapts=False, busy=False).applications["player"].progress == 20
