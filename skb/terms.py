"""Terms: the values that facts, rules and answers are made of.

An atom is a Python `str`, an integer an `int` (exact from -2^63 to 2^64-1), a list a `tuple`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import isfinite
from typing import Any, TypeAlias

from skb.errors import TermError

SMALLEST_INTEGER = -(2**63)
LARGEST_INTEGER = 2**64 - 1
MAX_DEPTH = 150
PARTIAL_LIST = "[|]"


@dataclass(frozen=True, slots=True)
class Real:
    """A floating-point number; never equal to an integer, as in Prolog."""

    value: float


@dataclass(frozen=True, slots=True)
class String:
    """Text in double quotes; another thing than the atom of the same letters."""

    text: str


@dataclass(frozen=True, slots=True)
class Variable:
    """A named unknown; names that start with `_` stay out of answers."""

    name: str


@dataclass(frozen=True, slots=True)
class Compound:
    """A functor applied to arguments; a list with an open tail is `Compound("[|]", (head, tail))`."""

    functor: str
    args: "tuple[Term, ...]"


Term: TypeAlias = str | int | Real | String | Variable | Compound | tuple["Term", ...]
Row: TypeAlias = tuple[Term, ...]


def is_integer_in_range(value: int) -> bool:
    return SMALLEST_INTEGER <= value <= LARGEST_INTEGER


def order_key(term: Term) -> tuple[Any, ...]:
    """Sort key of the standard order: variables, numbers, atoms, strings, compounds, lists.

    Numbers compare by value, a real before the equal integer; compounds by arity, name, arguments.
    """
    if isinstance(term, str):
        return (2, term)
    if isinstance(term, int):
        return (1, term, 1)
    if isinstance(term, tuple):
        return (5, *(order_key(item) for item in term))
    if isinstance(term, Compound):
        return (4, len(term.args), term.functor, *(order_key(arg) for arg in term.args))
    if isinstance(term, Real):
        return (1, term.value, 0)
    if isinstance(term, String):
        return (3, term.text)
    return (0, term.name)


def sort_terms(terms: Iterable[Term]) -> list[Term]:
    """Terms in standard order.

    Python's own order is tried first: it refuses to compare terms of different kinds, and agrees on all it compares.
    """
    found: list[Any] = list(terms)
    try:
        found.sort()
    except TypeError:
        found.sort(key=order_key)
    return found


def sort_rows(rows: Iterable[Row]) -> list[Row]:
    """Rows in standard order, column by column."""
    return sort_terms(rows)  # type: ignore[return-value]


def variables(term: Term) -> Iterator[Variable]:
    """Every occurrence of a variable, from left to right."""
    if isinstance(term, Variable):
        yield term
    elif isinstance(term, Compound):
        for arg in term.args:
            yield from variables(arg)
    elif isinstance(term, tuple):
        for item in term:
            yield from variables(item)


def is_ground(term: Term) -> bool:
    return next(variables(term), None) is None


def to_term(value: object, level: int = 0) -> Term:
    """Takes a plain Python value (or any object with `functor` and `args`) as a term.

    Floats become `Real`, lists and tuples lists. Raises TermError for everything else, Booleans, integers
    beyond 64 bits, numbers that are not finite and nesting beyond `MAX_DEPTH` included.
    """
    if isinstance(value, str):
        return _checked_text(value)
    if isinstance(value, bool):
        raise TermError(f"the Boolean {value} is no term; write the atom 'true' or 'false', or 1 or 0")
    if isinstance(value, int):
        return _checked_integer(value)
    if level > MAX_DEPTH:
        raise TermError(f"a term nests deeper than {MAX_DEPTH} levels; that many are accepted")
    if isinstance(value, (list, tuple)):
        return tuple(to_term(item, level + 1) for item in value)
    return _to_rare_term(value, level)


def _checked_text(value: str) -> str:
    """Refuses half a surrogate pair: it is no character, and no file or database takes it."""
    if not value.isascii() and any("\ud800" <= letter <= "\udfff" for letter in value):
        raise TermError(f"the text {ascii(value)[:40]} holds a lone surrogate, which is no character")
    return value


def _checked_integer(value: int) -> int:
    if not is_integer_in_range(value):
        raise TermError("an integer lies outside -2^63 .. 2^64-1, the range that is kept exactly")
    return value


def _to_rare_term(value: object, level: int) -> Term:
    if isinstance(value, float):
        value = Real(value)
    if isinstance(value, Real):
        if not isfinite(value.value):
            raise TermError(f"{value.value} is no number that can be stored; finite ones are accepted")
        return value
    if isinstance(value, String):
        return String(_checked_text(value.text))
    if isinstance(value, Variable):
        return value
    functor, args = getattr(value, "functor", None), getattr(value, "args", None)
    if isinstance(functor, str) and isinstance(args, tuple):
        return Compound(_checked_text(functor), tuple(to_term(arg, level + 1) for arg in args))
    raise TermError(
        f"a value of type {type(value).__name__} is no term; str, int, float, list and Compound are accepted"
    )


def to_json(term: Term) -> Any:
    """The JSON form of INTERFACE: integers numbers, atoms strings, `{"str"}`, `{"f", "args"}`, arrays."""
    if isinstance(term, (str, int)):
        return term
    if isinstance(term, tuple):
        return [to_json(item) for item in term]
    if isinstance(term, Compound):
        return {"f": term.functor, "args": [to_json(arg) for arg in term.args]}
    if isinstance(term, Real):
        return term.value
    if isinstance(term, String):
        return {"str": term.text}
    return {"var": term.name}
