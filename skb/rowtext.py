"""Rows of a relation as text, one a line: the arguments as a JSON array without its brackets."""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from skb.errors import TermError
from skb.stopwatch import importing
from skb.terms import Compound, Real, Row, String, Term, Variable, is_integer_in_range, to_term

_READ_AT_ONCE = 1 << 20
"""Characters; what is made of them on the way is that of a small part of a large relation."""

_MANY_CHARACTERS = 1 << 17
_NOT_INTEGERS = '"[{.eE'
_SURE_INTEGER = 10**18


class Rows:
    """Rows that never change, in order; kept as text until they are first looked at, as tuples from then on."""

    __slots__ = ("_size", "_text", "_tuples")

    def __init__(self, text: str, size: int) -> None:
        self._text: str | None = text
        self._tuples: tuple[Row, ...] | None = None
        self._size = size

    @classmethod
    def of(cls, rows: Iterable[Row]) -> "Rows":
        made = cls("", 0)
        made._text, made._tuples = None, tuple(rows)
        made._size = len(made._tuples)
        return made

    @classmethod
    def joined(cls, parts: Sequence["Rows"]) -> "Rows":
        """All rows of the parts, one part after another."""
        if all(part._text is None for part in parts):
            return cls.of([row for part in parts for row in part])
        return cls("\n".join([part._text or "\n".join(part.lines()) for part in parts]), sum(map(len, parts)))

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[Row]:
        return iter(self.tuples)

    @property
    def tuples(self) -> tuple[Row, ...]:
        found, text = self._tuples, self._text
        if found is None:
            assert text is not None
            found = self._tuples = tuple(decode_rows(text))
            self._text = None
        return found

    def lines(self) -> list[str]:
        """The text of each row."""
        text = self._text
        return encode_rows(self.tuples) if text is None else text.split("\n")


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
        if not (kind is str and arg.isascii()) and not (kind is int and is_integer_in_range(arg)):  # type: ignore[attr-defined, arg-type]
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


def decode_rows(text: str) -> list[Row]:
    """The rows of a text of at least one line: the inverse of `encode_rows`, joined.

    A million rows of six integers take about half a second, of other terms two.
    """
    found: list[Row] = []
    at = 0
    while at <= len(text):
        end = text.find("\n", at + _READ_AT_ONCE)
        part = text[at:] if end < 0 else text[at:end]
        found += (_read_integers(part) if len(part) > _MANY_CHARACTERS else None) or _read_terms(part)
        at = len(text) + 1 if end < 0 else end + 1
    return found


def _read_terms(text: str) -> list[Row]:
    size = text.count("\n") + 1
    joined = f"[[{text.replace(chr(10), '],[')}]]"
    rows = _decoder.decode(joined)
    if joined.count("[") == size + 1:
        return list(map(tuple, rows))
    return [tuple(map(_with_lists, row)) for row in rows]


def _read_integers(text: str) -> list[Row] | None:
    """The rows of a long text of small integers; None for another one. Equal integers share their memory."""
    if any(mark in text for mark in _NOT_INTEGERS):
        return None
    with importing():
        import numpy as np  # here: small machines never pay for the import

    values = np.fromstring(text.replace("\n", ","), dtype=np.int64, sep=",")
    if values.max() >= _SURE_INTEGER or values.min() <= -_SURE_INTEGER:
        return None
    columns = []
    for column in values.reshape(text.count("\n") + 1, -1).T:
        low, high = int(column.min()), int(column.max())
        is_dense = high - low < len(column)
        shared = np.array(range(low, high + 1), dtype=object) if is_dense else None
        columns.append((column if shared is None else shared[column - low]).tolist())
    return list(zip(*columns, strict=True))
