"""Rounds of agreement, phase changes among them, in every order of work and messages."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from kernelsim.exploring import Exploration, explore
from kernelsim.machine.hardware import Machine
from kernelsim.scenario import ORDERS
from kernelsim.system.agreement.round import Round, Sends
from kernelsim.system.speaker import Speaker

TREES: dict[str, Sends] = {
    "unicast": {0: (1, 2, 3)},
    "chain": {0: (1,), 1: (2,), 2: (3,)},
    "two levels": {0: (1, 3), 1: (2,), 3: (4,)},
}


class World:
    """One round under way whose pending work and messages are carried out by name, in any order."""

    def __init__(self, sends: Sends, order: str, dead: int | None) -> None:
        self.pending: dict[str, Callable[[], None]] = {}
        self.worked: list[int] = []
        self.answers: list[int] = []
        self.carried_out = 0
        cores = {0, *(child for children in sends.values() for child in children)}
        speakers: dict[int, Speaker] = {core: Participant(core, self, is_dead=core == dead) for core in cores}
        self._round = Round(
            speakers,
            0,
            sends,
            request="phase 1",
            reply="entered",
            work_ps=dict.fromkeys(cores, 1),
            work=self.worked.append,
            order=order,
        )
        self.cores = cores
        self.pending["ask"] = lambda: self._round.begin(lambda: self.answers.append(len(self.worked)))

    def carry_out(self, name: str) -> None:
        self.carried_out += 1
        self.pending.pop(name)()

    def expect(self, name: str, action: Callable[[], None]) -> None:
        assert name not in self.pending
        self.pending[name] = action


@dataclass
class Participant:
    """Does what it is asked for in any order; a dead one never does anything."""

    core: int
    world: World
    is_dead: bool
    machine: Machine = field(init=False)

    def post(self, cost_ps: int, action: Callable[[], None]) -> None:
        self.then(cost_ps, action)

    def then(self, cost_ps: int, action: Callable[[], None]) -> None:
        if not self.is_dead:
            self.world.expect(f"work of {self.core}", action)

    def send(self, target: Speaker, kind: str, action: Callable[[], None]) -> None:
        if not self.is_dead and not (isinstance(target, Participant) and target.is_dead):
            self.world.expect(f"{kind} {self.core} -> {target.core}", action)


@dataclass(frozen=True)
class State:
    """What is to come, who has worked and what was answered; `way` is how it came about, and not compared."""

    pending: frozenset[str]
    worked: frozenset[int]
    answers: tuple[int, ...]
    way: tuple[str, ...] = field(compare=False)


def walked(sends: Sends, order: str, dead: int | None = None) -> Exploration[State]:
    def reached(way: tuple[str, ...]) -> State:
        world = World(sends, order, dead)
        for name in way:
            world.carry_out(name)
        return State(frozenset(world.pending), frozenset(world.worked), tuple(world.answers), way)

    def moves(state: State) -> list[tuple[str, State]]:
        return [(name, reached((*state.way, name))) for name in sorted(state.pending)]

    return explore(reached(()), moves)


@pytest.mark.parametrize("tree", TREES)
@pytest.mark.parametrize("order", ORDERS)
def test_in_every_order_a_round_ends_with_one_answer_after_everybody_has_worked(tree: str, order: str) -> None:
    cores = World(TREES[tree], order, None).cores
    found = walked(TREES[tree], order)
    assert len(found.came) >= 3 * len(cores)
    assert [(end.answers, end.worked) for end in found.stuck] == [((len(cores),), frozenset(cores))]
    assert all(state.answers in ((), (len(cores),)) for state in found.came)


def test_with_a_core_that_has_stopped_a_round_ends_without_an_answer_whatever_the_order() -> None:
    for order in ORDERS:
        assert {end.answers for end in walked(TREES["two levels"], order, dead=4).stuck} == {()}
