"""More slack for who is in a critical section: fewer holders of locks lose their core, and nobody hard pays for it."""

from dataclasses import replace
from functools import cache

import pytest
from kernelsim_machines import MS, US, gang, machine, two_phases

from kernelsim import Application, Outcome, Programs, Scenario, run
from kernelsim.core.activation import Activation
from kernelsim.programs.requests import Program
from kernelsim.programs.synchronisation.spin_locks import TestAndSetLock
from kernelsim.programs.team import Body, Member, Team
from kernelsim.scenario import CpuBound

CORES = (0, 1, 2, 3)
SECTION_PS = 40 * US


def workers(pages: list[Activation]) -> Programs:
    """A tenth of the time each holds a lock that all want."""

    def make(team: Team) -> Body:
        lock = TestAndSetLock(team, spin_ps=None)

        def body(me: Member) -> Program:
            pages.append(me.activation)
            yield me.compute_ps(me.index * 77 * US)
            while True:
                yield me.compute_ps(9 * SECTION_PS)
                yield from lock.acquire(me)
                me.enter_section()
                yield me.compute_ps(SECTION_PS)
                yield from lock.release(me)
                me.leave_section()
                me.count()

        return body

    return Programs(make)


def beside_a_loop(pages: list[Activation], slack_ps: int) -> Scenario:
    """Cores that are not in phase, so that holders and those who wait are preempted independently."""
    return Scenario(
        machine(4, timeslice_ps=1 * MS),
        (Application("workers", workers(pages), CORES), Application("cpu", CpuBound(), CORES)),
        300 * MS,
        timer_offset_ps=(0, 310 * US, 570 * US, 830 * US),
        section_slack_ps=slack_ps,
    )


@cache
def holders(slack_ps: int) -> tuple[int, int, float]:
    """Preempted holders, sections done, and the share of the core time that the loop got."""
    pages: list[Activation] = []
    outcome = run(beside_a_loop(pages, slack_ps))
    loop = sum(outcome.applications["cpu"].cpu_ps) / (4 * outcome.duration_ps)
    return sum(page.preempted_in_section for page in pages), outcome.applications["workers"].progress, loop


def test_with_slack_for_a_whole_section_no_holder_of_a_lock_is_preempted() -> None:
    preempted, done, _ = holders(0)
    assert preempted > 20
    assert holders(2 * SECTION_PS)[0] == 0
    assert holders(2 * SECTION_PS)[1] > 1.03 * done


def test_less_slack_than_a_section_saves_a_part_of_them() -> None:
    assert holders(2 * SECTION_PS)[0] < holders(SECTION_PS // 2)[0] < holders(0)[0]


def test_what_the_slack_takes_from_others_is_bounded() -> None:
    assert holders(2 * SECTION_PS)[2] > 0.45


def test_a_slice_is_prolonged_once_and_by_no_more_than_the_slack() -> None:
    pages: list[Activation] = []

    def make(team: Team) -> Body:
        def body(me: Member) -> Program:
            pages.append(me.activation)
            me.enter_section()
            while True:
                yield me.compute_ps(1 * MS)

        return body

    scenario = beside_a_loop([], SECTION_PS)
    greedy = replace(scenario.applications[0], workload=Programs(make))
    outcome = run(replace(scenario, applications=(greedy, scenario.applications[1])))
    longest = max(each.end_ps - each.start_ps for each in outcome.trace.slices if each.who.startswith("workers"))
    assert longest <= 1 * MS + SECTION_PS
    assert outcome.applications["cpu"].cpu_ps[0] == pytest.approx(outcome.duration_ps / 2, rel=0.05)


def test_a_gang_that_is_released_is_not_kept_waiting_for_a_critical_section() -> None:
    scenario = beside_a_loop([], 10 * SECTION_PS)
    members = Application("gang", CpuBound(), CORES)
    outcome: Outcome = run(
        replace(
            scenario,
            applications=(scenario.applications[0], members),
            timer_offset_ps=(),
            synchronise=True,
            schedules=two_phases("gang", gang(4, 2, 5, 0), gang(4, 2, 5, 0)),
        )
    )
    assert outcome.applications["gang"].misses == ()
    starts = [each.start_ps - outcome.start_ps for each in outcome.trace.slices if each.who == "gang.0"]
    assert len(starts) > 50
    assert {start % (5 * MS) for start in starts} == {starts[0] % (5 * MS)}


def test_who_was_alone_on_its_core_keeps_it_for_a_section_as_well_once_others_come() -> None:
    pages: list[Activation] = []

    def make(team: Team) -> Body:
        def body(me: Member) -> Program:
            pages.append(me.activation)
            while True:
                me.enter_section()
                yield me.compute_ps(90 * US)
                me.leave_section()
                yield me.compute_ps(13 * US)

        return body

    late = Application("late", CpuBound(), (0,), starts_ps=(20 * MS,))
    scenario = Scenario(machine(1, timeslice_ps=1 * MS), (Application("holder", Programs(make), (0,)), late), 100 * MS)
    run(replace(scenario, section_slack_ps=100 * US))
    run(scenario)
    assert pages[0].preempted_in_section == 0
    assert pages[1].preempted_in_section > 20
