"""The scenario language of Barrelfish's scheduler simulator: one event a line, `TIME OPERATION ARGUMENTS`."""

from collections.abc import Iterator
from dataclasses import dataclass

from kernelsim.errors import ScenarioError

MAX_TASKS = 10
TIMESLICE_TICKS = 80
MAX_WEIGHT = 4293
"""The kernel asserts that share x weight fits 32 bits."""

_SHAPES = {
    "H": ((3, 4), "H WCET PERIOD BLOCKTIME [DEADLINE]"),
    "B": ((1,), "B WEIGHT"),
    "S": ((0, 1, 2, 3, 4, 5, 6), "S ..."),
    "d": ((1,), "d TASK"),
    "r": ((1,), "r TASK"),
    "y": ((1,), "y TASK"),
    "c": ((1,), "c TASK"),
}


@dataclass(frozen=True, slots=True)
class Event:
    """One line: at `tick`, `operation` (H B S d r y c) with its numbers. H: budget, period, block time,
    deadline.
    """

    line: int
    tick: int
    operation: str
    numbers: tuple[int, ...]


def events(text: str) -> Iterator[Event]:
    """The events in the order of their lines, each read when it is asked for, as the reference reads its
    file.

    Raises ScenarioError (details: line) at the first line that is no event.
    """
    for number, line in enumerate(text.splitlines(), start=1):
        if line and not line.startswith("#"):
            yield _event(number, line)


def refuse(line: int, found: str, accepted: str) -> ScenarioError:
    """The error for a line of a scenario: what stands there, and what would be accepted."""
    return ScenarioError("bad_scenario", f"line {line}: {found}; accepted: {accepted}", line=line)


def _event(number: int, line: str) -> Event:
    words = line.split()
    accepted = "TIME followed by one of " + ", ".join(shape for _, shape in _SHAPES.values())
    if len(words) < 2 or not words[0].isdecimal() or words[1] not in _SHAPES:
        raise refuse(number, f"{line!r} is no scheduler event", accepted)
    counts, shape = _SHAPES[words[1]]
    if len(words) - 2 not in counts or not all(word.isdecimal() for word in words[2:]):
        raise refuse(number, f"{line!r} has other arguments than whole numbers as expected", shape)
    numbers = tuple(int(word) for word in words[2:])
    _check_numbers(number, words[1], numbers)
    return Event(number, int(words[0]), words[1], numbers)


def _check_numbers(line: int, operation: str, numbers: tuple[int, ...]) -> None:
    if operation == "B" and numbers[0] % 65536 > MAX_WEIGHT:
        raise refuse(line, f"weight {numbers[0] % 65536}", f"0 to {MAX_WEIGHT}")
    if operation == "H" and numbers[1] == 0:
        raise refuse(line, "period 0", "a period of at least 1 tick")
