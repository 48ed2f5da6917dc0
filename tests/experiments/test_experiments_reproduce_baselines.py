"""The baselines beside what was published of them; the whole rows at full scale, their mechanisms always."""

from dataclasses import replace

import pytest

from experiments.reproduce import Row
from experiments.reproduce.baselines import BASELINES, linux, streams, two_jobs
from experiments.reproduce.baselines.rep05 import placement_ratios
from experiments.reproduce.baselines.two_gangs import Setting, alternate, gain
from kernelsim.scenario import MICROSECOND_PS, Barrier

FEW_PAIRS = Setting(0, pairs=10)


def test_a_manager_in_user_space_is_slower_by_what_it_costs_and_equal_at_long_slices() -> None:
    row = BASELINES["REP-15"](1)
    assert [claim.claim for claim in row.claims if not claim.holds] == []
    assert all(ablation.breaks for ablation in row.ablations)


@pytest.mark.parametrize("name", BASELINES)
def test_every_claim_holds_and_every_ablation_breaks(name: str, full_scale: bool) -> None:
    if not full_scale:
        pytest.skip("takes seconds: SKB_TEST_SCALE=full")
    row: Row = BASELINES[name](20)
    assert [claim.claim for claim in row.claims if not claim.holds] == []
    assert [ablation.change for ablation in row.ablations if not ablation.breaks] == []
    assert row.ablations


@pytest.mark.parametrize(("slice_us", "least", "most"), [(80_000, 0.0, 0.001), (500, 0.0, 0.015), (20, 0.15, 0.45)])
def test_phase_locking_gains_only_at_slices_shorter_than_200_us(slice_us: int, least: float, most: float) -> None:
    assert least <= gain(replace(FEW_PAIRS, slice_us=slice_us, ipi_us=3.5)) <= most


@pytest.mark.parametrize("slice_us", [20, 200])
def test_interrupts_that_cost_nothing_are_as_good_as_phase_locking(slice_us: int) -> None:
    assert abs(gain(replace(FEW_PAIRS, slice_us=slice_us, ipi_us=0.0))) < 0.005


@pytest.mark.parametrize("ipi_us", [None, 3.5])
def test_alternating_gangs_advance_alike_when_every_iteration_is_carried_out(ipi_us: float | None) -> None:
    quick = replace(FEW_PAIRS, slice_us=20, ipi_us=ipi_us)
    assert alternate(quick) == alternate(replace(quick, step_by_step=True))


def kept(setting: linux.Setting) -> float:
    """What BARRIER keeps beside CPU-Bound, on the same cores."""
    short = replace(setting, seconds=2)
    return linux.contend(short).progress / linux.contend(replace(short, cpu_bound=False)).progress


@pytest.mark.parametrize("shared", [1, 2, 4])
def test_under_linux_each_shared_core_halves_what_a_spinning_barrier_keeps(shared: int) -> None:
    assert 0.5 <= kept(linux.Setting(8 + shared)) * 2**shared <= 2


def test_gangs_or_preemption_by_who_wakes_save_a_barrier_from_the_collapse() -> None:
    assert kept(linux.Setting(12, gang=True)) == pytest.approx(0.5, abs=0.02)
    blocking = linux.Setting(12, barrier=Barrier("block", 50 * MICROSECOND_PS))
    assert kept(replace(blocking, wakeup_preemption=True)) > 0.3
    assert kept(blocking) < 0.01


def test_random_placement_spreads_a_small_barriers_progress_and_placement_by_topology_does_not() -> None:
    assert min(placement_ratios().values()) >= 1.5
    alone = linux.Setting(2, cpu_bound=False, seconds=1)
    random = {linux.contend(replace(alone, seed=seed)).progress for seed in range(6)}
    assert max(random) >= 1.5 * min(random)
    compact = {linux.contend(replace(alone, seed=seed, compact=True)).progress for seed in range(6)}
    assert max(compact) <= 1.01 * min(compact)


def test_gangs_gain_where_threads_meet_often_and_lose_where_they_seldom_do() -> None:
    assert two_jobs.benefit(two_jobs.Setting(100_000, gang=True)) > 0.1
    assert two_jobs.benefit(two_jobs.Setting(3_000_000, gang=True)) < -0.03


def test_without_a_competing_job_gangs_neither_gain_nor_lose() -> None:
    assert abs(two_jobs.benefit(two_jobs.Setting(100_000, gang=True, jobs=1))) < 0.02


def test_what_gangs_cost_is_the_cores_that_wait_for_uneven_members() -> None:
    even = two_jobs.Setting(10_000_000, gang=True, spread_percent=0)
    assert two_jobs.throughput(even) > 0.98
    assert two_jobs.throughput(replace(even, spread_percent=25)) < 0.85


SHORT = streams.Setting("gang", 2, time_scale=30)


def test_packet_monitors_are_quicker_as_gangs_and_spread_less_than_under_linux() -> None:
    gang, under_linux = (streams.over(replace(SHORT, scheduler=each), range(1)) for each in ("gang", "linux"))
    assert gang.mean_s < 0.9 * under_linux.mean_s
    assert gang.spread_s < under_linux.spread_s / 2


def test_what_slows_packet_monitors_under_linux_is_where_their_threads_are_put() -> None:
    alike = streams.over(replace(SHORT, scheduler="linux", placement="packed"), range(1))
    assert alike.mean_s < 1.1 * streams.over(SHORT, range(1)).mean_s


def test_a_static_partition_for_each_stream_does_not_adapt_to_bursts() -> None:
    partition = replace(SHORT, scheduler="static")
    assert streams.over(partition, range(1)).mean_s == pytest.approx(
        streams.over(replace(partition, burst=1), range(1)).mean_s, rel=0.02
    )
