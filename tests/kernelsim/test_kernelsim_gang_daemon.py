"""The gang scheduler in user space: promoted in turn, cores of those who block filled in, next to no overhead."""

from dataclasses import replace

import pytest
from kernelsim_machines import MS, US, gang, machine, random_scenario, two_phases

from kernelsim import Application, Outcome, Scenario, ScenarioError, run
from kernelsim.scenario import Barrier, CpuBound, Scripted
from kernelsim.system.gang_daemon import Gang, take_turns

CORES = (0, 1, 2, 3)
CALL = 1 * US
SWITCH = 4 * US


def under_daemon(*applications: Application, slices: int = 20, **more: object) -> Scenario:
    return Scenario(
        machine(8, timeslice_ps=15 * MS),
        applications,
        slices * 15 * MS,
        scheduler="user-level-gang",
        call_ps=CALL,
        **more,  # type: ignore[arg-type]
    )


def two_loops(**more: object) -> Scenario:
    return under_daemon(Application("a", CpuBound(), CORES), Application("b", CpuBound(), CORES), **more)


def slices(outcome: Outcome, who: str) -> list[tuple[int, int]]:
    return [(each.start_ps, each.end_ps) for each in outcome.trace.slices if each.who == who]


def test_a_member_is_promoted_when_its_system_call_returns() -> None:
    outcome = run(two_loops(backfill=False))
    assert [slices(outcome, f"a.{index}")[0][0] for index in (1, 2, 3)] == [
        SWITCH + (2 + each) * CALL for each in range(3)
    ]
    assert slices(outcome, "a.0")[0][0] == SWITCH + 4 * CALL


def test_gangs_get_the_machine_in_turn_for_slices_of_15_ms() -> None:
    outcome = run(two_loops())
    assert [mark.text for mark in outcome.trace.marks if mark.kind == "daemon"][:4] == ["a", "b", "a", "b"]
    for first, second in zip(slices(outcome, "b.1")[:5], slices(outcome, "a.1")[1:6], strict=True):
        assert 14.9 * MS < first[1] - first[0] < 15.1 * MS
        assert first[1] <= second[0]


def test_the_daemon_costs_less_than_one_percent() -> None:
    """As the dissertation measured it: two tight loops, under Linux and as gangs."""
    gangs = two_loops(slices=100)
    linux = replace(gangs, scheduler="linux-like", call_ps=0)
    done = [sum(one.progress for one in run(each).applications.values()) for each in (gangs, linux)]
    assert 0 < 1 - done[0] / done[1] < 0.01
    dear = [
        sum(one.progress for one in run(replace(gangs, call_ps=call)).applications.values()) for call in (0, 200 * US)
    ]
    assert 1 - dear[1] / dear[0] > 0.01


def blocking(**more: object) -> Outcome:
    """A gang whose one member blocks for most of its slices, beside a loop."""
    script = tuple((round(each * MS), "run" if index % 2 else "block") for index, each in enumerate(range(2, 300, 5)))
    return run(under_daemon(Application("io", Scripted((script,)), (0,)), Application("cpu", CpuBound(), (0,)), **more))


def test_the_core_of_a_thread_that_blocks_is_filled_in() -> None:
    filled, idle = blocking(), blocking(backfill=False)
    assert used(filled, 1) > 0.98
    assert used(idle, 1) < 0.8
    assert filled.applications["io"].cpu_ps[0] >= idle.applications["io"].cpu_ps[0]


def used(outcome: Outcome, cores: int) -> float:
    """The part of the cores' time that anybody had."""
    return sum(sum(one.cpu_ps) for one in outcome.applications.values()) / (cores * outcome.duration_ps)


def test_gangs_that_do_not_fit_together_leave_cores_idle_unless_these_are_filled_in() -> None:
    few, many = Application("few", CpuBound(), (0, 1)), Application("many", CpuBound(), tuple(range(1, 8)))
    fragmented = run(under_daemon(few, many, backfill=False))
    assert used(fragmented, 8) == pytest.approx((2 + 7) / 16, abs=0.01)
    assert used(run(under_daemon(few, many)), 8) > 0.99


