"""The marshalling state machine: one typed message as several of a transport, and back."""

from collections.abc import Mapping
from dataclasses import dataclass

from kernelsim.errors import ScenarioError
from kernelsim.messages.typed.encoding import Value, decode, encode
from kernelsim.messages.typed.interface import Interface

_NUMBER_BYTES, _LENGTH_BYTES = 2, 4
HEADER_BYTES = _NUMBER_BYTES + _LENGTH_BYTES


@dataclass(frozen=True, slots=True)
class WireFormat:
    """What a transport carries at once: `words` words of `word_bytes`.

    LMP has four registers, UMP a line of 64 bytes without its last word, a line of the SCC 32 bytes without its last.
    """

    words: int
    word_bytes: int

    @property
    def size_bytes(self) -> int:
        """Bytes of one transport message."""
        return self.words * self.word_bytes


LMP_WIRE = WireFormat(4, 8)
UMP_WIRE = WireFormat(7, 8)
SCC_WIRE = WireFormat(7, 4)


@dataclass(frozen=True, slots=True)
class Typed:
    """A message of an interface with its values by argument."""

    name: str
    values: Mapping[str, Value]


def split(interface: Interface, message: Typed, wire: WireFormat) -> tuple[tuple[int, ...], ...]:
    """The transport messages that carry `message`: its number and its length first, the last filled with zeros."""
    number = interface.number(message.name)
    body = encode(interface.messages[number], message.values)
    if len(body) >= 1 << (8 * _LENGTH_BYTES):
        raise ScenarioError(
            "bad_message", f"a message of {len(body):,} bytes; accepted: fewer than {1 << (8 * _LENGTH_BYTES):,}"
        )
    data = number.to_bytes(_NUMBER_BYTES, "little") + len(body).to_bytes(_LENGTH_BYTES, "little") + body
    whole = data + bytes(-len(data) % wire.size_bytes)
    words = tuple(
        int.from_bytes(whole[at : at + wire.word_bytes], "little") for at in range(0, len(whole), wire.word_bytes)
    )
    return tuple(words[at : at + wire.words] for at in range(0, len(words), wire.words))


class Assembly:
    """The receiving side: what has come of the message under way. Transports are in order and lossless."""

    __slots__ = ("_data", "interface", "wire")

    def __init__(self, interface: Interface, wire: WireFormat) -> None:
        self.interface = interface
        self.wire = wire
        self._data = bytearray()

    def receive(self, words: tuple[int, ...]) -> Typed | None:
        """Take the next transport message; returns the typed message that it completes, if it does.

        Raises ScenarioError for words that are no message of the interface; the next begins afresh.
        """
        if len(words) != self.wire.words:
            raise ScenarioError("bad_message", f"{len(words)} words; accepted: {self.wire.words}")
        data = self._data
        for word in words:
            data += word.to_bytes(self.wire.word_bytes, "little")
        if len(data) < HEADER_BYTES:
            return None
        end = HEADER_BYTES + int.from_bytes(data[_NUMBER_BYTES:HEADER_BYTES], "little")
        if len(data) < end:
            return None
        self._data = bytearray()
        return self._decode(bytes(data[:end]))

    def _decode(self, data: bytes) -> Typed:
        number = int.from_bytes(data[:_NUMBER_BYTES], "little")
        if number >= len(self.interface.messages):
            raise ScenarioError(
                "bad_message",
                f"message {number} of interface {self.interface.name!r}; accepted: 0 to"
                f" {len(self.interface.messages) - 1}",
            )
        message = self.interface.messages[number]
        return Typed(message.name, decode(message, data[HEADER_BYTES:]))
