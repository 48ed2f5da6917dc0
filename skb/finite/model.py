"""A constraint problem under construction: domains narrowed by relations, constraints posted, sums bounded."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import contains, itemgetter

from skb.errors import EvaluationError
from skb.evaluation.budget import Budget, Stopped
from skb.finite.values import is_code
from skb.solving.constraints import (
    AllDifferent,
    Constraint,
    Domain,
    Function,
    Linear,
    Objective,
    Posted,
    Problem,
    Reified,
    Table,
    check_constraint,
    variables_of,
)

# A constraint takes a kilobyte or two in the solver, whose memory nothing else bounds.
_MENTIONS_PER_VARIABLE = 4
_CELLS_PER_VARIABLE = 100
_TICK_EVERY = 256
_SLACK = 2**31


@dataclass(frozen=True, slots=True)
class Sum:
    """factor x variable for every variable, plus a constant."""

    factors: Mapping[str, int]
    constant: int = 0

    def plus(self, other: "Sum", times: int = 1) -> "Sum":
        factors = dict(self.factors)
        for name, factor in other.factors.items():
            factors[name] = factors.get(name, 0) + times * factor
        kept = {name: factor for name, factor in factors.items() if factor}
        return Sum(kept, self.constant + times * other.constant)

    def scaled(self, factor: int) -> "Sum":
        return Sum({}, 0).plus(self, factor)

    @property
    def terms(self) -> tuple[tuple[int, str], ...]:
        return tuple((factor, name) for name, factor in self.factors.items())


class Model:
    """Variables and constraints by name; auxiliary variables are called `$1`, `$2`, ... ."""

    def __init__(self, budget: Budget) -> None:
        self.domains: dict[str, Domain] = {}
        self.declared: list[str] = []
        self._budget = budget
        self._mentions = 0
        self._cells = 0
        self._posted: list[Posted] = []
        self._loose: dict[str, tuple[str, Domain]] = {}
        self._auxiliary = 0

    def declare(self, name: str, domain: Domain, label: str | None) -> None:
        """Gives a variable its domain; a second declaration narrows it."""
        if name in self.domains:
            self._narrow(name, domain)
        else:
            self.declared.append(name)
            self.add_variable(name, domain, label)

    def add_variable(self, name: str, domain: Domain, label: str | None = None) -> None:
        """Gives a variable its domain; one that a labelled constraint gives is wider where the label is dropped."""
        self.domains[name] = domain
        if label is not None:
            ends = (domain.low, domain.high) if domain.intervals else (0, 0)
            self._loose[name] = label, Domain.of_range(ends[0] - _SLACK, ends[1] + _SLACK)
        if len(self.domains) > self._budget.limits.max_model_vars:
            raise Stopped("max_model_vars")

    def _narrow(self, name: str, domain: Domain) -> None:
        self.domains[name] = self.domains[name].meet(domain)
        if name in self._loose:
            label, wide = self._loose[name]
            self._loose[name] = label, wide.meet(domain)

    def auxiliary(self, domain: Domain) -> str:
        self._auxiliary += 1
        name = f"${self._auxiliary}"
        self.add_variable(name, domain)
        return name

    def post(self, constraint: Constraint, label: str | None) -> None:
        """Adds a constraint. Raises ProblemError where sums may not be exact, Stopped for a model too large."""
        check_constraint(constraint, self.domains)
        self._posted.append(Posted(constraint, label))
        self._mentions += len(variables_of(constraint))
        if isinstance(constraint, Table):
            self._cells += len(constraint.rows) * len(constraint.variables)
        most = self._budget.limits.max_model_vars
        if self._mentions > _MENTIONS_PER_VARIABLE * most or self._cells > _CELLS_PER_VARIABLE * most:
            raise Stopped("max_model_vars")
        if not len(self._posted) % _TICK_EVERY:
            self._budget.tick()

    def post_table(self, names: Sequence[str], rows: tuple[tuple[int, ...], ...], label: str | None) -> None:
        """A relation over variables. One without label narrows domains at once, and is posted if that is not all."""
        columns = [set(map(itemgetter(at), rows)) for at in range(len(names))]
        for name, values in zip(names, columns, strict=True):
            if name not in self.domains:
                self.add_variable(name, Domain.of_values(values or {0}), label)
        if label is None:
            rows = self._narrowed(names, rows, columns)
        if label is not None or len(names) != 1:
            self.post(Table(tuple(names), rows), label)

    def _narrowed(
        self, names: Sequence[str], rows: tuple[tuple[int, ...], ...], columns: Sequence[set[int]]
    ) -> tuple[tuple[int, ...], ...]:
        """The rows within the domains, which then hold no other values. Equal rows stay the same object."""
        outside = [
            {value for value in values if value not in self.domains[name]}
            for name, values in zip(names, columns, strict=True)
        ]
        if any(outside):
            rows = tuple([row for row in rows if not any(map(contains, outside, row))])
            columns = [set(map(itemgetter(at), rows)) for at in range(len(names))]
        for name, values in zip(names, columns, strict=True):
            self._narrow(name, Domain.of_values(values))
        return rows

    def post_sum(self, total: Sum, operator: str, label: str | None) -> None:
        """total `operator` 0."""
        self.post(self.compared(total, operator), label)

    def compared(self, total: Sum, operator: str) -> Linear:
        """The linear constraint total `operator` 0. Raises EvaluationError where order meets other terms."""
        if operator not in ("==", "!=") or len(total.factors) > 2:
            if is_code(-abs(total.constant)):
                raise EvaluationError("order and sums need integers; another term was found")
            for name in total.factors:
                self.require_numbers(name)
        return Linear(total.terms, operator, -total.constant)

    def require_numbers(self, name: str) -> None:
        domain = self.domains[name]
        if domain.intervals and is_code(domain.low):
            raise EvaluationError(f"{name} may take values that are no integers; order and sums need integers")

    def bounds(self, total: Sum) -> tuple[int, int]:
        low = high = total.constant
        for name, factor in total.factors.items():
            domain = self.domains[name]
            if domain.intervals:
                ends = sorted((factor * domain.low, factor * domain.high))
                low, high = low + ends[0], high + ends[1]
        return low, high

    def as_variable(self, total: Sum, label: str | None) -> str:
        """A variable that equals a sum: the variable itself where the sum is one."""
        if total.constant == 0 and list(total.factors.values()) == [1]:
            return next(iter(total.factors))
        name = self.auxiliary(Domain.of_range(*self.bounds(total)))
        self.post_sum(total.plus(Sum({name: -1})), "==", label)
        return name

    def function(self, name: str, operands: Sequence[Sum], label: str | None) -> Sum:
        """A new variable that is a function of sums."""
        variables = tuple(self.as_variable(operand, label) for operand in operands)
        for variable in variables:
            self.require_numbers(variable)
        result = self.auxiliary(_range_of(name, [self.domains[each] for each in variables]))
        self.post(Function(name, result, variables), label)
        return Sum({result: 1})

    def indicator(self, constraint: Linear | Table, label: str | None) -> str:
        """A 0/1 variable that tells whether a constraint holds; it is defined whatever the label's fate."""
        name = self.auxiliary(Domain.of_range(0, 1))
        self.post(Reified(name, constraint), None)
        return name

    def problem(self, objective: Sum | None, is_maximised: bool) -> Problem:
        goal = None
        if objective is not None:
            for name in objective.factors:
                self.require_numbers(name)
            goal = Objective(objective.terms, objective.constant, is_maximised)
        return Problem(self.domains, tuple(self._posted), goal, self._loose)

    def post_all_different(self, names: Sequence[str], label: str | None) -> None:
        self.post(AllDifferent(tuple(names)), label)


def _range_of(name: str, domains: Sequence[Domain]) -> Domain:
    if any(not domain.intervals for domain in domains):
        return Domain.of_range(0, 0)
    lows, highs = [domain.low for domain in domains], [domain.high for domain in domains]
    corners = [a * b for a in (lows[0], highs[0]) for b in (lows[-1], highs[-1])]
    most = max(abs(lows[0]), abs(highs[0]))
    match name:
        case "min":
            return Domain.of_range(min(lows), min(highs))
        case "max":
            return Domain.of_range(max(lows), max(highs))
        case "product":
            return Domain.of_range(min(corners), max(corners))
        case "abs":
            return Domain.of_range(0, most)
        case "div":
            return Domain.of_range(-most, most)
        case _:
            widest = max(abs(lows[1]), abs(highs[1]))
            return Domain.of_range(-widest, widest)
