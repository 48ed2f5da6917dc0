"""What a domain is told of its cores and what it makes of that: pages to read, and cores that are asked back."""

from dataclasses import replace

import pytest
from kernelsim_machines import MS, gang, machine

from kernelsim import (
    Application,
    Operation,
    Outcome,
    PhaseChange,
    Programs,
    Reservation,
    Scenario,
    ScenarioError,
    Schedule,
    run,
)
from kernelsim.core.activation import Activation
from kernelsim.programs.requests import Program
from kernelsim.programs.synchronisation.barriers import CounterBarrier
from kernelsim.programs.team import Body, Member, Team
from kernelsim.scenario import CpuBound, Deallocation

CORES = (0, 1, 2, 3)
ROUND_PS = 4 * MS // 5
ASKED, GRACE = 200 * MS, 100 * MS


def rounds(*, adapts: bool, seen: list[tuple[int, int]] | None = None) -> Programs:
    """A team that shares each round's work among those who have time of their own; or, stubborn, among all."""

    def make(team: Team) -> Body:
        barriers = {size: CounterBarrier(team, size=size) for size in (2, 4)}
        chosen = {0: list(CORES)}

        def page(index: int) -> Activation:
            return team.members[index].activation

        def body(me: Member) -> Program:
            turn = 0
            while me.index in chosen[turn]:
                yield me.compute_ps(ROUND_PS // len(chosen[turn]))
                if me.index == 0:
                    own = [index for index in CORES if page(index).share > 0]
                    chosen[turn + 1] = own if adapts and own else list(CORES)
                    me.count()
                    if seen is not None:
                        seen.append((page(3).allocated_ps, page(3).period_ps))
                yield from barriers[len(chosen[turn])].wait(me)
                turn += 1

        return body

    return Programs(make)


def under_reduction(workload: Programs) -> Outcome:
    """A gang of four keeps its time on two cores only; on the others it is one of two, at a tenth."""
    four = gang(4, 20, 40, 0)
    two = (*four[:2], *(Reservation(index, "B", weight=1) for index in (2, 3)))
    return run(
        Scenario(
            machine(4, timeslice_ps=10 * MS),
            (Application("team", workload, CORES), Application("cpu", CpuBound(), CORES, weight=9)),
            500 * MS,
            (Schedule({"team": 0}, {"team": four}), Schedule({"team": 1}, {"team": two})),
            synchronise=True,
            phase_changes=(PhaseChange("team", 1, 100 * MS),),
            warmup_ps=200 * MS,
        )
    )


def test_the_page_of_a_dispatcher_shows_its_allocation_as_the_driver_changes_it() -> None:
    seen: list[tuple[int, int]] = []
    under_reduction(rounds(adapts=True, seen=seen))
    assert list(dict.fromkeys(seen)) == [(20 * MS, 40 * MS), (0, 0)]


def test_a_team_that_reads_its_reduced_allocation_and_shrinks_is_quicker() -> None:
    adaptive, stubborn = (under_reduction(rounds(adapts=each)).applications["team"].progress for each in (True, False))
    assert adaptive > 1.5 * stubborn


# -- cores that are asked back ---------------------------------------------------------------------------------


def team_of_four(*, listens: bool) -> Programs:
    """Fine-grained rounds. One that listens goes on with three once the fourth core is asked back."""

    def make(team: Team) -> Body:
        barriers = {size: CounterBarrier(team, size=size) for size in (3, 4)}
        sizes = {0: 4}

        def body(me: Member) -> Program:
            turn = 0
            while me.index < sizes[turn]:
                yield me.compute_ps(ROUND_PS // sizes[turn])
                if me.index == 0:
                    is_asked = team.members[3].activation.asked_back_ps is not None
                    sizes[turn + 1] = 3 if listens and is_asked else sizes[turn]
                    me.count()
                yield from barriers[sizes[turn]].wait(me)
                turn += 1

        return body

    return Programs(make)


def asked_for_a_core(*, listens: bool, asked: bool = True) -> Outcome:
    """A gang of four beside a loop; what it does is measured once the time to answer is over."""
    scenario = Scenario(
        machine(4, timeslice_ps=10 * MS),
        (Application("team", team_of_four(listens=listens), CORES), Application("cpu", CpuBound(), CORES)),
        240 * MS,
        (Schedule({"team": 0}, {"team": gang(4, 20, 40, 0)}),),
        synchronise=True,
        deallocations=(Deallocation("team", 3, ASKED, GRACE),),
        warmup_ps=ASKED + GRACE + 100 * MS,
    )
    return run(scenario if asked else replace(scenario, deallocations=()))


def test_a_gang_that_gives_a_core_back_in_time_goes_on_as_a_gang_of_three() -> None:
    outcome, whole = asked_for_a_core(listens=True), asked_for_a_core(listens=True, asked=False)
    assert [mark.kind for mark in outcome.trace.marks if mark.text == "team.3"] == ["asked back", "released"]
    three = [starts(outcome, f"team.{index}") for index in range(3)]
    assert three[0] == three[1] == three[2]
    assert len(three[0]) == pytest.approx(6, abs=1)
    kept = outcome.applications["team"].progress / whole.applications["team"].progress
    assert kept == pytest.approx(0.75, abs=0.01)
    assert outcome.applications["cpu"].cpu_ps[3] == outcome.duration_ps


def test_a_silent_gang_is_multiplexed_over_three_cores_and_much_slower() -> None:
    outcome, whole = asked_for_a_core(listens=False), asked_for_a_core(listens=False, asked=False)
    assert [mark.kind for mark in outcome.trace.marks if mark.text == "team.3"] == ["asked back", "virtualised"]
    begin = next(mark.time_ps for mark in outcome.trace.marks if mark.kind == "virtualised")
    cores = {
        index: {each.core for each in outcome.trace.slices if each.who == f"team.{index}" and each.start_ps > begin}
        for index in CORES
    }
    assert cores == {0: {0}, 1: {1}, 2: {2}, 3: {0}}
    kept = outcome.applications["team"].progress / whole.applications["team"].progress
    assert 0 < kept < 0.4
    assert outcome.applications["cpu"].cpu_ps[3] == outcome.duration_ps


def after_losing_core_0(**changes: object) -> Outcome:
    """An application whose first dispatcher has been moved to core 1 when it asks, after 60 ms."""
    schedules = tuple(Schedule({"team": phase}, {"team": gang(3, 1 + phase, 5, 0)}) for phase in (0, 1))
    scenario = Scenario(
        machine(4, timeslice_ps=1 * MS),
        (Application("team", CpuBound(), (0, 1, 2)),),
        200 * MS,
        schedules,
        synchronise=True,
        deallocations=(Deallocation("team", 0, 10 * MS, 5 * MS),),
    )
    return run(replace(scenario, **changes))  # type: ignore[arg-type]


def test_who_has_lost_its_core_changes_phase_by_its_new_monitor_and_the_one_that_tells_all() -> None:
    outcome = after_losing_core_0(phase_changes=(PhaseChange("team", 1, 60 * MS),))
    (change,) = outcome.phase_changes
    ways = [(each.source, each.target) for each in outcome.trace.messages if each.kind.startswith("phase")]
    assert (ways[0], ways[-1]) == ((1, 0), (0, 1))
    assert len(ways) == change.messages == 6
    assert [mark.core for mark in outcome.trace.marks if mark.kind == "phase change answered"] == [1]


def test_who_was_moved_to_the_core_that_it_sends_a_capability_to_needs_no_message_between_cores() -> None:
    outcome = after_losing_core_0(operations=(Operation("send", "team", 1, "frame", 60 * MS),))
    (send,) = outcome.operations
    assert (send.done, send.messages) == (True, 0)
    assert not [each for each in outcome.trace.messages if each.kind.startswith("capability")]


def starts(outcome: Outcome, who: str) -> list[int]:
    begin = outcome.start_ps + ASKED + GRACE + 100 * MS
    return [each.start_ps for each in outcome.trace.slices if each.who == who and each.start_ps >= begin]


@pytest.mark.parametrize(
    ("wanted", "accepted"),
    [
        (Deallocation("team", 4, 0, 0), "several"),
        (Deallocation("nobody", 0, 0, 0), "several"),
        (Deallocation("team", 0, -1, 0), "times from 0"),
    ],
)
def test_a_core_that_nobody_can_give_is_not_asked_for(wanted: Deallocation, accepted: str) -> None:
    loop = Scenario(machine(4), (Application("team", CpuBound(), CORES),), 10 * MS, deallocations=(wanted,))
    with pytest.raises(ScenarioError, match=accepted):
        run(loop)
