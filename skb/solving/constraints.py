"""A constraint problem as plain data: integer variables with domains, constraints, an objective."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import TypeAlias

from skb.errors import ProblemError

OPERATORS = ("==", "!=", "<=", ">=", "<", ">")
LARGEST_VALUE = 2**53


@dataclass(frozen=True, slots=True)
class Domain:
    """A set of integers as ascending intervals that neither touch nor overlap."""

    intervals: tuple[tuple[int, int], ...]

    @classmethod
    def of_values(cls, values: Iterable[int]) -> "Domain":
        intervals: list[tuple[int, int]] = []
        for value in sorted(set(values)):
            if intervals and intervals[-1][1] == value - 1:
                intervals[-1] = (intervals[-1][0], value)
            else:
                intervals.append((value, value))
        return cls(tuple(intervals))

    @classmethod
    def of_range(cls, low: int, high: int) -> "Domain":
        """All integers from `low` to `high`, both included; empty where low > high."""
        return cls(((low, high),) if low <= high else ())

    @classmethod
    def of_intervals(cls, intervals: Iterable[tuple[int, int]]) -> "Domain":
        """The union of intervals in any order, however wide: none of them is counted through."""
        merged: list[tuple[int, int]] = []
        for low, high in sorted(each for each in intervals if each[0] <= each[1]):
            if merged and low <= merged[-1][1] + 1:
                merged[-1] = (merged[-1][0], max(merged[-1][1], high))
            else:
                merged.append((low, high))
        return cls(tuple(merged))

    def meet(self, other: "Domain") -> "Domain":
        """The values of both."""
        met: list[tuple[int, int]] = []
        mine, theirs = list(reversed(self.intervals)), list(reversed(other.intervals))
        while mine and theirs:
            low, high = max(mine[-1][0], theirs[-1][0]), min(mine[-1][1], theirs[-1][1])
            if low <= high:
                met.append((low, high))
            (mine if mine[-1][1] == high else theirs).pop()
        return Domain(tuple(met))

    @property
    def low(self) -> int:
        return self.intervals[0][0]

    @property
    def high(self) -> int:
        return self.intervals[-1][1]

    @property
    def size(self) -> int:
        """How many values, which may be more than `len` can say."""
        return sum(high - low + 1 for low, high in self.intervals)

    def __iter__(self) -> Iterator[int]:
        for low, high in self.intervals:
            yield from range(low, high + 1)

    def __contains__(self, value: object) -> bool:
        if not isinstance(value, int):
            return False
        at = bisect_right(self.intervals, value, key=lambda each: each[0]) - 1
        return at >= 0 and value <= self.intervals[at][1]


@dataclass(frozen=True, slots=True)
class Linear:
    """sum of factor x variable, compared with a constant: `terms` are (factor, variable)."""

    terms: tuple[tuple[int, str], ...]
    operator: str
    constant: int


@dataclass(frozen=True, slots=True)
class AllDifferent:
    """No two of the variables are equal."""

    variables: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """The variables together take one of the rows; with `is_forbidden`, none of them."""

    variables: tuple[str, ...]
    rows: tuple[tuple[int, ...], ...]
    is_forbidden: bool = False


@dataclass(frozen=True, slots=True)
class Element:
    """values[index] == result, counted from 0; the index is inside the list, which holds integers or variables."""

    index: str
    values: tuple[int | str, ...]
    result: str


@dataclass(frozen=True, slots=True)
class Cumulative:
    """Tasks that run from their start for their duration never need more than the capacity at once.

    `starts`, `durations` and `demands` are variables side by side; durations and demands take no negative values.
    """

    starts: tuple[str, ...]
    durations: tuple[str, ...]
    demands: tuple[str, ...]
    capacity: str


@dataclass(frozen=True, slots=True)
class Function:
    """result == name(operands) for name in min, max (any number of operands), product, abs, div, rem, floor, mod.

    div truncates towards zero and rem has the sign of the dividend; floor rounds down and mod has the sign of the
    divisor. A zero divisor is excluded.
    """

    name: str
    result: str
    operands: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reified:
    """The 0/1 variable `indicator` is 1 exactly where the linear or table constraint holds."""

    indicator: str
    constraint: Linear | Table


Constraint: TypeAlias = Linear | AllDifferent | Table | Element | Cumulative | Function | Reified
FUNCTIONS = ("min", "max", "product", "abs", "div", "rem", "floor", "mod")


@dataclass(frozen=True, slots=True)
class Posted:
    """A constraint of a problem; those of one label stand or fall together in a conflict."""

    constraint: Constraint
    label: str | None = None


@dataclass(frozen=True, slots=True)
class Objective:
    """What is to be made small (or large): sum of factor x variable, plus a constant."""

    terms: tuple[tuple[int, str], ...]
    constant: int = 0
    is_maximised: bool = False


@dataclass(frozen=True, slots=True)
class Problem:
    """Variables with their domains, posted constraints, perhaps an objective. Raises ProblemError when malformed.

    `loose` names variables whose domain comes from a label, with the domain that they have without it.
    """

    variables: Mapping[str, Domain]
    constraints: tuple[Posted, ...]
    objective: Objective | None = None
    loose: Mapping[str, tuple[str, Domain]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for posted in self.constraints:
            check_constraint(posted.constraint, self.variables)
        if self.objective is not None:
            _check_linear(self.objective.terms, self.objective.constant, self.variables)

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels in order of first appearance."""
        given = (label for label, _ in self.loose.values())
        return tuple(dict.fromkeys([*given, *(each.label for each in self.constraints if each.label is not None)]))

    def restricted_to(self, labels: Iterable[str]) -> "Problem":
        """The constraints without label and those of the given labels, no objective."""
        kept = set(labels)
        chosen = (each for each in self.constraints if each.label is None or each.label in kept)
        wide = {name: domain for name, (label, domain) in self.loose.items() if label not in kept}
        return Problem({**self.variables, **wide}, tuple(chosen))


