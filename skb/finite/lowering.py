"""Constraints as written become constraints of a model: sums, reification, tables, families."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from skb.errors import EvaluationError, SkbError, UnsafeVariable
from skb.finite.model import Model, Sum
from skb.finite.statement import (
    ALL_DIFFERENT,
    COMPARISONS,
    CONNECTIVES,
    PLAIN_COMPARISONS,
    check_arity,
    mentions_family,
)
from skb.finite.values import Codes, is_code
from skb.matching import substitute
from skb.notation.printing import write_term
from skb.query.arithmetic import is_expression
from skb.query.normalise import as_aggregate, goal_list
from skb.query.rules import PredicateId, names, ordered_names
from skb.solving.constraints import Domain, Element, Linear, Table
from skb.terms import Compound, Row, Term, Variable, is_ground

Evaluate: TypeAlias = Callable[[Term, Sequence[str]], list[Row]]
Rows: TypeAlias = tuple[tuple[int, ...], ...]
_FUNCTIONS = {"*": "product", "abs": "abs", "//": "div", "mod": "mod", "min": "min", "max": "max"}


class Lowering:
    """Posts constraint terms to a model; `evaluate` answers plain goals, as rows over given variables."""

    def __init__(
        self, model: Model, codes: Codes, families: set[PredicateId], variables: set[str], evaluate: Evaluate
    ) -> None:
        self.model = model
        self.codes = codes
        self._families = families
        self._variables = variables
        self.evaluate = evaluate
        self.members: dict[str, Term] = {}
        self._known_rows: dict[tuple[Term, tuple[str, ...]], Rows] = {}

    def post(self, goal: Term, label: str | None) -> None:
        """Posts one constraint. Raises SkbError for what is none."""
        if isinstance(goal, Compound):
            name, args = goal.functor, goal.args
            if name == ",":
                for each in goal_list(goal):
                    self.post(each, label)
                return
            if name == "for" and len(args) == 2:
                for instance in self.instances(args[0], args[1]):
                    self.post(instance, label)
                return
            if name in ALL_DIFFERENT and len(args) == 1:
                different = [self.model.as_variable(self.sum(each), label) for each in self.items(args[0])]
                self.model.post_all_different(different, label)
                return
            if name == "element" and len(args) == 3:
                self._post_element(args, label)
                return
            if len(args) == 2 and (name in COMPARISONS or name in PLAIN_COMPARISONS):
                self._post_comparison(COMPARISONS.get(name) or COMPARISONS[PLAIN_COMPARISONS[name]], args, label)
                return
            if name in CONNECTIVES:
                self._post_connective(goal, label)
                return
            if name in ("\\+", "not", "~") and len(args) == 1:
                self._post_forbidden(args[0], label)
                return
        names_, rows = self.table(goal)
        self.model.post_table(names_, rows, label)

    def _post_connective(self, goal: Compound, label: str | None) -> None:
        if goal.functor == "#/\\":
            for part in goal.args:
                self.post(part, label)
        elif goal.functor == "#\\/":
            total = Sum({}, -1)
            for part in _flattened(goal, "#\\/"):
                total = total.plus(self.truth(part, label))
            self.model.post_sum(total, ">=", label)
        else:
            self.model.post_sum(self.truth(goal, label).plus(Sum({}, -1)), "==", label)

    def _post_comparison(self, operator: str, args: Sequence[Term], label: str | None) -> None:
        left, right = args
        if operator == "==" and self._defines(left, right, label):
            return
        self.model.post_sum(self.sum(left, label).plus(self.sum(right, label), -1), operator, label)

    def _defines(self, left: Term, right: Term, label: str | None) -> bool:
        """`Cost #= expression` gives an undeclared variable the range of the expression."""
        for target, expression in ((left, right), (right, left)):
            if isinstance(target, Variable) and target.name not in self.model.domains:
                total = self.sum(expression, label)
                self.model.add_variable(target.name, Domain.of_range(*self.model.bounds(total)))
                self.model.post_sum(total.plus(Sum({target.name: -1})), "==", label)
                return True
        return False

    def _post_element(self, args: Sequence[Term], label: str | None) -> None:
        """element(Index, List, Value), the index from 1 as in ECLiPSe."""
        index, listed, value = args
        if not isinstance(listed, tuple) or not is_ground(listed):
            raise SkbError("element(Index, List, Value) needs a list of values")
        values = tuple(self.codes.code(each) for each in listed)
        shifted = self.model.auxiliary(Domain.of_range(0, len(values) - 1))
        if isinstance(index, Variable) and index.name not in self.model.domains:
            self.model.add_variable(index.name, Domain.of_range(1, len(values)))
        self.model.post_sum(self.sum(index, label).plus(Sum({shifted: -1}, -1)), "==", label)
        if isinstance(value, Variable) and value.name not in self.model.domains:
            self.model.add_variable(value.name, Domain.of_values(values))
        result = self.model.as_variable(self.sum(value, label), label)
        self.model.post(Element(shifted, values, result), label)

    def _post_forbidden(self, goal: Term, label: str | None) -> None:
        found, rows = self.table(goal)
        for name in found:
            self.require_domain(name)
        self.model.post(Table(tuple(found), rows, is_forbidden=True), label)

    def sum(self, term: Term, label: str | None = None) -> Sum:
        """An expression over finite-domain variables as a sum; what is not linear gets a variable of its own."""
        if isinstance(term, Variable) or self.is_member(term):
            name = self.name_of(term)
            self.require_domain(name)
            return Sum({name: 1})
        if isinstance(term, int):
            return Sum({}, term)
        if isinstance(term, Compound):
            aggregate = as_aggregate(term)
            if aggregate is not None:
                return self._aggregate(*aggregate, label)
            if is_expression(term):
                return self._arithmetic(term, label)
            if term.functor in ("sum", "min", "max") and len(term.args) == 1:
                return self._reduced(term.functor, self.items(term.args[0]), term.args[0], label)
            if term.functor in COMPARISONS or term.functor in CONNECTIVES:
                return self.truth(term, label)
        if is_ground(term):
            return Sum({}, self.codes.code(term))
        raise EvaluationError(f"{write_term(term)} is no expression over finite-domain variables")

    def _total(self, parts: Iterable[Sum]) -> Sum:
        factors: Counter[str] = Counter()
        constant = 0
        for part in parts:
            factors.update(part.factors)
            constant += part.constant
        return Sum({name: factor for name, factor in factors.items() if factor}, constant)

    def _reduced(self, kind: str, items: Iterable[Term], source: Term, label: str | None) -> Sum:
        """The sum, minimum or maximum of expressions; `source` says where they come from."""
        parts = [self.sum(each, label) for each in items]
        if kind == "sum":
            return self._total(parts)
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
        if term.functor not in _FUNCTIONS:
            raise EvaluationError(f"{term.functor} is not known over finite-domain variables; + - * // mod are")
        return self.model.function(_FUNCTIONS[term.functor], parts, label)

    def _aggregate(self, kind: str, template: Term, goal: Term, label: str | None) -> Sum:
        """sum, min or max of an expression over a goal's solutions; count(Condition : Goal) of those that hold."""
        instances = self.instances(template, goal)
        if kind == "count":
            return self._total(self._counted(each, label) for each in instances)
        return self._reduced(kind, instances, goal, label)

    def _counted(self, instance: Term, label: str | None) -> Sum:
        if isinstance(instance, Compound) and (names(instance) or mentions_family(instance, self._families)):
            return self.truth(instance, label)
        return Sum({}, 1)

    def instances(self, template: Term, goal: Term) -> list[Term]:
        """The template once for each solution of a goal."""
        free = [name for name in ordered_names(goal) if name not in self._variables]
        rows = self.evaluate(goal, free)
        return [substitute(template, dict(zip(free, row, strict=True))) for row in rows]

    def truth(self, goal: Term, label: str | None) -> Sum:
        """A sum that is 1 where a constraint holds and 0 where it does not."""
        if isinstance(goal, Variable) and goal.name not in self.model.domains:
            self.model.add_variable(goal.name, Domain.of_range(0, 1))
        if isinstance(goal, Variable) or self.is_member(goal) or goal in (0, 1):
            total = self.sum(goal, label)
            if not (self.model.bounds(total)[0] >= 0 and self.model.bounds(total)[1] <= 1):
                raise EvaluationError(f"{write_term(goal)} is used as a truth value; its domain must be 0..1")
            return total
        if isinstance(goal, Compound):
            if goal.functor in CONNECTIVES or goal.functor == ",":
                return self._connected(goal, label)
            if goal.functor in ALL_DIFFERENT and len(goal.args) == 1:
                return self._all_different_truth(goal.args[0], label)
            operator = COMPARISONS.get(goal.functor) or COMPARISONS.get(PLAIN_COMPARISONS.get(goal.functor, ""))
            if operator is not None and len(goal.args) == 2:
                total = self.sum(goal.args[0], label).plus(self.sum(goal.args[1], label), -1)
                return Sum({self.model.indicator(self.model.compared(total, operator), label): 1})
        found, rows = self.table(goal)
        for name in found:
            self.require_domain(name)
        return Sum({self.model.indicator(Table(tuple(found), rows), label): 1})

    def _connected(self, goal: Compound, label: str | None) -> Sum:
        check_arity(goal)
        if goal.functor == "#\\":
            return Sum({}, 1).plus(self.truth(goal.args[0], label), -1)
        parts = [self.truth(part, label) for part in _flattened(goal, goal.functor)]
        match goal.functor:
            case "#/\\" | ",":
                return self._indicated(self._total(parts).plus(Sum({}, -len(parts))), "==", label)
            case "#\\/":
                return self._indicated(self._total(parts).plus(Sum({}, -1)), ">=", label)
            case "#=>" | "#==>":
                return self._indicated(parts[1].plus(parts[0], -1), ">=", label)
            case _:
                return self._indicated(parts[1].plus(parts[0], -1), "==", label)

    def _indicated(self, total: Sum, operator: str, label: str | None) -> Sum:
        constraint = Linear(total.terms, operator, -total.constant)
        return Sum({self.model.indicator(constraint, label): 1})

    def _all_different_truth(self, listed: Term, label: str | None) -> Sum:
        items = self.items(listed)
        pairs = [
            self.truth(Compound("#\\=", (first, second)), label)
            for at, first in enumerate(items)
            for second in items[at + 1 :]
        ]
        return self._indicated(self._total(pairs).plus(Sum({}, -len(pairs))), "==", label)

    def items(self, listed: Term) -> list[Term]:
        """The members of a list; `u(N)` with a free variable or the family's name stands for all members."""
        found: list[Term] = []
        for each in listed if isinstance(listed, tuple) else (listed,):
            members = self._family_members(each)
            found += [each] if members is None else members
        return found

    def _family_members(self, term: Term) -> list[Term] | None:
        if isinstance(term, Compound) and term.functor == ":" and len(term.args) == 2:
            return self.instances(term.args[0], term.args[1])
        if isinstance(term, str):
            arity = next((number for name, number in self._families if name == term), None)
        elif self.is_member(term) and not is_ground(term):
            assert isinstance(term, Compound)
            arity, term = len(term.args), term.functor
        else:
            return None
        if arity is None:
            return None
        start = f"{term}("
        return [self.members[name] for name in self.model.declared if name.startswith(start)]

    def is_member(self, term: Term) -> bool:
        return isinstance(term, Compound) and (term.functor, len(term.args)) in self._families

    def name_of(self, term: Term) -> str:
        return term.name if isinstance(term, Variable) else write_term(term)

    def require_domain(self, name: str) -> None:
        if name not in self.model.domains:
            raise UnsafeVariable(
                f"the variable {name} has no domain; X :: Low..High, X :: Goal/V or a relation gives one",
                details={"variables": [name], "rule": ""},
            )

    def table(self, goal: Term) -> tuple[list[str], Rows]:
        """A plain goal over finite-domain variables: the variables and the coded rows that it allows."""
        members: dict[str, str] = {}
        plain = self._with_members_as_variables(goal, members)
        columns = [name for name in ordered_names(plain) if name in self._variables or name in members]
        return [members.get(name, name) for name in columns], self._coded_rows(plain, columns)

    def _coded_rows(self, goal: Term, columns: list[str]) -> Rows:
        """The rows of a goal; goals that differ in the names of their variables alone are evaluated once."""
        renamed = {name: f"V{at}" for at, name in enumerate(ordered_names(goal))}
        shape = substitute(goal, {name: Variable(new) for name, new in renamed.items()})
        wanted = tuple(renamed[name] for name in columns)
        found = self._known_rows.get((shape, wanted))
        if found is None:
            code = self.codes.code
            rows = self.evaluate(shape, wanted)
            found = tuple(dict.fromkeys([tuple([code(each) for each in row]) for row in rows]))
            self._known_rows[shape, wanted] = found
        return found

    def _with_members_as_variables(self, term: Term, members: dict[str, str]) -> Term:
        if self.is_member(term):
            name = f"Member{len(members) + 1}$"
            members[name] = self.name_of(term)
            return Variable(name)
        if isinstance(term, Compound):
            return Compound(term.functor, tuple(self._with_members_as_variables(arg, members) for arg in term.args))
        return term


def _flattened(goal: Term, functor: str) -> list[Term]:
    if isinstance(goal, Compound) and goal.functor == functor and functor in ("#/\\", "#\\/", ","):
        return [part for arg in goal.args for part in _flattened(arg, functor)]
    return list(goal.args) if isinstance(goal, Compound) and goal.functor == functor else [goal]
