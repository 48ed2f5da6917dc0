"""Channels in a booted run: programs that bind by name and talk, over LMP and UMP, with the machine's latencies."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from kernelsim_echo import CORES, ECHO, TEXT, simulated, talking
from kernelsim_machines import MS, US

from kernelsim import Application, Outcome, Programs, Scenario, run
from kernelsim.channels.conversation import TypedEnd, first_of
from kernelsim.channels.setup import ChannelSetup
from kernelsim.errors import ScenarioError
from kernelsim.machine.hardware import Machine
from kernelsim.messages.typed.interface import Interface, read_interface
from kernelsim.messages.ump_format import UmpFormat
from kernelsim.microbenchmarks.message_stream import MessageStream
from kernelsim.naming.switchboard import switchboard
from kernelsim.programs.requests import Program
from kernelsim.programs.team import Member
from kernelsim.scenario import CpuBound

OTHER = read_interface("interface other { message stop(); }")


@pytest.mark.parametrize("cores", [(1, 5), (0, 1), (5, 1)])
@pytest.mark.parametrize(
    "setup",
    [
        ChannelSetup(),
        ChannelSetup(UmpFormat(2, acks="piggyback")),
        ChannelSetup(UmpFormat(16, 32, 4)),
        ChannelSetup(spin_ps=0),
        ChannelSetup(spin_ps=0, notification="interrupt", interrupt_ps=2 * US),
        ChannelSetup(is_adaptive=True),
    ],
)
def test_under_one_typed_interface_transport_polling_and_notification_can_be_exchanged(
    cores: tuple[int, ...], setup: ChannelSetup
) -> None:
    said: list[tuple[int, str]] = []
    data = bytes(range(256)) * 4
    outcome = simulated(talking(setup, said, data=data), cores)
    assert outcome.applications["talk"].failures == ()
    assert said == [(number, TEXT) for number in range(5)]


def test_threads_of_one_core_talk_by_local_messages_alone() -> None:
    said: list[tuple[int, str]] = []
    outcome = simulated(talking(ChannelSetup(), said), (0,), threads=2)
    assert outcome.applications["talk"].failures == ()
    assert said == [(number, TEXT) for number in range(5)]
    assert {message.kind for message in outcome.trace.messages} == {"lmp"}


def test_equal_runs_of_a_conversation_are_equal() -> None:
    runs = [simulated(talking(ChannelSetup(), []), (1, 5)).trace.sha256() for _ in range(2)]
    assert runs[0] == runs[1]


def test_names_and_binding_cost_the_messages_of_the_protocol() -> None:
    outcome = simulated(talking(ChannelSetup(), [], calls=0), (1, 5))
    between = [(message.kind, message.source, message.target) for message in outcome.trace.messages]
    register, look_up = [("names", 1, 0), ("names", 0, 1)], [("names", 5, 0), ("names", 0, 5)]
    assert between == [*register, *look_up, ("bind", 5, 1), ("accept", 1, 5)]


def test_a_service_that_is_not_there_is_an_outcome_with_the_names_that_are() -> None:
    outcome = simulated(talking(ChannelSetup(), [], name="ohce"), (1, 5))
    (failure,) = outcome.applications["talk"].failures
    assert "no service is named 'ohce'; accepted: echo" in failure.what
    assert failure.core == 5


@pytest.mark.parametrize("cores", [(1, 5), (0, 5), (5, 0)])
def test_who_waits_for_a_name_is_told_once_it_is_there(cores: tuple[int, int]) -> None:
    bound: list[int] = []

    def serve(me: Member) -> Program:
        yield me.sleep(20 * MS)
        yield from switchboard(me.team).export(me, "late", ECHO)

    def client(me: Member) -> Program:
        yield from switchboard(me.team).connect(me, "late", ECHO, waits=True)
        bound.append(me.now_ps)

    outcome = simulated(lambda team: lambda me: serve(me) if me.index == 0 else client(me), cores)
    assert outcome.applications["talk"].failures == ()
    assert 20 * MS < bound[0] < 21 * MS


def test_names_and_binding_do_not_wait_for_another_programs_time_slice() -> None:
    took: dict[int, int] = {}

    def opening(me: Member) -> Program:
        begun = me.now_ps
        board = switchboard(me.team)
        if me.index == 0:
            yield from board.export(me, "local", ECHO)
        else:
            yield from board.connect(me, "local", ECHO, waits=True)
        took[me.index] = me.now_ps - begun

    rival = Application("rival", CpuBound(), (0,))
    outcome = simulated(lambda team: opening, (0,), rival, threads=2)
    assert outcome.applications["talk"].failures == ()
    assert sorted(took) == [0, 1]
    assert max(took.values()) < CORES.timeslice_ps / 100


def failing(serve: Callable[[Member], Program], ask: Callable[[Member], Program]) -> str:
    outcome = simulated(lambda team: lambda me: serve(me) if me.index == 0 else ask(me), (1, 5))
    (failure,) = outcome.applications["talk"].failures
    return failure.what


def offering(me: Member) -> Program:
    yield from switchboard(me.team).export(me, "echo", ECHO)


def connecting(interface: Interface) -> Callable[[Member], Program]:
    def ask(me: Member) -> Program:
        yield me.sleep(1 * MS)
        yield from switchboard(me.team).connect(me, "echo", interface)

    return ask


def test_what_cannot_be_bound_is_refused_with_the_reason() -> None:
    def taking(me: Member) -> Program:
        yield me.sleep(1 * MS)
        yield from switchboard(me.team).export(me, "echo", ECHO)

    def retiring(me: Member) -> Program:
        yield from offering(me)
        yield from switchboard(me.team).retire(me)

    assert "the same interface on both sides" in failing(offering, connecting(OTHER))
    assert "the name 'echo' is that of" in failing(offering, taking)
    assert "no such service" in failing(retiring, connecting(ECHO))


@pytest.mark.parametrize(
    "wrong", [{"notification": "pigeon"}, {"lmp_slots": 0}, {"interrupt_ps": -1}, {"spin_ps": 1, "is_adaptive": True}]
)
def test_a_setup_that_cannot_be_is_refused(wrong: dict[str, int | str | bool]) -> None:
    with pytest.raises(ScenarioError, match="accepted: "):
        ChannelSetup(**wrong)  # type: ignore[arg-type]


PING = read_interface("interface ping { message ping(u64 sent_ps); }")


TABLE_2_4_NS = {"2x4-core Intel": 318, "2x2-core AMD": 270, "4x4-core AMD": 585, "8x4-core AMD": 774}


def one_way(server: int, client: int, on: Machine, setup: ChannelSetup, *, gap_ps: int, count: int = 3) -> list[int]:
    """Picoseconds from before a send in one domain to after its receipt in another."""
    took = []

    def serve(me: Member) -> Program:
        service = yield from switchboard(me.team).export(me, "ping", PING, setup)
        end = yield from service.accept(me)
        while True:
            ping = yield from end.receive(me)
            took.append(me.now_ps - int(str(ping.values["sent_ps"])))

    def call(me: Member) -> Program:
        yield me.sleep(1 * MS)
        end = yield from switchboard(me.team).connect(me, "ping", PING)
        for _ in range(count):
            yield me.sleep(gap_ps)
            yield from end.send(me, "ping", sent_ps=me.now_ps)

    domains = (
        Application("server", Programs(lambda team: serve), (server,)),
        Application("client", Programs(lambda team: call), (client,)),
    )
    outcome = run(Scenario(on, domains, 100 * MS))
    assert all(application.failures == () for application in outcome.applications.values())
    assert len(took) == count
    return took


@pytest.mark.parametrize("latency_ns", TABLE_2_4_NS.values(), ids=TABLE_2_4_NS)
def test_between_domains_of_one_core_a_message_takes_the_lmp_latency_of_the_machine(latency_ns: int) -> None:
    on = replace(CORES, lmp_ps=(latency_ns * 1000,) * 8)
    assert one_way(3, 3, on, ChannelSetup(), gap_ps=1 * MS) == [latency_ns * 1000] * 3


@pytest.mark.parametrize(("server", "client"), [(1, 2), (1, 6)])
def test_between_cores_who_polls_sees_a_message_after_its_latency(server: int, client: int) -> None:
    expected = CORES.latency_ps[client][server] + CORES.receive_ps(client, server)
    assert one_way(server, client, CORES, ChannelSetup(spin_ps=5 * MS), gap_ps=1 * MS) == [expected] * 3


def test_who_has_blocked_is_told_by_its_monitor_or_by_an_interrupt_at_their_cost() -> None:
    polled = CORES.latency_ps[6][1] + CORES.receive_ps(6, 1)
    by_monitor = one_way(1, 6, CORES, ChannelSetup(spin_ps=0), gap_ps=1 * MS)
    assert by_monitor == [polled + CORES.receive_ps(6, 1) + CORES.lmp_ps[1]] * 3
    setup = ChannelSetup(spin_ps=0, notification="interrupt", interrupt_ps=2 * US)
    assert one_way(1, 6, CORES, setup, gap_ps=1 * MS) == [polled + 2 * US] * 3


def test_adaptive_polling_stops_polling_where_messages_are_far_apart() -> None:
    busy = {}
    for is_adaptive in (False, True):
        setup = ChannelSetup(is_adaptive=is_adaptive)

        def serve(me: Member, setup: ChannelSetup = setup) -> Program:
            service = yield from switchboard(me.team).export(me, "ping", PING, setup)
            end = yield from service.accept(me)
            while True:
                yield from end.receive(me)

        def call(me: Member) -> Program:
            yield me.sleep(1 * MS)
            end = yield from switchboard(me.team).connect(me, "ping", PING)
            for _ in range(90):
                yield me.sleep(1 * MS)
                yield from end.send(me, "ping", sent_ps=0)

        domains = (
            Application("server", Programs(lambda team, serve=serve: serve), (1,)),
            Application("client", Programs(lambda team, call=call: call), (6,)),
        )
        busy[is_adaptive] = run(Scenario(CORES, domains, 100 * MS)).applications["server"].cpu_ps[0]
    assert busy[True] < busy[False] / 2


def conversing(bodies: tuple[Callable[[Member, TypedEnd], Program], ...], setup: ChannelSetup, *cores: int) -> Outcome:
    """Two domains with a channel between them: the first serves, and each does its part with its end."""

    def serve(me: Member) -> Program:
        service = yield from switchboard(me.team).export(me, "ping", PING, setup)
        end = yield from service.accept(me)
        yield from bodies[0](me, end)

    def call(me: Member) -> Program:
        end = yield from switchboard(me.team).connect(me, "ping", PING, waits=True)
        yield from bodies[1](me, end)

    domains = [
        Application("server", Programs(lambda team: serve), (cores[0],)),
        Application("client", Programs(lambda team: call), (cores[1],)),
        *(Application(f"rival{core}", CpuBound(), (core,)) for core in cores[2:]),
    ]
    return run(Scenario(CORES, tuple(domains), 1000 * MS))


@pytest.mark.parametrize("server", [2, 6])
def test_a_stream_over_a_channel_is_as_fast_as_the_machine_lets_a_window_of_its_slots_be(server: int) -> None:
    received: list[int] = []

    def receiving(me: Member, end: TypedEnd) -> Program:
        while True:
            yield from end.receive(me)
            received.append(me.now_ps)

    def streaming(me: Member, end: TypedEnd) -> Program:
        for _ in range(1000):
            yield from end.send(me, "ping", sent_ps=0)

    conversing((receiving, streaming), ChannelSetup(UmpFormat(16, ack_every=4)), server, 1)
    expected = MessageStream(CORES, 1, server, 16).interval_ps()
    assert (received[-1] - received[200]) / (len(received) - 201) == pytest.approx(expected, rel=0.05)


def answering(me: Member, end: TypedEnd) -> Program:
    while True:
        ping = yield from end.receive(me)
        yield from end.send(me, "ping", sent_ps=ping.values["sent_ps"])


def test_a_call_on_one_core_is_two_switches_though_another_program_wants_the_core() -> None:
    took: list[int] = []

    def calling(me: Member, end: TypedEnd) -> Program:
        for _ in range(5):
            begun = me.now_ps
            yield from end.call(me, "ping", sent_ps=begun)
            took.append(me.now_ps - begun)

    outcome = conversing((answering, calling), ChannelSetup(), 3, 3, 3)
    assert outcome.applications["client"].failures == ()
    assert took[1:] == [2 * CORES.lmp_ps[3]] * 4, "the first may come before the service waits for it"


@pytest.mark.parametrize("cores", [(1, 6), (3, 3)])
@pytest.mark.parametrize("spin_ps", [None, 0])
def test_two_domains_that_both_send_first_and_fill_their_channel_get_all_the_same(
    cores: tuple[int, int], spin_ps: int | None
) -> None:
    got: list[int] = []

    def body(me: Member, end: TypedEnd) -> Program:
        for number in range(40):
            yield from end.send(me, "ping", sent_ps=number)
        for number in range(40):
            ping = yield from end.receive(me)
            assert ping.values["sent_ps"] == number
            me.count()
        got.append(me.core)

    setup = ChannelSetup(UmpFormat(2), lmp_slots=1, spin_ps=spin_ps)
    outcome = conversing((body, body), setup, *cores)
    assert all(each.failures == () for each in outcome.applications.values())
    assert sorted(got) == sorted(cores)


def test_a_service_answers_clients_on_its_own_core_and_on_others_as_they_come() -> None:
    answers: list[tuple[int, int]] = []

    def serve(me: Member) -> Program:
        service = yield from switchboard(me.team).export(me, "ping", PING, ChannelSetup(spin_ps=0))
        ends = []
        for _ in range(4):
            ends.append((yield from service.accept(me)))
        while True:
            end = yield from first_of(me, *ends)
            ping = yield from end.receive(me)
            yield from end.send(me, "ping", sent_ps=ping.values["sent_ps"])
            me.count()

    def call(me: Member) -> Program:
        end = yield from switchboard(me.team).connect(me, "ping", PING, waits=True)
        for number in range(10):
            asked = 100 * me.index + number
            yield me.compute_ps(me.index * 3 * US)
            answer = yield from end.call(me, "ping", sent_ps=asked)
            answers.append((asked, int(str(answer.values["sent_ps"]))))

    domains = (
        Application("server", Programs(lambda team: serve), (1,)),
        Application("clients", Programs(lambda team: call), (1, 2, 6, 7)),
    )
    outcome = run(Scenario(CORES, domains, 1000 * MS))
    assert all(each.failures == () for each in outcome.applications.values())
    assert sorted(answers) == [(100 * client + n, 100 * client + n) for client in range(4) for n in range(10)]
    assert outcome.applications["server"].progress == 40


def test_a_channel_end_is_used_on_its_core_by_one_thread_at_a_time() -> None:
    ends: list[TypedEnd] = []

    def serve(me: Member, end: TypedEnd) -> Program:
        ends.append(end)
        yield from end.receive(me)

    def intruding(me: Member, end: TypedEnd) -> Program:
        yield me.sleep(5 * MS)
        yield from ends.pop().receive(me)

    outcome = conversing((serve, intruding), ChannelSetup(), 1, 6)
    (failure,) = outcome.applications["client"].failures
    assert "a thread on core 6 uses a channel end of core 1" in failure.what
    outcome = conversing((serve, intruding), ChannelSetup(), 1, 1)
    (failure,) = outcome.applications["client"].failures
    assert "another thread waits at this channel end" in failure.what
