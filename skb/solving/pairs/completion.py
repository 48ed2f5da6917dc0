"""A choice of some variables completed to a solution of the whole problem, where there is one."""

from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from typing import TypeAlias

from skb.solving.constraints import Constraint, Domain, Problem, variables_of
from skb.solving.enumeration import as_test

_MOST_TRIED = 4096

Test: TypeAlias = tuple[Sequence[str], Callable[..., bool]]


class Undecided(Exception):  # noqa: N818
    """The solver found neither a completion nor that there is none."""


def complete(problem: Problem, chosen: Mapping[str, int], time_limit_s: float | None) -> dict[str, int] | None:
    """Values for all variables that keep `chosen`; None where there are none. Raises Undecided."""
    if any(value not in problem.variables[name] for name, value in chosen.items()):
        return None
    values = dict(chosen)
    tests = [_test(posted.constraint) for posted in problem.constraints]
    for name, domain in problem.variables.items():
        if name not in values:
            uses = [each for each in tests if name in each[0]]
            found = _first_value(name, domain, uses, values)
            if found is None:
                return _searched(problem, chosen, time_limit_s)
            values[name] = found
    if all(test(*[values[name] for name in names]) for names, test in tests):
        return values
    return _searched(problem, chosen, time_limit_s)


def _test(constraint: Constraint) -> Test:
    names = list(dict.fromkeys(variables_of(constraint)))
    return names, as_test(constraint, names)


def _first_value(name: str, domain: Domain, uses: Sequence[Test], values: Mapping[str, int]) -> int | None:
    """The first value that agrees with every constraint whose other variables have theirs."""
    known = [each for each in uses if all(other == name or other in values for other in each[0])]
    for value in islice(domain, _MOST_TRIED):
        if all(test(*[value if other == name else values[other] for other in names]) for names, test in known):
            return value
    return None


def _searched(problem: Problem, chosen: Mapping[str, int], time_limit_s: float | None) -> dict[str, int] | None:
    from skb.solving.cpsat import Settings, search  # here: most choices complete without a solver

    fixed = {name: Domain.of_range(value, value) for name, value in chosen.items()}
    outcome = search(Problem({**problem.variables, **fixed}, problem.constraints), Settings(time_limit_s, workers=1))
    if outcome.values is None and outcome.status != "INFEASIBLE":
        raise Undecided
    return outcome.values
