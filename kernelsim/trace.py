"""What happened when and where: slices of dispatchers, messages between cores, and marks worth a look."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from typing import NamedTuple


class Slice(NamedTuple):
    """`who` had `core` from `start_ps` to `end_ps`."""

    start_ps: int
    end_ps: int
    core: int
    who: str


class Message(NamedTuple):
    """A message of `kind` left `source` at `sent_ps` and was there for `target` to see at `arrived_ps`."""

    sent_ps: int
    arrived_ps: int
    source: int
    target: int
    kind: str


class Mark(NamedTuple):
    """Something at one instant: a phase change's steps, a timer reset, a missed deadline."""

    time_ps: int
    core: int
    kind: str
    text: str


@dataclass(slots=True)
class Trace:
    """The records of one run. Slices of the same dispatcher that touch are one slice."""

    slices: list[Slice] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)

    def lines(self) -> Iterator[str]:
        """All records as text, in an order that depends on nothing but what happened."""
        for slice_ in sorted(self.slices):
            yield "slice {} {} {} {}\n".format(*slice_)
        for message in sorted(self.messages):
            yield "message {} {} {} {} {}\n".format(*message)
        for mark in sorted(self.marks):
            yield "mark {} {} {} {}\n".format(*mark)

    def sha256(self) -> str:
        """The hash of `lines()`: equal runs have equal hashes."""
        digest = sha256()
        digest.update("".join(self.lines()).encode())
        return digest.hexdigest()
