"""Evaluation of a program: tables filled on demand, recursion semi-naive, bound arguments by magic sets."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from functools import reduce

from skb.errors import UnsafeVariable
from skb.evaluation.aggregates import first_rows_of_column
from skb.evaluation.budget import Budget
from skb.evaluation.closure import Closed, ClosureTable, close, edges_of_closure
from skb.evaluation.fixpoint import Fixpoint, MagicTable
from skb.evaluation.pipeline import Pipeline
from skb.evaluation.relations import Growing, Stored
from skb.evaluation.steps import Access
from skb.indexes import Columns, Index
from skb.query.ordering import narrowed, order_body
from skb.query.rules import Atom, PredicateId, Rule, Top, literal_names, names
from skb.terms import Row, Term, Variable

_DERIVED_GUESS = 1e4
_SWITCH_AT = 512


class Evaluator:
    """The relations of one question over one snapshot; every table is filled at most once."""

    def __init__(
        self,
        rules: Mapping[PredicateId, Sequence[Rule]],
        recursive: Mapping[PredicateId, frozenset[PredicateId]],
        stored: Stored,
        budget: Budget,
    ) -> None:
        self.rules = rules
        self.recursive = recursive
        self.stored = stored
        self.budget = budget
        self._accesses: dict[tuple[PredicateId, Columns], Access] = {}
        self._full: dict[PredicateId, Growing | Closed] = {}

    def access(self, predicate: PredicateId, positions: Columns, wanted: Columns) -> Access:
        """Rows of a relation by the values at `positions`, derived as far as they are asked for."""
        if predicate not in self.rules:
            return self.stored.access(predicate, positions, wanted)
        found = self._accesses.get((predicate, positions))
        if found is None:
            found = self._accesses[predicate, positions] = self._derived(predicate, positions)
        return found

    def _derived(self, predicate: PredicateId, positions: Columns) -> Access:
        if not positions or predicate in self._full:
            return FullTable(self, predicate, positions)
        if predicate in self.recursive:
            edges = edges_of_closure(predicate, self.rules[predicate])
            if edges is not None:
                return ClosureTable(self, predicate, edges, positions)
            return MagicTable(self, predicate, positions, self.recursive[predicate])
        return DemandTable(self, predicate, positions)

    def first_rows(self, literal: Top) -> list[Row] | None:
        """The rows of `top` over one stored relation as it is, from its sorted column; None for other goals."""
        rules = self.rules[literal.atom.predicate]
        body = rules[0].body
        if len(rules) != 1 or len(body) != 1 or not isinstance(body[0], Atom) or body[0].predicate in self.rules:
            return None
        args, head = body[0].args, rules[0].head.args
        if (
            len(set(args)) != len(args)
            or not all(isinstance(arg, Variable) for arg in args)
            or not set(head) <= set(args)
        ):
            return None
        indexed = self.stored.sorted_rows(body[0].predicate)
        if indexed is None:
            return None
        return first_rows_of_column(literal, indexed, args.index(head[0]), [args.index(arg) for arg in head])

    def is_whole(self, predicate: PredicateId) -> bool:
        return predicate in self._full

    def whole(self, predicate: PredicateId) -> Growing | Closed:
        """Every row of a derived relation."""
        found = self._full.get(predicate)
        if found is None:
            if predicate in self.recursive:
                self._full.update(self._derive_recursive(predicate))
            else:
                self._full[predicate] = self._derive_whole(predicate)
            found = self._full[predicate]
        return found

    def _derive_recursive(self, predicate: PredicateId) -> Mapping[PredicateId, Growing | Closed]:
        members = self.recursive[predicate]
        edges = edges_of_closure(predicate, self.rules[predicate])
        closed = None if edges is None else close(self, edges)
        if closed is not None:
            return {predicate: closed}
        rules = [rule for member in members for rule in self.rules[member]]
        fixpoint = Fixpoint(self, sorted(rules, key=lambda rule: rule.head.name), members)
        fixpoint.start()
        return fixpoint.relations

    def _derive_whole(self, predicate: PredicateId) -> Growing:
        growing = Growing()
        for rule in self.rules[predicate]:
            for batch in Pipeline(rule, self).run([()]):
                self.budget.tick(len(growing.add(batch)))
        return growing

    def fan_out(self, atom: Atom, bound: set[str]) -> float:
        """Rows over distinct keys for a stored relation; a guess for a derived one."""
        positions = [at for at, arg in enumerate(atom.args) if names(arg) <= bound]
        if atom.predicate in self.rules:
            return _DERIVED_GUESS if not positions else narrowed(len(atom.args) - len(positions))
        rows = len(self.stored.rows(atom.predicate))
        distinct = reduce(lambda product, at: product * self.stored.distinct(atom.predicate, at), positions, 1)
        return rows / max(1, min(rows, distinct))

    def size_guess(self, predicate: PredicateId) -> float | None:
        """About how many rows a whole table takes to derive; None where it needs bound arguments."""
        total = 0.0
        for rule in self.rules[predicate]:
            try:
                ordered = order_body(rule, (), self.fan_out)
            except UnsafeVariable:
                return None
            known: set[str] = set()
            rows = 1.0
            for literal in ordered:
                if isinstance(literal, Atom):
                    rows *= max(1.0, self.fan_out(literal, known))
                known |= literal_names(literal)
            total += rows
        return total


class FullTable:
    """A derived relation worked out whole, when first asked."""

    outputs: Columns | None = None

    def __init__(self, evaluator: Evaluator, predicate: PredicateId, positions: Columns) -> None:
        self._evaluator = evaluator
        self._predicate = predicate
        self._positions = positions

    def index(self, keys: Iterable[Hashable]) -> Index:
        return self._evaluator.whole(self._predicate).index_by(self._positions)

    def widest(self) -> int:
        whole = self._evaluator.whole(self._predicate)
        return 4 * (len(whole) // max(1, len(whole.index_by(self._positions))) + 1)

    def ordered(self, column: int) -> None:
        return None


class DemandTable:
    """A relation without recursion, worked out for the keys asked for; whole once that looks cheaper."""

    def __init__(self, evaluator: Evaluator, predicate: PredicateId, positions: Columns) -> None:
        self._evaluator = evaluator
        self._predicate = predicate
        self._positions = positions
        self._rows: dict[Hashable, list[Row]] = {}
        self._pipelines: list[Pipeline] | None = None
        self._size_guess: float | None = -1.0

    outputs: Columns | None = None

    def ordered(self, column: int) -> None:
        return None

    def index(self, keys: Iterable[Hashable]) -> Index:
        if self._is_whole():
            return self._whole_index()
        new = [key for key in dict.fromkeys(keys) if key not in self._rows]
        if len(self._rows) + len(new) > _SWITCH_AT and self._whole_is_cheaper(len(self._rows) + len(new)):
            return self._whole_index()
        if new:
            self._fill(new)
        return self._rows

    def widest(self) -> int:
        return 64

    def _is_whole(self) -> bool:
        return self._evaluator.is_whole(self._predicate)

    def _whole_index(self) -> Index:
        return self._evaluator.whole(self._predicate).index_by(self._positions)

    def _whole_is_cheaper(self, keys: int) -> bool:
        if self._size_guess == -1.0:
            self._size_guess = self._evaluator.size_guess(self._predicate)
        return self._size_guess is not None and self._size_guess < 4 * keys

    def _fill(self, keys: list[Hashable]) -> None:
        is_single = len(self._positions) == 1
        starts: list[Row] = [(key,) for key in keys] if is_single else list(keys)  # type: ignore[arg-type,misc]
        for key in keys:
            self._rows[key] = []
        seen = Growing()
        for pipeline in self._compiled():
            for batch in pipeline.run(starts):
                fresh = seen.add(batch)
                self._evaluator.budget.tick(len(fresh))
        for key, rows in seen.index_by(self._positions).items():
            self._rows[key] = list(rows)

    def _compiled(self) -> list[Pipeline]:
        if self._pipelines is None:
            self._pipelines = [
                Pipeline(rule, self._evaluator, start=start_terms(rule.head, self._positions))
                for rule in self._evaluator.rules[self._predicate]
            ]
        return self._pipelines


def start_terms(head: Atom, positions: Sequence[int]) -> tuple[Term, ...]:
    """The head arguments that a caller binds."""
    return tuple(head.args[at] for at in positions)
