"""Threads that move from dispatcher to dispatcher while others wake them: one owner, and no wake-up lost."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import pytest
from kernelsim_machines import MS, US, machine
from kernelsim_programs import CORES, simulated

from kernelsim import Application
from kernelsim.exploring import explore
from kernelsim.programs.custody import THREAD, WAKE, Desk, Letter
from kernelsim.programs.requests import Program, Wait
from kernelsim.programs.team import Body, Make, Member, Team
from kernelsim.scenario import CpuBound

MOST_MOVES = 5


@dataclass(frozen=True)
class World:
    """Three dispatchers; the thread sleeps on the first, where whoever wakes it believes it to be."""

    desks: tuple[Desk, ...] = (Desk(0, has=True), Desk(1), Desk(2))
    letters: tuple[Letter, ...] = ()
    moved: int = 0
    woken: bool = False


def letters_that_may_come(world: World, in_order: bool) -> Iterator[int]:
    for at, letter in enumerate(world.letters):
        earlier = {(other.source, other.target) for other in world.letters[:at]}
        if not in_order or (letter.source, letter.target) not in earlier:
            yield at


def moves(
    in_order: bool = True, receive: Callable[..., tuple[Desk, Letter | None]] = Desk.receive
) -> Callable[[World], Iterator[tuple[str, World]]]:
    def following(world: World) -> Iterator[tuple[str, World]]:
        if not world.woken:
            yield "wake", replace(world, woken=True, letters=(*world.letters, Letter(WAKE, 0, 0)))
        for desk in world.desks:
            for target in range(3):
                if desk.has and target != desk.core and world.moved < MOST_MOVES:
                    after, letter = desk.hand_off(target)
                    yield (
                        f"move {desk.core} to {target}",
                        replace(with_desk(world, after), letters=(*world.letters, letter), moved=world.moved + 1),
                    )
        for at in letters_that_may_come(world, in_order):
            letter = world.letters[at]
            after, further = receive(world.desks[letter.target], letter)
            rest = (*world.letters[:at], *world.letters[at + 1 :], *([further] if further else []))
            yield f"{letter.kind} comes to {letter.target}", replace(with_desk(world, after), letters=rest)

    return following


def with_desk(world: World, desk: Desk) -> World:
    return replace(world, desks=tuple(desk if old.core == desk.core else old for old in world.desks))


def owners(world: World) -> int:
    return sum(desk.has for desk in world.desks) + sum(letter.kind == THREAD for letter in world.letters)


def is_asleep(world: World) -> bool:
    return not any(desk.is_runnable for desk in world.desks)


def test_at_most_one_dispatcher_owns_a_thread_and_its_wake_up_finds_it_in_every_order() -> None:
    found = explore(World(), moves())
    assert len(found.came) > 500
    assert all(owners(world) == 1 for world in found.came)
    assert found.stuck
    assert not any(is_asleep(world) for world in found.stuck)


def test_a_wake_up_that_is_not_sent_after_the_thread_is_lost() -> None:
    def forgets(desk: Desk, letter: Letter) -> tuple[Desk, Letter | None]:
        after, _ = desk.receive(letter)
        return after, None

    assert any(is_asleep(world) for world in explore(World(), moves(receive=forgets)).stuck)


def test_a_dispatcher_that_wakes_what_it_has_given_away_is_a_second_owner() -> None:
    def takes_it_back(desk: Desk, letter: Letter) -> tuple[Desk, Letter | None]:
        return Desk(desk.core, has=True, is_runnable=True), None

    assert any(owners(world) > 1 for world in explore(World(), moves(receive=takes_it_back)).came)


def test_channels_that_deliver_out_of_order_bring_wake_ups_to_where_the_thread_has_never_been() -> None:
    with pytest.raises(ValueError, match="never had"):
        explore(World(), moves(in_order=False))


# -- in runs -----------------------------------------------------------------------------------------------------


def wandering(log: list[tuple[int, int]]) -> Make:
    def make(team: Team) -> Body:
        def body(me: Member) -> Program:
            if me.index == 0:
                for core in (1, 5, 0, 5):
                    yield from me.migrate(core)
                    log.append((me.core, me.now_ps))
                    yield me.compute_ps(1 * MS)
                    me.count()
            yield me.compute_ps(0)

        return body

    return make


def test_a_thread_that_migrates_goes_on_there_after_one_message_and_its_dispatcher_computes_for_it() -> None:
    log: list[tuple[int, int]] = []
    outcome = simulated(wandering(log), cores=(0, 1, 5))
    assert [core for core, _ in log] == [1, 5, 0, 5]
    assert [(one.source, one.target) for one in outcome.trace.messages] == [(0, 1), (1, 5), (5, 0), (0, 5)]
    assert {one.kind for one in outcome.trace.messages} == {"thread thread 0"}
    (begun, ended) = (log[0][1], log[1][1])
    assert ended - begun == 1 * MS + CORES.latency_ps[1][5] + CORES.receive_ps(1, 5)
    assert [time_ps // MS for time_ps in outcome.applications["program"].cpu_ps] == [1, 1, 2]


def test_a_domain_has_one_dispatcher_on_each_of_its_cores_whether_its_threads_stay_or_go() -> None:
    def staying(team: Team) -> Body:
        def body(me: Member) -> Program:
            yield me.compute_ps(1 * MS)

        return body

    dispatchers = {("program.0", 0), ("program.1", 1), ("program.2", 5)}
    for make in (staying, wandering([])):
        outcome = simulated(make, cores=(0, 1, 5))
        assert {(one.who, one.core) for one in outcome.trace.slices if one.who != "monitor.0"} == dispatchers
        assert len(outcome.applications["program"].cpu_ps) == 3


def pushing(moved: list[bool], seen: list[tuple[int, ...]], wake_at_ps: int, sleeper_spins: bool = False) -> Make:
    """Thread 0 moves thread 3, asleep beside it on core 0, to and fro; thread 1 wakes it meanwhile."""

    def make(team: Team) -> Body:
        bell = team.signal()

        def body(me: Member) -> Program:
            sleeper = team.members[3]
            if me.index == 3:
                yield Wait(bell, None if sleeper_spins else 0, "block")
                me.count()
                yield me.compute_ps(1 * MS)
            elif me.index == 1:
                yield me.compute_ps(wake_at_ps)
                bell.raise_from(me.core)
            elif me.index == 0:
                yield me.sleep(10 * US)
                moved.append((yield from me.move(sleeper, 5)))
            else:
                yield me.sleep(11 * US)
                while sleeper.core != me.core and me.now_ps < 5 * MS:
                    yield me.sleep(1 * US)
                moved.append((yield from me.move(sleeper, 1)))
            custody = team.threads[3].custody
            seen.append(custody.owners() if custody else (0,))

        return body

    return make


@pytest.mark.parametrize("wake_us", [1, 10, 12, 14, 15, 17, 18, 20, 22, 25, 30, 200])
def test_a_sleeping_thread_that_is_moved_while_it_is_woken_is_woken_once_and_has_one_owner(wake_us: int) -> None:
    moved: list[bool] = []
    seen: list[tuple[int, ...]] = []
    outcome = simulated(pushing(moved, seen, wake_us * US), cores=(0, 1, 5), threads=4).applications["program"]
    assert (outcome.progress, outcome.failures) == (1, ())
    assert all(len(owners) <= 1 for owners in seen)
    assert True in moved or wake_us < 20


def test_a_wake_up_that_comes_while_the_thread_travels_is_sent_after_it() -> None:
    """Over all instants of the wake-up some are forwarded, and every one arrives."""
    forwarded = 0
    for wake_us in range(8, 26):
        outcome = simulated(pushing([], [], wake_us * US), cores=(0, 1, 5), threads=4, duration_ps=10 * MS)
        assert outcome.applications["program"].progress == 1
        forwarded += any(message.kind == "wake thread 3" for message in outcome.trace.messages)
    assert forwarded > 0


def test_only_a_thread_that_sleeps_here_is_moved() -> None:
    moved: list[bool] = []
    simulated(pushing(moved, [], 200 * US, sleeper_spins=True), cores=(0, 1, 5), threads=4)
    assert moved == [False, False]


def test_a_core_without_a_dispatcher_of_the_application_is_refused_with_those_that_have_one() -> None:
    def make(team: Team) -> Body:
        def body(me: Member) -> Program:
            yield from me.migrate(7)

        return body

    (first, _) = simulated(make).applications["program"].failures
    assert "no dispatcher on core 7; accepted: [0, 1]" in first.what


def test_a_thread_flees_a_busy_core_and_gains() -> None:
    def staying(moves: bool) -> Make:
        def make(team: Team) -> Body:
            def body(me: Member) -> Program:
                if me.index:
                    return
                if moves:
                    yield from me.migrate(1)
                while True:
                    yield me.compute_ps(1 * MS)
                    me.count()

            return body

        return make

    quick = machine(8, timeslice_ps=2 * MS)
    rival = Application("rival", CpuBound(), (0,))
    stayed, fled = (simulated(staying(moves), rival, on=quick).applications["program"].progress for moves in (0, 1))
    assert fled > 1.8 * stayed
