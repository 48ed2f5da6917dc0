"""Notifications between cores without coherent caches, walked through every order of their steps."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest

from kernelsim.errors import ScenarioError
from kernelsim.exploring import Exploration, explore
from kernelsim.scc import port as steps
from kernelsim.scc.endpoints import ChannelIds, NotificationTable
from kernelsim.scc.port import Design, Port, Send, Take, begin
from kernelsim.scc.ring import CHANNELS, MOST_ENTRIES, Ring
from kernelsim.scc.ring import SEND_STEPS as RING_STEPS
from kernelsim.scc.ring import TAKE_STEPS as RING_TAKES
from kernelsim.scc.tree import SEND_STEPS as TREE_STEPS
from kernelsim.scc.tree import TAKE_STEPS as TREE_TAKES
from kernelsim.scc.tree import Tree


@dataclass(frozen=True)
class World:
    """A receiver's port, each sender's notification under way and those that follow, and what has come of it."""

    port: Port
    sends: tuple[Send, ...]
    queues: tuple[tuple[int, ...], ...]
    take: Take | None = None
    found: tuple[int, ...] = ()
    refused: tuple[int, ...] = ()


def moves(design: Design, *, retries: bool = False) -> "Moves":
    return Moves(design, retries)


@dataclass(frozen=True)
class Moves:
    design: Design
    retries: bool

    def __call__(self, world: World) -> Iterator[tuple[str, World]]:
        """One step of one core; who finds the lock taken does not move."""
        for index, send in enumerate(world.sends):
            moved = self._send(world, index, send)
            if moved is not None and moved != world:
                yield f"{index}: {send.steps[0] if send.steps else 'next'}", moved
        moved = self._take(world)
        if moved is not None and moved != world:
            yield f"receiver: {world.take.steps[0] if world.take else 'interrupt'}", moved

    def _send(self, world: World, index: int, send: Send) -> World | None:
        if send.is_done:
            if send.is_refused and self.retries:
                return _with(world, index, begin(self.design, send.channel))
            if not world.queues[index]:
                return None
            channel, *rest = world.queues[index]
            queues = (*world.queues[:index], tuple(rest), *world.queues[index + 1 :])
            refused = (*world.refused, send.channel) if send.is_refused else world.refused
            return replace(_with(world, index, begin(self.design, channel)), queues=queues, refused=refused)
        following, port = self.design.send_step(send, world.port)
        return replace(_with(world, index, following), port=port)

    def _take(self, world: World) -> World | None:
        if world.take is None:
            return replace(world, take=Take(self.design.take_steps)) if world.port.is_pending else None
        take, port = self.design.take_step(world.take, world.port)
        if take.is_done:
            found = tuple(sorted((*world.found, *take.found)))
            return replace(world, port=port, take=None, found=found)
        return replace(world, port=port, take=take)


def _with(world: World, index: int, send: Send) -> World:
    return replace(world, sends=(*world.sends[:index], send, *world.sends[index + 1 :]))


def all_orders(design: Design, *queues: tuple[int, ...], retries: bool = False) -> Exploration[World]:
    sends = tuple(begin(design, first) for first, *_ in queues)
    start = World(design.empty(), sends, tuple(tuple(rest) for _, *rest in queues))
    return explore(start, moves(design, retries=retries))


def lost(found: Exploration[World], sent: tuple[int, ...]) -> list[World]:
    """Ends in which a notification that was not refused is missing, or somebody waits for ever."""
    return [
        world
        for world in found.stuck
        if world.take is not None
        or not all(send.is_done for send in world.sends)
        or set(sent) - set(world.found) - set(_refused(world))
    ]


def _refused(world: World) -> tuple[int, ...]:
    return (*world.refused, *(send.channel for send in world.sends if send.is_refused))


# -- the ring --------------------------------------------------------------------------------------------------


def test_no_notification_by_ring_is_lost_or_doubled_in_any_order(full_scale: bool) -> None:
    queues = ((1, 2), (3, 4), (5,)) if full_scale else ((1, 2), (3,))
    sent = tuple(channel for queue in queues for channel in queue)
    found = all_orders(Ring(len(sent)), *queues)
    assert lost(found, sent) == []
    assert {world.found for world in found.stuck} == {tuple(sorted(sent))}


def test_one_interrupt_stands_for_many_notifications() -> None:
    found = all_orders(Ring(3), (1,), (2,), (3,))
    assert {world.port.interrupts for world in found.stuck} == {1, 2, 3}


def test_a_full_ring_is_an_error_and_a_later_try_succeeds() -> None:
    ends = all_orders(Ring(1), (1,), (2,)).stuck
    assert {_refused(world) for world in ends} == {(), (1,), (2,)}
    assert all(set(world.found) | set(_refused(world)) == {1, 2} for world in ends)
    retried = all_orders(Ring(1), (1,), (2,), retries=True)
    assert retried.stuck
    assert lost(retried, (1, 2)) == []
    assert {world.found for world in retried.stuck} == {(1, 2)}


def test_an_entry_is_overwritten_only_when_it_was_read() -> None:
    found = all_orders(Ring(2), (1, 2, 3, 4))
    assert lost(found, (1, 2, 3, 4)) == []


@pytest.mark.parametrize("step", [steps.ACQUIRE, steps.RELEASE, steps.RAISE])
def test_a_ring_without_one_of_the_steps_loses_notifications(step: str) -> None:
    left = tuple(each for each in RING_STEPS if each != step)
    assert lost(all_orders(Ring(4, send_steps=left), (1, 2), (3,)), (1, 2, 3))


def test_without_looking_at_the_status_every_notification_interrupts() -> None:
    left = tuple(each for each in RING_STEPS if each != steps.READ_STATUS)
    found = all_orders(Ring(3, send_steps=left), (1,), (2,), (3,))
    assert lost(found, (1, 2, 3)) == []
    assert {world.port.interrupts for world in found.stuck} == {3}


def test_a_status_cleared_after_the_ring_was_read_loses_notifications() -> None:
    late = (*(step for step in RING_TAKES if step != steps.CLEAR_STATUS), steps.CLEAR_STATUS)
    assert lost(all_orders(Ring(4, take_steps=late), (1,), (2,)), (1, 2))


def test_a_ring_fills_the_buffer_behind_two_positions_and_knows_ids_of_16_bits() -> None:
    assert MOST_ENTRIES == 254
    assert len(Ring().empty().lines) == 256
    assert CHANNELS == 65_536
    Ring().check(65_535)
    with pytest.raises(ScenarioError, match="channel 65536 cannot be notified; accepted: 0 to 65535"):
        begin(Ring(), 65_536)
    with pytest.raises(ScenarioError, match="a ring of 255 entries"):
        Ring(255)


# -- the tree --------------------------------------------------------------------------------------------------


def test_no_notification_by_tree_is_lost_in_any_order(full_scale: bool) -> None:
    queues = ((0, 3), (1,), (2,)) if full_scale else ((0,), (3,), (2,))
    sent = tuple(channel for queue in queues for channel in queue)
    found = all_orders(Tree(2, 2), *queues)
    assert lost(found, sent) == []
    assert all(world.refused == () for world in found.stuck)


def test_two_notifications_of_a_channel_may_become_one() -> None:
    found = all_orders(Tree(1, 1), (0,), (0,))
    assert lost(found, (0,)) == []
    assert {world.found for world in found.stuck} == {(0,), (0, 0)}


@pytest.mark.parametrize("step", [steps.ACQUIRE, steps.RELEASE, steps.RAISE, "write root", "write leaf"])
def test_a_tree_without_one_of_the_steps_loses_notifications(step: str) -> None:
    left = tuple(each for each in TREE_STEPS if each != step)
    assert lost(all_orders(Tree(2, 2, send_steps=left), (0,), (1,)), (0, 1))


def test_a_receiver_that_takes_the_tree_without_the_lock_loses_notifications() -> None:
    left = tuple(each for each in TREE_TAKES if each not in (steps.ACQUIRE, steps.RELEASE))
    assert lost(all_orders(Tree(2, 2, take_steps=left), (0, 1), (2,)), (0, 1, 2))


def test_a_tree_has_65280_channels() -> None:
    assert Tree().channels == 65_280
    assert len(Tree().empty().lines) * 32 == 8192
    with pytest.raises(ScenarioError, match="channel 65280 cannot be notified"):
        begin(Tree(), 65_280)
    with pytest.raises(ScenarioError, match="a tree of 256 leaves"):
        Tree(256)


def test_the_steps_are_as_many_as_printed() -> None:
    assert len(RING_STEPS) == 7
    assert len(TREE_STEPS) == 10


# -- the receiver's table --------------------------------------------------------------------------------------


def test_an_unknown_channel_is_ignored() -> None:
    table = NotificationTable()
    table.register(7, "lu")
    assert table.signalled((7, 8, 7)) == ("lu", "lu")
    assert table.ignored == 1
    table.unregister(7)
    assert table.signalled((7,)) == ()


def test_the_receivers_monitor_hands_out_every_id_once() -> None:
    ids = ChannelIds()
    assert [ids.allocate() for _ in range(CHANNELS)] == list(range(CHANNELS))
    with pytest.raises(ScenarioError, match="all 65,536 channels"):
        ids.allocate()
    ids.free(40_000)
    assert ids.allocate() == 40_000
    with pytest.raises(ScenarioError, match="channel 65536 is not bound"):
        ids.free(65_536)