def variables_of(constraint: Constraint) -> tuple[str, ...]:
    """Every variable that a constraint mentions."""
    match constraint:
        case Linear(terms=terms):
            return tuple(name for _, name in terms)
        case AllDifferent(variables=found) | Table(variables=found):
            return found
        case Element(index=index, values=values, result=result):
            return index, *(value for value in values if isinstance(value, str)), result
        case Cumulative(starts=starts, durations=durations, demands=demands, capacity=capacity):
            return *starts, *durations, *demands, capacity
        case Function(result=result, operands=operands):
            return (result, *operands)
        case Reified(indicator=indicator, constraint=inner):
            return (indicator, *variables_of(inner))


def _reach(domain: Domain) -> int:
    return max(abs(domain.low), abs(domain.high)) if domain.intervals else 0


def check_constraint(constraint: Constraint, variables: Mapping[str, Domain]) -> None:
    """Raises ProblemError for a constraint that is malformed or may leave the range of exact sums."""
    for name in variables_of(constraint):
        if name not in variables:
            raise ProblemError(f"the variable {name!r} has no domain; every variable needs one")
    match constraint:
        case Linear(terms=terms, operator=operator, constant=constant):
            if operator not in OPERATORS:
                raise ProblemError(f"the operator {operator!r} is unknown; {' '.join(OPERATORS)} are known")
            _check_linear(terms, constant, variables)
        case Table(variables=found, rows=rows):
            if any(len(row) != len(found) for row in rows):
                raise ProblemError("a row of a table is as long as its list of variables")
        case Cumulative(starts=starts, durations=durations, demands=demands):
            if not len(starts) == len(durations) == len(demands):
                raise ProblemError("every task has a start, a duration and a demand")
        case Function(name=name, operands=operands):
            if name not in FUNCTIONS:
                raise ProblemError(f"the function {name!r} is unknown; {' '.join(FUNCTIONS)} are known")
            if name == "product" and prod(_reach(variables[each]) for each in operands) > LARGEST_VALUE:
                raise ProblemError("a product may exceed 2^53; smaller domains are accepted")
        case Reified(constraint=inner):
            check_constraint(inner, variables)


def _check_linear(terms: Sequence[tuple[int, str]], constant: int, variables: Mapping[str, Domain]) -> None:
    """Sums stay far below 64 bits, so that no solver overflows."""
    total = abs(constant)
    for factor, name in terms:
        if name not in variables:
            raise ProblemError(f"the variable {name!r} has no domain; every variable needs one")
        total += abs(factor) * _reach(variables[name])
    if total > LARGEST_VALUE:
        raise ProblemError("a sum may exceed 2^53; smaller factors or domains are accepted")
