"""All solutions of small problems by python-constraint, with function constraints only, never its text ones."""

import operator
from collections.abc import Callable, Iterator, Sequence
from math import prod
from typing import Any

from skb.solving.constraints import AllDifferent, Constraint, Element, Function, Linear, Problem, Reified, Table

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
    yield from lowered.getSolutionIter()


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
            positions = {(at, value) for at, value in enumerate(listed)}
            return [index, result], lambda *values: values in positions
        case Function(name=name, result=result, operands=operands):
            compute = _FUNCTIONS[name]
            return [result, *operands], lambda value, *rest: value == compute(*rest)
        case Reified(indicator=indicator, constraint=inner):
            inside, test = _as_function(inner)
            return [indicator, *inside], lambda value, *rest: value == int(test(*rest))


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
    "mod": lambda value, divisor: value % divisor if divisor else None,
}
