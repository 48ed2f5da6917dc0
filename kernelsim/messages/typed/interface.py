"""An interface: the messages of a protocol by name, each with its typed arguments."""

import re
from dataclasses import dataclass

from kernelsim.errors import ScenarioError

_NAME = re.compile(r"[a-z_][a-z0-9_]*")
INTEGERS = {f"{sign}{bits}": (sign, bits) for sign in "ui" for bits in (8, 16, 32, 64)}
SCALARS = (*INTEGERS, "bool", "string", "buffer")
MOST_MESSAGES = 1 << 16


@dataclass(frozen=True, slots=True)
class Argument:
    """`type` is one of `SCALARS`; `count`, where it is not 0, makes it an array of so many of them.

    u8 to u64 and i8 to i64 are Python's int, string is str and buffer is bytes, both of any length; an array is a
    tuple.
    """

    name: str
    type: str
    count: int = 0


@dataclass(frozen=True, slots=True)
class MessageType:
    """One message of an interface."""

    name: str
    arguments: tuple[Argument, ...] = ()


@dataclass(frozen=True, slots=True)
class Interface:
    """Messages are numbered in their order. Raises ScenarioError for names or types that cannot be."""

    name: str
    messages: tuple[MessageType, ...]

    def __post_init__(self) -> None:
        _check_names(f"interface {self.name!r}", [message.name for message in self.messages])
        if not 1 <= len(self.messages) <= MOST_MESSAGES:
            raise _refused(f"interface {self.name!r} has {len(self.messages)} messages", f"1 to {MOST_MESSAGES:,}")
        for message in self.messages:
            asked_by = f"message {self.name}.{message.name}"
            _check_names(asked_by, [argument.name for argument in message.arguments])
            for argument in message.arguments:
                if argument.type not in SCALARS or argument.count < 0:
                    raise _refused(
                        f"{asked_by} has an argument {argument.name!r} of type {argument.type!r} x {argument.count}",
                        f"{', '.join(SCALARS)}, and counts from 1",
                    )

    def number(self, name: str) -> int:
        """The number of a message, by its name."""
        for number, message in enumerate(self.messages):
            if message.name == name:
                return number
        known = ", ".join(message.name for message in self.messages)
        raise _refused(f"interface {self.name!r} has no message {name!r}", known)


_MESSAGE = re.compile(r"\s*message\s+(\w+)\s*\(([^)]*)\)\s*;")
_ARGUMENT = re.compile(r"(\w+)\s+(\w+)(?:\s*\[\s*(\d+)\s*\])?")


def read_interface(text: str) -> Interface:
    """Read `interface echo { message ask(u32 id, string text); message beat(i16 samples[4]); }`.

    Raises ScenarioError with what could not be read.
    """
    whole = re.fullmatch(r"\s*interface\s+(\w+)\s*\{(.*)\}\s*", text, re.DOTALL)
    if whole is None:
        raise _refused(f"{text.strip()[:60]!r} is no interface", "interface NAME { message NAME(TYPE NAME, ...); ... }")
    messages, rest = [], whole[2]
    while rest.strip():
        found = _MESSAGE.match(rest)
        if found is None:
            raise _refused(f"{rest.strip()[:60]!r} is no message", "message NAME(TYPE NAME, TYPE NAME[COUNT], ...);")
        arguments = tuple(_read_argument(part) for part in found[2].split(",")) if found[2].strip() else ()
        messages.append(MessageType(found[1], arguments))
        rest = rest[found.end() :]
    return Interface(whole[1], tuple(messages))


def _read_argument(text: str) -> Argument:
    found = _ARGUMENT.fullmatch(text.strip())
    if found is None or found[3] == "0":
        raise _refused(f"{text.strip()!r} is no argument", "TYPE NAME, or TYPE NAME[COUNT] with a count from 1")
    return Argument(found[2], found[1], int(found[3] or 0))


def _check_names(asked_by: str, names: list[str]) -> None:
    wrong = [name for name in names if not _NAME.fullmatch(name)]
    twice = sorted({name for name in names if names.count(name) > 1})
    if wrong or twice:
        raise _refused(f"{asked_by} has the names {wrong or twice}", "different words of a-z, 0-9, _, no digit first")


def _refused(found: str, accepted: str) -> ScenarioError:
    return ScenarioError("bad_interface", f"{found}; accepted: {accepted}")
