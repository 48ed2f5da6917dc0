"""UMP over memory without coherence, word by word, and what it costs to wait for its messages there."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

import pytest
from scc_machine import CHIP, COSTS

from kernelsim.errors import ScenarioError
from kernelsim.exploring import Exploration, explore
from kernelsim.scc.channel import SccEnd, connect, scc_format
from kernelsim.scc.memory import SharedMemory, blank
from kernelsim.scc.port import Port, Send, Take, begin
from kernelsim.scc.receiving import break_even_channels, by_notification, by_polling, polling_load_ppm
from kernelsim.scc.ring import Ring
from kernelsim.scc.tree import Tree

SENDER, RECEIVER = 0, 1
PAYLOAD = (1, 2, 3, 4, 5, 6, 7)


@dataclass(frozen=True)
class World:
    """Both ends and the memory between them; messages to send, and those received."""

    memory: SharedMemory
    sender: SccEnd
    receiver: SccEnd
    left: int
    got: tuple[tuple[int, ...], ...] = ()


def moves(world: World) -> Iterator[tuple[str, World]]:
    """One word written, or one look, by either end; counters of transactions play no part."""
    sender, receiver, memory = world.sender, world.receiver, world.memory
    if sender.endpoint.unwritten:
        end, memory = sender.write(memory)
        yield "write", _forget(replace(world, sender=end, memory=memory))
    elif sender.endpoint.can_send() and world.left:
        yield "begin", replace(world, sender=sender.begin((world.left,) * 7), left=world.left - 1)
    end, memory, _, came = sender.poll(world.memory)
    if came or memory.cores != world.memory.cores:
        yield "hear", _forget(replace(world, sender=end, memory=memory))
    if receiver.endpoint.unwritten:
        end, memory = receiver.write(world.memory)
        yield "write ack", _forget(replace(world, receiver=end, memory=memory))
    elif receiver.endpoint.can_acknowledge():
        yield "ack", replace(world, receiver=receiver.acknowledge())
    end, memory, payload, came = receiver.poll(world.memory)
    if came or memory.cores != world.memory.cores:
        got = world.got if payload is None else (*world.got, payload)
        yield "look", _forget(replace(world, receiver=end, memory=memory, got=got))


def _forget(world: World) -> World:
    return replace(world, memory=replace(world.memory, fetched=0, flushed=0))


def every_order(messages: int, *, invalidates: bool = True) -> Exploration[World]:
    format_ = scc_format(2)
    sender, receiver = connect(SENDER, RECEIVER, format_, invalidates=invalidates)
    return explore(World(blank(2 * format_.lines, 2), sender, receiver, messages), moves)


def test_messages_arrive_whole_and_in_order_without_coherence(full_scale: bool) -> None:
    messages = 7 if full_scale else 4
    found = every_order(messages)
    sent = tuple((left,) * 7 for left in range(messages, 0, -1))
    assert all(world.got == sent[: len(world.got)] for world in found.came)
    ends = [world for world in found.came if not world.left and not world.sender.endpoint.unwritten]
    assert any(world.got == sent for world in ends)
    assert all(world.left == 0 and world.got == sent for world in found.stuck)


def test_without_cl1invmb_a_receiver_polls_its_stale_copy_for_ever() -> None:
    found = every_order(2, invalidates=False)
    assert any(len(world.got) < 2 for world in found.stuck)


def test_a_message_is_32_bytes_and_one_transaction_with_memory() -> None:
    format_ = scc_format()
    sender, receiver = connect(SENDER, RECEIVER, format_)
    assert format_.line_bytes == 32
    _, memory = sender.send(blank(2 * format_.lines, 2), PAYLOAD)
    assert memory.flushed == 1
    _, memory, payload, came = receiver.poll(memory)
    assert (payload, came) == (PAYLOAD, True)
    assert memory.fetched == 1


def test_every_poll_is_a_load_from_memory() -> None:
    format_ = scc_format()
    _, receiver = connect(SENDER, RECEIVER, format_)
    memory = blank(2 * format_.lines, 2)
    for _ in range(5):
        receiver, memory, _, came = receiver.poll(memory)
        assert not came
    assert memory.fetched == 5


def test_a_full_channel_takes_nothing_more() -> None:
    format_ = scc_format(2)
    sender, _ = connect(SENDER, RECEIVER, format_)
    memory = blank(2 * format_.lines, 2)
    for _ in range(2):
        sender, memory = sender.send(memory, PAYLOAD)
    with pytest.raises(ScenarioError, match="no slot for a message"):
        sender.begin(PAYLOAD)


# -- notified, and never polling otherwise --------------------------------------------------------------------


@dataclass(frozen=True)
class Asleep:
    """A receiver that looks at a channel only when its CPU driver has found the id in the ring."""

    memory: SharedMemory
    sender: SccEnd
    receiver: SccEnd
    port: Port
    left: int
    send: Send | None = None
    take: Take | None = None
    got: int = 0


RING = Ring(3)


def _woken_moves(world: Asleep, *, notifies_first: bool) -> Iterator[tuple[str, Asleep]]:
    if world.send is None or world.send.is_done:
        if notifies_first and world.send is not None:
            end, memory = world.sender.send(world.memory, PAYLOAD)
            yield "write", replace(world, sender=end, memory=memory, send=None)
        elif world.left:
            end, memory = (world.sender, world.memory) if notifies_first else world.sender.send(world.memory, PAYLOAD)
            yield "begin", replace(world, sender=end, memory=memory, send=begin(RING, 7), left=world.left - 1)
    else:
        send, port = RING.send_step(world.send, world.port)
        if send != world.send:
            yield world.send.steps[0], replace(world, send=send, port=port)
    if world.take is None:
        if world.port.is_pending:
            yield "interrupt", replace(world, take=Take(RING.take_steps))
    elif world.take.is_done:
        receiver, memory, got, came = world.receiver, world.memory, world.got, bool(world.take.found)
        while came:
            receiver, memory, _, came = receiver.poll(memory)
            got += came
        yield "read", replace(world, receiver=receiver, memory=memory, got=got, take=None)
    else:
        take, port = RING.take_step(world.take, world.port)
        yield world.take.steps[0], replace(world, take=take, port=port)


def _received(messages: int, *, invalidates: bool = True, notifies_first: bool = False) -> set[int]:
    """How many messages have been read when nothing can happen any more."""
    format_ = scc_format(4)
    sender, receiver = connect(SENDER, RECEIVER, format_, invalidates=invalidates)
    start = Asleep(blank(2 * format_.lines, 2), sender, receiver, RING.empty(), messages)
    return {world.got for world in explore(start, partial(_woken_moves, notifies_first=notifies_first)).stuck}


def test_a_receiver_that_sleeps_until_it_is_notified_reads_every_message_in_any_order() -> None:
    assert _received(3) == {3}


def test_a_notification_before_its_message_or_a_stale_copy_lets_messages_lie() -> None:
    assert min(_received(3, notifies_first=True)) < 3
    assert min(_received(3, invalidates=False)) < 3


# -- waiting ---------------------------------------------------------------------------------------------------


def test_polling_costs_more_with_every_channel_and_being_notified_does_not() -> None:
    polled = [by_polling(CHIP, COSTS, 0, tuple(range(1, count + 1))).receiver_ps for count in (1, 10, 47)]
    assert polled == sorted(set(polled))
    even = break_even_channels(CHIP, COSTS, Ring(), 0, 1)
    notified = by_notification(CHIP, COSTS, Ring(), 0, 1, 1)
    total_ps = notified.sender_ps + notified.receiver_ps
    assert by_polling(CHIP, COSTS, 0, (1,) * (even + 2)).receiver_ps > total_ps
    assert by_polling(CHIP, COSTS, 0, (1,) * max(1, even - 2)).receiver_ps < total_ps


def test_a_core_with_other_work_cannot_poll_everyone_as_promptly_as_it_is_notified() -> None:
    latency_ps = by_notification(CHIP, COSTS, Ring(), 0, 47, 47).latency_ps
    everyone = tuple(range(1, 48))
    assert polling_load_ppm(CHIP, COSTS, 0, everyone, latency_ps) > 400_000
    assert polling_load_ppm(CHIP, COSTS, 0, everyone * 3, latency_ps) > 1_000_000


def test_messages_that_share_an_interrupt_cost_less_each() -> None:
    alone, shared = (by_notification(CHIP, COSTS, Ring(), 0, 1, 1, together) for together in (1, 8))
    assert shared.receiver_ps < alone.receiver_ps
    assert shared.sender_ps < alone.sender_ps
    assert by_notification(CHIP, COSTS, Tree(), 0, 1, 1).latency_ps > alone.latency_ps


def test_waiting_for_nothing_is_refused() -> None:
    with pytest.raises(ScenarioError, match="polling without a channel"):
        by_polling(CHIP, COSTS, 0, ())
    with pytest.raises(ScenarioError, match="0 messages an interrupt"):
        by_notification(CHIP, COSTS, Ring(), 0, 1, 1, 0)
    with pytest.raises(ScenarioError, match="a latency of 0 ps"):
        polling_load_ppm(CHIP, COSTS, 0, (1,), 0)
