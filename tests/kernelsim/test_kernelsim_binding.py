"""Names, references and binding: the messages of it, and every order in which they can meet a death."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernelsim.errors import ScenarioError
from kernelsim.exploring import Exploration, explore
from kernelsim.naming.binding import (
    DIED,
    BindingDispatcher,
    BindingMonitor,
    Frame,
    LmpAddress,
    Message,
    MonitorStep,
    Party,
)
from kernelsim.naming.iref import Iref, read_iref
from kernelsim.naming.name_service import NAME_SERVICE, NameService

SERVER, NEIGHBOUR, FAR = Party(1, 0), Party(1, 1), Party(0, 0)


@dataclass(frozen=True)
class World:
    """Monitors by core, dispatchers by party without the dead, queues by their two ends, and whether one may die."""

    monitors: tuple[BindingMonitor, ...]
    dispatchers: tuple[BindingDispatcher, ...]
    queues: tuple[tuple[tuple[Party, Party], tuple[Message, ...]], ...] = ()
    mortal: tuple[Party, ...] = ()

    def dispatcher(self, party: Party) -> BindingDispatcher | None:
        return next((one for one in self.dispatchers if one.party == party), None)

    def post(self, messages: tuple[Message, ...]) -> "World":
        queues = dict(self.queues)
        for message in messages:
            ends = (message.source, message.target)
            queues[ends] = (*queues.get(ends, ()), message)
        return replace(self, queues=tuple(sorted(queues.items())))

    def deliver(self, ends: tuple[Party, Party]) -> tuple[Message, "World"]:
        """The first of a queue."""
        queues = dict(self.queues)
        message, *rest = queues.pop(ends)
        if rest:
            queues[ends] = tuple(rest)
        world = replace(self, queues=tuple(sorted(queues.items())))
        target = message.target
        if target.dispatcher < 0:
            step = self.monitors[target.core].receive(message)
            monitors = (*self.monitors[: target.core], step.node, *self.monitors[target.core + 1 :])
            return message, replace(world, monitors=monitors).post(step.messages)
        node = self.dispatcher(target)
        if node is None:
            return message, world
        after = node.receive(message)
        return message, world.with_dispatcher(after.node).post(after.messages)

    def with_dispatcher(self, node: BindingDispatcher) -> "World":
        dispatchers = tuple(node if one.party == node.party else one for one in self.dispatchers)
        return replace(self, dispatchers=dispatchers)

    def ask(self, party: Party, iref: Iref) -> "World":
        node = self.dispatcher(party)
        assert node is not None
        step = node.ask(iref)
        return self.with_dispatcher(step.node).post(step.messages)

    def kill(self, party: Party) -> "World":
        """What it has sent is on its way still; its monitor hears of it after that."""
        node = self.dispatcher(party)
        assert node is not None
        dispatchers = tuple(one for one in self.dispatchers if one.party != party)
        mortal = tuple(one for one in self.mortal if one != party)
        return replace(self, dispatchers=dispatchers, mortal=mortal).post((node.die(),))


def world(monitor: type[BindingMonitor] = BindingMonitor) -> tuple[World, Iref]:
    """Two cores: a service and a neighbour on core 1, another dispatcher on core 0."""
    serving, iref = monitor(1, 2).allocate(SERVER.dispatcher)
    dispatchers = tuple(BindingDispatcher(party) for party in (FAR, SERVER, NEIGHBOUR))
    return World((monitor(0, 2), serving), dispatchers), iref


def sequence(start: World) -> tuple[list[tuple[str, Party, Party]], World]:
    """Deliver what there is, oldest queue first, until nothing is under way."""
    said = []
    while start.queues:
        message, start = start.deliver(start.queues[0][0])
        said.append((message.kind, message.source, message.target))
    return said, start


def moves(state: World) -> Iterator[tuple[str, World]]:
    for ends, _ in state.queues:
        message, after = state.deliver(ends)
        yield f"{message.kind} {ends}", after
    for party in state.mortal:
        yield f"{party} dies", state.kill(party)


# -- the sequence ----------------------------------------------------------------------------------------------


def test_a_remote_bind_goes_by_both_monitors_and_brings_a_frame_of_two_halves() -> None:
    start, iref = world()
    said, end = sequence(start.ask(FAR, iref))
    here, there = Party(0), Party(1)
    way = [(FAR, here), (here, there), (there, SERVER)]
    back = [(target, source) for source, target in reversed(way)]
    assert said == [("bind", *hop) for hop in way] + [("accept", *hop) for hop in back]
    client, server = end.dispatcher(FAR), end.dispatcher(SERVER)
    assert client is not None
    assert server is not None
    (mine,), (theirs,) = client.channels, server.channels
    assert mine.mine == theirs.mine == Frame(SERVER, 0)
    assert {mine.writes, theirs.writes} == {0, 1}
    assert (mine.reads, mine.peer, theirs.peer) == (theirs.writes, SERVER, FAR)
    assert not any(monitor.pending for monitor in end.monitors)


def test_a_local_bind_stays_with_one_monitor_and_both_endpoints_are_exchanged() -> None:
    start, iref = world()
    said, end = sequence(start.ask(NEIGHBOUR, iref))
    monitor = Party(1)
    assert said == [
        ("bind", NEIGHBOUR, monitor),
        ("bind", monitor, SERVER),
        ("accept", SERVER, monitor),
        ("accept", monitor, NEIGHBOUR),
        ("return", NEIGHBOUR, monitor),
        ("return", monitor, SERVER),
    ]
    client, server = end.dispatcher(NEIGHBOUR), end.dispatcher(SERVER)
    assert client is not None
    assert server is not None
    (mine,), (theirs,) = client.channels, server.channels
    assert (mine.mine, mine.theirs) == (theirs.theirs, theirs.mine) == (LmpAddress(NEIGHBOUR, 0), LmpAddress(SERVER, 0))


@pytest.mark.parametrize(
    ("iref", "reason"),
    [(Iref(1, 0, 7), "no such service"), (Iref(1, 5, 0), "no such service"), (Iref(2, 0, 0), "no such core")],
)
@pytest.mark.parametrize("client", [FAR, NEIGHBOUR])
def test_a_bind_to_what_is_not_there_is_refused_with_the_reason(iref: Iref, reason: str, client: Party) -> None:
    _, end = sequence(world()[0].ask(client, iref))
    node = end.dispatcher(client)
    assert node is not None
    assert [why for _, why in node.refused] == [reason]
    assert (node.channels, node.waiting) == ((), ())


def test_a_service_of_a_dispatcher_that_has_died_is_refused() -> None:
    start, iref = world()
    _, dead = sequence(start.kill(SERVER))
    _, end = sequence(dead.ask(FAR, iref))
    node = end.dispatcher(FAR)
    assert node is not None
    assert [why for _, why in node.refused] == ["no such service"]


# -- every order -----------------------------------------------------------------------------------------------


def concurrent(
    mortal: tuple[Party, ...],
    monitor: type[BindingMonitor] = BindingMonitor,
    clients: tuple[Party, ...] = (FAR, NEIGHBOUR, FAR),
) -> Exploration[World]:
    """Both others bind to the service, one of them twice, while who is mortal may die at any moment."""
    start, iref = world(monitor)
    for client in clients:
        start = start.ask(client, iref)
    return explore(replace(start, mortal=mortal), moves)


def nobody_waits(found: Exploration[World]) -> bool:
    ends = found.stuck
    idle = not any(monitor.pending for end in ends for monitor in end.monitors)
    return bool(ends) and idle and not any(node.waiting for end in ends for node in end.dispatchers)


def test_in_every_order_of_concurrent_binds_each_gets_a_channel_of_its_own() -> None:
    found = concurrent(())
    assert nobody_waits(found)
    for end in found.stuck:
        server = end.dispatcher(SERVER)
        assert server is not None
        assert len({channel.mine for channel in server.channels}) == 3
        assert all(channel.can_send for node in end.dispatchers for channel in node.channels)
        for node in end.dispatchers:
            for channel in node.channels:
                peer = end.dispatcher(channel.peer)
                assert peer is not None
                assert any(other.bind == channel.bind and other.reads == channel.writes for other in peer.channels)


@pytest.mark.parametrize("mortal", [(SERVER,), (FAR,), (SERVER, NEIGHBOUR)])
def test_whoever_dies_in_the_middle_of_binds_nobody_waits_for_ever(mortal: tuple[Party, ...], full_scale: bool) -> None:
    found = concurrent(mortal, clients=(FAR, NEIGHBOUR, FAR) if full_scale or len(mortal) == 1 else (FAR, NEIGHBOUR))
    assert nobody_waits(found)
    for end in found.stuck:
        for node in end.dispatchers:
            if node.party != SERVER:
                assert len(node.channels) + len(node.refused) == node.asked


@dataclass(frozen=True, slots=True)
class Forgetful(BindingMonitor):
    """A monitor that does not think of requests under way when a dispatcher dies."""

    def receive(self, message: Message) -> MonitorStep:
        if message.kind != DIED:
            return BindingMonitor.receive(self, message)
        return MonitorStep(replace(self, services=()))


def test_a_monitor_that_does_not_answer_for_the_dead_leaves_clients_waiting() -> None:
    assert not nobody_waits(concurrent((SERVER,), Forgetful))


# -- names -----------------------------------------------------------------------------------------------------


@given(st.integers(0, 2**24 - 1), st.integers(0, 2**16 - 1), st.integers(0, 2**24 - 1))
def test_a_reference_is_one_word_that_decodes_to_core_dispatcher_and_service(
    core: int, dispatcher: int, service: int
) -> None:
    iref = Iref(core, dispatcher, service)
    assert 0 <= iref.number < 2**64
    assert read_iref(iref.number) == iref


def test_references_are_allocated_by_the_monitor_of_the_core_and_never_twice() -> None:
    node, seen = BindingMonitor(3, 4), set[Iref]()
    for dispatcher in (0, 1, 0, 2):
        node, iref = node.allocate(dispatcher)
        assert (iref.core, iref.dispatcher) == (3, dispatcher)
        seen.add(iref)
    assert len(seen) == 4


@pytest.mark.parametrize("wrong", [(-1, 0, 0), (2**24, 0, 0), (0, 2**16, 0), (0, 0, 2**24)])
def test_a_reference_that_does_not_fit_a_word_is_refused(wrong: tuple[int, int, int]) -> None:
    with pytest.raises(ScenarioError, match="accepted: 0 to"):
        Iref(*wrong)
    with pytest.raises(ScenarioError, match="words of 64 bits"):
        read_iref(2**64)


def test_a_name_is_looked_up_as_it_was_registered_and_belongs_to_one_service() -> None:
    first, second = Iref(1, 0, 0), Iref(2, 0, 0)
    names = NameService().register("names", NAME_SERVICE).register("disk", first)
    assert (names.look_up("disk"), names.look_up("names"), names.look_up("tape")) == (first, NAME_SERVICE, None)
    assert NAME_SERVICE.core == 0
    with pytest.raises(ScenarioError, match=r"'disk' is that of .*accepted: another name"):
        names.register("disk", second)
    with pytest.raises(ScenarioError, match="empty name"):
        names.register("", second)
    assert names.unregister("disk").register("disk", second).look_up("disk") == second
