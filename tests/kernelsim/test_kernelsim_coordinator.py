"""The central gang scheduler: whose turn it is is announced, at a cost, and no clock but one matters."""

from dataclasses import replace

import pytest
from kernelsim_machines import MS, US, machine

from kernelsim import Application, Outcome, Scenario, ScenarioError, run
from kernelsim.scenario import Barrier, CpuBound, Scripted

CORES = (0, 1, 2, 3)


def two_gangs(slice_ps: int = 1 * MS, ipi_ps: int = 3 * US, **more: object) -> Scenario:
    applications = (Application("barrier", Barrier(), CORES), Application("cpu", CpuBound(), CORES[:2]))
    return Scenario(
        machine(4, timeslice_ps=slice_ps),
        applications,
        20 * slice_ps,
        scheduler="central-ipi",
        ipi_ps=ipi_ps,
        **more,  # type: ignore[arg-type]
    )


def slices(outcome: Outcome, who: str) -> list[tuple[int, int]]:
    return [(each.start_ps, each.end_ps) for each in outcome.trace.slices if each.who == who]


def test_every_member_begins_when_the_coordinator_has_sent() -> None:
    outcome = run(two_gangs())
    begins = [(2 * turn) * MS + 3 * US for turn in range(10)]
    for index in CORES:
        assert [start for start, _ in slices(outcome, f"barrier.{index}")] == begins


def test_only_the_coordinators_core_pays_for_sending() -> None:
    outcome = run(two_gangs())
    assert slices(outcome, "barrier.0")[0] == (3 * US, 1 * MS)
    assert slices(outcome, "barrier.1")[0] == (3 * US, 1 * MS + 3 * US)


def test_a_core_without_a_member_of_the_gang_idles() -> None:
    outcome = run(two_gangs(ipi_ps=0))
    assert {each.who for each in outcome.trace.slices if each.core == 3} == {"barrier.3"}
    assert outcome.applications["barrier"].cpu_ps[3] == 10 * MS


def test_gangs_need_no_synchronised_clocks() -> None:
    together = run(two_gangs()).applications["barrier"].progress
    apart = replace(two_gangs(timer_offset_ps=(0, 900 * US, 100 * US, 500 * US)), warmup_ps=2 * MS)
    assert run(apart).applications["barrier"].progress == pytest.approx(together, rel=0.01)


def test_serial_interrupts_arrive_one_after_the_other_and_cost_each() -> None:
    outcome = run(two_gangs(serial_ipis=True))
    starts = [slices(outcome, f"barrier.{index}")[0][0] for index in CORES]
    assert starts == [9 * US, 3 * US, 6 * US, 9 * US]


def test_a_manager_in_user_space_stops_every_core_while_it_works() -> None:
    outcome = run(replace(two_gangs(ipi_ps=0), scheduler="slurm-like", manager_ps=100 * US))
    for index in CORES:
        assert slices(outcome, f"barrier.{index}")[:2] == [(100 * US, 1 * MS), (2 * MS + 100 * US, 3 * MS)]


def test_a_gang_whose_member_blocks_leaves_its_core_idle() -> None:
    script = ((0, "run"), (200 * US, "block"), (300 * US, "run"))
    applications = (Application("script", Scripted((script,)), (0,)), Application("cpu", CpuBound(), (0,)))
    outcome = run(Scenario(machine(2, timeslice_ps=MS), applications, 2 * MS, scheduler="central-ipi"))
    assert slices(outcome, "script.0") == [(0, 200 * US), (300 * US, 1 * MS)]
    assert slices(outcome, "cpu.0") == [(1 * MS, 2 * MS)]


@pytest.mark.parametrize("ipi_us", [0, 4])
def test_step_by_step_gives_the_same_trace(ipi_us: int) -> None:
    quick = two_gangs(20 * US, ipi_us * US)
    slow = run(replace(quick, step_by_step=True))
    assert run(quick).trace.sha256() == slow.trace.sha256()
    assert run(quick).applications["barrier"].progress == slow.applications["barrier"].progress


@pytest.mark.parametrize(("slice_ps", "ipi_ps"), [(20 * US, 20 * US), (20 * US, -1)])
def test_interrupts_that_leave_nothing_of_a_slice_are_refused(slice_ps: int, ipi_ps: int) -> None:
    with pytest.raises(ScenarioError, match="accepted"):
        run(two_gangs(slice_ps, ipi_ps))
