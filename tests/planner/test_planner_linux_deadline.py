"""SCHED_DEADLINE: parameters within the kernel's limits, the kernel's own test, and what is left of a guarantee."""

import json
from collections.abc import Sequence
from math import lcm

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from planner_machines import flat, opteron

from planner import Decision, Manifest, PlanError, Reservation, Topology, admit
from planner.linux_deadline.attributes import DeadlineTask, check_attributes
from planner.linux_deadline.emission import Emission, emit_deadline
from planner.linux_deadline.guarantee import HARD, NO_LOCKSTEP, NOT_HARD, meets_every_deadline
from planner.linux_deadline.root_domain import RootDomain, bandwidth
from planner.linux_deadline.rt_app import read_rt_app, write_rt_app
from planner.verify import count_misses

MS = 1_000_000
MACHINE = Topology.of(opteron())


def manifest(name: str, text: str, dispatchers: int = 1) -> Manifest:
    return Manifest.from_text(text, name=name, dispatchers=dispatchers)


def emission(asked: Sequence[Manifest], **options: object) -> Emission:
    decision = admit(asked, MACHINE, **options)
    assert decision.admitted
    return emit_deadline(decision, asked, MACHINE)


def task(runtime: int, deadline: int, period: int, name: str = "a", phase: int = 0) -> DeadlineTask:
    return DeadlineTask(name, 0, phase, 0, 100, runtime, deadline, period)


def test_each_dispatchers_phase_has_a_command_on_the_os_index_of_its_core() -> None:
    found = emission([manifest("a", "B 1\nH 5 20 10")], cores={"a": [3]})
    (domain,) = found.domains
    assert (domain.cpus, domain.is_admitted) == ((103,), True)
    command = "chrt -d --sched-runtime 5000000 --sched-deadline 10000000 --sched-period 20000000 0 COMMAND"
    assert [one.command for one in domain.tasks] == [command]
    assert f"echo $$ > /sys/fs/cgroup/skb.cpu103/cgroup.procs; exec {command}" in found.text
    assert "a.0 phase 0 is best effort" in found.text
    assert found.promises[0].sentences == (HARD,)


def test_a_schedule_that_rests_on_offsets_is_not_promised_without_them() -> None:
    found = emission([manifest("a", "G 4 10 4"), manifest("b", "G 4 10 4")], cores={"a": [0], "b": [0]})
    (promised,) = found.promises
    assert not promised.is_hard
    assert promised.sentences[0] == NOT_HARD
    assert found.domains[0].is_admitted


def test_a_gang_is_told_that_linux_keeps_no_lockstep() -> None:
    found = emission([manifest("a", "G 4 10", 2)])
    assert all(one.is_hard and NO_LOCKSTEP in one.sentences for one in found.promises)


def test_the_kernels_bound_counts_in_its_own_fixed_point() -> None:
    assert bandwidth(1_000_000, 950_000) == 996_147
    full = [task(89 * MS, 100 * MS, 100 * MS), task(6 * MS, 100 * MS, 100 * MS, "b")]
    assert RootDomain((0,), tuple(full)).is_admitted
    assert not RootDomain((0,), (*full, task(100_000, 100 * MS, 100 * MS, "c"))).is_admitted
    assert RootDomain((0,), tuple(full[:1])).leaves_the_fair_server
    assert not RootDomain((0,), tuple(full)).leaves_the_fair_server


def test_phases_of_one_application_are_not_added_up() -> None:
    phases = (task(60 * MS, 100 * MS, 100 * MS), task(80 * MS, 100 * MS, 100 * MS, phase=1))
    assert RootDomain((0,), phases).total == bandwidth(100, 80)


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (task(1023, MS, MS), "at least 1024 ns"),
        (task(2048, 2**63, 2**63), f"at most {2**63 - 1} ns"),
        (task(3 * MS, 2 * MS, 4 * MS), "runtime <= deadline <= period"),
        (task(3 * MS, 5 * MS, 4 * MS), "runtime <= deadline <= period"),
        (task(2048, 99_999, 99_999), "sched_deadline_period_min_us"),
        (task(2048, 5_000 * MS, 5_000 * MS), "100000 to 4194304000 ns"),
    ],
)
def test_parameters_that_sched_setattr_refuses_are_refused_with_the_limit(found: DeadlineTask, message: str) -> None:
    with pytest.raises(PlanError, match=message):
        check_attributes(found)


def test_a_machine_without_os_indexes_has_no_commands() -> None:
    asked = [manifest("a", "H 1 10")]
    decision = admit(asked, Topology.of(flat(1)))
    with pytest.raises(PlanError, match="has no OS index"):
        emit_deadline(decision, asked, Topology.of(flat(1)))


