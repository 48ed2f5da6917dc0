"""Programs that stop together, beside a load that computes, under gangs and without."""

import random

import pytest
from kernelsim_machines import MS, US, machine

from kernelsim import Application, Programs, Scenario, run
from kernelsim.applications.garbage import GarbageCollected, Guest
from kernelsim.programs.team import Make
from kernelsim.scenario import CpuBound

THREADS = 8
SLICE_MS = 15
CORES = machine(THREADS, timeslice_ps=SLICE_MS * MS)


def progress(make: Make, duration_ms: int, *, gang: bool = False, alone: bool = False) -> int:
    cores = tuple(range(THREADS))
    rival = () if alone else (Application("rival", CpuBound(), cores),)
    offsets = random.Random(0)
    scenario = Scenario(
        CORES,
        (Application("team", Programs(make), cores), *rival),
        duration_ms * MS,
        scheduler="central-ipi" if gang else "linux-like",
        ipi_ps=3 * US if gang else 0,
        timer_offset_ps=tuple(offsets.randrange(SLICE_MS * MS) for _ in cores),
        warmup_ps=100 * MS,
    )
    outcome = run(scenario).applications["team"]
    assert outcome.failures == ()
    return outcome.progress


def slowdown(make: Make, duration_ms: int, *, gang: bool) -> float:
    """Against half of what the team does alone: its part of the cores."""
    return progress(make, duration_ms, alone=True) / 2 / progress(make, duration_ms, gang=gang)


def collected(interval_ms: float) -> Make:
    return GarbageCollected(round(interval_ms * MS), round(interval_ms * MS / 10)).make


@pytest.mark.parametrize(
    ("interval_ms", "duration_ms", "least", "most"), [(2, 300, 4, 14), (5, 600, 2, 5), (60, 2000, 1, 1.4)]
)
def test_stopping_the_world_costs_the_more_the_shorter_its_interval_beside_the_slice(
    interval_ms: float, duration_ms: int, least: float, most: float
) -> None:
    assert least <= slowdown(collected(interval_ms), duration_ms, gang=False) <= most


@pytest.mark.parametrize(("interval_ms", "duration_ms"), [(2, 300), (5, 600)])
def test_a_gang_stops_its_world_without_a_loss(interval_ms: float, duration_ms: int) -> None:
    assert slowdown(collected(interval_ms), duration_ms, gang=True) == pytest.approx(1, abs=0.03)


def test_a_guest_whose_virtual_cores_spin_is_slowed_down_unless_all_of_them_run_together() -> None:
    guest = Guest(1 * MS).make
    assert slowdown(guest, 200, gang=False) > 2
    assert slowdown(guest, 200, gang=True) == pytest.approx(1, abs=0.03)


def test_a_guest_gives_no_core_back_while_it_spins_and_a_collector_does() -> None:
    """One of two threads has a rival on its core; the other waits for it, with nobody else there."""

    def waiter_ps(make: Make) -> int:
        team = Application("team", Programs(make), (0, 1))
        rival = Application("rival", CpuBound(), (0,))
        return run(Scenario(CORES, (team, rival), 300 * MS)).applications["team"].cpu_ps[1]

    assert waiter_ps(Guest(1 * MS).make) == 300 * MS
    assert waiter_ps(collected(1)) < 200 * MS
