"""A rule compiled into steps: where each variable sits in the frame, how each literal extends it."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Protocol

from skb.errors import EvaluationError
from skb.evaluation.aggregates import aggregating, first_rows, topping
from skb.evaluation.budget import Budget
from skb.evaluation.extent import bounding
from skb.evaluation.ranges import Within, leading_range, with_ranges
from skb.evaluation.steps import (
    Access,
    KeyPart,
    Range,
    Step,
    appending,
    enumerating,
    equal_slots,
    equal_value,
    filtering,
    flow,
    joining,
    meeting,
    narrowing,
    ranging,
    taking_apart,
)
from skb.indexes import Columns
from skb.query.arithmetic import compile_expression, to_numeric_term
from skb.query.builtins import enumerate_values, from_univ
from skb.query.comparing import Frame, compile_test, term_reader
from skb.query.ordering import FanOut, bound_positions, order_body
from skb.query.rules import (
    Aggregate,
    Assign,
    Atom,
    Equal,
    Generator,
    Literal,
    Negated,
    PredicateId,
    Rule,
    Test,
    Top,
    literal_names,
    names,
)
from skb.terms import Compound, Row, Term, Variable, is_ground


class Relations(Protocol):
    """Where a pipeline finds the rows of relations, stored or derived."""

    budget: Budget

    def access(self, predicate: PredicateId, positions: Columns, wanted: Columns) -> Access:
        """The rows of a relation by the values at `positions`, at least the columns `wanted` of them."""

    def fan_out(self, atom: Atom, bound: set[str]) -> float:
        """About how many rows of the relation one frame meets."""

    def first_rows(self, literal: Top) -> list[Row] | None:
        """The rows that `top` asks for, where a sorted column gives them without a look at the rest."""


class Pipeline:
    """A rule from given start values to rows of its head; compiled once, run on any number of starts.

    Frames hold what is still needed alone: a join drops the variables that nothing after it reads, and those of
    the head come first, in its order, so that most often the last join makes the rows of the head themselves.
    """

    def __init__(
        self,
        rule: Rule,
        relations: Relations,
        start: Sequence[Term] = (),
        body: Sequence[Literal] | None = None,
        fan_out: FanOut | None = None,
    ) -> None:
        literals = rule.body if body is None else tuple(body)
        estimate = with_ranges(fan_out or relations.fan_out, literals)
        ordered = order_body(Rule(rule.head, tuple(literals), rule.text), names(*start), estimate)
        builder = _Builder(relations, rule.head)
        builder.start(start)
        at = 0
        while at < len(ordered):
            at += builder.add(ordered, at)
        builder.project()
        self._steps = builder.steps

    def run(self, starts: Iterable[Row]) -> Iterator[list[Row]]:
        """Batches of head rows for the given start values (one empty start for a plain rule)."""
        return flow(self._steps, list(starts))


class _Builder:
    def __init__(self, relations: Relations, head: Atom) -> None:
        self._relations = relations
        self._budget = relations.budget
        self._head = head
        self._rank = {name: at for at, arg in enumerate(head.args) for name in names(arg)}
        self.slots: dict[str, int] = {}
        self.steps: list[Step] = []
        self._width = 0

    def start(self, terms: Sequence[Term]) -> None:
        self._width = len(terms)
        for at, term in enumerate(terms):
            self._bind(term, at)

    def add(self, ordered: Sequence[Literal], at: int) -> int:
        """Compiles the literal at `at`, perhaps with tests that follow it; how many it took."""
        literal, rest = ordered[at], ordered[at + 1 :]
        if isinstance(literal, Atom):
            return self._add_atom(literal, rest)
        match literal:
            case Negated(atom=atom):
                positions = bound_positions(atom, self.slots)
                access = self._relations.access(atom.predicate, positions, ())
                key = [self._key_part(atom.args[at]) for at in positions]
                self.steps.append(meeting(access, key, self._width, wanted=False))
            case Test(name=name, args=args):
                self.steps.append(filtering(compile_test(name, args, self.slots)))
            case Assign(target=target, expression=expression):
                self._add_assign(target, expression)
            case Equal(left=left, right=right):
                self._add_equal(left, right)
            case Generator():
                self._add_generator(literal)
            case Aggregate():
                self._add_aggregate(literal)
            case Top():
                self._add_top(literal)
        return 1

    def project(self) -> None:
        """Makes the frames the rows of the head."""
        slots = [self._slot_of(arg) for arg in self._head.args]
        if slots != list(range(self._width)):
            self.steps.append(narrowing(slots))

    def _slot_of(self, term: Term) -> int:
        """Where a bound term sits; a constant or one with variables inside is put there first."""
        if isinstance(term, Variable):
            return self.slots[term.name]
        read = term_reader(term, self.slots)
        if not is_ground(term):
            return self._build(read)
        self._append(appending(read), 1)
        return self._width - 1

    def _build(self, read: Callable[[Frame], Any]) -> int:
        """The slot of a term that is put together from a frame, within the limits of depth and size."""
        self._append(appending(read), 1)
        self.steps.append(bounding(self._width - 1, self._budget))
        return self._width - 1

    def _key_part(self, term: Term) -> KeyPart:
        return (None, term) if is_ground(term) else (self._slot_of(term), None)

    def _append(self, step: Step, values: int) -> None:
        self.steps.append(step)
        self._width += values

    def _bind(self, term: Term, slot: int) -> None:
        """Makes the value in `slot` match a term: binds, compares or takes apart."""
        if isinstance(term, Variable):
            if term.name in self.slots:
                self.steps.append(equal_slots(self.slots[term.name], slot))
            else:
                self.slots[term.name] = slot
        elif is_ground(term):
            self.steps.append(equal_value(slot, term))
        elif isinstance(term, (Compound, tuple)):
            parts = term.args if isinstance(term, Compound) else term
            first = self._width
            self._append(taking_apart(slot, term), len(parts))
            for at, part in enumerate(parts):
                self._bind(part, first + at)

    def _add_atom(self, atom: Atom, rest: Sequence[Literal]) -> int:
        positions = bound_positions(atom, self.slots)
        wanted = self._wanted(atom, positions, self._names_after(rest))
        access = self._relations.access(atom.predicate, positions, wanted)
        key = [self._key_part(atom.args[at]) for at in positions]
        if not wanted:
            self.steps.append(meeting(access, key, self._width, wanted=True))
            return 1
        outputs = tuple(range(len(atom.args))) if access.outputs is None else access.outputs
        within = leading_range(atom, rest, set(self.slots))
        taken = 0 if within is None else within.tests
        kept = self._kept(self._names_after(rest[taken:]))
        slots = [self.slots[name] for name in kept]
        if within is None:
            is_all = slots == list(range(self._width))
            self.steps.append(joining(access, key, None if is_all else slots, self._budget))
        else:
            general = self._join_then_test(access, key, atom, outputs, rest[:taken], slots)
            self.steps.append(ranging(access, key, slots, self._range(within), general, self._budget))
        self.slots = {name: at for at, name in enumerate(kept)}
        first = len(kept)
        self._width = first + len(outputs)
        for offset, at in enumerate(outputs):
            if at in wanted:
                self._bind(atom.args[at], first + offset)
        return 1 + taken

    def _range(self, within: Within) -> Range:
        low = None if within.low is None else self._key_part(within.low)
        high = None if within.high is None else self._key_part(within.high)
        return Range(within.column, low, high, within.has_low, within.has_high)

    def _join_then_test(
        self,
        access: Access,
        key: Sequence[KeyPart],
        atom: Atom,
        outputs: Columns,
        tests: Sequence[Literal],
        kept: Sequence[int],
    ) -> Step:
        """The general form of a range join: whole frames, the tests one by one, then the slots that stay."""
        slots = dict(self.slots)
        for offset, at in enumerate(outputs):
            if isinstance(arg := atom.args[at], Variable):
                slots.setdefault(arg.name, self._width + offset)
        steps = [joining(access, key, None, self._budget)]
        steps += [filtering(compile_test(test.name, test.args, slots)) for test in tests if isinstance(test, Test)]
        steps.append(narrowing([*kept, *range(self._width, self._width + len(outputs))]))
        return lambda frames: flow(steps, frames)

    def _names_after(self, rest: Iterable[Literal]) -> set[str]:
        """The variables that later literals and the head read."""
        return names(*self._head.args).union(*map(_all_names, rest))

    def _wanted(self, atom: Atom, positions: Columns, later: set[str]) -> Columns:
        """Free arguments that matter: read later, met twice or to be taken apart; the head's order leads."""
        found = [name for arg in atom.args for name in set(names(arg))]
        matter = [
            at
            for at, arg in enumerate(atom.args)
            if at not in positions and (not isinstance(arg, Variable) or arg.name in later or found.count(arg.name) > 1)
        ]
        return tuple(sorted(matter, key=lambda at: (self._place(names(atom.args[at])), at)))

    def _kept(self, later: set[str]) -> list[str]:
        """The variables of the frame that are read later, those of the head first."""
        live = [name for name in self.slots if name in later]
        return sorted(live, key=lambda name: (self._place({name}), self.slots[name]))

    def _place(self, found: set[str]) -> int:
        return min((self._rank.get(name, len(self._rank)) for name in found), default=len(self._rank))

    def _add_assign(self, target: Term, expression: Term) -> None:
        if isinstance(expression, str):
            raise EvaluationError(f"{expression} is no arithmetic expression")
        value = compile_expression(expression, self.slots)
        self._append(appending(lambda frame: to_numeric_term(value(frame))), 1)
        self._bind(target, self._width - 1)

    def _add_equal(self, left: Term, right: Term) -> None:
        if not names(left) <= self.slots.keys():
            left, right = right, left
        self._bind(right, self._slot_of(left))

    def _add_generator(self, literal: Generator) -> None:
        if literal.name == "=.." and not names(*literal.inputs) <= self.slots.keys():
            built = term_reader(literal.output, self.slots)
            self._bind(literal.inputs[0], self._build(lambda frame: from_univ(built(frame))))
            return
        inputs = [term_reader(term, self.slots) for term in literal.inputs]

        def values(frame: Frame) -> Iterator[Any]:
            return enumerate_values(literal.name, tuple([read(frame) for read in inputs]))

        self._append(enumerating(values, self._budget), 1)
        self._bind(literal.output, self._width - 1)

    def _add_aggregate(self, literal: Aggregate) -> None:
        count = len(literal.groups)
        positions = tuple(at for at in range(count) if literal.groups[at] in self.slots)
        free = tuple(at for at in range(count) if at not in positions)
        wanted = tuple(range(len(literal.atom.args)))
        access = self._relations.access(literal.atom.predicate, positions, wanted)
        key: list[KeyPart] = [(self.slots[literal.groups[at]], None) for at in positions]
        has_zero = literal.needed.issuperset(literal.groups)
        first = self._width
        step = aggregating(literal.kind, access, key, free, count, has_zero, self._budget)
        self._append(step, len(free) + 1)
        if literal.kind == "findall":
            self.steps.append(bounding(self._width - 1, self._budget))
        for offset, at in enumerate(free):
            self._bind(Variable(literal.groups[at]), first + offset)
        self._bind(literal.result, first + len(free))

    def _add_top(self, literal: Top) -> None:
        first = self._width
        self._append(topping(lambda: self._ranked(literal), self._budget), len(literal.atom.args))
        for at, arg in enumerate(literal.atom.args[1:]):
            self._bind(arg, first + 1 + at)

    def _ranked(self, literal: Top) -> list[Row]:
        found = self._relations.first_rows(literal)
        if found is None:
            wanted = tuple(range(len(literal.atom.args)))
            access = self._relations.access(literal.atom.predicate, (), wanted)
            found = first_rows(literal, access.index([()]).get((), ()))
        return found


def _all_names(literal: Literal) -> set[str]:
    if isinstance(literal, (Negated, Aggregate, Top)):
        extra = names(literal.result) if isinstance(literal, Aggregate) else set()
        return names(*literal.atom.args) | extra
    return literal_names(literal)
