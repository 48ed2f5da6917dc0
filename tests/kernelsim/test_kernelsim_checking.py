"""Scenarios that no machine can run are refused before anything runs, each with what would be accepted."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from kernelsim_machines import machine

from kernelsim import Application, PhaseChange, Reservation, Scenario, ScenarioError, Schedule, run
from kernelsim.scenario import MILLISECOND_PS, Barrier, CpuBound, Deallocation, Join, Scripted

GANG = Reservation(0, "H", wcet_ps=10, period_ps=100, deadline_ps=10)


def sound() -> Scenario:
    applications = (Application("a", CpuBound(), (0, 1)), Application("b", Barrier(), (1, 2)))
    return Scenario(machine(), applications, MILLISECOND_PS)


def with_application(
    then: Callable[[Scenario], Scenario] = lambda scenario: scenario, **changes: object
) -> Callable[[Scenario], Scenario]:
    return lambda scenario: then(
        replace(
            scenario,
            applications=(replace(scenario.applications[0], **changes), scenario.applications[1]),  # type: ignore[arg-type]
        )
    )


def with_reservation(**changes: object) -> Callable[[Scenario], Scenario]:
    reservation = replace(GANG, **changes)  # type: ignore[arg-type]
    return lambda scenario: replace(scenario, schedules=(Schedule({"a": 0}, {"a": (reservation,)}),))


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda s: replace(s, slices_ps={0: (0,)}), "each positive"),
        (lambda s: replace(s, slices_ps={0: ()}), "at least one"),
        (lambda s: replace(s, timer_offset_ps=(1, 2)), "16 values"),
        (lambda s: replace(s, clock_skew_ps=(-1,) * 16), "from 0 on"),
        (lambda s: replace(s, response_delay_ps=(1,)), "16 values"),
        (lambda s: replace(s, phase_changes=(PhaseChange("a", 1, -5),)), "a time from 0"),
        (with_application(workload=CpuBound(0)), "at least 1"),
        (with_application(workload=Barrier(work_cycles=-5)), "at least 1"),
        (with_application(workload=Scripted((((-1, "run"),), ()))), "times from 0 on"),
        (with_application(weight=0), "1 to 65535"),
        (with_application(weight=5_000_000), "1 to 65535"),
        (with_application(threads=-1), "or more"),
        (with_application(starts_ps=(-1, 0)), "from 0 on"),
        (with_application(name="monitor"), "none of them 'monitor'"),
        (with_reservation(kind="X"), "B, S, H, G"),
        (with_reservation(period_ps=0), "0 < WCET"),
        (with_reservation(wcet_ps=0), "0 < WCET"),
        (with_reservation(wcet_ps=20), "0 < WCET"),
        (with_reservation(offset_ps=-1), "offset and delay from 0"),
        (with_reservation(dispatcher=2), "dispatchers 0 to 1"),
        (with_reservation(wcet_ps=95, deadline_ps=95), "900000 ppm"),
        (lambda s: replace(s, schedules=(Schedule({"nobody": 0}, {}),)), "applications of the scenario"),
        (
            with_application(threads=1, groups=("g",), then=lambda s: replace(s, joins=(Join("a", 1, "g"),))),
            "s 0 to 0,",
        ),
        (
            with_application(threads=1, then=lambda s: replace(s, deallocations=(Deallocation("a", 1, 0, 0),))),
            "several",
        ),
    ],
)
def test_what_cannot_be_run_is_refused(spoil: Callable[[Scenario], Scenario], says: str) -> None:
    run(sound())
    with pytest.raises(ScenarioError, match="accepted") as caught:
        run(spoil(sound()))
    assert says in str(caught.value)


@pytest.mark.parametrize(("groups", "key"), [((), "a"), (("g",), "a/g")])
def test_who_blocks_gets_no_guaranteed_time_nor_does_its_group(groups: tuple[str, ...], key: str) -> None:
    blocking = with_application(workload=Barrier(wait="block"), groups=groups)(sound())
    with pytest.raises(ScenarioError, match="released in the past") as caught:
        run(replace(blocking, schedules=(Schedule({key: 0}, {key: (GANG,)}),)))
    assert caught.value.code == "blocking_real_time"


def test_threads_that_spin_for_ever_on_one_dispatcher_meet_once_a_time_slice() -> None:
    team = Application("team", Barrier("spin"), (0,), threads=2)
    outcome = run(Scenario(machine(), (team,), 1000 * MILLISECOND_PS))
    assert 10 <= outcome.applications["team"].progress <= 13
