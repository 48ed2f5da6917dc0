"""What a core shows the others: its message passing buffer, its test-and-set register, its interrupt status."""

from dataclasses import dataclass, replace
from typing import Protocol

from kernelsim.errors import ScenarioError

ACQUIRE, RELEASE = "acquire", "release"
READ_STATUS, RAISE, CLEAR_STATUS = "read status", "raise", "clear status"
FOUND = "found"
"""No step of its own: what the receiver does for each channel that it finds."""

Operations = tuple[tuple[str, int], ...]
"""What a step costs: kinds of operations with their numbers."""


@dataclass(frozen=True, slots=True)
class Port:
    """A value: every step makes a new one. `lines[i]` is a line of the buffer as one integer; `interrupts` counts
    how often the status was written.
    """

    lines: tuple[int, ...]
    is_locked: bool = False
    is_pending: bool = False
    interrupts: int = 0

    def written(self, line: int, value: int) -> "Port":
        """One line has another content."""
        return replace(self, lines=(*self.lines[:line], value, *self.lines[line + 1 :]))


@dataclass(frozen=True, slots=True)
class Send:
    """One notification under way: the steps that are left, and what the sender's registers hold."""

    channel: int
    steps: tuple[str, ...]
    first: int = 0
    second: int = 0
    is_pending: bool = False
    is_refused: bool = False

    @property
    def is_done(self) -> bool:
        """Nothing is left to do; it has been notified unless `is_refused`."""
        return not self.steps


@dataclass(frozen=True, slots=True)
class Take:
    """The receiver's interrupt under way: steps that are left, the channels found so far, and its registers."""

    steps: tuple[str, ...]
    found: tuple[int, ...] = ()
    first: int = 0
    second: int = 0

    @property
    def is_done(self) -> bool:
        """The interrupt has been handled."""
        return not self.steps


class Design(Protocol):
    """One way to notify: steps of a sender and of the receiver, each a transaction that others see whole or not."""

    @property
    def send_steps(self) -> tuple[str, ...]:
        """The sender's steps in order."""
        ...

    @property
    def take_steps(self) -> tuple[str, ...]:
        """The receiver's steps in order."""
        ...

    def empty(self) -> Port:
        """A core that nobody has notified."""
        ...

    def check(self, channel: int) -> None:
        """Raise ScenarioError for a channel that cannot be notified."""
        ...

    def send_step(self, send: Send, port: Port) -> tuple[Send, Port]:
        """The next step of a sender."""
        ...

    def take_step(self, take: Take, port: Port) -> tuple[Take, Port]:
        """The next step of the receiver."""
        ...

    def operations(self, step: str) -> Operations:
        """What a step costs; `FOUND` as well."""
        ...


def begin(design: Design, channel: int) -> Send:
    """A notification that has not begun; ScenarioError for a channel that there is not."""
    design.check(channel)
    return Send(channel, design.send_steps)


def common_send_step(send: Send, port: Port) -> tuple[Send, Port]:
    """Lock, status and interrupt: the same in every design. Who finds the register set does not get on."""
    step, left = send.steps[0], replace(send, steps=send.steps[1:])
    if step == ACQUIRE:
        return (send, port) if port.is_locked else (left, replace(port, is_locked=True))
    if step == READ_STATUS:
        return replace(left, is_pending=port.is_pending), port
    if step == RAISE:
        if send.is_pending:
            return left, port
        return left, replace(port, is_pending=True, interrupts=port.interrupts + 1)
    if step == RELEASE:
        return left, replace(port, is_locked=False)
    raise ScenarioError("unknown_step", f"step {step!r} of a notification; accepted: the design's own")


def common_take_step(take: Take, port: Port) -> tuple[Take, Port]:
    """Lock and status at the receiver."""
    step, left = take.steps[0], replace(take, steps=take.steps[1:])
    if step == ACQUIRE:
        return (take, port) if port.is_locked else (left, replace(port, is_locked=True))
    if step == CLEAR_STATUS:
        return left, replace(port, is_pending=False)
    if step == RELEASE:
        return left, replace(port, is_locked=False)
    raise ScenarioError("unknown_step", f"step {step!r} of an interrupt; accepted: the design's own")


def channel_error(channel: int, channels: int) -> ScenarioError:
    """What is said of a channel that cannot be notified."""
    return ScenarioError(
        "unknown_channel", f"channel {channel} cannot be notified; accepted: 0 to {channels - 1}", channel=channel
    )
