"""Phase changes: only the identifier travels, everybody looks it up, one answer comes back."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest
from kernelsim_machines import (
    MS,
    US,
    S,
    barrier_beside_cpu_bound,
    best_effort,
    gang,
    machine,
    out_of_phase,
    two_phases,
    with_manifest,
    with_skew,
)

from kernelsim import Application, Outcome, PhaseChange, Reservation, Scenario, ScenarioError, Schedule, run
from kernelsim.scenario import CpuBound, Scripted
from kernelsim.system.agreement.routes import by_package, unicast

TWO_LEVEL = {0: (1, 2, 3, 4, 8, 12), 4: (5, 6, 7), 8: (9, 10, 11), 12: (13, 14, 15)}


def quiet(cores: int, phase: int = 1, sends: Mapping[int, tuple[int, ...]] | None = None) -> Scenario:
    """An application whose dispatcher 0 asks for a phase while all others sleep."""
    scripts = ((((0, "run"),),) + ((),) * cores)[:cores]
    application = Application("app", Scripted(scripts), tuple(range(cores)))
    schedules = two_phases("app", best_effort(cores), gang(cores, delay_ms=20))
    change = PhaseChange("app", phase, 5 * MS, sends)
    return Scenario(machine(32), (application,), 1 * S, schedules, synchronise=True, phase_changes=(change,))


def phase_messages(outcome: Outcome) -> list[str]:
    return [message.kind for message in outcome.trace.messages if message.kind.startswith("phase")]


def entered(outcome: Outcome) -> list[tuple[int, str]]:
    """What each planner programmed."""
    return sorted((mark.core, mark.text) for mark in outcome.trace.marks if mark.kind == "phase")


def cycles(outcome: Outcome) -> int:
    (change,) = outcome.phase_changes
    assert change.cycles is not None
    return change.cycles


@pytest.mark.parametrize("cores", [1, 2, 5, 16, 32])
def test_a_phase_change_of_n_cores_takes_2n_minus_2_messages_and_is_answered_once(cores: int) -> None:
    outcome = run(quiet(cores))
    assert outcome.phase_changes[0].messages == 2 * (cores - 1)
    assert len(phase_messages(outcome)) == 2 * (cores - 1)
    assert [mark.core for mark in outcome.trace.marks if mark.kind == "phase change answered"] == [0]


def test_only_the_identifier_travels() -> None:
    assert phase_messages(run(quiet(9))) == ["phase 1"] * 8 + ["phase done"] * 8


def test_the_answer_comes_after_every_planner_has_programmed_its_driver() -> None:
    outcome = run(quiet(16))
    answered = outcome.phase_changes[0].answered_ps
    assert answered is not None
    programmed = [mark.time_ps for mark in outcome.trace.marks if mark.kind == "phase"]
    assert len(programmed) == 16
    assert max(programmed) < answered


def test_after_a_phase_change_no_message_is_needed_for_any_slice() -> None:
    outcome = run(with_manifest(barrier_beside_cpu_bound(16)))
    answered = outcome.phase_changes[0].answered_ps
    assert answered is not None
    assert max(message.arrived_ps for message in outcome.trace.messages) <= answered
    assert sum(each.start_ps > answered and each.who == "barrier.9" for each in outcome.trace.slices) > 90


def test_all_members_start_their_slices_within_the_clock_error() -> None:
    error_ps = 40 * US
    outcome = run(with_skew(with_manifest(barrier_beside_cpu_bound(16)), 5, error_ps))
    starts: dict[int, set[int]] = {}
    for each in outcome.trace.slices:
        if each.who.startswith("barrier.") and each.start_ps > outcome.start_ps + 1 * S:
            starts.setdefault((each.start_ps - outcome.start_ps) // (160 * MS), set()).add(each.start_ps)
    assert len(starts) > 90
    assert all(max(times) - min(times) < error_ps for times in starts.values())


def test_by_tree_and_by_unicast_the_planners_end_in_the_same_state() -> None:
    by_unicast, by_tree = run(quiet(16)), run(quiet(16, sends=TWO_LEVEL))
    assert entered(by_tree) == entered(by_unicast)
    assert len(entered(by_tree)) == 16
    assert by_tree.phase_changes[0].messages == by_unicast.phase_changes[0].messages


def test_a_tree_by_packages_is_faster_than_unicast_on_many_cores() -> None:
    tree = {0: (1, 2, 3, *range(4, 32, 4))} | {head: (head + 1, head + 2, head + 3) for head in range(4, 32, 4)}
    assert cycles(run(quiet(32, sends=tree))) < 0.85 * cycles(run(quiet(32)))


def test_by_unicast_each_further_core_costs_the_occupancy_of_one_message() -> None:
    cost = {cores: cycles(run(quiet(cores))) for cores in (1, 16, 20, 24, 28, 32)}
    occupancy = 1000 / 3.51  # cycles; Table 2.5, two hops
    for fewer, more in ((16, 20), (20, 24), (24, 28), (28, 32)):
        assert (cost[more] - cost[fewer]) / (more - fewer) == pytest.approx(occupancy, rel=0.01)
    assert cost[32] - cost[1] < cost[1]


def test_a_dispatcher_that_is_not_running_asks_when_it_next_runs() -> None:
    outcome = run(replace(quiet(4), phase_changes=(PhaseChange("app", 1, 0),)))
    assert outcome.phase_changes[0].requested_ps == outcome.start_ps
    silent = Application("app", Scripted(((), ())), (0, 1))
    assert run(replace(quiet(2), applications=(silent,))).phase_changes == ()


def test_a_combination_of_phases_without_a_schedule_means_best_effort() -> None:
    outcome = run(quiet(8, phase=2))
    assert entered(outcome) == [(core, "app 2") for core in range(8)]
    known = entered(run(quiet(8, phase=1)))
    assert known == [(core, f"app 1 released at {240 * MS * 1000 // 1000}") for core in range(8)]


def test_a_gang_whose_next_phase_is_unknown_goes_on_as_best_effort() -> None:
    scenario = with_manifest(barrier_beside_cpu_bound(4, contended=False))
    back = (PhaseChange("barrier", 1, 0), PhaseChange("barrier", 7, 3 * S))
    outcome = run(replace(scenario, phase_changes=back, warmup_ps=5 * S, duration_ps=1 * S))
    assert outcome.applications["barrier"].cpu_ps == (1 * S,) * 4


def test_a_phase_entered_before_its_schedule_is_best_effort_until_it_arrives_and_guaranteed_from_then_on() -> None:
    scenario = with_manifest(barrier_beside_cpu_bound(4, contended=False))
    known, late = scenario.schedules
    shipped = replace(scenario, schedules=(known, replace(late, ships_ps=3 * S)), warmup_ps=0)
    before = run(replace(shipped, duration_ps=3 * S))
    assert min(before.applications["barrier"].cpu_ps) > 3 * S - 1 * MS
    after = run(replace(shipped, warmup_ps=4 * S, duration_ps=16 * 160 * MS))
    assert after.applications["barrier"].cpu_ps == (8 * 160 * MS,) * 4
    assert len([each for each in after.trace.messages if each.kind == "schedule"]) == 15
    starts = {each.start_ps for each in after.trace.slices if each.start_ps > 4 * S}
    assert len(starts) == 16


@pytest.mark.parametrize("order", [("a", "b"), ("b", "a")])
def test_when_shares_change_at_once_whoever_gets_less_comes_before_whoever_gets_more(order: tuple[str, str]) -> None:
    applications = tuple(Application(name, CpuBound(), (0,)) for name in order)

    def shares(a_ms: int, b_ms: int, ships_ms: int = 0) -> Schedule:
        of = {"a": a_ms, "b": b_ms}
        own = {name: (Reservation(0, "H", 0, ms * MS, 32 * MS, 32 * MS),) for name, ms in of.items()}
        return Schedule(dict.fromkeys(of, 0), own, ships_ms * MS)

    schedules = (shares(18, 9), shares(9, 18, ships_ms=500))
    outcome = run(Scenario(machine(1, 1), applications, 640 * MS, schedules, warmup_ps=640 * MS))
    assert {name: outcome.applications[name].cpu_ps[0] for name in order} == {"a": 180 * MS, "b": 360 * MS}
    assert all(outcome.applications[name].misses == () for name in order)


def test_a_phase_of_one_application_is_looked_up_together_with_the_phases_of_the_others() -> None:
    first, second = (Application(name, CpuBound(), (core,)) for name, core in (("a", 0), ("b", 0)))
    hard = gang(1, 8, 32, 0)
    quick = gang(1, 2, 8, 0)
    schedules = [
        replace(two_phases("a", best_effort(1), hard)[a], phases={"a": a, "b": b}) for a in (0, 1) for b in (0, 1)
    ]
    schedules[3] = replace(schedules[3], reservations={"a": quick, "b": best_effort(1)})
    changes = (PhaseChange("a", 1, 0), PhaseChange("b", 1, 500 * MS))
    outcome = run(Scenario(machine(2), (first, second), 1 * S, tuple(schedules), phase_changes=changes))
    periods = [
        [
            each.end_ps - each.start_ps
            for each in outcome.trace.slices
            if each.who == "a.0" and low < each.start_ps < high
        ]
        for low, high in ((200 * MS, 480 * MS), (700 * MS, 980 * MS))
    ]
    assert set(periods[0]) == {8 * MS}
    assert set(periods[1]) == {2 * MS}


@pytest.mark.parametrize(
    "sends",
    [
        pytest.param({0: (1, 2)}, id="a core left out"),
        pytest.param({0: (1, 2, 3, 3)}, id="a core twice"),
        pytest.param({0: (1, 2, 9)}, id="a stranger"),
        pytest.param({0: (1, 2), 9: (3,)}, id="a stranger that forwards"),
    ],
)
def test_a_tree_that_does_not_reach_each_member_once_is_refused(sends: dict[int, tuple[int, ...]]) -> None:
    with pytest.raises(ScenarioError, match=r"accepted: each of \[1, 2, 3\] once"):
        run(quiet(4, sends=sends))


def test_the_phase_change_of_a_busy_application_is_answered_within_the_delay_that_its_manifest_allows() -> None:
    outcome = run(out_of_phase(with_manifest(barrier_beside_cpu_bound(16)), 1))
    change = outcome.phase_changes[0]
    assert change.answered_ps is not None
    assert change.answered_ps - change.requested_ps < 480 * MS


def test_serial_planners_wait_for_each_other_and_end_in_the_same_state() -> None:
    waiting = replace(quiet(8), phase_changes=(replace(quiet(8).phase_changes[0], order="serial"),))
    waits = ((0, "run"), *((5 * MS + step * US // 10, "block") for step in range(1, 2000)))
    scripts = Scripted((waits, *((),) * 7))
    serial, parallel = (
        run(replace(one, applications=(Application("app", scripts, tuple(range(8))),))) for one in (waiting, quiet(8))
    )
    assert entered(serial) == entered(parallel)
    assert cycles(serial) > 7 * 10_000 > 3 * (cycles(parallel) - 2 * 10_000)


def grown(sends_of: Callable[[int], Mapping[int, tuple[int, ...]]]) -> int:
    """Cycles that 64 further cores add to a phase change of 64."""
    found = []
    for cores in (64, 128):
        scripts = Scripted((((0, "run"),), *((),) * (cores - 1)))
        schedules = two_phases("app", best_effort(cores), gang(cores, delay_ms=20))
        scenario = replace(quiet(16), machine=machine(128), schedules=schedules)
        application = Application("app", scripts, tuple(range(cores)))
        change = PhaseChange("app", 1, 5 * MS, sends_of(cores))
        found.append(cycles(run(replace(scenario, applications=(application,), phase_changes=(change,)))))
    return found[1] - found[0]


def test_along_packages_a_phase_change_grows_by_a_fraction_of_what_it_does_by_unicast() -> None:
    by_tree = grown(lambda cores: by_package(machine(128), 0, range(cores)))
    assert 0 < by_tree < 0.4 * grown(lambda cores: unicast(0, range(cores)))
