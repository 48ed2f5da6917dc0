"""What is stated and what wins in one machine, kept up to date revision by revision, to tell what changed."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter, itemgetter
from typing import Any, NamedTuple, TypeAlias

from skb.layers import DENIED, LAYERS, QUIRK
from skb.matching import match
from skb.schema import key_values
from skb.terms import Compound, Row, Term, to_json
from skb.watching.pattern import Pattern, Relation

Bucket: TypeAlias = tuple[Relation, Row]

MANY_FACTS = 20_000
"""A revision with more of them is the last one that a bookkeeper takes in."""

_MOST_REMEMBERED = 10_000


class Said(NamedTuple):
    """A stored fact; `place` is its place among those of the revision that added it, `removed` 0 while it is stated."""

    machine: str
    relation: Relation
    row: Row
    layer: int
    source: str
    added: int
    place: int
    removed: int

    @property
    def bucket(self) -> "Bucket":
        """What identifies the fact: its relation and the values of its key arguments."""
        return self.relation, key_values(self.relation, self.row)


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


class Bookkeeping:
    """The facts of one machine that may concern a pattern, by key, with the quirks that deny some.

    It knows the keys that it was told of, not all: `missing` says which it must `recall` before a `turn`.
    """

    def __init__(self, machine: str, pattern: Pattern) -> None:
        self._machine = machine
        self._pattern = pattern
        self._stated: dict[Bucket, dict[tuple[int, Row], Said]] = {}
        self._denials: dict[Relation, dict[Row, Term]] = {}
        self._known: set[Bucket] = set()
        self._whole: set[Relation] = {(DENIED, 1)}
        self._is_partial = False

    def is_worth_keeping(self) -> bool:
        """Whether it knows what it was told, and that in little memory; another one is to be thrown away."""
        return not self._is_partial and max(len(self._known), len(self._stated)) <= _MOST_REMEMBERED

    def missing(self, changed: Iterable[Said]) -> tuple[set[Bucket], set[Relation]]:
        """The keys that changed and the relations of which a quirk denies facts, as far as they are not known."""
        buckets: set[Bucket] = set()
        relations: set[Relation] = set()
        for said in changed:
            if said.relation not in self._whole:
                buckets.add(said.bucket)
            if _is_denial(said):
                relations.add(_denied(said)[0])
        relations -= self._whole
        return {each for each in buckets if each[0] not in relations} - self._known, relations

    def recall(self, said: Iterable[Said], buckets: Iterable[Bucket], relations: Iterable[Relation] = ()) -> None:
        """Takes in what is stated under some keys, or in whole relations, which are known from now on."""
        for each in said:
            self._add(each)
        self._known.update(buckets)
        self._whole.update(relations)

    def _add(self, said: Said) -> None:
        self._stated.setdefault(said.bucket, {})[said.layer, said.row] = said
        if _is_denial(said):
            relation, pattern = _denied(said)
            self._denials.setdefault(relation, {})[said.row] = pattern

    def _take_back(self, said: Said) -> None:
        bucket = self._stated.get(said.bucket, {})
        bucket.pop((said.layer, said.row), None)
        if not bucket:
            self._stated.pop(said.bucket, None)
        if _is_denial(said):
            self._denials[_denied(said)[0]].pop(said.row, None)

    def turn(self, revision: int, ended: Sequence[Said], begun: Sequence[Said]) -> list[Change]:
        """Takes in one revision; its changes that match: first retracted, then superseded, then asserted."""
        if len(begun) > MANY_FACTS and not ended and not self._stated and (found := self._first(revision, begun)):
            return found
        touched = self._touched([*ended, *begun])
        before = {bucket: (dict(self._stated.get(bucket, {})), self._winner(bucket)) for bucket in touched}
        for said in ended:
            self._take_back(said)
        for said in begun:
            self._add(said)
        by_kind: dict[str, list[tuple[int, int, Change]]] = {"retracted": [], "superseded": [], "asserted": []}
        for bucket in touched:
            for kind, said, wins in self._compare(*before[bucket], bucket):
                if self._pattern.matches(said.relation, said.row):
                    by_kind[kind].append((said.added, said.place, self._change(revision, kind, said, wins)))
        return [change for changes in by_kind.values() for *_, change in sorted(changes, key=itemgetter(0, 1))]

    def _first(self, revision: int, begun: Sequence[Said]) -> list[Change]:
        """The changes of a large first load without contradictions, which is not remembered; () where it is none."""
        if any(map(_is_denial, begun)) or len({said.bucket for said in begun}) < len(begun):
            return []
        self._is_partial = True
        return [
            self._change(revision, "asserted", said, True)
            for said in begun
            if self._pattern.matches(said.relation, said.row)
        ]

    def _compare(
        self, was: dict[tuple[int, Row], Said], winner: Said | None, bucket: Bucket
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

    def _touched(self, changed: list[Said]) -> list[Bucket]:
        """The keys of what changed; a quirk that denies touches all keys of the relation that it denies."""
        found = dict.fromkeys(said.bucket for said in changed)
        denied = {_denied(said)[0] for said in changed if _is_denial(said)}
        if denied:
            found |= dict.fromkeys(bucket for bucket in self._stated if bucket[0] in denied)
        return list(found)

    def _winner(self, bucket: Bucket) -> Said | None:
        seen = [said for said in self._stated.get(bucket, {}).values() if not self._is_denied(said)]
        return max(seen, key=attrgetter("layer", "added", "place"), default=None)

    def _is_denied(self, said: Said) -> bool:
        if said.layer == QUIRK:
            return False
        term: Term = Compound(said.relation[0], said.row) if said.row else said.relation[0]
        return any(match(pattern, term, {}) for pattern in self._denials.get(said.relation, {}).values())

    def _change(self, revision: int, kind: str, said: Said, wins: bool) -> Change:
        return Change(revision, self._machine, kind, said.relation[0], said.row, LAYERS[said.layer], said.source, wins)


def _is_denial(said: Said) -> bool:
    return said.relation == (DENIED, 1) and said.layer == QUIRK


def _denied(said: Said) -> tuple[Relation, Term]:
    pattern = said.row[0]
    return ((pattern.functor, len(pattern.args)) if isinstance(pattern, Compound) else (str(pattern), 0)), pattern
