"""Notification by a ring of channel ids in the receiver's message passing buffer, one id a line; or of payload."""

from dataclasses import dataclass, replace

from kernelsim.errors import ScenarioError
from kernelsim.scc.chip import BUFFER_LINES
from kernelsim.scc.costs import READ_LINE, READ_WORD, REGISTER, WRITE_LINE
from kernelsim.scc.port import (
    ACQUIRE,
    CLEAR_STATUS,
    FOUND,
    RAISE,
    READ_STATUS,
    RELEASE,
    Operations,
    Port,
    Send,
    Take,
    channel_error,
    common_send_step,
    common_take_step,
)

CHANNELS = 1 << 16
POSITION_LINES = 2
WRITE_POSITION, READ_POSITION = 0, 1
MOST_ENTRIES = BUFFER_LINES - POSITION_LINES

READ_POSITIONS, WRITE_ENTRY, ADVANCE = "read positions", "write entry", "advance the write position"
READ_WRITE_POSITION, READ_ENTRIES, FREE = "read write position", "read entries", "advance the read position"

SEND_STEPS = (ACQUIRE, READ_POSITIONS, WRITE_ENTRY, ADVANCE, READ_STATUS, RAISE, RELEASE)
"""The seven steps of section 2.6.3. The second reads both positions, 32 bits each: it sees whether the ring is full."""

TAKE_STEPS = (CLEAR_STATUS, READ_WRITE_POSITION, READ_ENTRIES, FREE)
"""The status is cleared before the write position is read: who writes later finds nothing pending and interrupts."""


@dataclass(frozen=True, slots=True)
class Ring:
    """`entries` of `entry_lines` lines each behind the two positions; positions count up to twice the entries, so
    that a full ring differs from an empty one. With `is_payload` an entry is the message itself, with its channel in
    its last word.

    The buffer is written by senders alone, the read position by the receiver alone: it needs no lock.
    """

    entries: int = MOST_ENTRIES
    entry_lines: int = 1
    is_payload: bool = False
    send_steps: tuple[str, ...] = SEND_STEPS
    take_steps: tuple[str, ...] = TAKE_STEPS

    def __post_init__(self) -> None:
        if self.entries < 1 or self.entry_lines < 1 or self.entries * self.entry_lines > MOST_ENTRIES:
            raise ScenarioError(
                "bad_ring",
                f"a ring of {self.entries} entries of {self.entry_lines} lines; accepted: 1 to {MOST_ENTRIES} lines",
            )

    def empty(self) -> Port:
        """Both positions at 0."""
        return Port((0,) * (POSITION_LINES + self.entries))

    def check(self, channel: int) -> None:
        """An id has 16 bits."""
        if not 0 <= channel < CHANNELS:
            raise channel_error(channel, CHANNELS)

    def send_step(self, send: Send, port: Port) -> tuple[Send, Port]:
        """The next of the seven; a full ring goes straight to the end, refused."""
        step, left = send.steps[0], replace(send, steps=send.steps[1:])
        if step == READ_POSITIONS:
            write, read = port.lines[WRITE_POSITION], port.lines[READ_POSITION]
            if (write - read) % (2 * self.entries) == self.entries:
                end = tuple(each for each in left.steps if each == RELEASE)
                return replace(left, steps=end, is_refused=True), port
            return replace(left, first=write), port
        if step == WRITE_ENTRY:
            return left, port.written(POSITION_LINES + send.first % self.entries, send.channel)
        if step == ADVANCE:
            return left, port.written(WRITE_POSITION, (send.first + 1) % (2 * self.entries))
        return common_send_step(send, port)

    def take_step(self, take: Take, port: Port) -> tuple[Take, Port]:
        """The next step of the interrupt; `READ_ENTRIES` is repeated, an entry each time."""
        step, left = take.steps[0], replace(take, steps=take.steps[1:])
        if step == READ_WRITE_POSITION:
            read, write = port.lines[READ_POSITION], port.lines[WRITE_POSITION]
            steps = left.steps if read != write else tuple(each for each in left.steps if each != READ_ENTRIES)
            return replace(left, steps=steps, first=read, second=write), port
        if step == READ_ENTRIES:
            entry = port.lines[POSITION_LINES + take.first % self.entries]
            following = (take.first + 1) % (2 * self.entries)
            steps = left.steps if following == take.second else take.steps
            return Take(steps, (*take.found, entry), following, take.second), port
        if step == FREE:
            return left, port.written(READ_POSITION, take.first)
        return common_take_step(take, port)

    def operations(self, step: str) -> Operations:
        """Two 32-bit reads and two line writes for a sender (section 2.6.3), more for payload of several lines."""
        return {
            ACQUIRE: ((REGISTER, 1),),
            RELEASE: ((REGISTER, 1),),
            READ_STATUS: ((REGISTER, 1),),
            RAISE: ((REGISTER, 1),),
            CLEAR_STATUS: ((REGISTER, 1),),
            READ_POSITIONS: ((READ_WORD, 2),),
            WRITE_ENTRY: ((WRITE_LINE, self.entry_lines),),
            ADVANCE: ((WRITE_LINE, 1),),
            READ_WRITE_POSITION: ((READ_WORD, 1),),
            READ_ENTRIES: ((READ_LINE, self.entry_lines) if self.is_payload else (READ_WORD, 1),),
            FREE: ((WRITE_LINE, 1),),
            FOUND: (),
        }[step]
