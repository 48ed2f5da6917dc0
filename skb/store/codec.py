"""How the arguments of a fact are kept in a text column: a JSON array without its brackets."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from skb.errors import TermError
from skb.terms import Compound, Real, Row, String, Term, Variable, is_integer_in_range, to_term


def _default(term: object) -> object:
    if isinstance(term, Compound):
        return {"f": term.functor, "a": term.args}
    if isinstance(term, Real):
        return term.value
    if isinstance(term, String):
        return {"s": term.text}
    if isinstance(term, Variable):
        return {"v": term.name}
    raise TermError(f"a value of type {type(term).__name__} is no term")


_encoder = json.JSONEncoder(separators=(",", ":"), default=_default, allow_nan=False)


def _object(found: dict[str, Any]) -> Term:
    if "f" in found:
        return Compound(found["f"], tuple(map(_with_lists, found["a"])))
    return String(found["s"]) if "s" in found else Variable(found["v"])


def _with_lists(value: Any) -> Term:
    return tuple(map(_with_lists, value)) if isinstance(value, list) else value


def _real(text: str) -> Any:
    return Real(float(text))


_decoder = json.JSONDecoder(object_hook=_object, parse_float=_real)


def to_row(args: Iterable[object]) -> Row:
    """Arguments as terms; plain atoms and integers in range pass untouched. Raises TermError."""
    row = tuple(args)
    for arg in row:
        kind = type(arg)
        if kind is not str and not (kind is int and is_integer_in_range(arg)):  # type: ignore[arg-type]
            return tuple(map(to_term, row))
    return row  # type: ignore[return-value]


def encode_row(row: Row) -> str:
    return _encoder.encode(row)[1:-1]


def encode_rows(rows: Sequence[Row]) -> list[str]:
    """One text per row; rows without nesting are encoded in one go."""
    text = _encoder.encode(rows)
    if text.count("[") == len(rows) + 1 and text.count("],[") == len(rows) - 1:
        return text[2:-2].split("],[")
    return [encode_row(row) for row in rows]


def decode_rows(texts: Sequence[str]) -> list[Row]:
    """The inverse of `encode_rows`."""
    if not texts:
        return []
    joined = "[[" + "],[".join(texts) + "]]"
    rows = _decoder.decode(joined)
    if joined.count("[") == len(texts) + 1:
        return list(map(tuple, rows))
    return [tuple(map(_with_lists, row)) for row in rows]
