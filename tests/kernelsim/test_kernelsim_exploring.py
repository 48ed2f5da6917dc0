"""Exhaustive exploration of small systems."""

from collections.abc import Iterator

import pytest

from kernelsim.errors import ScenarioError
from kernelsim.exploring import explore

Forks = tuple[int, int]
"""What two philosophers hold: 0 nothing, 1 their own fork, 2 both."""


def _philosophers(held: Forks) -> Iterator[tuple[str, Forks]]:
    for who in (0, 1):
        mine, other = held[who], held[1 - who]
        following = {0: 1 if other < 2 else None, 1: 2 if other == 0 else None, 2: 0}[mine]
        if following is not None:
            yield f"{who} -> {following}", (following, other) if who == 0 else (other, following)


def test_a_deadlock_is_found_with_a_shortest_way_to_it() -> None:
    found = explore((0, 0), _philosophers)
    assert found.stuck == ((1, 1),)
    assert found.way((1, 1)) == ("0 -> 1", "1 -> 1")
    assert set(found.came) == {(0, 0), (1, 0), (0, 1), (1, 1), (2, 0), (0, 2)}


def test_a_system_that_is_too_large_is_refused() -> None:
    with pytest.raises(ScenarioError, match="more than 100 states"):
        explore(0, lambda number: [("next", number + 1)], 100)
