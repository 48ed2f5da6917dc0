"""How a UMP channel uses its shared region: what both ends agree upon when it is set up."""

from dataclasses import dataclass

from kernelsim.errors import ScenarioError

ACKS = ("separate", "piggyback")
PIGGYBACK_BITS = 16
LEAST_SLOTS = 2
_KIND_BITS = 1
_LAP_BITS = 15


@dataclass(frozen=True, slots=True)
class Header:
    """A message's last word: the mark of its lap, what it is, and with `piggyback` what its sender has received."""

    mark: int
    is_ack: bool
    count: int = 0


@dataclass(frozen=True, slots=True)
class UmpFormat:
    """Two rings, one in each direction, of lines of `line_bytes`: one for each of `slots` messages, and one that is
    kept for acknowledgements, without which two full rings would wait for each other (dissertation, section 2.6.3).

    A line holds one message, its last word is written last. That word bears a mark that changes from one lap of the
    ring to the next, so that the receiver need not write to the line: the lap's number with `separate` acks, one bit,
    the epoch, with `piggyback`, where every message carries the count of those received (Barrelfish's code of 2011).
    An acknowledgement of its own is due when `ack_every` messages are not acknowledged; by default, when the peer
    cannot send any more. `prefetch` lets the ends fetch lines before they need them.

    Raises ScenarioError for a ring that cannot work.
    """

    slots: int = 16
    line_bytes: int = 64
    word_bytes: int = 8
    acks: str = "separate"
    ack_every: int = 0
    prefetch: bool = False

    def __post_init__(self) -> None:
        self._check_line()
        if self.slots < LEAST_SLOTS:
            raise _refused(
                f"a ring of {self.slots} slots: acknowledgements are messages too, and each of them would have to be"
                " acknowledged by the next, for ever",
                f"{LEAST_SLOTS} slots or more",
            )
        if self.lines >= 1 << self.count_bits:
            raise _refused(
                f"a ring of {self.slots:,} slots: its acknowledgements count modulo {1 << self.count_bits:,}, so that a"
                " full and an empty ring could not be told apart",
                f"at most {(1 << self.count_bits) - 2:,} slots",
            )
        if self.ack_every == 1 or not 0 <= self.ack_every <= self.slots:
            raise _refused(
                f"an acknowledgement every {self.ack_every} messages of a ring of {self.slots} slots: each would be"
                " acknowledged in turn, or the sender have no slot left before it comes",
                f"2 to {self.slots}, or 0 for the latter",
            )

    def _check_line(self) -> None:
        if self.acks not in ACKS:
            raise _refused(f"acknowledgements {self.acks!r}", " or ".join(ACKS))
        if self.word_bytes not in (4, 8) or self.line_bytes % self.word_bytes or self.words < 1:
            raise _refused(
                f"lines of {self.line_bytes} bytes in words of {self.word_bytes}",
                "words of 4 or 8 bytes, and lines of two words or more",
            )

    @property
    def words(self) -> int:
        """Words of a message's payload: all of its line but the last."""
        return self.line_bytes // self.word_bytes - 1

    @property
    def lines(self) -> int:
        """Lines of one ring."""
        return self.slots + 1

    @property
    def count_bits(self) -> int:
        """How wide the count in an acknowledgement is."""
        return PIGGYBACK_BITS if self.acks == "piggyback" else 8 * self.word_bytes

    @property
    def ack_at(self) -> int:
        """How many messages without acknowledgement make one due."""
        return self.ack_every or self.slots

    def mark(self, number: int) -> int:
        """What tells message `number`, counted from 0, from the one that was in its slot before; memory begins as 0."""
        lap = number // self.lines + 1
        return lap & 1 if self.acks == "piggyback" else lap & ((1 << _LAP_BITS) - 1)

    def pack(self, header: Header) -> int:
        """The last word."""
        return header.count << (_LAP_BITS + _KIND_BITS) | int(header.is_ack) << _LAP_BITS | header.mark

    def unpack(self, word: int) -> Header:
        """What a last word says."""
        return Header(
            mark=word & ((1 << _LAP_BITS) - 1),
            is_ack=bool(word >> _LAP_BITS & 1),
            count=word >> (_LAP_BITS + _KIND_BITS),
        )


def _refused(found: str, accepted: str) -> ScenarioError:
    return ScenarioError("bad_channel", f"a UMP channel cannot have {found}; accepted: {accepted}")
