"""The notation of Octopus for named records: `name { key: value, key > 3, key: r'regex', key: _ }`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import isfinite
from operator import eq, ge, gt, le, lt, ne
from typing import TypeAlias

from skb.errors import RecordError
from skb.octopus.expressions import Expression, ExpressionError

Value: TypeAlias = str | int | float

MOST_QUERY_BYTES, MOST_RECORD_BYTES = 8192, 2048
_IDENT = re.compile(r"[a-z][A-Za-z0-9._-]*")
_TOKEN = re.compile(
    r"\s*(?:(?P<regex>r'(?:[^'\\]|\\.)*')|(?P<ident>[a-z][A-Za-z0-9._-]*)|(?P<string>'(?:[^'\\]|\\.)*')"
    r"|(?P<float>-?\d+(?:\.\d+(?:[eE][+-]?\d+)?|[eE][+-]?\d+))|(?P<int>-?\d{1,18})(?![\d.])|(?P<op>>=|<=|==|!=|[><:{},])|(?P<any>_))"
)
_OPERATORS = {">": gt, ">=": ge, "<": lt, "<=": le, "==": eq, "!=": ne}


@dataclass(frozen=True, slots=True)
class Record:
    """A name and its attributes by key, sorted; text and identifier are one."""

    name: str
    attributes: Mapping[str, Value]

    def __str__(self) -> str:
        inside = ", ".join(f"{key}: {_written(value)}" for key, value in self.attributes.items())
        return f"{self.name} {{ {inside} }}" if inside else f"{self.name} {{}}"


@dataclass(frozen=True, slots=True)
class Constraint:
    """`operator` is one of > >= < <= == !=, or `regex`, or `exists`, which needs no value."""

    key: str
    operator: str
    value: Value = ""

    def holds(self, attributes: Mapping[str, Value]) -> bool:
        found = attributes.get(self.key)
        if found is None or self.operator == "exists":
            return found is not None
        if self.operator == "regex":
            return isinstance(found, str) and _expression(str(self.value)).is_found_in(found)
        if isinstance(found, str) != isinstance(self.value, str):
            return self.operator == "!="
        return bool(_OPERATORS[self.operator](found, self.value))


@dataclass(frozen=True, slots=True)
class Query:
    """What was written: `name` is exact, a regex, or empty for any; `stated` are the `key: value` pairs."""

    name: str
    is_regex: bool
    stated: tuple[tuple[str, Value], ...]
    constraints: tuple[Constraint, ...]

    @property
    def exact_name(self) -> str:
        """The name of one record. Raises RecordError where the query names none."""
        if self.is_regex or not self.name:
            raise RecordError("a name is needed to set or publish a record; _ and regexes only find", "no_record_name")
        return self.name

    def record(self) -> Record:
        """The stated attributes; of several values of one key the largest, numbers before texts."""
        kept: dict[str, Value] = {}
        for key, value in sorted(self.stated, key=lambda pair: (pair[0], isinstance(pair[1], str), pair[1])):
            kept[key] = value
        return Record(self.exact_name, kept)

    def matches(self, record: Record) -> bool:
        is_named = _expression(self.name).is_found_in(record.name) if self.is_regex else self.name in ("", record.name)
        equal = all(Constraint(key, "==", value).holds(record.attributes) for key, value in self.stated)
        return is_named and equal and all(each.holds(record.attributes) for each in self.constraints)


def read_query(text: str) -> Query:
    """Reads a record or a query over records. Raises RecordError: query_size, parser_fail."""
    if len(text.encode("utf-8", "surrogatepass")) > MOST_QUERY_BYTES:
        raise RecordError(f"the query is longer than {MOST_QUERY_BYTES} bytes", "query_size")
    if not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text):
        raise RecordError("the query holds a lone surrogate, which is no character", "parser_fail")
    return _QueryReader(text).read()


def natural_order(name: str) -> tuple[tuple[bool, int, str], ...]:
    """Sorts `n2` before `n10`."""
    parts = re.findall(r"\d+|\D+", name)
    return tuple((not part.isdigit(), int(part) if part.isdigit() else 0, part) for part in parts)


class _QueryReader:
    def __init__(self, text: str) -> None:
        self._text, self._at = text, 0

    def read(self) -> Query:
        kind, name = self._next("ident", "regex", "any")
        stated: list[tuple[str, Value]] = []
        constraints: list[Constraint] = []
        if self._peek() == "{":
            self._next("{")
            while self._peek() != "}":
                self._attribute(stated, constraints)
                if self._peek() != "}":
                    self._next(",")
            self._next("}")
        if self._text[self._at :].strip():
            raise self._refused("the end")
        is_regex = kind == "regex"
        return Query(
            _regex(name) if is_regex else name.strip("_") if kind == "any" else name,
            is_regex,
            tuple(stated),
            tuple(constraints),
        )

    def _attribute(self, stated: list[tuple[str, Value]], constraints: list[Constraint]) -> None:
        _, key = self._next("ident")
        _, operator = self._next(":", *_OPERATORS)
        if operator != ":":
            constraints.append(Constraint(key, operator, self._value(*self._next("ident", "string", "float", "int"))))
            return
        kind, text = self._next("ident", "string", "float", "int", "regex", "any")
        if kind == "any":
            constraints.append(Constraint(key, "exists"))
        elif kind == "regex":
            constraints.append(Constraint(key, "regex", _regex(text)))
        else:
            stated.append((key, self._value(kind, text)))

    def _value(self, kind: str, text: str) -> Value:
        if kind == "string":
            return _unquoted(text)
        if kind == "float" and not isfinite(float(text)):
            raise RecordError(f"the number {text[:20]} is beyond what a float holds", "parser_fail")
        return int(text) if kind == "int" else float(text) if kind == "float" else text

    def _peek(self) -> str:
        found = _TOKEN.match(self._text, self._at)
        return found.group().strip() if found else ""

    def _next(self, *wanted: str) -> tuple[str, str]:
        found = _TOKEN.match(self._text, self._at)
        kind = str(found.lastgroup) if found else ""
        text = found.group(kind) if found else ""
        if found is None or (kind not in wanted and text not in wanted):
            raise self._refused(" or ".join(wanted))
        self._at = found.end()
        return kind, text

    def _refused(self, wanted: str) -> RecordError:
        column, rest = self._at + 1, self._text[self._at :].strip()[:20]
        return RecordError(f"column {column} of the query holds {rest!r}; {wanted} was expected", "parser_fail")


def _regex(text: str) -> str:
    pattern = text[2:-1]
    try:
        _expression(pattern)
    except ExpressionError as error:
        raise RecordError(f"the regex {pattern[:80]!r} is none: {error}", "parser_fail") from error
    return pattern


@lru_cache(maxsize=64)
def _expression(pattern: str) -> Expression:
    return Expression(pattern)


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1], flags=re.DOTALL)


def _written(value: Value) -> str:
    if not isinstance(value, str):
        return repr(value)
    if _IDENT.fullmatch(value):
        return value
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
