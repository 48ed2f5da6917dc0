"""Values of typed messages as bytes, and back: little-endian, in the order of the arguments."""

from collections.abc import Iterator, Mapping

from kernelsim.errors import ScenarioError
from kernelsim.messages.typed.interface import INTEGERS, Argument, MessageType

Value = int | bool | str | bytes | tuple[int | bool | str | bytes, ...]
_LENGTH_BYTES = 4


def encode(message: MessageType, values: Mapping[str, Value]) -> bytes:
    """The arguments, one after the other; strings and buffers behind their length in bytes.

    Raises ScenarioError for a missing, unknown or unfit value.
    """
    names = [argument.name for argument in message.arguments]
    if sorted(values) != sorted(names):
        raise _refused(f"message {message.name!r} with the arguments {sorted(values)}", f"{names}")
    return b"".join(_encode(argument, values[argument.name]) for argument in message.arguments)


def decode(message: MessageType, data: bytes) -> dict[str, Value]:
    """The values by name; raises ScenarioError where `data` is none of this message."""
    reader = _Reader(message.name, data)
    values = {argument.name: _decode(argument, reader) for argument in message.arguments}
    reader.end()
    return values


def _encode(argument: Argument, value: Value) -> bytes:
    if not argument.count:
        return _encode_one(argument, value)
    if not isinstance(value, tuple) or len(value) != argument.count:
        raise _refused(f"argument {argument.name!r} = {value!r}", f"a tuple of {argument.count} {argument.type}")
    return b"".join(_encode_one(argument, one) for one in value)


def _encode_one(argument: Argument, value: Value) -> bytes:
    kind = argument.type
    if kind in INTEGERS and isinstance(value, int) and not isinstance(value, bool):
        sign, bits = INTEGERS[kind]
        least = -(1 << (bits - 1)) if sign == "i" else 0
        if least <= value < least + (1 << bits):
            return value.to_bytes(bits // 8, "little", signed=sign == "i")
        raise _refused(f"argument {argument.name!r} = {value}", f"{least} to {least + (1 << bits) - 1} for {kind}")
    if kind == "bool" and isinstance(value, bool):
        return bytes([value])
    if kind == "string" and isinstance(value, str):
        return _encode_bytes(_utf8(argument, value))
    if kind == "buffer" and isinstance(value, bytes):
        return _encode_bytes(value)
    raise _refused(f"argument {argument.name!r} = {value!r}", kind)


def _utf8(argument: Argument, value: str) -> bytes:
    try:
        return value.encode("utf-8")
    except UnicodeEncodeError:
        raise _refused(f"argument {argument.name!r} = {value!a}", "a string without surrogates") from None


def _encode_bytes(data: bytes) -> bytes:
    return len(data).to_bytes(_LENGTH_BYTES, "little") + data


class _Reader:
    def __init__(self, message: str, data: bytes) -> None:
        self._message = message
        self._data = data
        self._at = 0

    def take(self, size_bytes: int) -> bytes:
        if self._at + size_bytes > len(self._data):
            raise _refused(
                f"message {self._message!r} ends after {len(self._data)} bytes", f"{self._at + size_bytes} or more"
            )
        self._at += size_bytes
        return self._data[self._at - size_bytes : self._at]

    def end(self) -> None:
        if self._at != len(self._data):
            raise _refused(f"message {self._message!r} has {len(self._data)} bytes", f"{self._at}")


def _decode(argument: Argument, reader: _Reader) -> Value:
    if not argument.count:
        return _decode_one(argument, reader)
    return tuple(_decode_array(argument, reader))


def _decode_array(argument: Argument, reader: _Reader) -> Iterator[int | bool | str | bytes]:
    for _ in range(argument.count):
        yield _decode_one(argument, reader)


def _decode_one(argument: Argument, reader: _Reader) -> int | bool | str | bytes:
    kind = argument.type
    if kind in INTEGERS:
        sign, bits = INTEGERS[kind]
        return int.from_bytes(reader.take(bits // 8), "little", signed=sign == "i")
    if kind == "bool":
        byte = reader.take(1)[0]
        if byte > 1:
            raise _refused(f"argument {argument.name!r} is the byte {byte}", "0 or 1 for bool")
        return bool(byte)
    data = reader.take(int.from_bytes(reader.take(_LENGTH_BYTES), "little"))
    if kind == "buffer":
        return data
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise _refused(f"argument {argument.name!r} is {data!r}", "UTF-8 for string") from None


def _refused(found: str, accepted: str) -> ScenarioError:
    return ScenarioError("bad_message", f"{found}; accepted: {accepted}")
