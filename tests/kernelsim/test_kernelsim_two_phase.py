"""Two-phase commit between monitors, walked through every order in which messages can arrive."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import pytest

from kernelsim.system.agreement.replica import JOIN, LEAVE, RAW, RETYPE, REVOKE, Change, Replica
from kernelsim.system.agreement.two_phase import Message, Node, Step, Transaction

FRAME, TABLE = "frame", "page table"


@dataclass(frozen=True)
class World:
    """All nodes, the messages under way by channel, what is yet to be asked, and what has been answered."""

    nodes: tuple[Node, ...]
    channels: tuple[tuple[tuple[int, int], tuple[Message, ...]], ...]
    asks: tuple[tuple[int, Change], ...]
    ended: frozenset[tuple[int, int, Change, bool]]

    def steps(self) -> Iterator["World"]:
        """Every way in which it can go on."""
        for index, (core, change) in enumerate(self.asks):
            transaction = propose(self.nodes[core], index, change)
            left = self.asks[:index] + self.asks[index + 1 :]
            yield World(self.nodes, self.channels, left, self.ended).taken(core, self.nodes[core].ask(transaction))
        for index, (channel, (first, *rest)) in enumerate(self.channels):
            others = self.channels[:index] + self.channels[index + 1 :]
            kept = (*others, (channel, tuple(rest))) if rest else others
            world = World(self.nodes, tuple(sorted(kept, key=lambda each: each[0])), self.asks, self.ended)
            yield world.taken(first.target, self.nodes[first.target].receive(first))

    def taken(self, core: int, step: Step) -> "World":
        nodes = (*self.nodes[:core], step.node, *self.nodes[core + 1 :])
        channels = dict(self.channels)
        for message in step.messages:
            key = (message.source, message.target)
            channels[key] = (*channels.get(key, ()), message)
        ended = self.ended | {(one.core, one.number, one.change, yes) for one, yes in step.ended}
        return World(nodes, tuple(sorted(channels.items())), self.asks, frozenset(ended))


def propose(node: Node, number: int, change: Change) -> Transaction:
    """By unicast to all members that the proposer knows, and to who joins."""
    members = node.replica.members if node.replica else ()
    others = [core for core in members if core != node.core]
    if change.kind == JOIN and change.subject not in members:
        others.append(change.subject)
    return Transaction(node.core, number, change, ((node.core, tuple(others)),), node.replica)


def boot(cores: int, members: Iterable[int], asks: Sequence[tuple[int, Change]], **regions: str) -> World:
    replica = Replica.of({int(name[1:]): type_ for name, type_ in regions.items()} or {0: RAW, 1: RAW}, members)
    nodes = tuple(Node(core, replica if core in members else None) for core in range(cores))
    return World(nodes, (), tuple(asks), frozenset())


def walk(start: World) -> list[World]:
    """Every world that can be reached; checks each, and returns those in which nothing is left to do."""
    seen, open_, final = {start}, [start], []
    while open_:
        world = open_.pop()
        check_types(world)
        following = list(world.steps())
        if not following:
            final.append(world)
        for each in following:
            if each not in seen:
                seen.add(each)
                open_.append(each)
    return final


def check_types(world: World) -> None:
    """At no time are there two different types of one region, raw memory aside."""
    for region in (0, 1):
        types = {node.replica.type_of(region) for node in world.nodes if node.replica}
        assert len(types - {RAW}) <= 1, (region, types)


def check_end(world: World, asked: int) -> None:
    """No deadlock, no lost message: all is answered, nothing is held, all members know the same."""
    assert len(world.ended) == asked
    assert all(not node.pending for node in world.nodes)
    replicas = {node.replica for node in world.nodes if node.replica}
    assert len(replicas) == 1
    (replica,) = replicas
    assert replica.members == tuple(node.core for node in world.nodes if node.replica)


A, B = Change(RETYPE, 0, FRAME), Change(RETYPE, 0, TABLE)


def test_of_two_conflicting_retypes_exactly_one_is_refused_in_every_order() -> None:
    final = walk(boot(3, (0, 1, 2), [(1, A), (2, B)]))
    for world in final:
        check_end(world, 2)
        assert sorted(yes for *_, yes in world.ended) == [False, True]
    assert {type_ for world in final for type_ in [world.nodes[0].replica.type_of(0)]} == {FRAME, TABLE}  # type: ignore[union-attr]


def test_retypes_of_two_regions_do_not_hinder_each_other() -> None:
    for world in walk(boot(3, (0, 1, 2), [(1, A), (2, Change(RETYPE, 1, TABLE))])):
        check_end(world, 2)
        assert all(yes for *_, yes in world.ended)


def test_a_region_is_retyped_again_only_after_its_revocation() -> None:
    ends = set()
    for world in walk(boot(2, (0, 1), [(0, Change(REVOKE, 0)), (1, B)], r0=FRAME)):
        check_end(world, 2)
        assert (0, 0, Change(REVOKE, 0), True) in world.ended or (0, 0, Change(REVOKE, 0), False) in world.ended
        ends.add(world.nodes[0].replica.type_of(0))  # type: ignore[union-attr]
    assert ends == {RAW, TABLE}


@pytest.mark.parametrize(
    "asks",
    [
        pytest.param([(0, Change(LEAVE, 2)), (1, A)], id="a core leaves beside a retype"),
        pytest.param([(2, Change(LEAVE, 2)), (1, A)], id="a core takes itself out"),
        pytest.param([(0, Change(LEAVE, 1)), (1, A)], id="the proposer of a retype is taken out"),
        pytest.param([(0, Change(LEAVE, 1)), (1, Change(LEAVE, 0))], id="two take each other out"),
    ],
)
def test_a_core_that_leaves_in_the_middle_of_a_commit_leaves_a_consistent_view(asks: list[tuple[int, Change]]) -> None:
    final = walk(boot(3, (0, 1, 2), asks))
    for world in final:
        check_end(world, 2)
        assert any(yes for *_, yes in world.ended)
    assert {node.replica is None for world in final for node in world.nodes} == {True, False}


def test_a_core_that_joins_begins_with_the_present_state() -> None:
    joined = 0
    for world in walk(boot(3, (0, 1), [(0, Change(JOIN, 2)), (1, A)])):
        check_end(world, 2)
        joined += world.nodes[2].replica is not None
        assert world.nodes[2].replica in (None, world.nodes[0].replica)
    assert joined


def test_three_conflicting_changes_never_block_each_other(full_scale: bool) -> None:
    third = Change(RETYPE, 0, "dispatcher")
    cores = 3 if full_scale else 2
    for world in walk(boot(cores, range(cores), [(0, A), (1, B), (cores - 1, third)])):
        check_end(world, 3)
        assert [yes for *_, yes in world.ended].count(True) == 1


def test_without_the_rule_of_conflicts_replicas_come_to_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Change, "conflicts_with", lambda self, other: False)
    with pytest.raises(AssertionError):
        walk(boot(3, (0, 1, 2), [(1, A), (2, B)]))


def test_a_change_that_its_own_core_knows_to_be_impossible_costs_no_message() -> None:
    node = boot(2, (0, 1), [], r0=FRAME).nodes[0]
    step = node.ask(propose(node, 0, B))
    assert step.messages == ()
    assert [yes for _, yes in step.ended] == [False]


def test_votes_are_gathered_along_a_tree_and_one_no_is_enough() -> None:
    replica = Replica.of({0: RAW}, range(3))
    nodes = [Node(0, replica), Node(1, replica), Node(2, replica.after(A))]
    chain = Transaction(0, 0, B, ((0, (1,)), (1, (2,))))
    queue, ended = [*nodes[0].ask(chain).messages], []
    nodes[0] = nodes[0].ask(chain).node
    kinds = []
    while queue:
        message = queue.pop(0)
        kinds.append(f"{message.kind} {message.source}-{message.target}")
        step = nodes[message.target].receive(message)
        nodes[message.target] = step.node
        queue += step.messages
        ended += step.ended
    assert kinds == ["prepare 0-1", "prepare 1-2", "vote 2-1", "vote 1-0", "abort 0-1", "abort 1-2"]
    assert [yes for _, yes in ended] == [False]
