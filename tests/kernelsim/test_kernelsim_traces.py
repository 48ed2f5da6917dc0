"""What holds of every run: equal bytes, one dispatcher at a time, messages in order, no time lost or won."""

import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from kernelsim_machines import MS, US, S, machine, random_scenario

from kernelsim import Application, Outcome, Reservation, Scenario, Schedule, run
from kernelsim.scenario import Barrier, CpuBound, Traffic
from kernelsim.trace import Message, Slice


@pytest.fixture(scope="module")
def runs(full_scale: bool) -> list[tuple[Scenario, Outcome]]:
    scenarios = [random_scenario(seed) for seed in range(1000, 3000 if full_scale else 1060)]
    return [(scenario, run(scenario)) for scenario in scenarios]


def test_equal_scenarios_give_equal_bytes(runs: list[tuple[Scenario, Outcome]]) -> None:
    for seed, (_, first) in enumerate(runs[:20], start=1000):
        again = run(random_scenario(seed))
        assert "".join(again.trace.lines()) == "".join(first.trace.lines())
        assert (again.applications, again.events) == (first.applications, first.events)


def test_the_order_of_hashes_changes_nothing() -> None:
    code = "from kernelsim_machines import *; from kernelsim import run; print(run(random_scenario(7)).trace.sha256())"
    folder = Path(__file__).parent
    hashes = set()
    for seed in ("1", "2"):
        environment = os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": f"{folder}{os.pathsep}{folder.parents[1]}"}
        done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, check=True, text=True)
        hashes.add(done.stdout.strip())
    assert hashes == {run(random_scenario(7)).trace.sha256()}


def test_a_core_has_one_dispatcher_at_a_time(runs: list[tuple[Scenario, Outcome]]) -> None:
    for _, outcome in runs:
        by_core: dict[int, list[Slice]] = {}
        for each in sorted(outcome.trace.slices):
            assert each.start_ps < each.end_ps
            by_core.setdefault(each.core, []).append(each)
        for slices in by_core.values():
            for before, after in pairwise(slices):
                assert before.end_ps <= after.start_ps
                assert before.end_ps < after.start_ps or before.who != after.who


def test_a_dispatcher_never_leaves_its_core(runs: list[tuple[Scenario, Outcome]]) -> None:
    for scenario, outcome in runs:
        home = {f"monitor.{core}": core for core in range(scenario.machine.cores)}
        for application in scenario.applications:
            home |= {f"{application.name}.{index}": core for index, core in enumerate(application.cores)}
        assert all(home[each.who] == each.core for each in outcome.trace.slices)


def test_the_slices_add_up_to_the_core_time(runs: list[tuple[Scenario, Outcome]]) -> None:
    for scenario, outcome in runs:
        begin = outcome.start_ps + scenario.warmup_ps
        end = begin + scenario.duration_ps
        ran: dict[str, int] = {}
        for each in outcome.trace.slices:
            assert each.end_ps <= end
            ran[each.who] = ran.get(each.who, 0) + max(0, each.end_ps - max(begin, each.start_ps))
        for name, application in outcome.applications.items():
            for index, cpu_ps in enumerate(application.cpu_ps):
                assert cpu_ps == ran.get(f"{name}.{index}", 0)


def test_messages_of_a_channel_arrive_in_the_order_of_sending_after_its_latency(
    runs: list[tuple[Scenario, Outcome]],
) -> None:
    for scenario, outcome in runs:
        channels: dict[tuple[int, int, bool], list[Message]] = {}
        for message in outcome.trace.messages:
            key = (message.source, message.target, message.kind == "traffic")
            channels.setdefault(key, []).append(message)
        for (source, target, _), messages in channels.items():
            latency = scenario.machine.latency_ps[source][target]
            assert all(message.arrived_ps - message.sent_ps >= latency for message in messages)
            arrivals = [message.arrived_ps for message in sorted(messages)]
            assert arrivals == sorted(set(arrivals))


def test_no_message_is_lost() -> None:
    flows = ((0, 1, 300 * US), (1, 0, 1 * MS), (2, 3, 70 * US), (3, 0, 5 * MS))
    application = Application("traffic", Traffic(flows), (0, 5, 9, 15))
    outcome = run(Scenario(machine(), (application,), 1 * S))
    arrived = [message for message in outcome.trace.messages if message.arrived_ps < 1 * S]
    assert outcome.applications["traffic"].received == len(arrived)
    sent = {(0, 5): 3332, (5, 0): 999, (9, 15): 14284, (15, 0): 199}
    for (source, target), count in sent.items():
        found = sum((message.source, message.target) == (source, target) for message in arrived)
        assert count <= found <= count + 1


def test_the_mean_latency_of_idle_cores_is_that_of_the_channel() -> None:
    application = Application("traffic", Traffic(((0, 1, 1 * MS),)), (0, 5))
    outcome = run(Scenario(machine(), (application,), 1 * S)).applications["traffic"]
    assert outcome.mean_latency_ps == machine().latency_ps[0][5]


def test_a_run_that_is_asked_to_stop_ends_with_what_it_has() -> None:
    barrier = Application("barrier", Barrier(spread_percent=5), (0, 1))
    scenario = Scenario(machine(2), (barrier,), 10 * S)
    asked: list[int] = []

    def is_asked() -> bool:
        asked.append(1)
        return len(asked) == 2

    outcome = run(scenario, is_asked)
    assert outcome.interrupted_ps == outcome.duration_ps < 10 * S
    assert outcome.applications["barrier"].cpu_ps == (outcome.duration_ps,) * 2
    assert max(each.end_ps for each in outcome.trace.slices) == outcome.interrupted_ps


def test_hard_tasks_that_nobody_can_reach_stop_when_asked_too() -> None:
    task = Application("task", CpuBound(), (0,))
    promised = (Reservation(0, "H", wcet_ps=10 * MS, period_ps=80 * MS, deadline_ps=80 * MS),)
    scenario = Scenario(machine(2), (task,), 100_000 * S, (Schedule({"task": 0}, {"task": promised}),))
    outcome = run(scenario, lambda: True)
    assert outcome.interrupted_ps == outcome.duration_ps < 1000 * S
    assert outcome.applications["task"].cpu_ps[0] == outcome.duration_ps // 8
