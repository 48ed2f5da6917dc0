"""Constraints as written become constraints of a model: comparisons, connectives, tables, families."""

from collections.abc import Iterable

from skb.finite.counting import post_global
from skb.finite.expressions import Expressions, flattened, total_of
from skb.finite.forms import (
    ALL_DIFFERENT,
    CONNECTIVES,
    DECLARATIONS,
    NEGATIONS,
    as_comparison,
    check_arity,
    has_constraint,
    is_relational,
)
from skb.finite.model import Model, Sum
from skb.finite.relations import Relations
from skb.query.normalise import goal_list
from skb.solving.constraints import Domain, Table
from skb.terms import Compound, Term, Variable


class Lowering:
    """Posts constraint terms to a model."""

    def __init__(self, relations: Relations) -> None:
        self.relations = relations
        self.expressions = Expressions(relations)
        self.model: Model = relations.model

    def post(self, goal: Term, label: str | None) -> None:
        """Posts one constraint. Raises SkbError for what is none."""
        if self.relations.is_member(goal):
            return self._post_truth(goal, label)
        if isinstance(goal, Compound):
            name, args = goal.functor, goal.args
            check_arity(goal)
            if name == ",":
                return self._post_each(goal_list(goal), label)
            if name == "for" and len(args) == 2:
                return self._post_each(self.relations.plain_instances(args[0], args[1], "for"), label)
            if name in ALL_DIFFERENT and len(args) == 1:
                return self._post_all_different(args[0], label)
            if (name, len(args)) in self.relations.globals:
                return post_global(self, goal, label)
            comparison = as_comparison(goal)
            if comparison is not None:
                return self._post_comparison(*comparison, label)
            if name in CONNECTIVES:
                return self._post_connective(goal, label)
            if name in DECLARATIONS or has_constraint(goal, self.relations.globals) or not is_relational(goal):
                return self._post_truth(goal, label)
            if name in NEGATIONS and len(args) == 1:
                return self._post_forbidden(args[0], label)
        found, rows = self.relations.table(goal)
        self.model.post_table(found, rows, label)
        return None

    def _post_each(self, goals: Iterable[Term], label: str | None) -> None:
        for each in goals:
            self.post(each, label)

    def _post_truth(self, goal: Term, label: str | None) -> None:
        self.model.post_sum(self.expressions.truth(goal, label).plus(Sum({}, -1)), "==", label)

    def _post_all_different(self, listed: Term, label: str | None) -> None:
        items = self.relations.items(listed)
        different = [self.model.as_variable(self.expressions.sum(each, label), label) for each in items]
        self.model.post_all_different(different, label)

    def _post_connective(self, goal: Compound, label: str | None) -> None:
        if goal.functor == "#/\\" and len(goal.args) == 2:
            self._post_each(goal.args, label)
        elif goal.functor == "#\\/" and len(goal.args) == 2:
            parts = [self.expressions.truth(part, label) for part in flattened(goal, ("#\\/",))]
            self.model.post_sum(total_of(parts).plus(Sum({}, -1)), ">=", label)
        else:
            self._post_truth(goal, label)

    def _post_comparison(self, operator: str, left: Term, right: Term, label: str | None) -> None:
        if operator == "==" and self._defines(left, right, label):
            return
        sums = self.expressions
        self.model.post_sum(sums.sum(left, label).plus(sums.sum(right, label), -1), operator, label)

    def _defines(self, left: Term, right: Term, label: str | None) -> bool:
        """`Cost #= expression` gives an undeclared variable the range of the expression."""
        for target, expression in ((left, right), (right, left)):
            if isinstance(target, Variable) and target.name not in self.model.domains:
                total = self.expressions.sum(expression, label)
                self.define(target, Domain.of_range(*self.model.bounds(total)), label)
                self.model.post_sum(total.plus(Sum({target.name: -1})), "==", label)
                return True
        return False

    def define(self, term: Term, domain: Domain, label: str | None) -> None:
        """Gives a variable that has none a domain, which stands and falls with the label."""
        if isinstance(term, Variable) and term.name not in self.model.domains:
            self.model.add_variable(term.name, domain, label)

    def variable(self, term: Term, label: str | None) -> str:
        """The variable that equals an expression."""
        return self.model.as_variable(self.expressions.sum(term, label), label)

    def _post_forbidden(self, goal: Term, label: str | None) -> None:
        if isinstance(goal, Compound) and goal.functor in (",", ";", "->"):
            found, rows = self.relations.known_table(goal)
        else:
            found, rows = self.relations.table(goal)
            for name in found:
                self.relations.require_domain(name)
        self.model.post(Table(tuple(found), rows, is_forbidden=True), label)
