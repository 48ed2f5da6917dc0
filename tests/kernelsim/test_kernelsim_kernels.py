"""Compute kernels as profiles of computing and synchronising."""

import pytest
from kernelsim_machines import HZ, MS, US, machine

from kernelsim import Application, Programs, Scenario, run
from kernelsim.applications.kernels import Kernel, Profile

CORES = machine(16)
EVEN = Profile("even", HZ // 100, barriers=10)
"""Ten intervals of 1 ms of work."""


def interval_us(profile: Profile, threads: int, barrier: str = "counter", grain: int = 1) -> float:
    kernel = Kernel(profile, barrier, 4, grain)
    application = Application(profile.name, Programs(kernel.make), tuple(range(threads)))
    outcome = run(Scenario(CORES, (application,), 100 * MS)).applications[profile.name]
    assert (outcome.progress, outcome.failures) == (5 * threads, ())
    return kernel.interval_ps() / US


@pytest.mark.parametrize("threads", [1, 2, 16])
def test_even_work_is_divided_and_only_the_barrier_is_added(threads: int) -> None:
    assert 1000 / threads <= interval_us(EVEN, threads) <= 1000 / threads + 3


def test_serial_work_is_the_first_threads_alone() -> None:
    half = Profile("half", EVEN.work_cycles, 10, serial_percent=50)
    assert interval_us(half, 10) == pytest.approx(500 + 50, abs=3)


def test_memory_bound_work_is_no_faster_than_the_packages_allow() -> None:
    bound = Profile("bound", EVEN.work_cycles, 10, memory_percent=100)
    assert interval_us(bound, 4) == pytest.approx(1000, abs=3)
    assert interval_us(bound, 16) == pytest.approx(250, abs=3)


def test_uneven_threads_wait_in_the_kernel_for_a_block_and_in_user_space_for_none() -> None:
    uneven = Profile("uneven", EVEN.work_cycles, 10, spread_percent=10)
    gap_us = interval_us(uneven, 8, "system call") - interval_us(uneven, 8)
    assert 1 < gap_us < 12


def test_locks_cost_their_holders_time_and_contended_ones_serialise() -> None:
    many = Profile("many", EVEN.work_cycles, 10, locks=400, mutexes=500, hold_cycles=25_000)
    one = Profile("one", EVEN.work_cycles, 10, locks=400, mutexes=1, hold_cycles=25_000)
    assert interval_us(many, 4) == pytest.approx(250 + 10 * 10, rel=0.1)
    assert interval_us(one, 4) > 40 * 10


@pytest.mark.parametrize(("locks", "threads", "grain"), [(0, 4, 1), (480, 4, 1), (481, 4, 2), (4800, 4, 10)])
def test_a_sample_has_few_locks_in_an_interval(locks: int, threads: int, grain: int) -> None:
    assert Profile("sampled", 10**9, 10, locks=locks).grain(threads) == grain
