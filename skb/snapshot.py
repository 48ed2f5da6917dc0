"""A machine's facts at one revision: immutable, in memory, with indexes built as they are asked for."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Any, TypeAlias

from skb.errors import TermError
from skb.indexes import Indexed
from skb.layers import DENIED, LAYERS, Statement, Stretch, by_key, denials, gather, layer_rank, unrivalled, winners
from skb.matching import matches
from skb.rowtext import Rows, to_row
from skb.schema import key_of, key_values
from skb.terms import Compound, Row, to_json

RelationId: TypeAlias = tuple[str, int]


@dataclass(frozen=True, slots=True)
class StoredFact:
    """A fact with who said it and when; `wins` is False where a better layer or a newer fact hides it."""

    relation: str
    args: Row
    layer: str
    source: str
    revision: int
    wins: bool

    def to_json(self) -> dict[str, Any]:
        return {
            "f": self.relation, "args": [to_json(arg) for arg in self.args], "layer": self.layer,
            "source": self.source, "revision": self.revision, "wins": self.wins,
        }  # fmt: skip


class Contents:
    """The stated rows of a machine by relation; winners and indexes are worked out once, on first use."""

    def __init__(self, stated: Mapping[RelationId, Sequence[Stretch]], is_resolved: bool = True) -> None:
        self._stretches = stated
        self._is_resolved = is_resolved
        self._denied = denials(stated.get((DENIED, 1), ())) if is_resolved else {}
        self._rivals: dict[RelationId, Mapping[Row, Sequence[tuple[int, Row]]]] = {}
        self._winners: dict[RelationId, dict[Row, int]] = {}
        self._indexed: dict[RelationId, Indexed] = {}

    def __reduce__(self) -> "tuple[type[Contents], tuple[dict[RelationId, tuple[Stretch, ...]], bool]]":
        """Travels to another process as what was stated; winners and indexes are worked out anew there."""
        return Contents, ({relation: tuple(said) for relation, said in self._stretches.items()}, self._is_resolved)

    def unresolved(self) -> "Contents":
        """The same, in which every stated row wins."""
        return Contents(self._stretches, is_resolved=False)

    def changed(self, relations: Collection[RelationId], stated: Mapping[RelationId, Sequence[Stretch]]) -> "Contents":
        """The same after a write to some relations, of which `stated` holds all; the rest keeps what is known."""
        kept = {relation: said for relation, said in self._stretches.items() if relation not in relations}
        renewed = Contents({**kept, **stated}, self._is_resolved)
        same = {each for each in kept if self._denied.get(each) == renewed._denied.get(each)}
        renewed._rivals = {each: found for each, found in self._rivals.copy().items() if each in same}
        renewed._winners = {each: found for each, found in self._winners.copy().items() if each in same}
        renewed._indexed = {each: found for each, found in self._indexed.copy().items() if each in same}
        return renewed

    def relations(self) -> list[RelationId]:
        return sorted(self._stretches)

    def stretches(self, relation: RelationId) -> Sequence[Stretch]:
        return self._stretches.get(relation, ())

    def winners(self, relation: RelationId) -> Mapping[Row, int]:
        found = self._winners.get(relation)
        if found is None:
            found = self._winners[relation] = winners(self.stretches(relation), *self._resolution(relation))
        return found

    def _resolution(self, relation: RelationId) -> tuple[tuple[int, ...] | None, Sequence[Row]]:
        """The key arguments, and what quirks deny."""
        return key_of(*relation) if self._is_resolved else None, self._denied.get(relation, ())

    def rivals(self, relation: RelationId) -> Mapping[Row, Sequence[tuple[int, Row]]]:
        """The stated rows of each key with the index of their stretch, as stated; {} where no two have one key."""
        found = self._rivals.get(relation)
        if found is None:
            is_plain = unrivalled(self.stretches(relation), *self._resolution(relation)) is not None
            found = self._rivals[relation] = {} if is_plain else by_key(self.stretches(relation), key_of(*relation))
        return found

    def denied(self, relation: RelationId) -> Sequence[Row]:
        """The argument patterns that quirks deny."""
        return self._denied.get(relation, ())

    def indexed(self, relation: RelationId) -> Indexed:
        found = self._indexed.get(relation)
        if found is None:
            rows = unrivalled(self.stretches(relation), *self._resolution(relation))
            found = self._indexed[relation] = Indexed(tuple(self.winners(relation)) if rows is None else rows)
        return found


class Snapshot:
    """What one machine's facts were at one revision; readers of it never see a later write."""

    def __init__(self, machine: str, revision: int, contents: Contents) -> None:
        self.machine = machine
        self.revision = revision
        self._contents = contents

    @classmethod
    def of_facts(
        cls,
        facts: Iterable[tuple[str, Iterable[object], str, str]],
        *,
        machine: str = "facts",
        revision: int = 0,
    ) -> "Snapshot":
        """A snapshot of (relation, args, layer, source) alone, with no store behind. Raises TermError."""
        return cls.of_statements(gather(facts), machine=machine, revision=revision)

    @classmethod
    def of_statements(cls, stated: Iterable[Statement], *, machine: str = "facts", revision: int = 0) -> "Snapshot":
        """A snapshot of what was stated alone, the later the newer within a layer. Raises TermError."""
        said: dict[RelationId, list[Stretch]] = {}
        for name, arity, layer, source, rows in stated:
            said.setdefault((name, arity), []).append(Stretch(layer_rank(layer), source, revision, rows))
        return cls(machine, revision, Contents({key: _in_order(found) for key, found in said.items()}))

    def relations(self) -> tuple[RelationId, ...]:
        """Name and arity of every relation with stated facts, sorted."""
        return tuple(self._contents.relations())

    def rows(self, name: str, arity: int) -> tuple[Row, ...]:
        """The winning facts of a relation, in the order stated; () when there are none."""
        return self._contents.indexed((name, arity)).rows

    def indexed(self, name: str, arity: int) -> Indexed:
        """The winning facts of a relation with their indexes, which all readers of these contents share."""
        return self._contents.indexed((name, arity))

    def facts(self, name: str | None = None) -> tuple[StoredFact, ...]:
        """Everything that was stated, winners or not, by relation, layer and age."""
        found: list[StoredFact] = []
        for relation in self._contents.relations():
            if name is None or relation[0] == name:
                found += self._facts_of(relation)
        return tuple(found)

    def _facts_of(self, relation: RelationId) -> list[StoredFact]:
        best = self._contents.winners(relation)
        return [
            StoredFact(relation[0], row, LAYERS[said.layer], said.source, said.revision, best.get(row) == index)
            for index, said in enumerate(self._contents.stretches(relation))
            for row in said.rows
        ]

    def said(self, name: str, arity: int) -> Iterator[tuple[str, str, Sequence[Row]]]:
        """The winning facts of a relation by who said them: layer, source, rows; weaker and older ones first."""
        relation = (name, arity)
        stretches = self._contents.stretches(relation)
        if len(stretches) == 1:
            yield LAYERS[stretches[0].layer], stretches[0].source, self.rows(name, arity)
            return
        own: dict[int, list[Row]] = {index: [] for index in range(len(stretches))}
        for row, index in self._contents.winners(relation).items():
            own[index].append(row)
        for index, rows in own.items():
            if rows:
                yield LAYERS[stretches[index].layer], stretches[index].source, rows

    def unresolved(self) -> "Snapshot":
        """The same revision with every stated fact in it, those that contradict each other or are denied, too."""
        return Snapshot(self.machine, self.revision, self._contents.unresolved())

    def rivals(self, relation: str, args: Row) -> tuple[StoredFact, ...]:
        """Everyone who states a fact or another one of its key: the winner first, then the strongest."""
        name = (relation, len(args))
        return self._stated(name, self._contents.rivals(name).get(key_values(name, args)) or self._alone(name, args))

    def contradictions(self) -> Iterator[tuple[StoredFact, ...]]:
        """What is stated of each key of which facts contradict each other or are denied, as `rivals` gives it."""
        for name in self._contents.relations():
            denied = self._contents.denied(name)
            for said in self._contents.rivals(name).values():
                if len({row for _, row in said}) > 1 or any(matches(each, said[0][1]) for each in denied):
                    yield self._stated(name, said)

    def denials_of(self, relation: str, args: Row) -> tuple[StoredFact, ...]:
        """The quirks that deny a fact."""
        if not any(matches(pattern, args) for pattern in self._contents.denied((relation, len(args)))):
            return ()
        fact = Compound(relation, args) if args else relation
        return tuple(each for each in self.facts(DENIED) if each.layer == "quirk" and matches(each.args, (fact,)))

    def _alone(self, name: RelationId, args: Row) -> Sequence[tuple[int, Row]]:
        index = self._contents.winners(name).get(args)
        return () if index is None else ((index, args),)

    def _stated(self, name: RelationId, said: Sequence[tuple[int, Row]]) -> tuple[StoredFact, ...]:
        best, stretches = self._contents.winners(name), self._contents.stretches(name)
        found = [
            StoredFact(name[0], row, LAYERS[one.layer], one.source, one.revision, best.get(row) == index)
            for index, row in reversed(said)
            for one in (stretches[index],)
        ]
        return tuple(sorted(found, key=lambda fact: not fact.wins))

    def source_of(self, relation: str, args: Iterable[object]) -> tuple[str, str]:
        """(layer, source) of a winning fact; TermError where it is none."""
        row = to_row(args)
        index = self._contents.winners((relation, len(row))).get(row)
        if index is None:
            raise TermError(f"{relation}/{len(row)} holds no such fact at revision {self.revision}")
        said = self._contents.stretches((relation, len(row)))[index]
        return LAYERS[said.layer], said.source


def _in_order(said: list[Stretch]) -> tuple[Stretch, ...]:
    """Ascending by layer, as stated within; what stands together and agrees in layer and source becomes one."""
    ordered = sorted(said, key=itemgetter(0))
    runs = [list(run) for _, run in groupby(ordered, key=itemgetter(0, 1, 2))]
    return tuple(run[0]._replace(rows=Rows.joined([each.rows for each in run])) for run in runs)
