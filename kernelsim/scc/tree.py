"""Notification by a two-level bitmap in the receiver's message passing buffer: a bit for every channel."""

from dataclasses import dataclass, replace

from kernelsim.errors import ScenarioError
from kernelsim.scc.chip import BUFFER_LINES
from kernelsim.scc.costs import BIT, READ_LINE, REGISTER, SCAN, SPILL, WRITE_LINE
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

ROOT = 0
BITS = 256
LEAVES = BUFFER_LINES - 1

READ_ROOT, SET_ROOT, WRITE_ROOT = "read root", "set the leaf's bit", "write root"
READ_LEAF, SET_LEAF, WRITE_LEAF = "read leaf", "set the channel's bit", "write leaf"
CLEAR_ROOT, TAKE_LEAVES = "clear root", "take leaves"

SEND_STEPS = (
    ACQUIRE,
    READ_ROOT,
    SET_ROOT,
    WRITE_ROOT,
    READ_LEAF,
    SET_LEAF,
    WRITE_LEAF,
    READ_STATUS,
    RAISE,
    RELEASE,
)
"""The ten steps of section 2.6.3."""

TAKE_STEPS = (ACQUIRE, CLEAR_STATUS, READ_ROOT, CLEAR_ROOT, TAKE_LEAVES, RELEASE)
"""Senders and receiver write the same lines, so the receiver needs the lock as well."""


@dataclass(frozen=True, slots=True)
class Tree:
    """A root and `leaves` of `bits` each, the root in the first line, leaves from left to right after it.

    Sending never fails: a bit that is set already stands for both notifications.
    """

    leaves: int = LEAVES
    bits: int = BITS
    is_spilt: bool = True
    send_steps: tuple[str, ...] = SEND_STEPS
    take_steps: tuple[str, ...] = TAKE_STEPS

    def __post_init__(self) -> None:
        if not (1 <= self.bits <= BITS and 1 <= self.leaves <= min(LEAVES, self.bits)):
            raise ScenarioError(
                "bad_tree",
                f"a tree of {self.leaves} leaves of {self.bits} bits; accepted: up to {BITS} bits a line, and as many "
                f"leaves as a root has bits, at most {LEAVES}",
            )

    @property
    def channels(self) -> int:
        """How many channels can be notified: 65,280 in 8 KB."""
        return self.leaves * self.bits

    def empty(self) -> Port:
        """No bit set."""
        return Port((0,) * (1 + self.leaves))

    def check(self, channel: int) -> None:
        """A channel has a bit."""
        if not 0 <= channel < self.channels:
            raise channel_error(channel, self.channels)

    def send_step(self, send: Send, port: Port) -> tuple[Send, Port]:
        """The next of the ten."""
        step, left = send.steps[0], replace(send, steps=send.steps[1:])
        leaf, bit = divmod(send.channel, self.bits)
        if step == READ_ROOT:
            return replace(left, first=port.lines[ROOT]), port
        if step == SET_ROOT:
            return replace(left, first=send.first | 1 << leaf), port
        if step == WRITE_ROOT:
            return left, port.written(ROOT, send.first)
        if step == READ_LEAF:
            return replace(left, second=port.lines[1 + leaf]), port
        if step == SET_LEAF:
            return replace(left, second=send.second | 1 << bit), port
        if step == WRITE_LEAF:
            return left, port.written(1 + leaf, send.second)
        return common_send_step(send, port)

    def take_step(self, take: Take, port: Port) -> tuple[Take, Port]:
        """The next step of the interrupt; `TAKE_LEAVES` is repeated, a leaf each time."""
        step, left = take.steps[0], replace(take, steps=take.steps[1:])
        if step == READ_ROOT:
            root = port.lines[ROOT]
            steps = left.steps if root else tuple(each for each in left.steps if each != TAKE_LEAVES)
            return replace(left, steps=steps, first=root), port
        if step == CLEAR_ROOT:
            return left, port.written(ROOT, 0)
        if step == TAKE_LEAVES:
            leaf = (take.first & -take.first).bit_length() - 1
            found = tuple(leaf * self.bits + bit for bit in range(self.bits) if port.lines[1 + leaf] >> bit & 1)
            others = take.first & (take.first - 1)
            taken = Take(take.steps if others else left.steps, (*take.found, *found), others)
            return taken, port.written(1 + leaf, 0)
        return common_take_step(take, port)

    def operations(self, step: str) -> Operations:
        """Two line reads, two line writes and two bit operations for a sender (section 2.6.3).

        Every line that is looked into is spilt, since it does not fit into the registers; not so with `is_spilt` off.
        """
        line = ((READ_LINE, 1), (SPILL, 1)) if self.is_spilt else ((READ_LINE, 1),)
        return {
            ACQUIRE: ((REGISTER, 1),),
            RELEASE: ((REGISTER, 1),),
            READ_STATUS: ((REGISTER, 1),),
            RAISE: ((REGISTER, 1),),
            CLEAR_STATUS: ((REGISTER, 1),),
            READ_ROOT: line,
            SET_ROOT: ((BIT, 1),),
            WRITE_ROOT: ((WRITE_LINE, 1),),
            READ_LEAF: line,
            SET_LEAF: ((BIT, 1),),
            WRITE_LEAF: ((WRITE_LINE, 1),),
            CLEAR_ROOT: ((WRITE_LINE, 1),),
            TAKE_LEAVES: (*line, (WRITE_LINE, 1), (SCAN, 1)),
            FOUND: ((SCAN, 1),),
        }[step]
