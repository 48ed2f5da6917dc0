"""Timers are reset together, after a back-off, or not at all; then there is no phase lock."""

from dataclasses import replace

import pytest
from kernelsim_machines import MS, US, S, barrier_beside_cpu_bound, with_manifest

from kernelsim import Outcome, Scenario, run


def synchronised(late_ps: int, core: int = 5) -> Scenario:
    """BARRIER with its manifest on ten cores, one of which comes late to the synchronisation."""
    scenario = with_manifest(barrier_beside_cpu_bound(10))
    delays = tuple(late_ps if each == core else 0 for each in range(16))
    offsets = tuple(7 * each * MS for each in range(16))
    return replace(scenario, response_delay_ps=delays, timer_offset_ps=offsets, duration_ps=2 * S)


def resets(outcome: Outcome) -> set[tuple[int, str]]:
    return {(mark.time_ps, mark.text) for mark in outcome.trace.marks if mark.kind == "timer reset"}


def test_cores_that_are_in_time_reset_their_timers_at_one_stamp() -> None:
    outcome = run(synchronised(0))
    assert outcome.phase_locked
    assert resets(outcome) == {(80 * MS, "round 1")}
    assert outcome.start_ps == 80 * MS


def test_a_late_core_doubles_the_window() -> None:
    outcome = run(synchronised(100 * MS))
    ((stamp, text),) = resets(outcome)
    assert outcome.phase_locked
    assert text == "round 2"
    assert stamp == outcome.start_ps
    assert 100 * MS + 160 * MS < stamp < 100 * MS + 160 * MS + 1 * MS


@pytest.mark.parametrize(("late_ms", "rounds"), [(79, 1), (81, 2), (159, 2), (161, 3), (319, 3), (321, 4), (639, 4)])
def test_the_windows_are_80_160_320_and_640_ms(late_ms: int, rounds: int) -> None:
    assert {text for _, text in resets(run(synchronised(late_ms * MS)))} == {f"round {rounds}"}


def test_each_missed_round_is_answered_with_a_failure() -> None:
    outcome = run(synchronised(200 * MS))
    assert sum(message.kind == "missed" for message in outcome.trace.messages) == 2
    assert sum(mark.kind == "timer synchronisation missed" for mark in outcome.trace.marks) == 2


def test_a_window_of_more_than_a_second_ends_the_attempt_without_phase_lock() -> None:
    outcome = run(synchronised(641 * MS))
    assert not outcome.phase_locked
    assert resets(outcome) == set()


def test_a_gang_without_phase_lock_stays_best_effort() -> None:
    locked, unlocked = run(synchronised(0)), run(synchronised(1 * S))
    assert all("released at" in mark.text for mark in locked.trace.marks if mark.kind == "phase")
    assert all("released at" not in mark.text for mark in unlocked.trace.marks if mark.kind == "phase")
    assert unlocked.applications["barrier"].misses == ()
    assert locked.applications["barrier"].progress > 1000 * unlocked.applications["barrier"].progress


def test_a_single_reservation_needs_no_phase_lock() -> None:
    scenario = with_manifest(barrier_beside_cpu_bound(1))
    outcome = run(replace(scenario, synchronise=False, duration_ps=2 * S))
    assert not outcome.phase_locked
    assert any("released at" in mark.text for mark in outcome.trace.marks)


def gang_starts(outcome: Outcome) -> list[int]:
    slices = (each for each in outcome.trace.slices if each.who.startswith("barrier."))
    return sorted({each.start_ps for each in slices if each.start_ps > outcome.start_ps + S})


def test_a_reference_clock_that_all_share_leaves_a_read_of_skew_a_core() -> None:
    alone, shared = (run(replace(synchronised(0), shared_read_ps=read)) for read in (0, 8 * US))
    assert alone.phase_locked
    assert shared.phase_locked
    starts = [gang_starts(outcome) for outcome in (alone, shared)]
    assert starts[0][1] - starts[0][0] == 160 * MS
    assert starts[1][9] - starts[1][0] == 9 * 8 * US


def test_a_reference_clock_that_is_slow_beyond_the_window_costs_rounds() -> None:
    outcome = run(replace(synchronised(0), shared_read_ps=10 * MS))
    assert {text for _, text in resets(outcome)} == {"round 2"}
