"""Time passes in closed form between scheduling events: a run step by step gives the same, iteration for iteration."""

from dataclasses import replace

import pytest
from kernelsim_machines import MS, barrier_beside_cpu_bound, out_of_phase, random_scenario

from kernelsim import Outcome, run
from kernelsim.scenario import Barrier


@pytest.fixture(scope="module")
def pairs(full_scale: bool) -> list[tuple[Outcome, Outcome]]:
    """Random scenarios, each run in closed form and step by step."""
    scenarios = [random_scenario(seed) for seed in range(1000 if full_scale else 20)]
    return [(run(scenario), run(replace(scenario, step_by_step=True))) for scenario in scenarios]


def test_step_by_step_gives_the_same_trace(pairs: list[tuple[Outcome, Outcome]]) -> None:
    for seed, (closed, stepped) in enumerate(pairs):
        assert list(closed.trace.lines()) == list(stepped.trace.lines()), seed
        assert closed.trace.sha256() == stepped.trace.sha256()


def test_step_by_step_gives_the_same_progress_misses_and_core_time(pairs: list[tuple[Outcome, Outcome]]) -> None:
    for seed, (closed, stepped) in enumerate(pairs):
        assert closed.applications == stepped.applications, seed
        assert closed.phase_changes == stepped.phase_changes, seed


def test_the_closed_forms_save_events_and_say_what_they_stand_for(pairs: list[tuple[Outcome, Outcome]]) -> None:
    assert sum(closed.events for closed, _ in pairs) < 0.7 * sum(stepped.events for _, stepped in pairs)
    assert all(closed.events_represented >= closed.events for closed, _ in pairs)


def test_fifteen_seconds_of_a_barrier_cost_hardly_more_events_than_one() -> None:
    scenario = out_of_phase(barrier_beside_cpu_bound(8), seed=1)
    long, short = run(scenario), run(replace(scenario, duration_ps=1000 * MS))
    assert long.applications["barrier"].progress > 10_000_000
    assert long.events < 20 * short.events
    assert long.events < 10_000
    assert long.events_represented > 10_000_000


def test_a_collapsed_barrier_is_stepped_through_alike() -> None:
    barrier = Barrier(work_cycles=20_000)
    scenario = replace(out_of_phase(barrier_beside_cpu_bound(10, barrier=barrier), seed=2), duration_ps=300 * MS)
    scenario = replace(scenario, warmup_ps=0)
    closed, stepped = run(scenario), run(replace(scenario, step_by_step=True))
    assert list(closed.trace.lines()) == list(stepped.trace.lines())
    assert closed.applications == stepped.applications
