"""What dispatchers do with their cores: threads in turn, a Linux-like neighbour, scripts, jobs that are late."""

from dataclasses import replace

import pytest
from kernelsim_machines import MS, US, S, gang, machine

from kernelsim import Application, Outcome, PhaseChange, Reservation, Scenario, Schedule, run
from kernelsim.scenario import Barrier, CpuBound, Scripted, Workload


def on_one_core(*applications: Application, duration_ps: int = 1 * S, **more: object) -> Outcome:
    return run(Scenario(machine(2), applications, duration_ps, **more))  # type: ignore[arg-type]


def one(
    name: str, workload: Workload | None = None, *, threads: int = 0, starts_ps: tuple[int, ...] = ()
) -> Application:
    return Application(name, workload or CpuBound(), (0,), threads=threads, starts_ps=starts_ps)


def slices(outcome: Outcome, who: str) -> list[tuple[int, int]]:
    return [(each.start_ps, each.end_ps) for each in outcome.trace.slices if each.who == who]


# -- user-level threads ----------------------------------------------------------------------------------------


def test_threads_of_one_dispatcher_that_wait_for_each_other_take_turns_within_its_time_slice() -> None:
    spin_ps = 50 * US
    outcome = on_one_core(one("team", Barrier(spin_ps=spin_ps, work_cycles=20_000), threads=3))
    progress = outcome.applications["team"].progress
    assert 1 * S // (4 * spin_ps) < progress < 1 * S // (2 * spin_ps)
    assert slices(outcome, "team.0") == [(0, 1 * S)]


def test_threads_that_block_take_turns_without_sleeping_while_one_of_them_can_run() -> None:
    outcome = on_one_core(one("team", Barrier("block", work_cycles=20_000), threads=3))
    assert outcome.applications["team"].progress > 1_000


def test_at_each_dispatch_the_next_thread_runs() -> None:
    """So a barrier of three that spin is complete at every second dispatch, by who then also begins the next one."""
    spinning = one("team", Barrier("spin", work_cycles=200_000), threads=3)
    outcome = on_one_core(spinning, one("other"), duration_ps=6 * S)
    dispatches = len(slices(outcome, "team.0"))
    assert outcome.applications["team"].progress == pytest.approx(dispatches / 2, abs=1.5)


def test_threads_are_dealt_to_dispatchers_one_by_one() -> None:
    team = Application("team", CpuBound(), (0, 1, 3), threads=2)
    outcome = run(Scenario(machine(4), (team,), 100 * MS))
    assert outcome.applications["team"].cpu_ps == (100 * MS, 100 * MS)
    assert {each.core for each in outcome.trace.slices} == {0, 1}


def test_the_progress_of_cpu_bound_is_the_time_that_is_left_after_switches() -> None:
    outcome = on_one_core(one("a", CpuBound(work_cycles=2_500)), one("b", CpuBound(work_cycles=2_500)))
    for name in ("a", "b"):
        computed = outcome.applications[name].cpu_ps[0] - 4 * US * len(slices(outcome, f"{name}.0"))
        assert outcome.applications[name].progress == computed // (1 * US)


def test_a_barrier_waits_for_the_longest_of_uneven_iterations() -> None:
    even = Barrier("spin", work_cycles=2_500_000)
    cores = tuple(range(8))

    def progress(barrier: Barrier) -> int:
        return run(Scenario(machine(8), (Application("team", barrier, cores),), 1 * S)).applications["team"].progress

    uneven = replace(even, spread_percent=50)
    longest = 1 + 0.5 * 7 / 9
    assert progress(even) == 999
    assert progress(uneven) == pytest.approx(1000 / longest, rel=0.02)
    assert progress(uneven) == progress(uneven)
    assert len({progress(replace(uneven, seed=seed)) for seed in range(4)}) > 1


# -- the Linux-like scheduler ----------------------------------------------------------------------------------


