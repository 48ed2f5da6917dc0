"""Expressions and truth values over finite-domain variables, as sums of variables."""

from collections import Counter
from collections.abc import Iterable, Sequence

from skb.errors import EvaluationError, SkbError
from skb.finite.forms import (
    ALL_DIFFERENT,
    COMPARISONS,
    CONNECTIVES,
    DECLARATIONS,
    NEGATIONS,
    as_comparison,
    as_count,
    check_arity,
    conjuncts,
    is_constraint,
)
from skb.finite.model import Model, Sum
from skb.finite.relations import Relations
from skb.finite.values import is_code
from skb.notation.printing import write_term
from skb.query.arithmetic import is_expression
from skb.query.normalise import as_aggregate
from skb.query.rules import names
from skb.solving.constraints import Domain, Linear, Table
from skb.terms import Compound, Term, Variable, is_ground

_FUNCTIONS = {
    "*": "product", "abs": "abs", "//": "div", "div": "floor", "rem": "rem", "mod": "mod", "min": "min", "max": "max"
}  # fmt: skip
_KNOWN = "+ - * // div mod rem abs min max, and ** or ^ with a small integer"
_MOST_EXPONENT = 16
_OR = ("#\\/", ";")
_AND = ("#/\\", ",")
_IMPLIES = ("#=>", "#==>")


