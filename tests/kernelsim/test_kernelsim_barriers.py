"""Barriers that programs meet at, beside the closed forms that BARRIER is simulated with."""

from collections.abc import Callable

import pytest
from kernelsim_machines import MS, US, machine
from kernelsim_programs import simulated

from kernelsim import Application, Machine
from kernelsim.programs.requests import Program
from kernelsim.programs.synchronisation.barriers import (
    CALL_PS,
    BlockingBarrier,
    CounterBarrier,
    Meeting,
    SystemCallBarrier,
    TreeBarrier,
)
from kernelsim.programs.team import Body, Make, Member, Team
from kernelsim.scenario import Barrier, CpuBound
from kernelsim.workloads.barrier import iteration_ps

KINDS: dict[str, Callable[[Team], Meeting]] = {
    "counter": CounterBarrier,
    "tree": TreeBarrier,
    "blocking": BlockingBarrier,
    "system call": SystemCallBarrier,
}
FLAT, FOUR_BY_FOUR = machine(16, 16), machine(16, 4)
WORK = Barrier().work_cycles


def meeting(
    kind: Callable[[Team], Meeting], times: int, ends: list[int], apart_ps: int = 0, inside: list[int] | None = None
) -> Make:
    """Thread i computes `apart_ps` x i longer than the first; `ends` are thread 0's."""

    def make(team: Team) -> Body:
        barrier = kind(team)
        met = [0] * team.size

        def body(me: Member) -> Program:
            for _ in range(times):
                yield me.compute(WORK)
                yield me.compute_ps(apart_ps * me.index)
                met[me.index] += 1
                yield from barrier.wait(me)
                if inside is not None:
                    inside.append(max(met) - min(met))
                if me.index == 0:
                    ends.append(me.now_ps)
                me.count()

        return body

    return make


def cost_ps(kind: Callable[[Team], Meeting], cores: tuple[int, ...], on: Machine, apart_ps: int = 0) -> int:
    """One iteration's, once the lines are where they will be."""
    ends: list[int] = []
    simulated(meeting(kind, 30, ends, apart_ps), cores=cores, on=on, duration_ps=20 * MS)
    return (ends[29] - ends[9]) // 20


def first(count: int) -> tuple[int, ...]:
    return tuple(range(count))


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("threads", [0, 7])
def test_nobody_leaves_a_barrier_before_all_have_come_though_cores_are_taken_away(name: str, threads: int) -> None:
    """Whoever goes on has met the others as often as they have met him, or they are one ahead."""
    inside: list[int] = []
    ends: list[int] = []
    quick = machine(8, timeslice_ps=1 * MS)
    make = meeting(KINDS[name], 30, ends, 40 * US, inside)
    rival = Application("rival", CpuBound(), (1, 2))
    outcome = simulated(make, rival, cores=(0, 1, 2, 5), threads=threads, on=quick).applications["program"]
    assert (outcome.progress, outcome.failures) == (30 * (threads or 4), ())
    assert max(inside) <= 1


@pytest.mark.parametrize("threads", [2, 4, 8, 16])
def test_a_counter_costs_what_its_closed_form_says_within_one_transfer(threads: int) -> None:
    expected = iteration_ps(FLAT, first(threads), Barrier())
    assert cost_ps(CounterBarrier, first(threads), FLAT) == pytest.approx(expected, abs=FLAT.line_ps[0][1])


def test_across_packages_a_counter_costs_less_than_its_closed_form_as_the_nearest_copy_is_read() -> None:
    """The closed form lets everybody read from the last to arrive."""
    expected = iteration_ps(FOUR_BY_FOUR, first(16), Barrier())
    assert 0.8 * expected < cost_ps(CounterBarrier, first(16), FOUR_BY_FOUR) < expected


@pytest.mark.parametrize("on", [FLAT, FOUR_BY_FOUR])
@pytest.mark.parametrize("threads", [2, 4, 8, 16])
def test_a_tree_costs_twice_the_transfers_of_its_closed_form_as_a_polled_line_moves_twice(
    on: Machine, threads: int
) -> None:
    """Once to who writes it, once back to who polls it; the closed form counts one."""
    work_ps = WORK * 10**12 // on.clock_hz[0]
    expected = iteration_ps(on, first(threads), Barrier(barrier="tree")) - work_ps
    assert cost_ps(TreeBarrier, first(threads), on) - work_ps == 2 * expected


def test_the_counter_grows_with_every_thread_and_the_tree_with_every_doubling() -> None:
    growth = {
        name: [
            cost_ps(KINDS[name], first(2 * count), FLAT) - cost_ps(KINDS[name], first(count), FLAT)
            for count in (2, 4, 8)
        ]
        for name in ("counter", "tree")
    }
    line = FLAT.line_ps[0][1]
    assert growth["tree"] == [4 * line] * 3
    assert growth["counter"] == pytest.approx([4 * line, 8 * line, 16 * line], abs=line)


def test_the_counter_is_the_worst_of_those_that_spin_from_eight_threads_on() -> None:
    costs = {name: cost_ps(KINDS[name], first(8), FLAT) for name in KINDS}
    assert costs["counter"] == costs["blocking"] > costs["tree"]
    assert costs["system call"] > CALL_PS + costs["tree"]


def test_a_counter_within_a_package_costs_about_half_of_one_across_packages() -> None:
    within, across = (cost_ps(CounterBarrier, cores, FOUR_BY_FOUR) for cores in ((0, 1, 2, 3), (0, 4, 8, 12)))
    assert 0.4 < within / across < 0.55


def test_who_comes_after_the_spin_window_finds_the_others_blocked_and_pays_for_waking_them() -> None:
    """Intel's library spins for 50 us, GOMP goes to the kernel at once."""

    def late_ps(name: str, apart_us: int) -> int:
        ends: list[int] = []
        simulated(meeting(KINDS[name], 1, ends, apart_us * US), cores=(0, 1), on=FLAT)
        return ends[0] - FLAT.context_switch_ps - apart_us * US

    assert late_ps("blocking", 20) == late_ps("counter", 20) == late_ps("counter", 80) < 1 * US
    assert late_ps("blocking", 80) == pytest.approx(FLAT.block_ps, abs=1 * US)
    assert late_ps("system call", 20) == pytest.approx(FLAT.block_ps + CALL_PS, abs=1 * US)


def test_who_blocks_leaves_its_core_to_others_and_who_spins_does_not() -> None:
    got: dict[str, int] = {}
    for name in ("counter", "system call"):
        make = meeting(KINDS[name], 10_000, [], 1 * MS)
        rival = Application("rival", CpuBound(), (0,))
        quick = machine(8, timeslice_ps=2 * MS)
        got[name] = simulated(make, rival, cores=(0, 1), on=quick, duration_ps=40 * MS).applications["rival"].cpu_ps[0]
    assert got["system call"] > got["counter"]
