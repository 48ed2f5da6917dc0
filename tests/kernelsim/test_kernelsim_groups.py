"""Dispatcher groups: co-scheduled or not, member by member, and never a member before it has joined."""

from dataclasses import replace
from itertools import pairwise

import pytest
from kernelsim_machines import MS, US, gang, machine

from kernelsim import Application, Outcome, PhaseChange, Reservation, Scenario, ScenarioError, Schedule, run
from kernelsim.booting import Multikernel
from kernelsim.engine import Engine
from kernelsim.multikernel import _Run
from kernelsim.scenario import Barrier, CpuBound, Join

CORES = (0, 1, 2, 3)
GANG, COLLECT = "watch/gang", "watch/collect"


def best_effort() -> tuple[Reservation, ...]:
    return tuple(Reservation(index, "B", weight=1) for index in CORES)


def two_groups(*joins: Join, seconds: float = 1.0) -> Scenario:
    """A packet monitor whose cluster threads are a gang, 20 of 40 ms, and whose collectors are not, beside a loop."""
    members = gang(4, 20, 40, 0)
    return Scenario(
        machine(4, timeslice_ps=10 * MS),
        (
            Application("watch", CpuBound(), CORES, groups=("gang", "collect")),
            Application("cpu", CpuBound(), CORES),
        ),
        round(seconds * 1000) * MS,
        tuple(
            Schedule({GANG: phase, COLLECT: 0}, {GANG: members if phase else best_effort(), COLLECT: best_effort()})
            for phase in (0, 1)
        ),
        synchronise=True,
        phase_changes=(PhaseChange(GANG, 1, 50 * MS),),
        joins=joins,
    )


def joined(*dispatchers: int, group: str = "gang", at_ms: int = 0) -> tuple[Join, ...]:
    return tuple(Join("watch", index, group, at_ms * MS) for index in dispatchers)


def starts(outcome: Outcome, index: int, from_ms: int, to_ms: int) -> list[int]:
    begin, end = outcome.start_ps + from_ms * MS, outcome.start_ps + to_ms * MS
    who = f"watch.{index}"
    return [each.start_ps for each in outcome.trace.slices if each.who == who and begin <= each.start_ps < end]


def is_gang(outcome: Outcome, members: tuple[int, ...], from_ms: int, to_ms: int) -> bool:
    """Whether they start all their slices together, one in each period."""
    first, *others = (starts(outcome, index, from_ms, to_ms) for index in members)
    periodic = [after - before for before, after in pairwise(first)]
    return all(starts == first for starts in others) and set(periodic) == {40 * MS}


def test_the_gang_group_is_co_scheduled_and_the_collectors_are_not() -> None:
    outcome = run(two_groups(*joined(0, 1, 2), *joined(3, group="collect")))
    assert is_gang(outcome, (0, 1, 2), 200, 1000)
    assert not is_gang(outcome, (0, 3), 200, 1000)
    assert outcome.applications["watch"].misses == ()


def test_a_dispatcher_is_no_member_until_it_has_joined() -> None:
    outcome = run(two_groups(*joined(0, 1), *joined(2, at_ms=500)))
    assert is_gang(outcome, (0, 1), 200, 1000)
    assert not is_gang(outcome, (0, 2), 200, 480)
    assert is_gang(outcome, (0, 1, 2), 600, 1000)
    assert not is_gang(outcome, (0, 3), 600, 1000)


def test_groups_merge_for_a_while_and_split_again_by_joining() -> None:
    """As stop-the-world garbage collection would do it (dissertation, section 3.5.1)."""
    outcome = run(
        two_groups(
            *joined(0, 1),
            *joined(2, 3, group="collect"),
            *joined(2, 3, at_ms=300),
            *joined(2, 3, group="collect", at_ms=600),
        )
    )
    assert not is_gang(outcome, (0, 1, 2, 3), 150, 290)
    assert is_gang(outcome, (0, 1, 2, 3), 400, 590)
    assert not is_gang(outcome, (0, 2), 700, 1000)
    assert is_gang(outcome, (0, 1), 700, 1000)


def test_who_joins_tells_the_planners_of_its_domain_and_nobody_else() -> None:
    outcome = run(two_groups(*joined(1)))
    told = [(each.source, each.target) for each in outcome.trace.messages if each.kind == "join"]
    assert sorted(told) == [(1, 0), (1, 2), (1, 3)]
    assert [mark.text for mark in outcome.trace.marks if mark.kind == "join"] == ["watch.1 watch/gang, 1 members"]


def test_every_planner_of_the_domain_learns_who_is_a_member() -> None:
    scenario = two_groups(*joined(0, 1, 2), *joined(3, at_ms=500))
    *_, last = [mark for mark in run(scenario).trace.marks if mark.kind == "join"]
    assert (last.core, last.text) == (3, "watch.3 watch/gang, 4 members")
    booted = Multikernel(scenario, Engine())
    _Run(scenario, booted).outcome()
    for core in scenario.applications[0].cores:
        assert booted.monitors[core].planner.members("watch", "gang") == {0, 1, 2, 3}


def test_the_load_of_a_dispatcher_is_that_of_one_of_its_groups() -> None:
    scenario = two_groups()
    both = {GANG: gang(4, 20, 40, 0), COLLECT: gang(4, 22, 40, 0)}
    run(replace(scenario, schedules=(Schedule({GANG: 0, COLLECT: 0}, both),)))
    with pytest.raises(ScenarioError, match="at most 900000 ppm"):
        run(replace(scenario, schedules=(Schedule({GANG: 0, COLLECT: 0}, {**both, COLLECT: gang(4, 37, 40, 0)}),)))


def test_a_phase_change_of_one_group_leaves_the_other_alone() -> None:
    both = two_groups(*joined(0, 1), *joined(2, 3, group="collect"))
    without = run(replace(both, phase_changes=()))
    outcome = run(both)
    assert is_gang(outcome, (0, 1), 200, 1000)
    assert not is_gang(without, (0, 1), 200, 1000)
    for index in (2, 3):
        used = [each.applications["watch"].cpu_ps[index] / each.duration_ps for each in (outcome, without)]
        assert used[0] == pytest.approx(used[1], abs=0.03)


def test_a_barrier_keeps_its_progress_only_while_all_its_dispatchers_are_in_the_gang() -> None:
    progress = {}
    for members in (4, 3):
        joins = joined(*range(members))
        base = two_groups(*joins)
        team = replace(base.applications[0], workload=Barrier("yield", 50 * US))
        skewed = replace(base, applications=(team, base.applications[1]), timer_offset_ps=(), warmup_ps=200 * MS)
        progress[members] = run(skewed).applications["watch"].progress
    assert progress[4] > 1.5 * progress[3]


@pytest.mark.parametrize(
    ("change", "accepted"),
    [
        ({"joins": (Join("watch", 0, "garbage"),)}, "groups"),
        ({"joins": (Join("watch", 4, "gang"),)}, "dispatchers 0 to 3"),
        ({"joins": (Join("cpu", 0, "gang"),)}, "applications with groups"),
        ({"phase_changes": (PhaseChange("watch", 1),)}, "watch/collect"),
    ],
)
def test_groups_that_are_not_there_are_refused(change: dict[str, object], accepted: str) -> None:
    with pytest.raises(ScenarioError, match=accepted):
        run(replace(two_groups(), **change))  # type: ignore[arg-type]
