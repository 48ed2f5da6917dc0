"""Capabilities between cores: no order of retypes, revokes and transfers gives memory two meanings."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from kernelsim_memory import PAGE, REGIONS, chance, check, local_step, raw, refusal, run_many

from kernelsim.capabilities import kinds, sharing
from kernelsim.capabilities.database import ROOT, Database, Object, Refused
from kernelsim.capabilities.kinds import (
    DISPATCHER,
    FRAME,
    FROM_RAW,
    PAGE_TABLE,
    PHYSICAL,
    RAW,
    UNTYPED,
)
from kernelsim.capabilities.sharing import Request, Serialised, deserialise, serialise
from kernelsim.exploring import Exploration, explore
from kernelsim.system.agreement.memory import Keeper, MemoryStep
from kernelsim.system.agreement.replica import RETYPE, REVOKE, Change, Replica
from kernelsim.system.agreement.two_phase import Message, Node


@dataclass
class World:
    """Cores that all take part, what is on its way between their monitors, and what has been answered."""

    keepers: list[Keeper]
    channels: dict[tuple[int, int], list[Message | Serialised]] = field(default_factory=dict)
    answers: list[bool] = field(default_factory=list)
    asked: int = 0
    arrived: int = 0
    refused: set[str] = field(default_factory=set)

    def take(self, core: int, step: MemoryStep) -> None:
        self.keepers[core] = step.keeper
        for message in step.messages:
            self.channels.setdefault((message.source, message.target), []).append(message)
        self.answers += [yes for _, yes in step.ended]

    def deliver(self, channel: tuple[int, int]) -> None:
        message = self.channels[channel].pop(0)
        if not self.channels[channel]:
            del self.channels[channel]
        core = channel[1]
        if isinstance(message, Message):
            self.take(core, self.keepers[core].receive(message))
            return
        free = next(slot for slot in range(60, 400) if (ROOT, slot) not in self.taken(core))
        try:
            self.change(core, deserialise(self.keepers[core].database, ROOT, free, message))
        except Refused as refused:
            self.refused.add(refused.code)
        else:
            self.arrived += 1

    def change(self, core: int, database: Database) -> None:
        keeper = self.keepers[core]
        self.keepers[core] = Keeper(keeper.node, database, keeper.requests)

    def taken(self, core: int) -> set[tuple[str, int]]:
        return {each[:2] for each in self.keepers[core].database.slots}

    def slots(self, core: int, *wanted: str) -> list[int]:
        database = self.keepers[core].database
        return [
            slot for space, slot, _ in database.slots if space == ROOT and database.look(space, slot).kind in wanted
        ]


def boot(cores: int) -> World:
    """The memory belongs to core 0 at first."""
    replica = Replica.of({base: RAW for base, _ in REGIONS}, range(cores))
    empty = [Database.boot(core, regions=REGIONS) for core in range(1, cores)]
    return World([Keeper(Node(core, replica), database) for core, database in enumerate([raw(), *empty])])


def shared_step(world: World, draw: random.Random) -> None:
    core = draw.randrange(len(world.keepers))
    keeper = world.keepers[core]
    code = draw.randrange(12)
    untyped, travelling = world.slots(core, RAW), world.slots(core, RAW, FRAME)
    if code < 5 and world.channels:
        world.deliver(draw.choice(sorted(world.channels)))
    elif code < 7 and untyped:
        free = 30 + draw.randrange(20)
        targets = tuple(range(free, free + draw.choice((1, 2))))
        world.asked += 1
        kind = draw.choice((FRAME, FRAME, PAGE_TABLE, DISPATCHER))
        world.take(core, keeper.retype(world.asked, Request(ROOT, draw.choice(untyped), kind, targets)))
    elif code == 7 and untyped:
        world.asked += 1
        world.take(core, keeper.revoke(world.asked, ROOT, draw.choice(untyped)))
    elif code < 10 and travelling:
        database, sent = serialise(keeper.database, ROOT, draw.choice(travelling))
        world.change(core, database)
        other = draw.choice([each for each in range(len(world.keepers)) if each != core])
        world.channels.setdefault((core, other), []).append(sent)
    elif any(slot > 2 for slot in world.slots(core, *UNTYPED, *FROM_RAW)):
        world.change(core, local_step(keeper.database, *chance(draw.randrange(2**32), 1)[0]))


def run_shared(seed: int, cores: int = 3, length: int = 150) -> World:
    world, draw = boot(cores), random.Random(seed)
    for _ in range(length):
        try:
            shared_step(world, draw)
        except Refused:
            continue
        check([keeper.database for keeper in world.keepers])
    while world.channels:
        world.deliver(draw.choice(sorted(world.channels)))
        check([keeper.database for keeper in world.keepers])
    assert len(world.answers) <= world.asked
    assert world.refused <= {"stale"}
    assert not any(keeper.node.pending for keeper in world.keepers)
    return world


def test_no_sequence_over_several_cores_gives_memory_two_uses_or_maps_a_page_table(full_scale: bool) -> None:
    worlds = [run_shared(seed) for seed in range(1000 if full_scale else 25)]
    assert sum(world.arrived for world in worlds) > 2 * len(worlds)
    answers = [yes for world in worlds for yes in world.answers]
    assert answers.count(True) > len(worlds)
    assert answers.count(False) > len(worlds)


@pytest.mark.parametrize(
    ("owner", "name", "broken"),
    [
        pytest.param(Database, "_must_be_local", lambda self, own, what: None, id="cores that change what is shared"),
        pytest.param(Replica, "allows", lambda self, change: True, id="monitors that agree to everything"),
        pytest.param(Change, "conflicts_with", lambda self, other: False, id="two agreements at a time"),
    ],
)
def test_without_agreement_cores_give_memory_two_uses(
    monkeypatch: pytest.MonkeyPatch, owner: type, name: str, broken: Any
) -> None:
    monkeypatch.setattr(owner, name, broken)
    with pytest.raises(AssertionError, match="memory with two uses"):
        run_many(run_shared)


def test_of_two_conflicting_retypes_on_two_cores_the_monitors_refuse_one() -> None:
    world = boot(2)
    database, sent = serialise(world.keepers[0].database, ROOT, 10)
    world.change(0, database)
    world.change(1, deserialise(world.keepers[1].database, ROOT, 60, sent))
    assert refusal(lambda: database.retype(ROOT, 10, FRAME, (30,))) == "ask_monitor"
    world.take(0, world.keepers[0].retype(1, Request(ROOT, 10, FRAME, (30, 31))))
    world.take(1, world.keepers[1].retype(2, Request(ROOT, 60, PAGE_TABLE, (30,))))
    while world.channels:
        world.deliver(min(world.channels))
    assert sorted(world.answers) == [False, True]
    made = [
        each.kind for keeper in world.keepers for each in keeper.database.objects if each.kind in (FRAME, PAGE_TABLE)
    ]
    assert made in ([FRAME, FRAME], [PAGE_TABLE])


def test_an_agreed_revoke_reaches_every_core_and_what_is_still_on_its_way() -> None:
    world = boot(2)
    world.take(0, world.keepers[0].retype(1, Request(ROOT, 10, FRAME, (30, 31))))
    while world.channels:
        world.deliver(min(world.channels))
    database, first = serialise(world.keepers[0].database, ROOT, 30)
    _, late = serialise(database, ROOT, 31)
    world.change(1, deserialise(world.keepers[1].database, ROOT, 60, first))
    world.take(0, world.keepers[0].revoke(2, ROOT, 10))
    while world.channels:
        world.deliver(min(world.channels))
    assert world.answers == [True, True]
    assert world.slots(0, FRAME) == world.slots(1, FRAME) == []
    assert refusal(lambda: deserialise(world.keepers[1].database, ROOT, 61, late)) == "stale"


@dataclass(frozen=True)
class Orders:
    """Three cores, what is on its way by channel, and what user code has yet to ask for."""

    keepers: tuple[Keeper, ...]
    channels: tuple[tuple[tuple[int, int], tuple[Message | Serialised, ...]], ...]
    wishes: frozenset[str]

    def changed(self, core: int, keeper: Keeper, *sent: tuple[int, Message | Serialised]) -> "Orders":
        channels = dict(self.channels)
        for target, message in sent:
            channels[core, target] = (*channels.get((core, target), ()), message)
        keepers = (*self.keepers[:core], keeper, *self.keepers[core + 1 :])
        return Orders(keepers, tuple(sorted(channels.items(), key=lambda each: each[0])), self.wishes)

    def stepped(self, core: int, step: MemoryStep) -> "Orders":
        return self.changed(core, step.keeper, *((message.target, message) for message in step.messages))


def orders(state: Orders) -> Iterator[tuple[str, Orders]]:
    """Core 0 wants frames of a region and sends one to core 1, which wants a page table of it; core 2 takes it back."""
    for wish in sorted(state.wishes):
        asking = replace(state, wishes=state.wishes - {wish})
        core = int(wish[0])
        keeper = state.keepers[core]
        try:
            if wish == "0 sends":
                database, sent = serialise(keeper.database, ROOT, 30)
                yield wish, asking.changed(0, replace(keeper, database=database), (1, sent))
            elif wish == "2 revokes":
                yield wish, asking.stepped(core, keeper.revoke(3, ROOT, 10))
            else:
                kind, targets = (FRAME, (30, 31)) if core == 0 else (PAGE_TABLE, (30,))
                yield wish, asking.stepped(core, keeper.retype(1 + core, Request(ROOT, 10, kind, targets)))
        except Refused:
            continue
    for channel, (first, *rest) in state.channels:
        others = dict(state.channels) | {channel: tuple(rest)}
        left = replace(state, channels=tuple((each, them) for each, them in sorted(others.items()) if them))
        keeper = state.keepers[channel[1]]
        if isinstance(first, Message):
            yield f"to {channel[1]}: {first.kind}", left.stepped(channel[1], keeper.receive(first))
            continue
        try:
            came = replace(keeper, database=deserialise(keeper.database, ROOT, 60, first))
            yield "the frame comes", left.changed(1, came)
        except Refused:
            yield "the frame is stale", left


def walk(*wishes: str) -> Exploration[Orders]:
    """Everything that can happen; all cores hold the raw region. At no time is there anything that nobody agreed on."""
    world = boot(3)
    database, sent = serialise(world.keepers[0].database, ROOT, 10)
    world.change(0, database)
    for core in (1, 2):
        world.change(core, deserialise(world.keepers[core].database, ROOT, 10, sent))
    found = explore(Orders(tuple(world.keepers), (), frozenset(wishes)), orders)
    for state in found.came:
        check([keeper.database for keeper in state.keepers])
        if not state.channels:
            replicas = {keeper.node.replica for keeper in state.keepers}
            assert len(replicas) == 1
            held = {each.kind for keeper in state.keepers for each in keeper.database.objects if each.overlaps(0, 1)}
            agreed = next(each.type_of(0) for each in replicas if each is not None)
            assert held <= {PHYSICAL, RAW, agreed}, f"a revoked frame is held: {found.way(state)}"
            assert not any(keeper.node.pending for keeper in state.keepers)
    return found


def test_no_order_of_messages_leaves_a_frame_that_was_revoked_or_gives_a_region_two_uses() -> None:
    found = walk("0 retypes", "0 sends", "1 retypes", "2 revokes")
    assert len(found.came) > 500
    types = {state.keepers[0].node.replica.type_of(0) for state in found.came if state.keepers[0].node.replica}
    assert types == {RAW, FRAME, PAGE_TABLE}


def test_without_the_count_of_agreements_a_revoke_misses_a_frame_on_its_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sharing, "_next_generation", lambda database, base: database)
    with pytest.raises(AssertionError, match="a revoked frame is held"):
        walk("0 retypes", "0 sends", "2 revokes")


def test_what_names_state_of_a_core_stays_there_and_so_does_what_it_retyped_alone() -> None:
    alone = raw().retype(ROOT, 10, FRAME, (20,)).retype(ROOT, 11, PAGE_TABLE, (21,))
    for slot in (0, 1, 2, 3, 10, 20, 21):
        assert refusal(lambda slot=slot: serialise(alone, ROOT, slot)) == "core_local"  # type: ignore[misc]
    assert serialise(alone, ROOT, 12)[1] == Serialised(RAW, 8 * PAGE, 4 * PAGE, 0)


def test_raw_is_the_only_name_for_raw_memory() -> None:
    assert Replica.of({0: RAW}, (0,)).allows(Change(RETYPE, 0, FRAME))
    assert not Replica.of({0: RAW}, (0,)).allows(Change(RETYPE, 0, "cupboard"))
    assert not Replica.of({0: RAW}, (0,)).allows(Change(REVOKE, 0))
    assert set(kinds.FROM_RAW) < set(kinds.RETYPES[RAW])
    assert isinstance(raw().look(ROOT, 10), Object)
