"""Monitors of packet streams: a batch is an update, an update a team that is placed anew."""

from dataclasses import replace

import pytest
from kernelsim_machines import MS, US, cycles, machine, out_of_phase

from kernelsim import Application, Outcome, Scenario, ScenarioError, run
from kernelsim.scenario import Barrier, StreamClustering

COLLECT = 1 * MS
WORK = cycles(1_000_000)


def stream(*arrives_ms: int, **more: object) -> StreamClustering:
    barrier = Barrier("block", 50 * US, work_cycles=1_000_000)
    return replace(StreamClustering(tuple(each * MS for each in arrives_ms), COLLECT, 50, barrier=barrier), **more)  # type: ignore[arg-type]


def monitors(*streams: StreamClustering, scheduler: str = "linux-like") -> Scenario:
    applications = tuple(Application(f"s{each}", one, tuple(range(16))) for each, one in enumerate(streams))
    return Scenario(machine(timeslice_ps=15 * MS), applications, 400 * MS, scheduler=scheduler)


def latencies(outcome: Outcome, name: str = "s0") -> tuple[int, ...]:
    return outcome.applications[name].latencies_ps


@pytest.mark.parametrize("scheduler", ["linux-like", "rbed"])
def test_an_update_alone_takes_its_barriers_and_one_switch(scheduler: str) -> None:
    (latency,) = latencies(run(monitors(stream(10, placement="packed"), scheduler=scheduler)))
    line = cycles(75) * 3 + cycles(160) + cycles(75) * 3 + cycles(160) * 4 + cycles(75) * 3
    assert latency == 4 * US + 50 * (WORK + line)


def test_a_batch_that_comes_during_an_update_waits_for_its_end_and_is_not_late_for_that() -> None:
    outcome = run(monitors(stream(10, 11, 12)))
    first, second, third = latencies(outcome)
    assert first == pytest.approx(second, rel=0.01)
    assert second == pytest.approx(third, rel=0.01)


def test_between_updates_every_core_is_idle() -> None:
    outcome = run(monitors(stream(10, 100)))
    ends = sorted(each.end_ps for each in outcome.trace.slices if each.who.startswith("s0"))
    assert all(end < 33 * MS or end > 101 * MS for end in ends)
    assert sum(outcome.applications["s0"].cpu_ps) == pytest.approx(8 * sum(latencies(outcome)), rel=0.01)


def test_teams_are_packed_on_the_cores_where_fewest_are_placed() -> None:
    outcome = run(monitors(*(stream(10 + each, placement="packed") for each in range(3))))
    cores = [{each.core for each in outcome.trace.slices if each.who.startswith(f"s{one}.")} for one in range(3)]
    assert cores == [set(range(8)), set(range(8, 16)), set(range(8))]


def test_linux_places_a_team_by_who_can_run_at_that_instant() -> None:
    base = monitors(*(stream(10 + 3 * each) for each in range(4)))
    apart = [
        replace(each, workload=replace(each.workload, barrier=Barrier("block", work_cycles=10**6, seed=seed)))  # type: ignore[type-var]
        for seed, each in enumerate(base.applications)
    ]
    outcome = run(replace(base, applications=tuple(apart)))
    cores = [{each.core for each in outcome.trace.slices if each.who.startswith(f"s{one}.")} for one in range(4)]
    assert cores[0] | cores[1] == set(range(16))
    assert [len(each) for each in cores] == [8] * 4


def test_more_threads_than_cores_share_them_evenly() -> None:
    application = Application("s0", stream(10), (0, 1, 2, 3), threads=8)
    outcome = run(replace(monitors(stream(10)), applications=(application,)))
    (latency,) = latencies(outcome)
    assert latency > 2 * 50 * WORK
    assert max(outcome.applications["s0"].cpu_ps) == pytest.approx(min(outcome.applications["s0"].cpu_ps), rel=0.02)


@pytest.mark.parametrize("scheduler", ["linux-like", "user-level-gang", "rbed"])
def test_step_by_step_gives_the_same_trace(scheduler: str) -> None:
    quick = out_of_phase(monitors(*(stream(5 + each) for each in range(4)), scheduler=scheduler), 3)
    outcome, slow = run(quick), run(replace(quick, step_by_step=True))
    assert outcome.trace.sha256() == slow.trace.sha256()
    assert latencies(outcome) == latencies(slow) != ()


@pytest.mark.parametrize(
    ("change", "accepted"),
    [({"threads": 17}, "1 to 16 threads"), ({"barriers": 0}, "at least one barrier"), ({"placement": "any"}, "idlest"),
     ({"arrives_ps": (5, 3)}, "in their order"), ({"collect_ps": -1}, "times from 0 on")],
)  # fmt: skip
def test_what_no_monitor_can_do_is_refused(change: dict[str, object], accepted: str) -> None:
    with pytest.raises(ScenarioError, match=accepted):
        run(monitors(stream(10, **change)))
