"""Work stealing with and without the count of de-allocations, on cores that are shared and on cores that are not."""

import random

import pytest
from kernelsim_machines import MS, machine

from kernelsim import Application, Programs, Scenario, run
from kernelsim.programs.parallel.stealing_by_request import work_stealing
from kernelsim.programs.requests import Program
from kernelsim.programs.team import Member
from kernelsim.scenario import CpuBound

ITEMS, ITEM_PS = 400, MS
CORES = (0, 1, 2, 3)
SLICE_PS = 80 * MS


def finished_ps(shared: tuple[int, ...], *, uses_count: bool, seed: int = 0, cores: tuple[int, ...] = CORES) -> int:
    """When the last item is done; the cores' timers begin anywhere in a slice."""
    done: list[int] = []
    make = work_stealing(ITEMS, ITEM_PS, uses_count=uses_count, done=done.append)
    applications = [Application("team", Programs(make), cores)]
    if shared:
        applications.append(Application("rival", CpuBound(), shared))
    draw = random.Random(seed)
    offsets = tuple(draw.randrange(SLICE_PS) if shared else 0 for _ in CORES)
    on = machine(4, timeslice_ps=SLICE_PS)
    outcome = run(Scenario(on, tuple(applications), 1500 * MS, timer_offset_ps=offsets))
    assert outcome.applications["team"].progress == ITEMS * len(cores)
    (when,) = done
    return when


@pytest.mark.parametrize("shared", [(0,), (0, 1), (1, 2, 3)])
def test_who_knows_which_peers_are_preempted_finishes_sooner_when_cores_are_shared(shared: tuple[int, ...]) -> None:
    """On average: the last item of all, which nobody can take over, may be on a core that is just lost."""
    blind, knowing = (
        sum(finished_ps(shared, uses_count=count, seed=seed) for seed in range(4)) for count in (False, True)
    )
    assert knowing < 0.98 * blind


def test_the_count_tells_a_peer_what_the_trace_tells_of_a_dispatcher() -> None:
    seen: list[tuple[int, bool]] = []

    def body(me: Member) -> Program:
        while True:
            yield me.compute_ps(3 * MS + 1)
            if me.index == 1:
                seen.append((me.now_ps, me.team.runs_on(0)))

    applications = (Application("team", Programs(lambda team: body), (0, 1)), Application("rival", CpuBound(), (0,)))
    outcome = run(Scenario(machine(2, timeslice_ps=20 * MS), applications, 500 * MS))
    slices = [each for each in outcome.trace.slices if each.who == "team.0"]
    assert len(seen) > 100
    assert seen == [(time, any(one.start_ps <= time < one.end_ps for one in slices)) for time, _ in seen]
    assert {runs for _, runs in seen} == {False, True}


def test_on_cores_of_their_own_knowing_it_gains_nothing() -> None:
    blind, knowing = (finished_ps((), uses_count=count) for count in (False, True))
    assert knowing == pytest.approx(blind, rel=0.01)
    assert blind == pytest.approx(ITEMS * ITEM_PS, rel=0.02)


def test_a_thread_alone_has_nobody_to_steal_from() -> None:
    assert finished_ps((), uses_count=True, cores=(2,)) == pytest.approx(ITEMS * ITEM_PS, rel=0.01)
