"""Programs written as plain Python generators, on a booted multikernel."""

from collections.abc import Callable
from itertools import pairwise

import pytest
from kernelsim_machines import MS, US, machine

from kernelsim import Application, Outcome, Programs, Scenario, run
from kernelsim.programs.requests import Program, Wait
from kernelsim.programs.signal import Signal
from kernelsim.programs.team import Body, Member, Team
from kernelsim.scenario import CpuBound

CORES = machine(2)
SWITCH_PS = CORES.context_switch_ps


def simulated(
    make: Callable[[Team], Body], *others: Application, cores: tuple[int, ...] = (0,), **more: int
) -> Outcome:
    threads = more.pop("threads", 0)
    program = Application("program", Programs(make), cores, threads)
    return run(Scenario(CORES, (program, *others), more.pop("duration_ps", 100 * MS)))


def alone(body: Body) -> Callable[[Team], Body]:
    return lambda team: body


def computing(me: Member) -> Program:
    while True:
        yield me.compute_ps(1 * MS)
        me.count()


def test_a_program_that_computes_has_its_core_for_as_long_as_it_asks() -> None:
    assert simulated(alone(computing)).applications["program"].progress == 99


def test_what_it_computes_is_not_lost_when_its_core_is_taken_away() -> None:
    def long(me: Member) -> Program:
        yield me.compute_ps(200 * MS)
        me.count()

    rival = Application("rival", CpuBound(), (0,))
    shares = {end: simulated(alone(long), rival, duration_ps=end * MS).applications["program"] for end in (300, 450)}
    assert (shares[300].progress, shares[450].progress) == (0, 1)
    assert shares[450].cpu_ps[0] == pytest.approx(200 * MS, abs=20 * US)


def test_cycles_are_those_of_the_core_it_runs_on() -> None:
    def counting(me: Member) -> Program:
        while True:
            yield me.compute(CORES.clock_hz[me.core] // 1000)
            me.count()

    assert simulated(alone(counting)).applications["program"].progress == 99


def handing_over(spin_ps: int | None, then: str, work_ps: int) -> Callable[[Team], Body]:
    """Thread 1 waits for thread 0, again and again."""

    def make(team: Team) -> Body:
        signals: list[Signal] = [team.signal()]

        def body(me: Member) -> Program:
            while True:
                if me.index == 0:
                    yield me.compute_ps(work_ps)
                    signals.append(team.signal())
                    signals[-2].raise_from(me.core)
                else:
                    yield Wait(signals[-1], spin_ps, then)
                    me.count()

        return body

    return make


@pytest.mark.parametrize(
    ("spin_ps", "then", "expected"), [(None, "yield", 99), (1 * US, "yield", 99), (0, "block", 99)]
)
def test_who_waits_on_a_core_of_its_own_goes_on_each_time(spin_ps: int | None, then: str, expected: int) -> None:
    outcome = simulated(handing_over(spin_ps, then, 1 * MS), cores=(0, 1))
    assert outcome.applications["program"].progress == expected


def test_who_spins_sees_a_signal_when_the_line_has_come_over() -> None:
    seen: list[int] = []

    def make(team: Team) -> Body:
        signal = team.signal()

        def body(me: Member) -> Program:
            if me.index == 0:
                yield me.compute_ps(1 * MS)
                signal.raise_from(me.core)
            else:
                yield Wait(signal)
                seen.append(me.now_ps)

        return body

    simulated(make, cores=(0, 1))
    assert seen == [SWITCH_PS + 1 * MS + CORES.line_ps[0][1]]


def test_who_blocks_goes_on_after_the_cost_of_being_woken_and_leaves_its_core_meanwhile() -> None:
    rival = Application("rival", CpuBound(), (1,))
    blocks = simulated(handing_over(0, "block", 20 * MS), rival, cores=(0, 1)).applications
    spins = simulated(handing_over(None, "yield", 20 * MS), rival, cores=(0, 1)).applications
    assert blocks["program"].cpu_ps[1] < 1 * MS
    assert spins["program"].cpu_ps[1] == CORES.timeslice_ps


def test_threads_of_one_dispatcher_give_way_to_each_other() -> None:
    order: list[int] = []

    def polite(me: Member) -> Program:
        while True:
            yield me.compute_ps(1 * MS)
            order.append(me.index)
            yield me.give_way()

    simulated(alone(polite), threads=3, duration_ps=10 * MS)
    assert order == [1, 2, 0] * 3


def test_who_sleeps_is_woken_in_time() -> None:
    def sleeping(me: Member) -> Program:
        while True:
            yield me.sleep(1 * MS)
            me.count()

    outcome = simulated(alone(sleeping)).applications["program"]
    assert outcome.progress == 100 * MS // (1 * MS + CORES.block_ps)
    assert outcome.cpu_ps[0] < 1 * MS


def test_a_program_that_ends_leaves_its_core() -> None:
    def short(me: Member) -> Program:
        yield me.compute_ps(1 * MS)

    outcome = simulated(alone(short))
    assert (outcome.applications["program"].cpu_ps, outcome.applications["program"].failures) == (
        (SWITCH_PS + 1 * MS,),
        (),
    )


def endless(me: Member) -> Program:
    yield me.compute_ps(3 * MS)
    while True:
        yield me.compute_ps(0)


def wrong(me: Member) -> Program:
    yield me.compute_ps(3 * MS)
    raise ValueError("no such page")


def leaving(me: Member) -> Program:
    yield me.compute_ps(3 * MS)
    raise SystemExit(9)


def strange(me: Member) -> Program:
    yield me.compute_ps(3 * MS)
    yield 7  # type: ignore[misc]


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (endless, "take no time"),
        (wrong, "ValueError: no such page"),
        (leaving, "SystemExit: 9"),
        (strange, "yielded 7"),
    ],
)
def test_a_program_that_cannot_go_on_is_an_outcome_with_its_time_and_core(body: Body, what: str) -> None:
    (failure,) = simulated(alone(body), cores=(1,)).applications["program"].failures
    assert (failure.time_ps, failure.core, what in failure.what) == (SWITCH_PS + 3 * MS, 1, True)


