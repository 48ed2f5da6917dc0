"""Runtimes that know which of their dispatchers have lost their core."""

import pytest
from kernelsim_machines import MS, US, machine
from kernelsim_programs import simulated

from kernelsim import Application, Outcome, Programs
from kernelsim.outcome import ApplicationOutcome
from kernelsim.programs.parallel.team_sizing import ParallelLoops
from kernelsim.programs.parallel.work_stealing import WorkStealing
from kernelsim.programs.requests import Program
from kernelsim.programs.team import Body, Member, Team
from kernelsim.scenario import CpuBound

QUICK = machine(8, timeslice_ps=10 * MS)
CORES = (0, 1, 2, 3)
RIVAL = Application("rival", CpuBound(), (2, 3))


def stealing(takes_over: str, *others: Application, duration_ps: int = 120 * MS) -> ApplicationOutcome:
    work = WorkStealing(tasks=6, steps=37, step_ps=170 * US, takes_over=takes_over)
    return simulated(work, *others, cores=CORES, on=QUICK, duration_ps=duration_ps).applications["program"]


def test_work_stealing_that_reads_the_count_of_de_allocations_beats_one_that_does_not_under_oversubscription() -> None:
    counted, blind = (stealing(takes_over, RIVAL).progress for takes_over in ("by count", "never"))
    assert counted > 1.1 * blind


def test_on_cores_of_its_own_the_count_neither_helps_nor_costs() -> None:
    counted, blind = (stealing(takes_over, duration_ps=20 * MS).progress for takes_over in ("by count", "never"))
    assert counted == pytest.approx(blind, rel=0.02)


def test_taking_over_without_asking_does_work_twice_where_the_owner_runs() -> None:
    """Fewer tasks than workers: somebody always has nothing to do, and robs those who are at it."""

    def steps(takes_over: str) -> int:
        work = WorkStealing(tasks=3, steps=50, step_ps=100 * US, takes_over=takes_over)
        return simulated(work, cores=CORES, on=QUICK, duration_ps=30 * MS).applications["program"].progress

    assert steps("always") < 0.5 * steps("by count")


def test_the_count_tells_whether_a_dispatcher_runs() -> None:
    seen: list[tuple[int, bool]] = []

    def make(team: Team) -> Body:
        def body(me: Member) -> Program:
            while True:
                yield me.compute_ps(137 * US)
                if me.index == 0:
                    seen.append((me.now_ps, team.runs_on(2)))

        return body

    outcome = simulated(make, RIVAL, cores=(0, 2), on=QUICK, duration_ps=95 * MS)
    slices = [(one.start_ps, one.end_ps) for one in outcome.trace.slices if one.who == "program.1"]
    assert {runs for _, runs in seen} == {True, False}
    assert all(runs == any(start <= now < end for start, end in slices) for now, runs in seen)


# -- teams -------------------------------------------------------------------------------------------------------


def looping(follows: bool, sizes: list[tuple[int, int]], *others: Application) -> Outcome:
    loops = ParallelLoops(16, 120 * US, follows, sizes)
    return simulated(loops, *others, cores=CORES, on=QUICK, duration_ps=100 * MS)


def test_a_team_has_at_each_loop_as_many_threads_as_it_has_cores() -> None:
    """By the trace: whose slice it was on each core when the loop began."""
    sizes: list[tuple[int, int]] = []
    outcome = looping(True, sizes, RIVAL)
    slices = [one for one in outcome.trace.slices if one.who.startswith("program")]
    assert {size for _, size in sizes} >= {2, 4}
    for now, size in sizes[1:-1]:
        assert size == len({one.core for one in slices if one.start_ps <= now < one.end_ps})


def visiting(me: Member) -> Program:
    """Comes after 20 ms and needs a core for 25 ms."""
    yield me.sleep(20 * MS)
    yield me.compute_ps(25 * MS)


def test_a_team_shrinks_when_others_come_and_grows_when_they_have_gone() -> None:
    guest = Application("guest", Programs(lambda team: visiting), (3,))
    sizes: list[tuple[int, int]] = []
    outcome = looping(True, sizes, guest)
    visits = [(one.start_ps, one.end_ps) for one in outcome.trace.slices if one.who == "guest.0"]
    gone_ps = visits[-1][1]
    assert {size for now, size in sizes if now < visits[0][0] or now > gone_ps + 1 * MS} == {4}
    assert {size for now, size in sizes if any(start <= now < end for start, end in visits[1:])} == {3}


def test_a_team_that_follows_its_allocation_gets_further_than_one_that_does_not() -> None:
    followed, fixed = (looping(follows, [], RIVAL).applications["program"].progress for follows in (True, False))
    assert followed > 1.3 * fixed
    alone = [looping(follows, []).applications["program"].progress for follows in (True, False)]
    assert alone[0] == pytest.approx(alone[1], rel=0.02)
