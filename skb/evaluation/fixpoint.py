"""Recursion: semi-naive iteration, restricted to bound arguments by magic sets (Bancilhon et al. 1986)."""

from collections.abc import Hashable, Iterable, Sequence
from typing import TYPE_CHECKING

from skb.evaluation.pipeline import Pipeline
from skb.evaluation.relations import Growing, GrowingAccess
from skb.evaluation.steps import Access
from skb.indexes import Columns, Index
from skb.query.ordering import bound_positions, order_body
from skb.query.rules import Atom, Literal, PredicateId, Rule, Top, literal_names, names
from skb.terms import Row

if TYPE_CHECKING:
    from skb.evaluation.budget import Budget
    from skb.evaluation.evaluate import Evaluator


class Fixpoint:
    """Relations that depend on each other, grown from what is new alone until nothing new appears."""

    def __init__(self, evaluator: "Evaluator", rules: Sequence[Rule], members: Iterable[PredicateId]) -> None:
        self._evaluator = evaluator
        self.budget: Budget = evaluator.budget
        self.relations: dict[PredicateId, Growing] = {member: Growing() for member in members}
        self._exits = [rule for rule in rules if not self._occurrences(rule)]
        self._variants: list[tuple[PredicateId, PredicateId, Pipeline]] = []
        for rule in rules:
            for at in self._occurrences(rule):
                self._add_variant(rule, at)

    def _occurrences(self, rule: Rule) -> list[int]:
        return [
            at
            for at, literal in enumerate(rule.body)
            if isinstance(literal, Atom) and literal.predicate in self.relations
        ]

    def _add_variant(self, rule: Rule, at: int) -> None:
        """The rule as it reacts to new rows of one literal: they start the frames, the rest follows."""
        literal = rule.body[at]
        assert isinstance(literal, Atom)
        rest = [*rule.body[:at], *rule.body[at + 1 :]]
        pipeline = Pipeline(rule, self, start=literal.args, body=rest)
        self._variants.append((literal.predicate, rule.head.predicate, pipeline))

    def access(self, predicate: PredicateId, positions: Columns, wanted: Columns) -> Access:
        if predicate in self.relations:
            return GrowingAccess(self.relations[predicate], positions)
        return self._evaluator.access(predicate, positions, wanted)

    def first_rows(self, literal: Top) -> list[Row] | None:
        return self._evaluator.first_rows(literal)

    def fan_out(self, atom: Atom, bound: set[str]) -> float:
        if atom.predicate in self.relations:
            free = sum(1 for arg in atom.args if not names(arg) <= bound)
            return 1.0 if not free else 100.0 * free
        return self._evaluator.fan_out(atom, bound)

    def start(self) -> None:
        """Derives everything from the rules that need nothing of the recursion itself."""
        found: dict[PredicateId, list[Row]] = {}
        for rule in self._exits:
            for batch in Pipeline(rule, self).run([()]):
                self._take(rule.head.predicate, batch, found)
        self._iterate(found)

    def add(self, predicate: PredicateId, rows: Iterable[Row]) -> None:
        """Takes rows from outside and derives what follows."""
        found: dict[PredicateId, list[Row]] = {}
        self._take(predicate, list(rows), found)
        self._iterate(found)

    def _take(self, predicate: PredicateId, rows: list[Row], new: dict[PredicateId, list[Row]]) -> None:
        fresh = self.relations[predicate].add(rows)
        if fresh:
            self.budget.tick(len(fresh))
            new.setdefault(predicate, []).extend(fresh)

    def _iterate(self, delta: dict[PredicateId, list[Row]]) -> None:
        while delta:
            new: dict[PredicateId, list[Row]] = {}
            for read, derived, pipeline in self._variants:
                if read in delta:
                    for batch in pipeline.run(delta[read]):
                        self._take(derived, batch, new)
            self.budget.tick()
            delta = new


class MagicTable:
    """A recursive relation, derived for the keys asked for and what they lead to."""

    def __init__(
        self,
        evaluator: "Evaluator",
        predicate: PredicateId,
        positions: tuple[int, ...],
        members: frozenset[PredicateId],
    ) -> None:
        self._positions = positions
        self._seed = _demand(predicate, positions)
        self._adorned = _adorned(predicate, positions)
        rules = _magic_rules(evaluator, predicate, positions, members)
        relations = {rule.head.predicate for rule in rules} | {self._seed, self._adorned}
        self._fixpoint = Fixpoint(evaluator, rules, sorted(relations))
        self._fixpoint.start()

    def index(self, keys: Iterable[Hashable]) -> Index:
        is_single = len(self._positions) == 1
        self._fixpoint.add(self._seed, [(key,) if is_single else key for key in keys])  # type: ignore[misc]
        return self._fixpoint.relations[self._adorned].index_by(self._positions)

    outputs: Columns | None = None

    def ordered(self, column: int) -> None:
        return None

    def widest(self) -> int:
        return GrowingAccess(self._fixpoint.relations[self._adorned], self._positions).widest()


def _adorned(predicate: PredicateId, positions: tuple[int, ...]) -> PredicateId:
    return f"{predicate[0]}@{','.join(map(str, positions))}", predicate[1]


def _demand(predicate: PredicateId, positions: tuple[int, ...]) -> PredicateId:
    return f"?{predicate[0]}@{','.join(map(str, positions))}", len(positions)


def _magic_rules(
    evaluator: "Evaluator",
    predicate: PredicateId,
    positions: tuple[int, ...],
    members: frozenset[PredicateId],
) -> list[Rule]:
    """The rules restricted to demand, and the rules by which demand spreads."""
    waiting = [(predicate, positions)]
    seen = set(waiting)
    made: list[Rule] = []
    while waiting:
        current, bound = waiting.pop()
        for rule in evaluator.rules[current]:
            body, called = _restricted(rule, bound, members, evaluator)
            head = Atom(_adorned(current, bound)[0], rule.head.args)
            made.append(Rule(head, tuple(body), rule.text))
            for at, literal, callee, positions_called in called:
                key = tuple(literal.args[position] for position in positions_called)
                made.append(Rule(Atom(_demand(callee, positions_called)[0], key), tuple(body[:at]), rule.text))
                if (callee, positions_called) not in seen:
                    seen.add((callee, positions_called))
                    waiting.append((callee, positions_called))
    return made


def _restricted(
    rule: Rule, bound: tuple[int, ...], members: frozenset[PredicateId], evaluator: "Evaluator"
) -> tuple[list[Literal], list[tuple[int, Atom, PredicateId, tuple[int, ...]]]]:
    key = tuple(rule.head.args[at] for at in bound)
    body: list[Literal] = [Atom(_demand(rule.head.predicate, bound)[0], key)]
    called = []
    known = names(*key)
    for literal in order_body(rule, known, evaluator.fan_out):
        if isinstance(literal, Atom) and literal.predicate in members:
            positions = bound_positions(literal, known)
            called.append((len(body), literal, literal.predicate, positions))
            body.append(Atom(_adorned(literal.predicate, positions)[0], literal.args))
        else:
            body.append(literal)
        known |= literal_names(literal)
    return body, called
