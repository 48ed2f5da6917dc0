"""Messages between programs: what they cost whom, and in which order they come."""

from itertools import pairwise

import pytest
from kernelsim_machines import MS, US, machine

from kernelsim import Application, Outcome, Programs, Scenario, run
from kernelsim.programs.inbox import Inbox
from kernelsim.programs.requests import Program
from kernelsim.programs.team import Body, Member, Team

CORES = machine(8)


def passing(
    target: int, gap_ps: int, spin_ps: int | None, received: list[tuple[int, int]], messages: int = 5
) -> Outcome:
    """Thread 0 sends numbers from core 0 to thread 1, on core `target`."""

    def make(team: Team) -> Body:
        inbox: Inbox[int] = Inbox(team, team.cores[1], spin_ps)

        def body(me: Member) -> Program:
            if me.index == 0:
                for number in range(messages):
                    yield me.compute_ps(gap_ps)
                    yield from inbox.send(me, number)
                return
            while True:
                number = yield from inbox.receive(me)
                received.append((number, me.now_ps))

        return body

    return run(Scenario(CORES, (Application("pair", Programs(make), (0, target)),), 20 * MS))


@pytest.mark.parametrize("target", [1, 4])
def test_a_message_takes_the_latency_of_its_cores_and_the_receivers_part(target: int) -> None:
    received: list[tuple[int, int]] = []
    passing(target, 10 * US, None, received, messages=1)
    seen_ps = CORES.context_switch_ps + 10 * US + CORES.latency_ps[0][target]
    assert received == [(0, seen_ps + CORES.receive_ps(0, target))]


@pytest.mark.parametrize("gap_ps", [0, 3 * US])
@pytest.mark.parametrize("spin_ps", [None, 0, 1 * US])
def test_all_messages_come_once_and_in_order(gap_ps: int, spin_ps: int | None) -> None:
    received: list[tuple[int, int]] = []
    outcome = passing(4, gap_ps, spin_ps, received, messages=200)
    assert outcome.applications["pair"].failures == ()
    assert len(outcome.trace.messages) == 200
    assert [number for number, _ in received] == list(range(200))


def test_who_sends_at_once_is_limited_by_the_receivers_part_of_each_message() -> None:
    received: list[tuple[int, int]] = []
    passing(1, 0, None, received, messages=100)
    steps = {after - before for (_, before), (_, after) in pairwise(received[10:])}
    assert steps == {max(CORES.receive_ps(0, 1), CORES.send_ps[0][1])}


def test_a_receiver_that_has_blocked_pays_for_being_woken_and_leaves_its_core_meanwhile() -> None:
    polled: list[tuple[int, int]] = []
    woken: list[tuple[int, int]] = []
    polling = passing(1, 100 * US, None, polled).applications["pair"]
    blocking = passing(1, 100 * US, 0, woken).applications["pair"]
    assert woken[0][1] >= polled[0][1] + CORES.block_ps
    assert blocking.cpu_ps[1] < 100 * US < polling.cpu_ps[1]


def test_on_one_core_a_message_is_a_local_one() -> None:
    received: list[int] = []

    def make(team: Team) -> Body:
        inbox: Inbox[int] = Inbox(team, 0)

        def body(me: Member) -> Program:
            yield from inbox.send(me, 7)
            received.append(me.now_ps)
            yield from inbox.receive(me)
            received.append(me.now_ps)

        return body

    run(Scenario(CORES, (Application("alone", Programs(make), (0,)),), 1 * MS))
    assert received == [CORES.context_switch_ps + CORES.lmp_ps[0]] * 2
