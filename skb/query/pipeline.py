"""A rule compiled into steps: where each variable sits in the frame, how each literal extends it."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import itemgetter
from typing import Any, Protocol

from skb.errors import EvaluationError
from skb.query.aggregates import aggregating, topping
from skb.query.arithmetic import compile_expression, to_numeric_term
from skb.query.budget import Budget, Stopped
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
from skb.query.steps import (
    Access,
    Step,
    appending,
    enumerating,
    equal_slots,
    filtering,
    flow,
    joining,
    meeting,
    taking_apart,
)
from skb.terms import Compound, Row, Term, Variable, depth, is_ground


class Relations(Protocol):
    """Where a pipeline finds the rows of relations, stored or derived."""

    budget: Budget

    def access(self, predicate: PredicateId, positions: tuple[int, ...]) -> Access:
        """The rows of a relation by the values at `positions`."""

    def fan_out(self, atom: Atom, bound: set[str]) -> float:
        """About how many rows of the relation one frame meets."""


class Pipeline:
    """A rule from given start values to rows of its head; compiled once, run on any number of starts."""

    def __init__(
        self,
        rule: Rule,
        relations: Relations,
        start: Sequence[Term] = (),
        body: Sequence[Literal] | None = None,
        fan_out: FanOut | None = None,
    ) -> None:
        literals = rule.body if body is None else tuple(body)
        builder = _Builder(relations, _constants(rule, literals, start), start)
        known = names(*start)
        ordered = order_body(Rule(rule.head, tuple(literals), rule.text), known, fan_out or relations.fan_out)
        for at, literal in enumerate(ordered):
            later = {name for other in ordered[at + 1 :] for name in _all_names(other)} | names(*rule.head.args)
            builder.add(literal, later)
        slots = [builder.slot_of(arg) for arg in rule.head.args]
        self.slots = builder.slots
        self._steps = builder.steps
        self._constants = tuple(builder.constants)
        self._project = _projection(slots)
        builds_terms = any(not isinstance(arg, Variable) and not is_ground(arg) for arg in rule.head.args)
        self._max_depth = relations.budget.limits.max_depth if builds_terms else None

    def run(self, starts: Iterable[Row]) -> Iterator[list[Row]]:
        """Batches of head rows for the given start values (one empty start for a plain rule)."""
        for batch in self.frames(starts):
            rows = self._project(batch)
            if self._max_depth is not None:
                self._check_depth(rows, self._max_depth)
            yield rows

    def frames(self, starts: Iterable[Row]) -> Iterator[list[Frame]]:
        """Batches of whole frames; `slots` says where each variable sits."""
        constants = self._constants
        return flow(self._steps, [constants + start for start in starts])

    def _check_depth(self, rows: list[Row], most: int) -> None:
        for row in rows:
            if any(depth(term) > most for term in row):
                raise Stopped("max_depth")


def _all_names(literal: Literal) -> set[str]:
    if isinstance(literal, (Negated, Aggregate, Top)):
        extra = names(literal.result) if isinstance(literal, Aggregate) else set()
        return names(*literal.atom.args) | extra
    return literal_names(literal)


def _projection(slots: Sequence[int]) -> Callable[[list[Frame]], list[Row]]:
    if not slots:
        return lambda frames: [()] * len(frames)
    if len(slots) == 1:
        only = slots[0]
        return lambda frames: [(frame[only],) for frame in frames]
    read = itemgetter(*slots)
    return lambda frames: list(map(read, frames))


def _constants(rule: Rule, literals: Iterable[Literal], start: Sequence[Term]) -> dict[Term, int]:
    """Slots for the ground terms of a rule; they lead every frame, so that a key is slots alone."""
    found: dict[Term, int] = {}
    for literal in literals:
        for term in _terms(literal):
            _collect(term, found)
    for term in (*rule.head.args, *start):
        _collect(term, found)
    return found


def _terms(literal: Literal) -> tuple[Term, ...]:
    match literal:
        case Atom(args=args) | Test(args=args):
            return args
        case Negated(atom=atom) | Top(atom=atom):
            return atom.args
        case Assign(target=target):
            return (target,)
        case Equal(left=left, right=right):
            return left, right
        case Generator(output=output, inputs=inputs):
            return (*inputs, output)
        case Aggregate(result=result):
            return (result,)


def _collect(term: Term, found: dict[Term, int]) -> None:
    if isinstance(term, Variable):
        return
    if is_ground(term):
        found.setdefault(term, len(found))
    elif isinstance(term, Compound):
        for arg in term.args:
            _collect(arg, found)
    elif isinstance(term, tuple):
        for item in term:
            _collect(item, found)


class _Builder:
    def __init__(self, relations: Relations, constants: dict[Term, int], start: Sequence[Term]) -> None:
        self._relations = relations
        self._budget = relations.budget
        self.constants = constants
        self.slots: dict[str, int] = {}
        self.steps: list[Step] = []
        self._width = len(constants) + len(start)
        for at, term in enumerate(start):
            self._bind(term, len(constants) + at)

    def add(self, literal: Literal, later: set[str]) -> None:
        match literal:
            case Atom():
                self._add_atom(literal, later)
            case Negated(atom=atom):
                positions = bound_positions(atom, self.slots)
                access = self._relations.access(atom.predicate, positions)
                slots = [self.slot_of(atom.args[at]) for at in positions]
                self.steps.append(meeting(access, slots, wanted=False))
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

    def slot_of(self, term: Term) -> int:
        """Where a bound term sits; one with variables inside is put together first."""
        if isinstance(term, Variable):
            return self.slots[term.name]
        if term in self.constants:
            return self.constants[term]
        self._append(appending(term_reader(term, self.slots)), 1)
        return self._width - 1

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
        elif term in self.constants:
            self.steps.append(equal_slots(self.constants[term], slot))
        elif isinstance(term, (Compound, tuple)):
            parts = term.args if isinstance(term, Compound) else term
            first = self._width
            self._append(taking_apart(slot, term), len(parts))
            for at, part in enumerate(parts):
                self._bind(part, first + at)

    def _add_atom(self, atom: Atom, later: set[str]) -> None:
        positions = bound_positions(atom, self.slots)
        access = self._relations.access(atom.predicate, positions)
        key = [self.slot_of(atom.args[at]) for at in positions]
        rest = [at for at in range(len(atom.args)) if at not in positions]
        if not _binds_anything(atom, rest, later):
            self.steps.append(meeting(access, key, wanted=True))
            return
        first = self._width
        self._append(joining(access, key, self._budget), len(atom.args))
        for at in rest:
            self._bind(atom.args[at], first + at)

    def _add_assign(self, target: Term, expression: Term) -> None:
        if isinstance(expression, str):
            raise EvaluationError(f"{expression} is no arithmetic expression")
        value = compile_expression(expression, self.slots)
        self._append(appending(lambda frame: to_numeric_term(value(frame))), 1)
        self._bind(target, self._width - 1)

    def _add_equal(self, left: Term, right: Term) -> None:
        if not names(left) <= self.slots.keys():
            left, right = right, left
        self._bind(right, self.slot_of(left))

    def _add_generator(self, literal: Generator) -> None:
        if literal.name == "=.." and not names(*literal.inputs) <= self.slots.keys():
            built = term_reader(literal.output, self.slots)
            self._append(appending(lambda frame: from_univ(built(frame))), 1)
            self._bind(literal.inputs[0], self._width - 1)
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
        access = self._relations.access(literal.atom.predicate, positions)
        key = [self.slots[literal.groups[at]] for at in positions]
        has_zero = literal.needed.issuperset(literal.groups)
        first = self._width
        step = aggregating(literal.kind, access, key, free, count, has_zero, self._budget)
        self._append(step, len(free) + 1)
        for offset, at in enumerate(free):
            self._bind(Variable(literal.groups[at]), first + offset)
        self._bind(literal.result, first + len(free))

    def _add_top(self, literal: Top) -> None:
        access = self._relations.access(literal.atom.predicate, ())
        first = self._width
        self._append(topping(literal, access, self._budget), len(literal.atom.args))
        for at, arg in enumerate(literal.atom.args[1:]):
            self._bind(arg, first + 1 + at)


def _binds_anything(atom: Atom, rest: Sequence[int], later: set[str]) -> bool:
    """Whether the free arguments matter: a variable used later or twice, or a term to be taken apart."""
    seen: set[str] = set()
    for at in rest:
        arg = atom.args[at]
        if not isinstance(arg, Variable) or arg.name in later or arg.name in seen:
            return True
        seen.add(arg.name)
    return False
