"""Fact files: plain ground facts by fast patterns, the rest by the parser, provenance from comments."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from skb.errors import SkbError
from skb.layers import LAYERS
from skb.notation.parser import Clause, Reader, check_characters
from skb.rowtext import Rows
from skb.terms import Compound, Row, Term, is_ground

PROVENANCE_KINDS = ("printed", "derived", "external", "free", "estimated")

_ARGUMENT = r"\s*(?:-?(?:0|[1-9]\d{0,17})|[a-z][a-zA-Z0-9_]*)\s*"
_PLAIN_FACT = re.compile(
    rf"\s*([a-z][a-zA-Z0-9_]*)\(({_ARGUMENT}(?:,{_ARGUMENT})*)\)\.(?=[\s%]|\Z)[ \t\r]*(?:%([^\n]*))?(\n?)"
)
_ONLY_INTEGERS = re.compile(r"[-\d,\s]*\Z")
_REST_OF_LINE = re.compile(r"[ \t\r]*(?:%([^\n]*))?(\n?)")
_PROVENANCE = re.compile(rf"(?:[^;]*;)?\s*((?:{'|'.join(PROVENANCE_KINDS)})\b(?:\s*:.*)?)\Z")

_EXPORTED = re.compile(rf"\s*({'|'.join(LAYERS)});\s*(\S.*)\Z")

_ALIKE_AT_LEAST = 50
_LINE = re.compile(r"([a-z][a-zA-Z0-9_]*)\(([^()'\"%]*)\)(\.[^\n]*\n)\Z")
_ATOM = re.compile(r"[a-z][a-zA-Z0-9_]*+")
_Key: TypeAlias = tuple[str, int, str | None, str | None]
_INTEGER = r"(?:-?[1-9]\d{0,17}+|0)"
_INTEGER_OR_ATOM = rf"(?:{_INTEGER}|[a-z][a-zA-Z0-9_]*+)"


@dataclass(slots=True)
class FactRun:
    """Facts of one relation and one provenance, in order; `starts` holds where each begins in the text.

    `layer` and `source` are None where no comment says them. `starts` is None for facts that stand one a line from
    `begin` to `end`.
    """

    name: str
    arity: int
    layer: str | None
    source: str | None
    rows: "list[Row] | Rows"
    starts: list[int] | None
    begin: int = 0
    end: int = 0


@dataclass(slots=True)
class FactText:
    """What a fact file says: runs of ground facts, and the clauses that are none."""

    text: str
    runs: list[FactRun] = field(default_factory=list)
    others: list[Clause] = field(default_factory=list)

    @property
    def facts(self) -> list[tuple[str, Row, str | None]]:
        """Every fact by itself, relation by relation."""
        return [(run.name, row, run.source) for run in self.runs for row in run.rows]

    def starts(self, run: FactRun) -> Sequence[int]:
        """Where each fact of a run begins in the text."""
        if run.starts is not None:
            return run.starts
        lines = re.finditer("\n", self.text[run.begin : run.end])
        return [run.begin, *(run.begin + found.end() for found in lines)][: len(run.rows)]


def provenance(comment: str) -> tuple[str | None, str | None]:
    """Layer and source of a comment `LAYER; SOURCE`, the source of `UNIT; KIND: WHERE`; None is what it does not say.

    >>> provenance(" measured; ping"), provenance(" ns; printed: Table 2"), provenance(" a remark")
    (('measured', 'ping'), (None, 'printed: Table 2'), (None, None))
    """
    exported = _EXPORTED.match(comment.rstrip())
    if exported:
        return exported.group(1), exported.group(2)
    found = _PROVENANCE.match(comment.rstrip())
    return None, found.group(1).strip() if found else None


def read_facts(text: str) -> FactText:
    """Reads a fact file. The trailing comment of a line is the provenance of the facts on that line.

    Raises QuerySyntaxError with line and column. A plain fact costs some three microseconds, another sixty; of
    many lines alike (one relation, integers and plain atoms, one comment) each costs half a microsecond.
    """
    check_characters(text)
    return _FactReader(text).read()


class _FactReader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._result = FactText(text)
        self._reader = Reader(text)
        self._open: dict[_Key, FactRun] = {}
        self._line: list[tuple[str, Row, int]] = []
        self._alike = 0
        self._last: _Key = ("", 0, None, None)

    def read(self) -> FactText:
        offset = 0
        while True:
            offset = self._plain_facts(offset)
            self._reader.move_to(offset)
            clause = self._reader.clause()
            if clause is None:
                self._end_line(None)
                return self._result
            offset = self._other(clause)

    def _plain_facts(self, offset: int) -> int:
        """Takes plain facts from `offset` on as long as they follow each other; where they stop."""
        match = _PLAIN_FACT.match
        while (found := match(self._text, offset)) is not None:
            name, inside, comment, newline = found.groups()
            self._line.append((name, _plain_row(inside), found.start(1)))
            offset = found.end()
            if comment is not None or newline:
                self._end_line(comment)
                if self._alike >= _ALIKE_AT_LEAST:
                    offset = self._lines_alike(found.start(1), offset)
        return offset

    def _end_line(self, comment: str | None) -> None:
        said_by = provenance(comment) if comment else (None, None)
        for name, row, start in self._line:
            key = (name, len(row), *said_by)
            self._alike = self._alike + 1 if key == self._last else 0
            self._last = key
            run = self._open.get(key)
            if run is None:
                run = self._open[key] = FactRun(*key, [], [])
                self._result.runs.append(run)
            assert isinstance(run.rows, list)
            assert run.starts is not None
            run.rows.append(row)
            run.starts.append(start)
        self._line.clear()

    def _lines_alike(self, begin: int, offset: int) -> int:
        """Takes the lines from `offset` on that differ from the one before in their arguments alone, unparsed."""
        self._alike = 0
        line = _LINE.match(self._text[begin:offset])
        if line is None:
            return offset
        name, inside, tail = line.groups()
        has_atoms = _ATOM.search(inside) is not None
        argument = _INTEGER_OR_ATOM if has_atoms else _INTEGER
        arguments = rf"{argument}(?:,[ \t]*+{argument}){{{inside.count(',')}}}"
        alike = re.compile(rf"(?:{name}\({arguments}\){re.escape(tail)})++").match(self._text, offset)
        if alike is None:
            return offset
        self._take_run(alike.end(), offset, name, tail, has_atoms)
        return alike.end()

    def _take_run(self, end: int, begin: int, name: str, tail: str, has_atoms: bool) -> None:
        inside = self._text[begin + len(name) + 1 : end - len(tail) - 1].replace(f"){tail}{name}(", "\n")
        for layout in " \t":
            inside = inside.replace(layout, "") if layout in inside else inside
        if has_atoms:
            inside = _ATOM.sub(r'"\g<0>"', inside)
        key = self._last
        self._open.pop(key, None)
        self._result.runs.append(FactRun(*key, Rows(inside, inside.count("\n") + 1), None, begin, end))

    def _other(self, clause: Clause) -> int:
        fact = as_ground_fact(clause.term)
        if not self._reader.ended:
            raise self._unfinished(clause)
        if fact is None:
            self._result.others.append(clause)
        else:
            self._line.append((*fact, clause.start))
        rest = _REST_OF_LINE.match(self._text, clause.end)
        assert rest is not None
        if rest.group(1) is not None or rest.group(2):
            self._end_line(rest.group(1))
        return rest.end()

    def _unfinished(self, clause: Clause) -> SkbError:
        return self._reader.error(f"the clause that starts in line {clause.line} does not end with '.'", clause.end)


def _plain_row(inside: str) -> Row:
    if _ONLY_INTEGERS.match(inside):
        return tuple(json.loads(f"[{inside}]"))
    parts = [part.strip() for part in inside.split(",")]
    return tuple([part if part[0].isalpha() else int(part) for part in parts])


def as_ground_fact(term: Term) -> tuple[str, Row] | None:
    """Relation and arguments of a clause that is a ground fact; `denied(...)` may hold variables."""
    if isinstance(term, str):
        return term, ()
    if not isinstance(term, Compound) or term.functor in (":-", "?-", "-->", ","):
        return None
    if not is_ground(term) and term.functor != "denied":
        return None
    return term.functor, term.args