class Expressions:
    """Sums and truth values of terms; what is not linear gets a variable of its own in the model."""

    def __init__(self, relations: Relations) -> None:
        self.relations = relations
        self.model: Model = relations.model

    def sum(self, term: Term, label: str | None = None) -> Sum:
        """An expression as a sum. Raises EvaluationError for what is none, UnsafeVariable without domain."""
        if self.relations.is_variable(term):
            name = self.relations.name_of(term)
            self.relations.require_domain(name)
            return Sum({name: 1})
        if isinstance(term, int):
            return Sum({}, term)
        if isinstance(term, Compound):
            found = self._compound(term, label)
            if found is not None:
                return found
        if is_ground(term):
            return Sum({}, self.relations.codes.code(term))
        raise EvaluationError(f"{write_term(term)} is no expression over finite-domain variables")

    def _compound(self, term: Compound, label: str | None) -> Sum | None:
        aggregate = as_aggregate(term)
        if aggregate is not None:
            return self._aggregate(*aggregate, label)
        counted = as_count(term)
        if counted is not None:
            return self.counted(counted[0], [counted[1]], label)
        if is_expression(term):
            return self._arithmetic(term, label)
        if term.functor in ("sum", "min", "max") and len(term.args) == 1:
            parts = [self.sum(each, label) for each in self.relations.items(term.args[0])]
            return self._reduced(term.functor, parts, term.args[0], label)
        if term.functor == "count" and len(term.args) == 1:
            return total_of(self.truth(each, label) for each in self.relations.items(term.args[0]))
        is_truth = term.functor in COMPARISONS or term.functor in CONNECTIVES or term.functor in NEGATIONS
        return self.truth(term, label) if is_truth else None

    def counted(self, listed: Term, values: Sequence[Term], label: str | None) -> Sum:
        """How many members of a list take one of the values."""
        return total_of(
            self.truth(Compound("#=", (each, value)), label)
            for each in self.relations.items(listed)
            for value in dict.fromkeys(values)
        )

    def _reduced(self, kind: str, parts: Sequence[Sum], source: Term, label: str | None) -> Sum:
        """The sum, minimum or maximum of sums; `source` says where they come from."""
        if kind == "sum":
            return total_of(parts)
        if not parts:
            raise EvaluationError(f"{kind} of nothing has no value: {write_term(source)} gives nothing")
        return self.model.function(kind, parts, label)

    def _arithmetic(self, term: Compound, label: str | None) -> Sum:
        parts = [self.sum(arg, label) for arg in term.args]
        if any(is_code(part.constant) for part in parts):
            raise EvaluationError(f"{write_term(term)} computes with what is no integer")
        match term.functor, len(parts):
            case "+", 1:
                return parts[0]
            case "-", 1:
                return parts[0].scaled(-1)
            case "+", 2:
                return parts[0].plus(parts[1])
            case "-", 2:
                return parts[0].plus(parts[1], -1)
            case "*", 2 if not parts[0].factors:
                return parts[1].scaled(parts[0].constant)
            case "*", 2 if not parts[1].factors:
                return parts[0].scaled(parts[1].constant)
            case (("**" | "^"), 2):
                return self._power(term, parts[0], parts[1], label)
        if term.functor not in _FUNCTIONS:
            raise EvaluationError(f"{term.functor} is not known over finite-domain variables; {_KNOWN} are")
        if term.functor in ("//", "div", "mod", "rem") and not parts[1].factors and not parts[1].constant:
            raise EvaluationError(f"{write_term(term)} divides by zero")
        return self.model.function(_FUNCTIONS[term.functor], parts, label)

    def _power(self, term: Compound, base: Sum, exponent: Sum, label: str | None) -> Sum:
        if exponent.factors or not 0 <= exponent.constant <= _MOST_EXPONENT:
            raise EvaluationError(f"{write_term(term)} needs an integer from 0 to {_MOST_EXPONENT} as exponent")
        if not base.factors:
            return Sum({}, base.constant**exponent.constant)
        found = Sum({}, 1)
        for at in range(exponent.constant):
            found = base if not at else self.model.function("product", [found, base], label)
        return found

    def _aggregate(self, kind: str, template: Term, goal: Term, label: str | None) -> Sum:
        """sum, min or max of an expression over a goal's solutions; count(Condition : Goal) of those that hold."""
        if kind in ("min", "max"):
            instances = self.relations.plain_instances(template, goal, kind)
            return self._reduced(kind, [self.sum(each, label) for each in instances], goal, label)
        found = self.relations.instances(template, goal)
        if kind == "count" and names(template) and not self._is_condition(template):
            rows: dict[Term, dict[tuple[int, ...], None]] = {}
            for instance, _, allowed in found:
                rows.setdefault(instance, {}).update(dict.fromkeys(allowed))
            found = [(instance, found[0][1], tuple(allowed)) for instance, allowed in rows.items()]
        return total_of(self._weighted(kind, *each, label) for each in found)

    def _is_condition(self, template: Term) -> bool:
        return is_constraint(template, self.relations.globals) or bool(self.relations.mentioned(template))

    def _weighted(
        self, kind: str, instance: Term, inside: list[str], rows: tuple[tuple[int, ...], ...], label: str | None
    ) -> Sum:
        """One instance of a sum or count, nothing where its variables take none of the rows."""
        value = Sum({}, 1)
        if kind == "sum":
            value = self.sum(instance, label)
        elif self._is_condition(instance) or isinstance(instance, Variable):
            value = self.truth(instance, label)
        if not inside:
            return value
        for name in inside:
            self.relations.require_domain(name)
        holds = Sum({self.model.indicator(Table(tuple(inside), rows), label): 1})
        return (
            holds.scaled(value.constant) if not value.factors else self.model.function("product", [holds, value], label)
        )

    def truth(self, goal: Term, label: str | None) -> Sum:
        """A sum that is 1 where a constraint holds and 0 where it does not."""
        if goal in ("true", "fail", "false"):
            return Sum({}, int(goal == "true"))
        if self.relations.is_variable(goal) or goal in (0, 1):
            return self._truth_value(goal, label)
        if not isinstance(goal, Compound):
            return self._table_truth(goal, label)
        if goal.functor in CONNECTIVES or goal.functor in (",", ";", "->", "for") or goal.functor in NEGATIONS:
            check_arity(goal)
            return self._connected(goal, label)
        if goal.functor in ALL_DIFFERENT and len(goal.args) == 1:
            return self._all_different_truth(goal.args[0], label)
        if goal.functor in DECLARATIONS and len(goal.args) == 2:
            return self._inside_domain(goal, label)
        comparison = as_comparison(goal)
        if comparison is not None:
            operator, left, right = comparison
            total = self.sum(left, label).plus(self.sum(right, label), -1)
            return self._indicated(self.model.compared(total, operator), label)
        if is_constraint(goal, self.relations.globals):
            raise SkbError(f"{goal.functor} has no truth value; post it by itself, not inside other constraints")
        return self._table_truth(goal, label)

    def _truth_value(self, goal: Term, label: str | None) -> Sum:
        if isinstance(goal, Variable) and goal.name not in self.model.domains:
            self.model.add_variable(goal.name, Domain.of_range(0, 1), label)
        total = self.sum(goal, label)
        low, high = self.model.bounds(total)
        if low < 0 or high > 1:
            raise EvaluationError(f"{write_term(goal)} is used as a truth value; its domain must be 0..1")
        return total

    def _table_truth(self, goal: Term, label: str | None) -> Sum:
        found, rows = self.relations.known_table(goal)
        return self._indicated(Table(tuple(found), rows), label)

    def _inside_domain(self, goal: Compound, label: str | None) -> Sum:
        from skb.finite.domains import read_domain  # there: declarations post to a lowering, which has expressions

        domain = read_domain(self.relations, goal.args[1])
        targets = goal.args[0] if isinstance(goal.args[0], tuple) else (goal.args[0],)
        parts = []
        for target in targets:
            total = self.sum(target, label)
            inside = [
                self._all(
                    [
                        self._indicated(self.model.compared(total.plus(Sum({}, -low)), ">="), label),
                        self._indicated(self.model.compared(total.plus(Sum({}, -high)), "<="), label),
                    ],
                    label,
                )
                if low != high
                else self._indicated(self.model.compared(total.plus(Sum({}, -low)), "=="), label)
                for low, high in domain.intervals
            ]
            parts.append(self._any(inside, label))
        return self._all(parts, label)

    def _connected(self, goal: Compound, label: str | None) -> Sum:
        name, args = goal.functor, goal.args
        if name == "#\\" or name in NEGATIONS:
            return Sum({}, 1).plus(self.truth(args[0], label), -1)
        if name == "for":
            instances = self.relations.plain_instances(args[0], args[1], "for")
            return self._all([self.truth(each, label) for each in instances], label)
        if name in _AND:
            return self._conjunction(goal, label)
        if name in _OR and not _is_choice(args[0]):
            return self._any([self.truth(part, label) for part in flattened(goal, _OR)], label)
        if name == "->" or name in _OR:
            return self._choice(goal, label)
        left, right = self.truth(args[0], label), self.truth(args[1], label)
        operator = ">=" if name in _IMPLIES else "=="
        return self._compared(right.plus(left, -1), operator, label)

    def _conjunction(self, goal: Compound, label: str | None) -> Sum:
        if goal.functor == "#/\\":
            return self._all([self.truth(each, label) for each in flattened(goal, ("#/\\",))], label)
        parts, own = conjuncts(goal, self.model.domains, self.relations.globals)
        found = [self.truth(each, label) for each in parts]
        return self._all(found if own is None else [*found, self._table_truth(own, label)], label)

    def _choice(self, goal: Compound, label: str | None) -> Sum:
        """`(C -> A ; B)`: C and A, or B without C."""
        first, rest = (goal.args[0], goal.args[1]) if goal.functor == ";" else (goal, "fail")
        assert isinstance(first, Compound)
        condition = self.truth(first.args[0], label)
        chosen = self._all([condition, self.truth(first.args[1], label)], label)
        other = self._all([Sum({}, 1).plus(condition, -1), self.truth(rest, label)], label)
        return chosen.plus(other)

    def _all(self, parts: Sequence[Sum], label: str | None) -> Sum:
        if len(parts) == 1:
            return parts[0]
        return self._compared(total_of(parts).plus(Sum({}, -len(parts))), "==", label)

    def _any(self, parts: Sequence[Sum], label: str | None) -> Sum:
        if len(parts) == 1:
            return parts[0]
        return self._compared(total_of(parts).plus(Sum({}, -1)), ">=", label)

    def _compared(self, total: Sum, operator: str, label: str | None) -> Sum:
        return self._indicated(Linear(total.terms, operator, -total.constant), label)

    def _indicated(self, constraint: Linear | Table, label: str | None) -> Sum:
        return Sum({self.model.indicator(constraint, label): 1})

    def _all_different_truth(self, listed: Term, label: str | None) -> Sum:
        items = self.relations.items(listed)
        pairs = [
            self.truth(Compound("#\\=", (first, second)), label)
            for at, first in enumerate(items)
            for second in items[at + 1 :]
        ]
        return self._all(pairs, label)


def total_of(parts: Iterable[Sum]) -> Sum:
    """The sum of sums."""
    factors: Counter[str] = Counter()
    constant = 0
    for part in parts:
        factors.update(part.factors)
        constant += part.constant
    return Sum({name: factor for name, factor in factors.items() if factor}, constant)


def flattened(goal: Term, functors: Sequence[str]) -> list[Term]:
    """The operands of nested equal connectives, but for the choice in `(C -> A ; B)`."""
    if isinstance(goal, Compound) and goal.functor in functors and not _is_choice(goal.args[0]):
        return [part for arg in goal.args for part in flattened(arg, functors)]
    return [goal]


def _is_choice(goal: Term) -> bool:
    return isinstance(goal, Compound) and goal.functor == "->"