def test_round_robin_gives_every_task_its_slices_in_turn() -> None:
    lengths = {0: (10 * MS, 20 * MS)}
    names = ("a", "b", "c")
    outcome = on_one_core(*map(one, names), duration_ps=900 * MS, scheduler="linux-like", slices_ps=lengths)
    assert [outcome.applications[name].cpu_ps for name in names] == [(300 * MS,)] * 3
    assert [each.who for each in outcome.trace.slices[:6]] == ["a.0", "b.0", "c.0", "a.0", "b.0", "c.0"]
    assert [each.end_ps - each.start_ps for each in outcome.trace.slices[:4]] == [10 * MS, 20 * MS, 10 * MS, 20 * MS]


def test_under_round_robin_a_woken_task_preempts_nobody() -> None:
    woken = one("woken", Scripted((((13 * MS, "run"),),)))
    outcome = on_one_core(one("cpu"), woken, duration_ps=100 * MS, scheduler="linux-like", slices_ps={0: (20 * MS,)})
    assert slices(outcome, "woken.0")[0] == (20 * MS, 40 * MS)


def test_with_preemption_by_who_wakes_a_woken_task_has_the_core_at_once() -> None:
    woken = one("woken", Scripted((((13 * MS, "run"),),)))
    outcome = on_one_core(
        one("cpu"),
        woken,
        duration_ps=100 * MS,
        scheduler="linux-like",
        slices_ps={0: (20 * MS,)},
        wakeup_preemption=True,
    )
    assert slices(outcome, "woken.0")[0] == (13 * MS, 33 * MS)


def test_under_round_robin_a_manifest_means_nothing() -> None:
    reserved = Schedule({"a": 0}, {"a": gang(1, 8, 16, 0)})
    outcome = on_one_core(
        one("a"),
        one("b"),
        duration_ps=400 * MS,
        scheduler="linux-like",
        slices_ps={0: (5 * MS,)},
        schedules=(reserved,),
    )
    assert outcome.applications["a"].cpu_ps == outcome.applications["b"].cpu_ps == (200 * MS,)


# -- scripts ---------------------------------------------------------------------------------------------------


def test_a_script_wakes_its_dispatcher_and_makes_it_block() -> None:
    script = ((10 * MS, "run"), (20 * MS, "block"), (30 * MS, "block"), (40 * MS, "run"), (50 * MS, "block"))
    outcome = on_one_core(one("script", Scripted((script,))))
    assert slices(outcome, "script.0") == [(10 * MS, 20 * MS), (40 * MS, 50 * MS)]
    assert outcome.applications["script"].cpu_ps == (20 * MS,)


def test_a_yield_alone_on_a_core_comes_straight_back() -> None:
    outcome = on_one_core(one("script", Scripted((((0, "run"), (7 * MS, "yield"), (9 * MS, "yield")),))))
    assert slices(outcome, "script.0") == [(0, 1 * S)]


def test_a_yield_beside_another_gives_it_the_core() -> None:
    outcome = on_one_core(one("script", Scripted((((0, "run"), (7 * MS, "yield")),))), one("cpu", starts_ps=(MS,)))
    assert slices(outcome, "script.0")[0] == (0, 7 * MS)
    assert slices(outcome, "cpu.0")[0][0] == 7 * MS


def test_what_a_script_asks_for_while_it_does_not_run_is_not_its_own_call() -> None:
    script = ((0, "run"), (100 * MS, "block"), (101 * MS, "yield"))
    outcome = on_one_core(one("cpu"), one("script", Scripted((script,))), duration_ps=200 * MS)
    assert slices(outcome, "script.0")[0][0] == 80 * MS
    assert len(slices(outcome, "script.0")) == 1
    assert slices(outcome, "script.0")[0][1] == 100 * MS


def test_a_dispatcher_starts_when_its_application_says() -> None:
    application = Application("late", CpuBound(), (0, 1), starts_ps=(5 * MS, 30 * MS))
    outcome = run(Scenario(machine(2), (application,), 100 * MS, timer_offset_ps=(0, 2 * MS)))
    assert [(each.core, each.start_ps) for each in outcome.trace.slices] == [(0, 5 * MS), (1, 32 * MS)]


