"""Locks, conditions and semaphores between threads of one application, on one core and across cores."""

from collections.abc import Callable

import pytest
from kernelsim_machines import MS, US, machine
from kernelsim_programs import CORES, simulated

from kernelsim import Application
from kernelsim.programs.cell import Cell
from kernelsim.programs.requests import Program
from kernelsim.programs.synchronisation.blocking import Condition, Mutex, Semaphore
from kernelsim.programs.synchronisation.spin_locks import McsLock, SpinLock, TestAndSetLock, TicketLock
from kernelsim.programs.team import Body, Make, Member, Team
from kernelsim.scenario import CpuBound

LOCKS: dict[str, Callable[[Team], SpinLock]] = {
    "test and set": TestAndSetLock,
    "ticket": TicketLock,
    "MCS": McsLock,
    "mutex": Mutex,
    "mutex that spins": lambda team: Mutex(team, spin_ps=10 * US),
    "semaphore": lambda team: Semaphore(team, 1),
}
QUICK = machine(8, timeslice_ps=1 * MS)
RIVAL = Application("rival", CpuBound(), (0, 1, 2))


def adding(
    lock: Callable[[Team], SpinLock | None], entered: list[int], most_inside: list[int], work_ps: int = 3 * US
) -> Make:
    """All threads add to a number that is read and written in two steps; `entered` says who came when."""

    def make(team: Team) -> Body:
        guard = lock(team)
        inside = [0]

        def body(me: Member) -> Program:
            while True:
                if guard is not None:
                    yield from guard.acquire(me)
                inside[0] += 1
                most_inside[0] = max(most_inside[0], inside[0])
                entered.append(me.index)
                yield me.compute_ps(work_ps)
                inside[0] -= 1
                if guard is not None:
                    yield from guard.release(me)
                me.count()
                yield me.compute_ps(work_ps // 3)

        return body

    return make


@pytest.mark.parametrize("name", LOCKS)
@pytest.mark.parametrize("threads", [3, 6])
def test_a_lock_keeps_threads_apart_though_its_holder_loses_the_core(name: str, threads: int) -> None:
    entered: list[int] = []
    most = [0]
    outcome = simulated(
        adding(LOCKS[name], entered, most, 150 * US),
        RIVAL,
        cores=(0, 1, 2),
        threads=threads,
        duration_ps=40 * MS,
        on=QUICK,
    ).applications["program"]
    assert (most[0], outcome.failures) == (1, ())
    assert name == "test and set" or set(entered) == set(range(threads))
    assert outcome.progress > 15


def test_without_a_lock_they_do_meet() -> None:
    most = [0]
    simulated(adding(lambda team: None, [], most), RIVAL, cores=(0, 1, 2), duration_ps=2 * MS, on=QUICK)
    assert most[0] == 3


@pytest.mark.parametrize("name", ["ticket", "MCS", "mutex", "semaphore"])
def test_a_fair_lock_is_taken_in_turn(name: str) -> None:
    entered: list[int] = []
    simulated(adding(LOCKS[name], entered, [0]), cores=(0, 1, 2, 4), duration_ps=2 * MS)
    turns = entered[20:100]
    assert all(sorted(turns[at : at + 4]) == [0, 1, 2, 3] for at in range(0, 76, 4))


def test_test_and_set_prefers_who_has_the_line() -> None:
    """Cores of one package are nearer to each other than the one of another."""
    shares: dict[str, float] = {}
    for name in ("test and set", "ticket"):
        entered: list[int] = []
        simulated(adding(LOCKS[name], entered, [0]), cores=(0, 1, 2, 4), duration_ps=2 * MS)
        shares[name] = min(entered.count(index) for index in range(4)) / len(entered)
    assert shares["ticket"] == pytest.approx(0.25, abs=0.01)
    assert shares["test and set"] < 0.2


def test_every_release_of_a_contended_ticket_lock_costs_a_transfer_for_each_who_waits_and_of_an_mcs_lock_one() -> None:
    """Mellor-Crummey and Scott, 1991: the reason for MCS locks."""
    moved: dict[tuple[str, int], float] = {}
    for name in ("ticket", "MCS"):
        for threads in (4, 8):
            entered: list[int] = []
            lines: list[Team] = []

            def make(team: Team, name: str = name, entered: list[int] = entered, lines: list[Team] = lines) -> Body:
                lines.append(team)
                return adding(LOCKS[name], entered, [0])(team)

            simulated(make, cores=tuple(range(threads)), duration_ps=1 * MS)
            moved[name, threads] = lines[0].lines.moved / len(entered)
    assert moved["ticket", 8] > moved["ticket", 4] + 3
    assert moved["MCS", 8] == pytest.approx(moved["MCS", 4], abs=0.5)


def handing_over(again: int, log: list[tuple[str, int]]) -> Make:
    """Thread 0 holds the mutex for a millisecond; thread 1 waits for it, `again` times."""

    def make(team: Team) -> Body:
        mutex = Mutex(team, what="the mutex")

        def body(me: Member) -> Program:
            for _ in range(again):
                if me.index == 1:
                    yield me.sleep(100 * US)
                yield from mutex.acquire(me)
                log.append(("has", me.now_ps))
                yield me.compute_ps(1 * MS)
                log.append(("releases", me.now_ps))
                yield from mutex.release(me)
                yield me.sleep(3 * MS)

        return body

    return make


def test_releasing_a_mutex_on_one_core_wakes_the_waiter_on_another_by_exactly_one_message() -> None:
    log: list[tuple[str, int]] = []
    outcome = simulated(handing_over(1, log), cores=(0, 5))
    (message,) = outcome.trace.messages
    assert (message.source, message.target, message.kind) == (0, 5, "wake the mutex")
    assert message.arrived_ps - message.sent_ps == CORES.latency_ps[0][5]
    released, taken = log[1][1], log[2][1]
    line = CORES.line_ps[5][0]
    assert taken - released == line + CORES.latency_ps[0][5] + CORES.block_ps + CORES.receive_ps(0, 5)


def test_without_a_waiter_or_on_one_core_no_message_is_sent() -> None:
    assert simulated(handing_over(1, []), cores=(0,), threads=2).trace.messages == []
    assert simulated(handing_over(1, []), cores=(0,)).trace.messages == []


def test_producers_and_consumers_pass_everything_on_once_and_in_order() -> None:
    got: list[tuple[int, int]] = []

    def make(team: Team) -> Body:
        mutex = Mutex(team)
        fills, drains = Condition(team, mutex), Condition(team, mutex)
        buffer: list[tuple[int, int]] = []

        def body(me: Member) -> Program:
            for number in range(40):
                yield from mutex.acquire(me)
                if me.index < 2:
                    while len(buffer) == 3:
                        yield from drains.wait(me)
                    buffer.append((me.index, number))
                    yield from fills.notify(me)
                else:
                    while not buffer:
                        yield from fills.wait(me)
                    got.append(buffer.pop(0))
                    yield from drains.notify(me)
                yield from mutex.release(me)

        return body

    outcome = simulated(make, RIVAL, cores=(0, 1, 2, 4), duration_ps=400 * MS, on=QUICK)
    assert outcome.applications["program"].failures == ()
    assert sorted(got) == [(producer, number) for producer in (0, 1) for number in range(40)]
    assert all([number for producer, number in got if producer == one] == list(range(40)) for one in (0, 1))


def test_a_semaphore_lets_as_many_in_as_it_has_units() -> None:
    most = [0]
    simulated(adding(lambda team: Semaphore(team, 2), [], most), cores=(0, 1, 2, 4), duration_ps=1 * MS)
    assert most[0] == 2


def test_notify_all_wakes_everyone_and_notify_one() -> None:
    woken: dict[bool, list[int]] = {}
    for everyone in (False, True):
        seen = woken[everyone] = []

        def make(team: Team, everyone: bool = everyone, seen: list[int] = seen) -> Body:
            mutex = Mutex(team)
            condition = Condition(team, mutex)

            def body(me: Member) -> Program:
                if me.index == 0:
                    yield me.compute_ps(1 * MS)
                    yield from condition.notify_all(me) if everyone else condition.notify(me)
                    return
                yield from mutex.acquire(me)
                yield from condition.wait(me)
                seen.append(me.index)
                yield from mutex.release(me)

            return body

        simulated(make, cores=(0, 1, 2, 4))
    assert (woken[False], sorted(woken[True])) == ([1], [1, 2, 3])


# -- what never comes --------------------------------------------------------------------------------------------


def crossing(order: Callable[[int], int]) -> Make:
    """Two threads take two mutexes."""

    def make(team: Team) -> Body:
        mutexes = [Mutex(team, what=f"mutex {name}") for name in "ab"]

        def body(me: Member) -> Program:
            first = order(me.index)
            for one in (first, 1 - first):
                yield from mutexes[one].acquire(me)
                yield me.compute_ps(1 * MS)
            for mutex in mutexes:
                yield from mutex.release(me)

        return body

    return make


def test_a_deadlock_is_an_outcome_that_names_time_core_and_what_is_waited_for() -> None:
    first, second = simulated(crossing(lambda index: index), cores=(0, 5)).applications["program"].failures
    assert (first.core, second.core) == (0, 5)
    assert CORES.context_switch_ps + 1 * MS < first.time_ps < CORES.context_switch_ps + 1 * MS + 1 * US
    assert "mutex b for ever" in first.what
    assert "mutex a for ever" in second.what


def test_two_threads_that_hold_each_other_up_are_found_while_a_third_goes_on() -> None:
    def make(team: Team) -> Body:
        cross = crossing(lambda index: index)(team)

        def body(me: Member) -> Program:
            if me.index < 2:
                yield from cross(me)
            while True:
                yield me.compute_ps(1 * MS)
                me.count()

        return body

    outcome = simulated(make, cores=(0, 5, 1)).applications["program"]
    assert [failure.core for failure in outcome.failures] == [0, 5]
    assert outcome.progress == 99


@pytest.mark.parametrize("spins", [False, True])
def test_who_takes_its_own_lock_again_or_never_gives_it_back_is_found(spins: bool) -> None:
    def make(team: Team) -> Body:
        lock = TicketLock(team) if spins else Mutex(team)

        def body(me: Member) -> Program:
            yield from lock.acquire(me)

        return body

    (failure,) = simulated(make).applications["program"].failures
    assert ("thread 1" in failure.what, failure.core) == (True, 1)


def test_no_deadlock_is_reported_where_locks_are_taken_in_order_or_somebody_will_come() -> None:
    assert simulated(crossing(lambda index: 0)).applications["program"].failures == ()
    sleeps = simulated(handing_over(1000, []), duration_ps=10 * MS + 1).applications["program"]
    assert sleeps.failures == ()


def test_releasing_a_mutex_that_is_not_held_fails() -> None:
    def make(team: Team) -> Body:
        mutex = Mutex(team)

        def body(me: Member) -> Program:
            yield from mutex.release(me)

        return body

    (failure,) = simulated(make, cores=(0,)).applications["program"].failures
    assert "thread 0 releases a mutex held by None" in failure.what


# -- waiting for several, or not for long ------------------------------------------------------------------------


def test_who_waits_within_a_limit_goes_on_at_the_signal_or_at_the_limit() -> None:
    ends: list[tuple[bool, int]] = []

    def make(team: Team) -> Body:
        early, late = team.signal(), team.signal()

        def body(me: Member) -> Program:
            if me.index == 0:
                yield me.compute_ps(1 * MS)
                early.raise_from(me.core)
                yield me.compute_ps(3 * MS)
                late.raise_from(me.core)
                return
            for signal in (early, late):
                came = yield from me.wait_within(signal, 2 * MS)
                ends.append((came, me.now_ps - CORES.context_switch_ps))

        return body

    outcome = simulated(make)
    line = CORES.line_ps[0][1]
    assert ends == [(True, 1 * MS + line), (False, 3 * MS + line)]
    assert outcome.applications["program"].failures == ()


def test_who_waits_for_one_of_several_goes_on_at_the_first() -> None:
    ends: list[int] = []

    def make(team: Team) -> Body:
        signals = [team.signal() for _ in range(2)]

        def body(me: Member) -> Program:
            if me.index < 2:
                yield me.compute_ps((3 - me.index) * MS)
                signals[me.index].raise_from(me.core)
            else:
                for _ in range(2):
                    yield me.wait_for_one_of(*signals)
                    ends.append(me.now_ps)

        return body

    simulated(make, cores=(0, 1, 4))
    assert ends == [CORES.context_switch_ps + 2 * MS + CORES.line_ps[1][4]] * 2


def test_a_line_costs_its_transfer_from_who_had_it_and_nothing_to_who_has_it() -> None:
    took: list[int] = []

    def make(team: Team) -> Body:
        cell = Cell(team, 0)

        def body(me: Member) -> Program:
            yield me.compute_ps((1 + me.index) * MS)
            for _ in range(2):
                since = me.now_ps
                yield from cell.update(me, lambda value: value + 1)
                took.append(me.now_ps - since)

        return body

    simulated(make, cores=(0, 1, 4))
    assert took == [0, 0, CORES.line_ps[0][1], 0, CORES.line_ps[1][4], 0]


def waiting_cost_ps(hold_ps: int, spin_ps: int) -> int:
    """What waiting for a mutex costs: the time that its core spins, and how late it goes on beside a free mutex."""
    ends: dict[str, int] = {}

    def make(team: Team) -> Body:
        mutex = Mutex(team, spin_ps)

        def body(me: Member) -> Program:
            if me.index == 1:
                yield me.compute_ps(1 * US)
            yield from mutex.acquire(me)
            ends["waits"] = me.now_ps
            if me.index == 0:
                yield me.compute_ps(1 * US + hold_ps)
                ends["released"] = me.now_ps
                yield from mutex.release(me)

        return body

    spun_ps = simulated(make).applications["program"].cpu_ps[1] - CORES.context_switch_ps - 1 * US
    return spun_ps + ends["waits"] - ends["released"]


@pytest.mark.parametrize("hold_us", [0, 1, 3, 7, 8, 20, 200])
def test_who_spins_as_long_as_a_block_costs_loses_at_most_twice_what_the_better_would(hold_us: int) -> None:
    """The window follows from the machine's cost of a block; what both have in common is two messages' worth."""
    common_ps = 2 * CORES.latency_ps[0][1]
    hold_ps = hold_us * US
    spins, blocks = waiting_cost_ps(hold_ps, 1 * MS), waiting_cost_ps(hold_ps, 0)
    assert waiting_cost_ps(hold_ps, CORES.block_ps) <= 2 * min(spins, blocks) + common_ps
    assert (spins < blocks) == (hold_ps < CORES.block_ps)
