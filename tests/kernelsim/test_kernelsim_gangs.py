"""The shapes of Figs 4.3 and 4.4: BARRIER beside CPU-Bound collapses out of phase and recovers as a gang."""

from dataclasses import replace
from functools import cache

import pytest
from kernelsim_machines import (
    MS,
    US,
    S,
    barrier_beside_cpu_bound,
    machine,
    out_of_phase,
    with_manifest,
    with_skew,
)

from kernelsim import Application, Reservation, Scenario, Schedule, run
from kernelsim.multikernel import run_whole
from kernelsim.scenario import Barrier, CpuBound

SEEDS = (1, 2, 3)


@cache
def alone(threads: int) -> int:
    """The progress of BARRIER with all its cores to itself, best effort."""
    return run(barrier_beside_cpu_bound(threads, contended=False)).applications["barrier"].progress


def kept(scenario: Scenario) -> float:
    """The share of that progress which is left in a scenario."""
    threads = len(scenario.applications[0].cores)
    return run(scenario).applications["barrier"].progress / alone(threads)


def cpu_bound_share(scenario: Scenario) -> float:
    """The share of its eight cores that CPU-Bound gets."""
    return sum(run(scenario).applications["cpu"].cpu_ps) / (8 * 15 * S)


def test_alone_the_counter_barrier_gets_slower_with_every_thread() -> None:
    rates = [alone(threads) for threads in (2, 8, 10, 16)]
    assert rates == sorted(rates, reverse=True)
    assert rates[0] > 10 * rates[-1]


@pytest.mark.parametrize("seed", SEEDS)
def test_out_of_phase_best_effort_collapses_once_two_cores_are_contended(seed: int) -> None:
    eight, nine, ten = (kept(out_of_phase(barrier_beside_cpu_bound(n), seed)) for n in (8, 9, 10))
    assert eight == pytest.approx(1.0, abs=0.001)
    assert 0.45 < nine < 0.5
    assert ten < eight / 1000


def test_while_the_barrier_collapses_cpu_bound_keeps_its_cores() -> None:
    assert cpu_bound_share(out_of_phase(barrier_beside_cpu_bound(16), 1)) > 0.99


@pytest.mark.parametrize("threads", [9, 10, 12, 16])
def test_timers_that_happen_to_be_in_phase_make_a_gang_by_accident(threads: int) -> None:
    assert 0.45 < kept(barrier_beside_cpu_bound(threads)) < 0.5


@pytest.mark.parametrize("threads", [2, 8, 9, 10, 16])
def test_with_its_manifest_the_barrier_keeps_half_and_misses_no_deadline(threads: int) -> None:
    scenario = with_manifest(out_of_phase(barrier_beside_cpu_bound(threads), 1))
    assert 0.45 < kept(scenario) < 0.5
    assert run(scenario).applications["barrier"].misses == ()


def test_as_a_gang_the_barrier_is_a_thousand_times_faster_than_collapsed() -> None:
    collapsed = out_of_phase(barrier_beside_cpu_bound(16), 1)
    assert kept(with_manifest(collapsed)) > 1000 * kept(collapsed)


def test_releases_staggered_by_ten_ms_bring_the_collapse_back() -> None:
    assert kept(with_manifest(barrier_beside_cpu_bound(16), stagger_ms=10)) < 0.001


@pytest.mark.parametrize("seed", SEEDS)
def test_a_clock_skew_of_up_to_a_millisecond_brings_the_collapse_back_and_one_of_40_us_does_not(seed: int) -> None:
    scenario = with_manifest(barrier_beside_cpu_bound(16))
    assert kept(with_skew(scenario, seed, 1 * MS)) < 0.001
    assert 0.45 < kept(with_skew(scenario, seed, 40 * US)) < 0.5


def test_one_clock_that_is_later_than_the_others_spin_is_enough() -> None:
    scenario = with_manifest(barrier_beside_cpu_bound(16))
    for late_us, holds in ((45, True), (60, False)):
        late = replace(scenario, clock_skew_ps=(0,) * 15 + (late_us * US,))
        assert (kept(late) > 0.45) is holds


def test_under_the_exact_rules_cpu_bound_delays_members_of_the_gang_and_it_collapses() -> None:
    scenario = replace(with_manifest(barrier_beside_cpu_bound(16)), rules="exact")
    assert kept(scenario) < 0.001


def test_under_the_exact_rules_a_gang_that_does_not_yield_misses_deadlines() -> None:
    scenario = with_manifest(barrier_beside_cpu_bound(16, barrier=Barrier(wait="spin")))
    assert run(scenario).applications["barrier"].misses == ()
    assert len(run(replace(scenario, rules="exact")).applications["barrier"].misses) > 100


def test_spinning_for_ever_cpu_bound_falls_linearly_to_a_half_and_the_barrier_less_than_tenfold_at_ten() -> None:
    spinning = {
        threads: out_of_phase(barrier_beside_cpu_bound(threads, barrier=Barrier(wait="spin")), 1)
        for threads in (8, 10, 12, 16)
    }
    for threads, scenario in spinning.items():
        assert cpu_bound_share(scenario) == pytest.approx(1 - (threads - 8) / 16, abs=0.01)
    assert kept(spinning[10]) > 0.1
    assert kept(spinning[16]) < kept(spinning[12]) < kept(spinning[10])


def test_a_tree_barrier_scales_better_and_collapses_all_the_same() -> None:
    tree = Barrier(barrier="tree")
    two, sixteen = (
        run(barrier_beside_cpu_bound(threads, barrier=tree, contended=False)).applications["barrier"].progress
        for threads in (2, 16)
    )
    assert two / sixteen < 0.5 * alone(2) / alone(16)
    collapsed = run(out_of_phase(barrier_beside_cpu_bound(10, barrier=tree), 1)).applications["barrier"].progress
    assert collapsed * 1000 < alone(10)


@pytest.mark.parametrize(("offset_ms", "delay_ms", "begins_ms"), [(0, 0, 0), (5, 0, 5), (5, 20, 37), (31, 480, 511)])
def test_a_gang_that_is_submitted_early_begins_exactly_at_its_release_on_every_core(
    offset_ms: int, delay_ms: int, begins_ms: int
) -> None:
    cores, times_ps = tuple(range(6)), [ms * MS for ms in (8, 32, 8, offset_ms, delay_ms)]
    gang_alone = Application("gang", CpuBound(), cores)
    schedules = (Schedule({"gang": 0}, {"gang": tuple(Reservation(core, "H", 0, *times_ps) for core in cores)}),)
    outcome = run_whole(Scenario(machine(8), (gang_alone,), 600 * MS, schedules, synchronise=True))
    first: dict[int, int] = {}
    for one in outcome.trace.slices:
        if one.who.startswith("gang"):
            first.setdefault(one.core, one.start_ps - outcome.start_ps)
    assert first == dict.fromkeys(cores, begins_ms * MS)
