"""Custody of a thread: which dispatcher has its control block, while it moves and others wake it.

A dispatcher hands the block over in a message and keeps nothing but where it went; whoever still believes it there
sends a wake-up there, and it is sent after the thread. Channels deliver in order, so it never comes before the thread
(dissertation, section 3.6.5). Desks and letters are values, and a test walks all of their orders.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

THREAD, WAKE = "thread", "wake"


@dataclass(frozen=True, slots=True)
class Letter:
    """From one dispatcher to another, by core: the thread itself, and whether it can run; or a wake-up for it."""

    kind: str
    source: int
    target: int
    is_runnable: bool = False


@dataclass(frozen=True, slots=True)
class Desk:
    """What one dispatcher knows of the thread."""

    core: int
    has: bool = False
    is_runnable: bool = False
    went_to: int | None = None

    def hand_off(self, target: int) -> tuple["Desk", Letter]:
        """Give the thread away. Raises ValueError where it is not, and for a move to where it is."""
        if not self.has or target == self.core:
            raise ValueError(f"core {self.core} hands a thread to core {target}; accepted: who has it, to another core")
        return Desk(self.core, went_to=target), Letter(THREAD, self.core, target, self.is_runnable)

    def receive(self, letter: Letter) -> tuple["Desk", Letter | None]:
        """Take the thread; or wake it, or send the wake-up after it. Raises ValueError for a wake-up of a thread that
        has never been here.
        """
        if letter.kind == THREAD:
            return Desk(self.core, has=True, is_runnable=letter.is_runnable), None
        if self.has:
            return replace(self, is_runnable=True), None
        if self.went_to is None:
            raise ValueError(f"core {self.core} is to wake a thread that it has never had")
        return self, Letter(WAKE, self.core, self.went_to)


class Custody:
    """One thread's desks in a run. `send(letter)` carries a letter, and calls `deliver` with it on arrival; `took(core,
    is_runnable)` is told where the thread has arrived, `woke()` that it has been woken.
    """

    def __init__(
        self,
        desks: Mapping[int, Desk],
        send: Callable[[Letter], None],
        took: Callable[[int, bool], None],
        woke: Callable[[], None],
    ) -> None:
        self.desks = dict(desks)
        self._send = send
        self._took = took
        self._woke = woke

    def owners(self) -> tuple[int, ...]:
        """The cores whose dispatchers have it: one, or none while it travels."""
        return tuple(core for core, desk in self.desks.items() if desk.has)

    def hand_off(self, source: int, target: int, *, is_runnable: bool) -> None:
        """Send the thread from one dispatcher to another."""
        held = replace(self.desks[source], is_runnable=is_runnable)
        self.desks[source], letter = held.hand_off(target)
        self._send(letter)

    def deliver(self, letter: Letter) -> None:
        """A letter has come."""
        desk, further = self.desks[letter.target].receive(letter)
        self.desks[letter.target] = desk
        if further is not None:
            self._send(further)
        elif letter.kind == THREAD:
            self._took(desk.core, desk.is_runnable)
        else:
            self._woke()