def test_a_gang_that_seldom_computes_costs_the_one_that_it_is_paired_with_hardly_anything() -> None:
    """Wiseman's pairs (dissertation, section 3.2.1)."""
    script = tuple((each * MS, "run" if each % 10 == 0 else "block") for each in range(300) if each % 10 in (0, 2))
    seldom = Application("io", Scripted((script,) * 4), CORES)
    pair = run(under_daemon(Application("cpu", CpuBound(), CORES), seldom)).applications
    apart = run(under_daemon(Application("cpu", CpuBound(), CORES), seldom, backfill=False)).applications
    assert sum(pair["cpu"].cpu_ps) > 1.5 * sum(apart["cpu"].cpu_ps)
    assert sum(pair["io"].cpu_ps) >= sum(apart["io"].cpu_ps)


def test_who_is_promoted_comes_back_at_once_when_it_wakes() -> None:
    script = ((0, "run"), (2 * MS, "block"), (5 * MS, "run"))
    outcome = run(under_daemon(Application("io", Scripted((script,)), (1,)), Application("cpu", CpuBound(), (1,))))
    assert (2 * MS, 5 * MS) in slices(outcome, "cpu.0")
    assert 5 * MS in [start for start, _ in slices(outcome, "io.0")]


def test_gangs_on_different_cores_run_together_and_nobody_waits_for_ever() -> None:
    gangs = [Gang("a", frozenset({0, 1})), Gang("b", frozenset({1, 2})), Gang("c", frozenset({2, 3}))]
    last: dict[str, int] = {}
    turns = []
    for turn in range(4):
        chosen = [gang.name for gang in take_turns(gangs, last)]
        turns.append("".join(chosen))
        last.update((name, turn) for name in chosen)
    assert turns == ["ac", "b", "ac", "b"]


def test_a_gang_keeps_its_barriers_where_linux_loses_them() -> None:
    barrier = Application("barrier", Barrier("yield", 200 * MS), (0, 1, 2, 3, 4, 5))
    gangs = under_daemon(
        barrier, Application("cpu", CpuBound(), (2, 3, 4, 5)), timer_offset_ps=tuple(range(0, 16 * MS, 2 * MS))
    )
    alone = run(replace(gangs, applications=(barrier,))).applications["barrier"].progress
    assert run(gangs).applications["barrier"].progress > 0.45 * alone
    assert run(replace(gangs, scheduler="linux-like")).applications["barrier"].progress < 0.4 * alone


@pytest.mark.parametrize("wait", ["yield", "block", "spin"])
def test_step_by_step_gives_the_same_trace(wait: str) -> None:
    barrier = Application("barrier", Barrier(wait, 50 * US, work_cycles=100_000), CORES)
    quick = under_daemon(barrier, Application("cpu", CpuBound(), CORES[:2]), slices=6)
    slow = run(replace(quick, step_by_step=True))
    assert run(quick).trace.sha256() == slow.trace.sha256()
    assert run(quick).applications["barrier"].progress == slow.applications["barrier"].progress


def test_whatever_runs_is_the_same_step_by_step(full_scale: bool) -> None:
    for seed in range(60 if full_scale else 4):
        plain = replace(random_scenario(seed), schedules=(), phase_changes=(), synchronise=False, clock_skew_ps=())
        quick = replace(plain, scheduler="user-level-gang", call_ps=seed % 3 * US, backfill=seed % 2 == 0)
        slow, outcome = run(replace(quick, step_by_step=True)), run(quick)
        assert outcome.trace.sha256() == slow.trace.sha256()
        assert outcome.applications == slow.applications


def test_what_the_daemon_cannot_do_is_refused() -> None:
    loop = Application("a", CpuBound(), CORES)
    with pytest.raises(ScenarioError, match="accepted: longer slices"):
        run(replace(under_daemon(loop), call_ps=2 * MS))
    with pytest.raises(ScenarioError, match="accepted: user-level-gang"):
        run(replace(under_daemon(loop, backfill=False), scheduler="linux-like"))
    with pytest.raises(ScenarioError, match="accepted: scheduler = rbed"):
        run(under_daemon(loop, schedules=two_phases("a", gang(4), gang(4))))
