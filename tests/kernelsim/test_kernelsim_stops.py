"""A core that stops: it runs nobody, it answers nobody, and the outcome says when and where."""

from dataclasses import replace

import pytest
from kernelsim_machines import MS, US, S, barrier_beside_cpu_bound, gang, machine, random_scenario

from kernelsim import Application, Operation, Outcome, PhaseChange, Scenario, ScenarioError, Schedule, run
from kernelsim.outcome import Stopped
from kernelsim.scenario import Barrier, CpuBound

CORES = (0, 1, 2, 3)


def computing(**more: object) -> Scenario:
    base = Scenario(machine(4), (Application("cpu", CpuBound(), CORES),), 1 * S)
    return replace(base, **more)  # type: ignore[arg-type]


def last_end(outcome: Outcome, core: int) -> int:
    return max(each.end_ps for each in outcome.trace.slices if each.core == core)


def test_a_stopped_core_runs_nobody_from_then_on_and_the_others_go_on() -> None:
    outcome = run(computing(stops_ps={2: 300 * MS}))
    assert outcome.stopped == (Stopped(2, 300 * MS),)
    assert [last_end(outcome, core) for core in CORES] == [1 * S, 1 * S, 300 * MS, 1 * S]
    assert outcome.applications["cpu"].cpu_ps == (1 * S, 1 * S, 300 * MS, 1 * S)


def test_a_core_that_never_stops_is_in_no_outcome() -> None:
    assert run(computing()).stopped == ()
    assert run(computing(stops_ps={2: 2 * S})).trace.sha256() == run(computing()).trace.sha256()


@pytest.mark.parametrize("stops_ms", [100, 500])
def test_a_phase_change_is_answered_only_if_all_its_cores_are_there(stops_ms: int) -> None:
    schedules = tuple(Schedule({"cpu": phase}, {}) for phase in (0, 1))
    change = PhaseChange("cpu", 1, 200 * MS)
    outcome = run(computing(schedules=schedules, phase_changes=(change,), stops_ps={2: stops_ms * MS}))
    (answer,) = outcome.phase_changes
    assert (answer.answered_ps is None) == (stops_ms < 200)
    assert (2 in answer.entered_ps) == (stops_ms > 200)
    assert {0, 1, 3} <= set(answer.entered_ps)


def test_an_unmap_waits_for_ever_for_a_core_that_has_stopped() -> None:
    asks = tuple(Operation("unmap", "cpu", page, at_ps=at * MS) for page, at in ((1, 100), (2, 600)))
    first, second = run(computing(operations=asks, stops_ps={3: 400 * MS})).operations
    assert (first.done, second.done) == (True, False)
    assert second.answered_ps is None


def test_a_core_that_has_stopped_sends_nothing() -> None:
    asks = tuple(Operation("unmap", "cpu", page, at_ps=page * 7 * MS) for page in range(100))
    outcome = run(computing(operations=asks, stops_ps={1: 350 * MS}))
    sent = [each.sent_ps for each in outcome.trace.messages if each.source == 1]
    assert sent
    assert max(sent) < 350 * MS


def test_a_barrier_waits_for_ever_for_a_member_that_has_stopped() -> None:
    whole = replace(barrier_beside_cpu_bound(4, contended=False), warmup_ps=0, duration_ps=200 * MS)
    progress = [run(replace(whole, stops_ps={3: at * MS})).applications["barrier"].progress for at in (50, 100, 300)]
    assert progress[1] == pytest.approx(2 * progress[0], rel=0.01)
    assert progress[2] == pytest.approx(4 * progress[0], rel=0.01)


def gangs(**more: object) -> Scenario:
    applications = tuple(Application(name, CpuBound(), CORES) for name in ("a", "b"))
    return Scenario(machine(4, timeslice_ps=10 * MS), applications, 400 * MS, **more)  # type: ignore[arg-type]


def test_without_its_coordinator_the_last_gang_keeps_the_machine_and_phase_locked_gangs_go_on() -> None:
    by_interrupts = run(gangs(scheduler="central-ipi", ipi_ps=1 * US, stops_ps={0: 105 * MS}))
    assert {each.who for each in by_interrupts.trace.slices if each.start_ps > 105 * MS} == set()
    assert by_interrupts.applications["a"].cpu_ps[1] > 300 * MS > 60 * MS > by_interrupts.applications["b"].cpu_ps[1]
    reserved = tuple(replace(one, delay_ps=0) for one in gang(4, 10, 20))
    locked = run(gangs(synchronise=True, schedules=(Schedule({"a": 0}, {"a": reserved}),), stops_ps={0: 105 * MS}))
    assert locked.applications["b"].cpu_ps[1] == pytest.approx(200 * MS, rel=0.01)
    assert locked.applications["a"].cpu_ps[1] == pytest.approx(200 * MS, rel=0.01)


@pytest.mark.parametrize("seed", range(12))
def test_shortcuts_give_the_same_trace_when_cores_stop(seed: int) -> None:
    scenario = replace(random_scenario(seed), stops_ps={seed: 31 * MS + seed, 15 - seed: 5 * MS, 9: 60 * MS})
    quick, slow = run(scenario), run(replace(scenario, step_by_step=True))
    assert quick.trace.sha256() == slow.trace.sha256()
    assert len(quick.stopped) == len(scenario.stops_ps)


def test_a_core_that_stops_before_anything_started_leaves_its_applications_without_it() -> None:
    team = Application("barrier", Barrier(), CORES)
    assert run(computing(applications=(team,), stops_ps={2: 0})).applications["barrier"].progress <= 1


@pytest.mark.parametrize("stops_ps", [{4: 0}, {-1: 0}, {0: -1}])
def test_a_core_that_cannot_stop_is_refused(stops_ps: dict[int, int]) -> None:
    with pytest.raises(ScenarioError):
        run(computing(stops_ps=stops_ps))
