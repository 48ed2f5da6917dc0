"""UMP's endpoint: what one core knows of a channel, and which words it writes into the shared region."""

from dataclasses import dataclass, field, replace

from kernelsim.errors import ScenarioError
from kernelsim.messages.ump_format import Header, UmpFormat

Ring = tuple[tuple[int, ...], ...]
"""The lines of one direction; a line is its words."""


def empty_ring(format_: UmpFormat) -> Ring:
    """A region as the receiver's monitor hands it out: zeros."""
    return ((0,) * (format_.words + 1),) * format_.lines


@dataclass(frozen=True, slots=True)
class Write:
    """One word that a sender stores."""

    slot: int
    word: int
    value: int

    def into(self, ring: Ring) -> Ring:
        """The ring afterwards."""
        line = ring[self.slot]
        written = (*line[: self.word], self.value, *line[self.word + 1 :])
        return (*ring[: self.slot], written, *ring[self.slot + 1 :])


@dataclass(frozen=True, slots=True)
class UmpEndpoint:
    """One end of a channel, a value: every call returns the end after it. It knows no clock and no memory.

    Messages are numbered by both sides without being told, acknowledgements among them. A message is begun, then
    written word by word; one word may be seen by the peer before the next is written. What has not been acknowledged
    is in the ring still, and its slot is not written (dissertation, section 2.6.3).
    """

    format: UmpFormat
    sent: int = 0
    """Messages begun, acknowledgements among them."""
    acknowledged: int = 0
    """How many of them the peer has said that it has."""
    received: int = 0
    told: int = 0
    """How many of the received the peer has been told of."""
    unwritten: tuple[Write, ...] = field(default=())
    """Words of the message under way."""

    # -- sending -----------------------------------------------------------------------------------------------

    @property
    def in_ring(self) -> int:
        """Messages whose slots cannot be used again yet."""
        return self.sent - self.acknowledged

    def can_send(self) -> bool:
        """Whether there is a slot for a message; the last line is kept for acknowledgements."""
        return not self.unwritten and self.in_ring < self.format.slots

    def can_acknowledge(self) -> bool:
        """Whether an acknowledgement is due and finds a slot."""
        return self.is_ack_due() and not self.unwritten and self.in_ring < self.format.lines

    def is_ack_due(self) -> bool:
        """Whether the peer waits, or soon will, for being told what has been received."""
        return self.received - self.told >= self.format.ack_at

    def begin(self, payload: tuple[int, ...]) -> "UmpEndpoint":
        """Begin a message of at most `format.words` words; what is missing is sent as 0.

        Raises ScenarioError when there is no slot, or the payload does not fit.
        """
        if not self.can_send():
            raise ScenarioError(
                "channel_full",
                f"no slot for a message: {self.in_ring} are not acknowledged; accepted: a send while fewer than"
                f" {self.format.slots} are",
            )
        _check_payload(self.format, payload)
        return self._begin(payload, is_ack=False)

    def acknowledge(self) -> "UmpEndpoint":
        """Begin an acknowledgement: the number of messages received so far, which covers all before it."""
        return self._begin((self.received % (1 << self.format.count_bits),), is_ack=True)

    def write(self) -> tuple["UmpEndpoint", Write]:
        """The next word of the message under way."""
        return replace(self, unwritten=self.unwritten[1:]), self.unwritten[0]

    def send(self, ring: Ring, payload: tuple[int, ...]) -> tuple["UmpEndpoint", Ring]:
        """A whole message at once: the end and the ring after it."""
        return self.begin(payload).flush(ring)

    def flush(self, ring: Ring) -> tuple["UmpEndpoint", Ring]:
        """The end and the ring after all words of the message under way."""
        for write in self.unwritten:
            ring = write.into(ring)
        return replace(self, unwritten=()), ring

    def _begin(self, payload: tuple[int, ...], *, is_ack: bool) -> "UmpEndpoint":
        format_ = self.format
        piggybacked = format_.acks == "piggyback"
        count = self.received % (1 << format_.count_bits) if piggybacked else 0
        header = format_.pack(Header(format_.mark(self.sent), is_ack, count))
        words = (*payload, *(0,) * (format_.words - len(payload)), header)
        slot = self.sent % format_.lines
        writes = tuple(Write(slot, word, value) for word, value in enumerate(words))
        told = self.received if piggybacked or is_ack else self.told
        return replace(self, sent=self.sent + 1, told=told, unwritten=writes)

    # -- receiving ---------------------------------------------------------------------------------------------

    def sees(self, ring: Ring) -> bool:
        """Look at the last word of the line where the next message will be."""
        return self._polled(ring).mark == self.format.mark(self.received)

    def take(self, ring: Ring) -> tuple["UmpEndpoint", tuple[int, ...] | None]:
        """Receive the message that is seen: the end after it, and its payload; None if it was an acknowledgement."""
        header = self._polled(ring)
        payload = ring[self.received % self.format.lines][:-1]
        end = replace(self, received=self.received + 1)
        if self.format.acks == "piggyback":
            end = end._heard(header.count)
        elif header.is_ack:
            end = end._heard(payload[0])
        return end, None if header.is_ack else payload

    def _polled(self, ring: Ring) -> Header:
        return self.format.unpack(ring[self.received % self.format.lines][-1])

    def _heard(self, count: int) -> "UmpEndpoint":
        more = (count - self.acknowledged) % (1 << self.format.count_bits)
        return replace(self, acknowledged=self.acknowledged + more)


def _check_payload(format_: UmpFormat, payload: tuple[int, ...]) -> None:
    limit = 1 << (8 * format_.word_bytes)
    if len(payload) > format_.words or not all(0 <= word < limit for word in payload):
        raise ScenarioError(
            "bad_message",
            f"a payload of {len(payload)} words up to {max(payload, default=0)} does not fit a line;"
            f" accepted: {format_.words} words below {limit}",
        )