def test_equal_programs_give_equal_traces() -> None:
    runs = [simulated(handing_over(5 * US, "yield", 70_000), cores=(0, 1), duration_ps=1 * MS) for _ in range(2)]
    assert runs[0].trace.sha256() == runs[1].trace.sha256()
    assert runs[0].events == runs[1].events


# -- the dispatcher's own scheduler ------------------------------------------------------------------------------


def waiting_in_turn(spin_ps: int | None, then: str, seen: list[tuple[int, int]]) -> Callable[[Team], Body]:
    """Three threads of one dispatcher wait for what never comes; `seen` is told who begins to wait, when."""

    def make(team: Team) -> Body:
        signal = team.signal()

        def body(me: Member) -> Program:
            yield me.compute_ps(1 * MS)
            seen.append((me.index, me.now_ps))
            yield Wait(signal, spin_ps, then)

        return body

    return make


def test_a_dispatcher_yields_once_all_its_threads_have_yielded_in_this_time_slice() -> None:
    """Three milliseconds of work and a window for each thread, then the rival has a whole slice."""
    rival = Application("rival", CpuBound(), (0,))
    outcome = simulated(waiting_in_turn(1 * MS, "yield", []), rival, threads=3, duration_ps=400 * MS)
    slices = [one for one in outcome.trace.slices if one.who == "program.0"]
    assert slices[0].end_ps - slices[0].start_ps == SWITCH_PS + 6 * MS
    assert slices[1].end_ps - slices[1].start_ps == pytest.approx(3 * MS, abs=SWITCH_PS)
    assert len(slices) >= 4


def test_a_dispatcher_whose_threads_are_all_blocked_sleeps_until_it_is_notified() -> None:
    def make(team: Team) -> Body:
        signal = team.signal()

        def body(me: Member) -> Program:
            if me.index == 1:
                yield me.compute_ps(50 * MS)
                signal.raise_from(me.core)
            else:
                yield Wait(signal, 0, "block")
                yield me.compute_ps(1 * MS)

        return body

    outcome = simulated(make, cores=(0, 1), threads=4)
    first, second = [one for one in outcome.trace.slices if one.who == "program.0"][-2:]
    assert first.end_ps < 1 * MS
    assert second.start_ps == SWITCH_PS + 50 * MS + CORES.line_ps[1][0] + CORES.block_ps
    assert second.end_ps - second.start_ps == 2 * MS


@pytest.mark.parametrize("spin_ps", [None, 1 * MS])
def test_a_dispatcher_with_polled_channels_alone_always_has_work(spin_ps: int | None) -> None:
    """It is never put to sleep: it yields, and comes back in its turn."""
    rival = Application("rival", CpuBound(), (0,))
    for threads in (1, 2):
        outcome = simulated(waiting_in_turn(spin_ps, "yield", []), rival, threads=threads, duration_ps=1000 * MS)
        slices = [one for one in outcome.trace.slices if one.who == "program.0"]
        assert len(slices) >= 6
        assert all(later.start_ps - one.end_ps <= CORES.timeslice_ps + SWITCH_PS for one, later in pairwise(slices))
