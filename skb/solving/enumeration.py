"""All solutions of small problems by python-constraint, with function constraints only, never its text ones."""

import operator
from collections.abc import Callable, Iterator, Sequence
from math import fmod, prod
from typing import Any

from skb.solving.constraints import (
    AllDifferent,
    Constraint,
    Cumulative,
    Element,
    Function,
    Linear,
    Problem,
    Reified,
    Table,
)
from skb.stopwatch import importing

MOST_ASSIGNMENTS = 1_000_000
_COMPARE: dict[str, Callable[[int, int], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
}


def is_small(problem: Problem) -> bool:
    """Whether the product of the domains is at most a million."""
    return prod(domain.size for domain in problem.variables.values()) <= MOST_ASSIGNMENTS


def iterate_solutions(problem: Problem) -> Iterator[dict[str, int]]:
    """Every solution, each once."""
    with importing():
        import constraint  # here: only `all` queries pay for it

    if any(not domain.intervals for domain in problem.variables.values()):
        return
    lowered = constraint.Problem()
    for name, domain in problem.variables.items():
        lowered.addVariable(name, list(domain))
    for posted in problem.constraints:
        names, test = _as_function(posted.constraint)
        names, test = _without_repeats(names, test)
        if not names:
            if not test():
                return
        else:
            lowered.addConstraint(constraint.FunctionConstraint(test), names)
    if problem.variables:
        yield from lowered.getSolutionIter()
    else:
        yield {}


def as_test(constraint: Constraint, names: Sequence[str]) -> Callable[..., bool]:
    """Whether a constraint holds, as a function of the values of `names`, which are all that it mentions."""
    inside, test = _as_function(constraint)
    places = [list(names).index(name) for name in inside]
    return lambda *values: test(*[values[place] for place in places])


def _without_repeats(names: list[str], test: Callable[..., bool]) -> tuple[list[str], Callable[..., bool]]:
    """A constraint that mentions a variable twice gets its value twice."""
    unique = list(dict.fromkeys(names))
    if len(unique) == len(names):
        return names, test
    places = [unique.index(name) for name in names]
    return unique, lambda *values: test(*[values[place] for place in places])


def _as_function(constraint: Constraint) -> tuple[list[str], Callable[..., bool]]:
    match constraint:
        case Linear(terms=terms, operator=sign, constant=constant):
            compare, factors = _COMPARE[sign], [factor for factor, _ in terms]
            return (
                [name for _, name in terms],
                lambda *values: compare(sum(map(operator.mul, factors, values)), constant),
            )
        case AllDifferent(variables=names):
            return list(names), lambda *values: len(set(values)) == len(values)
        case Table(variables=names, rows=rows, is_forbidden=is_forbidden):
            allowed = set(rows)
            return list(names), lambda *values: (values in allowed) is not is_forbidden
        case Element(index=index, values=listed, result=result):
            return _chosen(index, listed, result)
        case Cumulative(starts=starts, durations=durations, demands=demands, capacity=capacity):
            count = len(starts)
            return [*starts, *durations, *demands, capacity], lambda *values: _is_within(values, count)
        case Function(name=name, result=result, operands=operands):
            compute = _FUNCTIONS[name]
            return [result, *operands], lambda value, *rest: value == compute(*rest)
        case Reified(indicator=indicator, constraint=inner):
            inside, test = _as_function(inner)
            return [indicator, *inside], lambda value, *rest: value == int(test(*rest))


def _chosen(index: str, listed: Sequence[int | str], result: str) -> tuple[list[str], Callable[..., bool]]:
    """The list's variables become arguments after the index; integers stay where they are."""
    names = [value for value in listed if isinstance(value, str)]
    places = iter(range(1, len(names) + 1))
    read = [next(places) if isinstance(value, str) else None for value in listed]

    def test(*values: int) -> bool:
        at = values[0]
        if not 0 <= at < len(listed):
            return False
        place = read[at]
        return values[-1] == (listed[at] if place is None else values[place])

    return [index, *names, result], test


def _is_within(values: Sequence[int], count: int) -> bool:
    """Whether tasks (starts, durations, demands side by side) stay within the capacity, the last value."""
    needs: dict[int, int] = {}
    for start, duration, demand in zip(
        values[:count], values[count : 2 * count], values[2 * count : 3 * count], strict=True
    ):
        for at in {*values[:count]}:
            if start <= at < start + duration:
                needs[at] = needs.get(at, 0) + demand
    return max(needs.values(), default=0) <= values[-1]


def _truncated_quotient(value: int, divisor: int) -> int | None:
    if divisor == 0:
        return None
    quotient, rest = divmod(value, divisor)
    return quotient + 1 if rest and quotient < 0 else quotient


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "min": lambda *values: min(values),
    "max": lambda *values: max(values),
    "product": operator.mul,
    "abs": abs,
    "div": _truncated_quotient,
    "rem": lambda value, divisor: int(fmod(value, divisor)) if divisor else None,
    "floor": lambda value, divisor: value // divisor if divisor else None,
    "mod": lambda value, divisor: value % divisor if divisor else None,
}