def test_progress_is_measured_after_the_warm_up() -> None:
    cold = on_one_core(one("a"), duration_ps=500 * MS)
    warm = on_one_core(one("a"), duration_ps=500 * MS, warmup_ps=250 * MS)
    assert warm.applications["a"].progress == pytest.approx(cold.applications["a"].progress + 4 * US // 12_000, abs=1)
    assert warm.applications["a"].cpu_ps == (500 * MS,)


# -- jobs that are late ----------------------------------------------------------------------------------------


def two_jobs_at_once(duration_ps: int, rules: str = "protect_hard") -> Outcome:
    """Two reservations of 4 ms in 16 without laxity, on one core at one offset: nobody admits that."""
    phases = {"a": 0, "b": 0}
    reserved = Schedule(phases, {"a": gang(1, 4, 16, 0), "b": gang(1, 4, 16, 0)})
    return on_one_core(one("a"), one("b"), duration_ps=duration_ps, schedules=(reserved,), rules=rules)


@pytest.mark.parametrize("rules", ["protect_hard", "exact"])
def test_a_missed_deadline_is_counted_once_with_core_time_and_lateness(rules: str) -> None:
    outcome = two_jobs_at_once(63 * MS, rules)
    assert outcome.applications["a"].misses == ()
    misses = outcome.applications["b"].misses
    assert [(miss.core, miss.dispatcher, miss.deadline_ps, miss.lateness_ps) for miss in misses] == [
        (0, 0, start * MS, 4 * MS) for start in (4, 20, 36, 52)
    ]
    marks = [(mark.time_ps, mark.core) for mark in outcome.trace.marks if mark.kind == "miss"]
    assert marks == [(start * MS, 0) for start in (8, 24, 40, 56)]


def test_a_late_job_runs_on_to_its_end() -> None:
    assert slices(two_jobs_at_once(40 * MS), "b.0") == [(4 * MS, 8 * MS), (20 * MS, 24 * MS), (36 * MS, 40 * MS)]


def test_a_job_that_is_late_when_the_run_ends_counts_as_late_until_then() -> None:
    (miss,) = two_jobs_at_once(7 * MS).applications["b"].misses
    assert (miss.time_ps, miss.lateness_ps) == (7 * MS, 3 * MS)


def test_a_job_whose_deadline_lies_behind_the_end_is_not_late() -> None:
    assert two_jobs_at_once(4 * MS).applications["b"].misses == ()


def test_a_job_that_has_yielded_is_done() -> None:
    script = tuple((16 * MS * turn + 5 * MS, "yield") for turn in range(6))
    scripted = Scripted((((0, "run"), *script),))
    reserved = Schedule({"a": 0}, {"a": (Reservation(0, "H", 0, 8 * MS, 16 * MS, 8 * MS),)})
    outcome = on_one_core(one("a", scripted), duration_ps=90 * MS, schedules=(reserved,))
    assert outcome.applications["a"].misses == ()
    assert slices(outcome, "a.0") == [(16 * MS * turn, 16 * MS * turn + 5 * MS) for turn in range(6)]


def test_the_switch_is_paid_from_the_budget_of_who_comes() -> None:
    reserved = Schedule({"a": 0}, {"a": gang(1, 4, 16, 0)})
    work = CpuBound(work_cycles=2_500)
    outcome = on_one_core(one("a", work), one("b"), duration_ps=64 * MS, schedules=(reserved,))
    assert outcome.applications["a"].cpu_ps == (16 * MS,)
    assert outcome.applications["a"].progress == 4 * (4 * MS - 4 * US) // US


def test_a_reservation_follows_its_application_from_one_real_time_phase_to_another() -> None:
    schedules = (Schedule({"a": 0}, {"a": gang(1, 4, 16, 0)}), Schedule({"a": 1}, {"a": gang(1, 2, 8, 0)}))
    outcome = on_one_core(
        one("a"),
        one("b"),
        duration_ps=400 * MS,
        schedules=schedules,
        phase_changes=(PhaseChange("a", 1, 150 * MS), PhaseChange("a", 0, 300 * MS)),
    )
    assert outcome.applications["a"].misses == ()
    lengths = [end - start for start, end in slices(outcome, "a.0")]
    assert {4 * MS, 2 * MS} <= set(lengths)
    assert lengths[-1] == 4 * MS
