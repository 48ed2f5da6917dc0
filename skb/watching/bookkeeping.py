"""What is stated and what wins in one machine, kept up to date revision by revision, to tell what changed."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from operator import attrgetter, itemgetter
from typing import Any, NamedTuple, TypeAlias

from skb.errors import TermError
from skb.layers import DENIED, LAYERS, QUIRK
from skb.matching import match, matches
from skb.notation.parser import read_term
from skb.schema import key_of
from skb.terms import Compound, Row, Term, Variable, to_json

_Relation: TypeAlias = tuple[str, int]
_Bucket: TypeAlias = tuple[_Relation, Row]


class Said(NamedTuple):
    """A stored fact; `place` is its place among those of the revision that added it, `removed` 0 while it is stated."""

    relation: _Relation
    row: Row
    layer: int
    source: str
    added: int
    place: int
    removed: int


@dataclass(frozen=True, slots=True)
class Change:
    """`kind` is asserted, retracted or superseded; `wins` tells whether goals noticed."""

    revision: int
    machine: str
    kind: str
    relation: str
    args: Row
    layer: str
    source: str
    wins: bool

    def to_json(self) -> dict[str, Any]:
        return {
            "revision": self.revision, "machine": self.machine, "kind": self.kind, "relation": self.relation,
            "args": [to_json(arg) for arg in self.args], "layer": self.layer, "source": self.source, "wins": self.wins,
        }  # fmt: skip


class Pattern:
    """A fact with variables, such as `message_rtt(0, _, _, _, _, _)`; `_` alone is any fact. Raises SkbError."""

    def __init__(self, text: str) -> None:
        self._term = read_term(text)
        self.relation: _Relation | None = None
        self._args: Row = ()
        if isinstance(self._term, Compound):
            self._args = self._term.args
            self.relation = (self._term.functor, len(self._args))
        elif isinstance(self._term, str):
            self.relation = (self._term, 0)
        elif not isinstance(self._term, Variable):
            raise TermError(f"{text!r} is no pattern of facts; relation(Arguments) or _ is")

    def matches(self, relation: _Relation, row: Row) -> bool:
        return self.relation is None or (self.relation == relation and matches(self._args, row))

    def may_concern(self, relation: _Relation, row: Row) -> bool:
        """Whether a fact can be, hide or deny one that matches: its key is that of one."""
        if self.relation is None or relation == (DENIED, 1):
            return True
        return relation == self.relation and matches(_key(relation, self._args), _key(relation, row))


class Bookkeeping:
    """The facts of one machine that may concern a pattern, by key, with the quirks that deny some."""

    def __init__(self, machine: str, pattern: Pattern) -> None:
        self._machine = machine
        self._pattern = pattern
        self._stated: dict[_Bucket, dict[tuple[int, Row], Said]] = {}
        self._denials: dict[_Relation, dict[Row, Term]] = {}

    def add(self, said: Said) -> None:
        self._stated.setdefault(_bucket(said), {})[said.layer, said.row] = said
        if _is_denial(said):
            relation, pattern = _denied(said)
            self._denials.setdefault(relation, {})[said.row] = pattern

    def _take_back(self, said: Said) -> None:
        bucket = self._stated.get(_bucket(said), {})
        bucket.pop((said.layer, said.row), None)
        if not bucket:
            self._stated.pop(_bucket(said), None)
        if _is_denial(said):
            self._denials[_denied(said)[0]].pop(said.row, None)

    def turn(self, revision: int, ended: Iterable[Said], begun: Iterable[Said]) -> list[Change]:
        """Takes in one revision; its changes that match: first retracted, then superseded, then asserted."""
        touched = self._touched([*ended, *begun])
        before = {bucket: (dict(self._stated.get(bucket, {})), self._winner(bucket)) for bucket in touched}
        for said in ended:
            self._take_back(said)
        for said in begun:
            self.add(said)
        found: dict[str, list[tuple[int, int, Change]]] = {"retracted": [], "superseded": [], "asserted": []}
        for bucket in touched:
            for kind, said, wins in self._compare(*before[bucket], bucket):
                if self._pattern.matches(said.relation, said.row):
                    found[kind].append((said.added, said.place, self._change(revision, kind, said, wins)))
        return [change for changes in found.values() for *_, change in sorted(changes, key=itemgetter(0, 1))]

    def _compare(
        self, was: dict[tuple[int, Row], Said], winner: Said | None, bucket: _Bucket
    ) -> Iterator[tuple[str, Said, bool]]:
        stated, best = self._stated.get(bucket, {}), self._winner(bucket)
        for place, said in was.items():
            if place not in stated:
                yield "retracted", said, said is winner
            elif said is winner and (best is None or best.row != said.row):
                yield "superseded", said, True
        for place, said in stated.items():
            is_seen_anew = said is best and (winner is None or winner.row != said.row)
            if place not in was or is_seen_anew:
                yield "asserted", said, said is best

    def _touched(self, changed: list[Said]) -> list[_Bucket]:
        """The keys of what changed; a quirk that denies touches all keys of the relation that it denies."""
        found = dict.fromkeys(_bucket(said) for said in changed)
        denied = {_denied(said)[0] for said in changed if _is_denial(said)}
        if denied:
            found |= dict.fromkeys(bucket for bucket in self._stated if bucket[0] in denied)
        return list(found)

    def _winner(self, bucket: _Bucket) -> Said | None:
        seen = [said for said in self._stated.get(bucket, {}).values() if not self._is_denied(said)]
        return max(seen, key=attrgetter("layer", "added", "place"), default=None)

    def _is_denied(self, said: Said) -> bool:
        if said.layer == QUIRK:
            return False
        term: Term = Compound(said.relation[0], said.row) if said.row else said.relation[0]
        return any(match(pattern, term, {}) for pattern in self._denials.get(said.relation, {}).values())

    def _change(self, revision: int, kind: str, said: Said, wins: bool) -> Change:
        return Change(revision, self._machine, kind, said.relation[0], said.row, LAYERS[said.layer], said.source, wins)


def _key(relation: _Relation, row: Row) -> Row:
    positions = key_of(*relation)
    return row if positions is None else tuple(row[at] for at in positions)


def _bucket(said: Said) -> _Bucket:
    return said.relation, _key(said.relation, said.row)


def _is_denial(said: Said) -> bool:
    return said.relation == (DENIED, 1) and said.layer == QUIRK


def _denied(said: Said) -> tuple[_Relation, Term]:
    pattern = said.row[0]
    return ((pattern.functor, len(pattern.args)) if isinstance(pattern, Compound) else (str(pattern), 0)), pattern