@settings(derandomize=True, max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 6), st.sampled_from([4, 6, 8, 12]), st.integers(0, 12)), min_size=1, max_size=4)
)
def test_the_sporadic_test_agrees_with_a_simulation_from_one_common_release(
    drawn: list[tuple[int, int, int]],
) -> None:
    tasks = [
        task(min(wcet, period) * MS, (wcet + (period - wcet) * slack // 12) * MS, period * MS, str(number))
        for number, (wcet, period, slack) in enumerate((min(w, p), p, s) for w, p, s in drawn)
    ]
    turn = lcm(*(one.period_ns for one in tasks))
    if sum(turn // one.period_ns * one.runtime_ns for one in tasks) >= turn:
        return
    held = [Reservation(one.application, 0, 0, "H", one.runtime_ns, one.period_ns, one.deadline_ns) for one in tasks]
    assert meets_every_deadline(tasks) == (count_misses(held) == 0)


TASK_SET = """
/* as rt-app's own examples write them */
{ "tasks": {
    "video": {"policy": "SCHED_DEADLINE", "dl-runtime": 5000, "dl-deadline": 10000, "dl-period": 20000, "cpus": [103],
              "run": 5000, "timer": {"ref": "video", "period": 20000}, "run": 10},
    "audio": {"policy": "SCHED_DEADLINE", "runtime": 1000, "period": 5000, "instance": 2},
    "steps": {"policy": "SCHED_DEADLINE", "dl-period": 8000,
              "phases": {"light": {"dl-runtime": 1000}, "heavy": {"dl-runtime": 3000}}},
    "shell": {"run": 100, "sleep": 100}
  }, "global": {"duration": 5} }
"""


def test_a_task_set_of_rt_app_is_read_as_manifests() -> None:
    found = read_rt_app(TASK_SET, "set")
    video, audio, steps, shell = found.manifests
    assert (video.to_text(), shell.to_text()) == ("H 5 20 10 0\n", "B 1\n")
    assert steps.to_text() == "H 1 8 8 0\nH 3 8 8 0\n"
    assert (audio.dispatcher_count, [group.is_gang(0) for group in audio.groups]) == (2, [False, False])
    assert found.cpus == {"video": (103,)}


def decided(asked: Sequence[Manifest]) -> Decision:
    return admit(asked, MACHINE)


def test_what_is_written_for_rt_app_reads_back_as_the_same_reservations() -> None:
    asked = list(read_rt_app(TASK_SET, "set").manifests)
    written = write_rt_app(decided(asked), asked, MACHINE)
    back = read_rt_app(written, "set")
    assert [one.to_text() for one in back.manifests] == [
        "H 5 20 10 0\n",
        "H 1 5 5 0\n",
        "H 1 5 5 0\n",
        "H 1 8 8 0\nH 3 8 8 0\n",
        "B 1\n",
    ]
    assert json.loads(written)["tasks"]["audio.1"]["timer"] == {"ref": "audio.1", "period": 5000, "mode": "absolute"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "line 1"),
        ('{"tasks": {}}', "1 to 4096 tasks"),
        ('{"tasks": {"a": 1}}', "tasks.a: found '1'; a table is accepted"),
        ('{"tasks": {"a": {"policy": "SCHED_FIFO"}}}', "policy 'SCHED_FIFO'"),
        ('{"tasks": {"a": {"policy": "SCHED_DEADLINE", "dl-runtime": 5}}}', "no dl-runtime, or no dl-period"),
        ('{"tasks": {"a": {"policy": "SCHED_DEADLINE", "dl-runtime": 0, "dl-period": 5}}}', "more than 0"),
        ('{"tasks": {"a": {"policy": "SCHED_DEADLINE", "dl-runtime": -1, "dl-period": 5}}}', "more than 0"),
        ('{"tasks": {"a": {"policy": "SCHED_DEADLINE", "dl-runtime": NaN, "dl-period": 5}}}', "number NaN"),
        ('{"tasks": {"a": {"policy": "SCHED_DEADLINE", "dl-runtime": "x", "dl-period": 5}}}', "microseconds"),
        ('{"tasks": {"a": {"instance": 1.5}}}', "a whole number"),
        ('{"tasks": {"a": {"cpus": [1, 2]}}}', "2 cpus for 1 instances"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_a_mistake_in_a_task_set_is_answered_with_its_place(text: str, message: str) -> None:
    with pytest.raises(PlanError, match=message):
        read_rt_app(text, "set")


def test_times_below_a_microsecond_cannot_be_said_to_rt_app() -> None:
    asked = [manifest("a", "H 0.0015 10")]
    with pytest.raises(PlanError, match="whole microseconds"):
        write_rt_app(decided(asked), asked, MACHINE)
