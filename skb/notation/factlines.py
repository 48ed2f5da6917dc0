"""Fact files: plain ground facts by a fast pattern, the rest by the parser, provenance from comments."""

import json
import re
from array import array
from dataclasses import dataclass, field

from skb.errors import SkbError
from skb.notation.parser import Clause, Reader, check_characters
from skb.terms import Compound, Row, Term, is_ground

PROVENANCE_KINDS = ("printed", "derived", "external", "free", "estimated")

_ARGUMENT = r"\s*(?:-?(?:0|[1-9]\d{0,17})|[a-z][a-zA-Z0-9_]*)\s*"
_PLAIN_FACT = re.compile(
    rf"\s*([a-z][a-zA-Z0-9_]*)\(({_ARGUMENT}(?:,{_ARGUMENT})*)\)\.(?=[\s%]|\Z)[ \t]*(?:%([^\n]*))?(\n?)"
)
_ONLY_INTEGERS = re.compile(r"[-\d,\s]*\Z")
_REST_OF_LINE = re.compile(r"[ \t]*(?:%([^\n]*))?(\n?)")
_PROVENANCE = re.compile(rf"(?:[^;]*;)?\s*((?:{'|'.join(PROVENANCE_KINDS)})\b(?:\s*:.*)?)\Z")


@dataclass(slots=True)
class FactText:
    """What a fact file says: ground facts in order with their provenance, and the clauses that are none.

    `starts` holds where in the text each fact begins.
    """

    facts: list[tuple[str, Row, str | None]] = field(default_factory=list)
    others: list[Clause] = field(default_factory=list)
    starts: "array[int]" = field(default_factory=lambda: array("Q"))


def provenance(comment: str) -> str | None:
    """`KIND: WHERE` of a comment `UNIT; KIND: WHERE`, or None where the comment is no provenance."""
    found = _PROVENANCE.match(comment)
    return found.group(1).strip() if found else None


def read_facts(text: str) -> FactText:
    """Reads a fact file. The trailing comment of a line is the provenance of the facts on that line.

    Raises QuerySyntaxError with line and column. A plain fact costs some three microseconds, another sixty.
    """
    check_characters(text)
    return _FactReader(text).read()


class _FactReader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._result = FactText()
        self._reader = Reader(text)
        self._line_start = 0

    def read(self) -> FactText:
        offset = 0
        while True:
            offset = self._plain_facts(offset)
            self._reader.move_to(offset)
            clause = self._reader.clause()
            if clause is None:
                return self._result
            offset = self._other(clause)

    def _plain_facts(self, offset: int) -> int:
        """Takes plain facts from `offset` on as long as they follow each other; where they stop."""
        facts, starts, match = self._result.facts, self._result.starts, _PLAIN_FACT.match
        while (found := match(self._text, offset)) is not None:
            name, inside, comment, newline = found.groups()
            facts.append((name, _plain_row(inside), None))
            starts.append(found.start(1))
            offset = found.end()
            if comment is not None or newline:
                self._end_line(comment)
        return offset

    def _end_line(self, comment: str | None) -> None:
        facts = self._result.facts
        source = provenance(comment) if comment else None
        if source is not None:
            for at in range(self._line_start, len(facts)):
                facts[at] = (*facts[at][:2], source)
        self._line_start = len(facts)

    def _other(self, clause: Clause) -> int:
        fact = as_ground_fact(clause.term)
        if not self._reader.ended:
            raise self._unfinished(clause)
        if fact is None:
            self._result.others.append(clause)
        else:
            self._result.facts.append((*fact, None))
            self._result.starts.append(clause.start)
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
