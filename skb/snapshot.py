"""A machine's facts at one revision: immutable, in memory, with indexes built as they are asked for."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import TypeAlias

from skb.errors import TermError
from skb.indexes import Indexed
from skb.layers import DENIED, LAYERS, Statement, Stretch, denials, gather, layer_rank, unrivalled, winners
from skb.rowtext import Rows, to_row
from skb.schema import key_of
from skb.terms import Row

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


class Contents:
    """The stated rows of a machine by relation; winners and indexes are worked out once, on first use."""

    def __init__(self, stated: Mapping[RelationId, Sequence[Stretch]]) -> None:
        self._stretches = stated
        self._denied = denials(stated.get((DENIED, 1), ()))
        self._winners: dict[RelationId, dict[Row, int]] = {}
        self._indexed: dict[RelationId, Indexed] = {}

    def __reduce__(self) -> "tuple[type[Contents], tuple[dict[RelationId, tuple[Stretch, ...]]]]":
        """Travels to another process as what was stated; winners and indexes are worked out anew there."""
        return Contents, ({relation: tuple(said) for relation, said in self._stretches.items()},)

    def relations(self) -> list[RelationId]:
        return sorted(self._stretches)

    def stretches(self, relation: RelationId) -> Sequence[Stretch]:
        return self._stretches.get(relation, ())

    def winners(self, relation: RelationId) -> Mapping[Row, int]:
        found = self._winners.get(relation)
        if found is None:
            key, denied = key_of(*relation), self._denied.get(relation, ())
            found = self._winners[relation] = winners(self.stretches(relation), key, denied)
        return found

    def indexed(self, relation: RelationId) -> Indexed:
        found = self._indexed.get(relation)
        if found is None:
            rows = unrivalled(self.stretches(relation), key_of(*relation), self._denied.get(relation, ()))
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
