"""What a reader hands over: facts as plain tuples, counts of objects, and a warning for each anomaly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias, Union

Argument: TypeAlias = Union[str, int, float, "Compound", tuple["Argument", ...]]
"""A term of a fact: `str` is an atom, a tuple is a Prolog list."""


@dataclass(frozen=True, slots=True)
class Compound:
    """A compound term such as `addr(0, 3, 1)`."""

    functor: str
    args: tuple[Argument, ...]


class Fact(NamedTuple):
    """One ground fact with the layer it belongs to and where it comes from.

    `layer` is `static` (a priori), `discovered`, `measured` or `quirk`; a `source` that starts with `estimated`
    marks a value that nobody stated.
    """

    relation: str
    args: tuple[Argument, ...]
    layer: str
    source: str


@dataclass(frozen=True, slots=True)
class Anomaly:
    """Something in the source that could not be taken as it stands, and was left out or put right."""

    code: str
    message: str
    where: str


@dataclass(frozen=True, slots=True)
class Reading:
    """Everything one source says about one machine.

    Either `facts` holds the facts, or `text` holds them in Prolog notation (then `facts` is empty). `objects` counts
    what the source holds under hwloc's type names, and is None for text, whose facts are counted by who parses it.
    """

    name: str
    facts: tuple[Fact, ...]
    text: str | None
    layer: str
    source: str
    objects: Mapping[str, int] | None
    warnings: tuple[Anomaly, ...] = ()


class ReadError(Exception):
    """A source that cannot be used; it is refused whole.

    `message` says what was asked, what was found and where, and what would be accepted; `details` has the same as data.
    """

    def __init__(self, code: str, message: str, details: Mapping[str, object] | None = None) -> None:
        super().__init__(code, message, details)
        self.code = code
        self.message = message
        self.details: dict[str, object] = dict(details or {})

    def __str__(self) -> str:
        return self.message
