"""Exhaustive exploration: every state that a small system can reach, with a shortest way to each."""

from collections import deque
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from kernelsim.errors import ScenarioError

State = TypeVar("State", bound=Hashable)
MOST_STATES = 1_000_000


@dataclass(frozen=True, slots=True)
class Exploration(Generic[State]):
    """`came[state]` is the state before it on a shortest way and the move's name; None for the start.

    `stuck` are the states without a move.
    """

    came: dict[State, tuple[State, str] | None]
    stuck: tuple[State, ...]

    def way(self, state: State) -> tuple[str, ...]:
        """The moves of a shortest way from the start to `state`."""
        moves: list[str] = []
        while (before := self.came[state]) is not None:
            state, move = before
            moves.append(move)
        return tuple(reversed(moves))


def explore(
    start: State, moves: Callable[[State], Iterable[tuple[str, State]]], most_states: int = MOST_STATES
) -> Exploration[State]:
    """Visit all states reachable from `start`, breadth first; `moves(state)` are the names and results of what can
    happen next. States are compared by value.

    Raises ScenarioError beyond `most_states`: nothing was shown then.
    """
    came: dict[State, tuple[State, str] | None] = {start: None}
    stuck: list[State] = []
    waiting = deque([start])
    while waiting:
        state = waiting.popleft()
        following = list(moves(state))
        if not following:
            stuck.append(state)
        for move, reached in following:
            if reached not in came:
                came[reached] = (state, move)
                waiting.append(reached)
        if len(came) > most_states:
            raise ScenarioError(
                "too_many_states",
                f"the exploration met more than {most_states:,} states; accepted: a smaller system, or a larger limit",
            )
    return Exploration(came, tuple(stuck))
