"""The registry of relations: what each says, its arguments with units, and which of them identify a fact."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter

from skb.relations import RELATIONS_TEXT
from skb.terms import Row


@dataclass(frozen=True, slots=True)
class Argument:
    """`unit` is empty for plain ids and names; key arguments identify a fact, the others are its value."""

    name: str
    unit: str
    is_key: bool


@dataclass(frozen=True, slots=True)
class Relation:
    """A relation is known by name and arity: `cache/6` and Barrelfish's `cache/8` are two."""

    name: str
    arguments: tuple[Argument, ...]
    meaning: str
    example: str

    @property
    def arity(self) -> int:
        return len(self.arguments)

    @property
    def key(self) -> tuple[int, ...] | None:
        """Positions of the key arguments; None where all of them are."""
        positions = tuple(at for at, argument in enumerate(self.arguments) if argument.is_key)
        return None if len(positions) == self.arity else positions


def _argument(text: str) -> Argument:
    name, _, unit = text.strip().rstrip("*").partition(":")
    return Argument(name, unit.rstrip("*"), text.strip().endswith("*"))


def _relation(signature: str, meaning: str, example: str) -> Relation:
    name, _, inside = signature.rstrip(")").partition("(")
    arguments = tuple(_argument(part) for part in inside.split(",") if part)
    return Relation(name, arguments, meaning, example)


def _read(text: str) -> dict[tuple[str, int], Relation]:
    lines = [line.strip() for line in text.strip().splitlines()]
    found = [_relation(*lines[at : at + 3]) for at in range(0, len(lines), 3)]
    return {(relation.name, relation.arity): relation for relation in found}


_REGISTRY = _read(RELATIONS_TEXT)


def relations() -> tuple[Relation, ...]:
    """Every registered relation, in the registry's order."""
    return tuple(_REGISTRY.values())


def find(name: str, arity: int) -> Relation | None:
    return _REGISTRY.get((name, arity))


def key_of(name: str, arity: int) -> tuple[int, ...] | None:
    """Positions that identify a fact; None (all of them) for a relation outside the registry, too."""
    relation = _REGISTRY.get((name, arity))
    return relation.key if relation else None


def key_values(relation: tuple[str, int], row: Row) -> Row:
    """The values of the key arguments of a fact; all of them outside the registry."""
    return key_reader(*relation)(row)


@lru_cache(maxsize=256)
def key_reader(name: str, arity: int) -> Callable[[Row], Row]:
    """Reads the values of the key arguments from the rows of a relation."""
    positions = key_of(name, arity)
    if not positions:
        return lambda row: row
    if len(positions) == 1:
        return lambda row: (row[positions[0]],)
    return itemgetter(*positions)
