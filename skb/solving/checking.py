"""The independent check of a solution: each constraint by its meaning, nothing shared with any solver."""

import operator
from collections.abc import Mapping

from skb.solving.constraints import (
    AllDifferent,
    Constraint,
    Cumulative,
    Element,
    Function,
    Linear,
    Objective,
    Problem,
    Reified,
    Table,
)

_COMPARE = {
    "==": operator.eq,
    "!=": operator.ne,
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
}


def violations(problem: Problem, values: Mapping[str, int]) -> list[str]:
    """What a solution violates, in words; nothing for a true one."""
    found = [
        f"{name} = {values.get(name)} lies outside its domain"
        for name, domain in problem.variables.items()
        if values.get(name) not in domain
    ]
    found += [str(posted) for posted in problem.constraints if not holds(posted.constraint, values)]
    return found


def objective_value(objective: Objective, values: Mapping[str, int]) -> int:
    return objective.constant + sum(factor * values[name] for factor, name in objective.terms)


def holds(constraint: Constraint, values: Mapping[str, int]) -> bool:
    """Whether a constraint is true of the values."""
    match constraint:
        case Linear(terms=terms, operator=sign, constant=constant):
            return bool(_COMPARE[sign](sum(factor * values[name] for factor, name in terms), constant))
        case AllDifferent(variables=names):
            return len({values[name] for name in names}) == len(names)
        case Table(variables=names, rows=rows, is_forbidden=is_forbidden):
            return (tuple(values[name] for name in names) in rows) is not is_forbidden
        case Element(index=index, values=listed, result=result):
            at = values[index]
            return 0 <= at < len(listed) and _value(listed[at], values) == values[result]
        case Cumulative():
            return _fits(constraint, values)
        case Function(name=name, result=result, operands=operands):
            return _function_holds(name, values[result], [values[each] for each in operands])
        case Reified(indicator=indicator, constraint=inner):
            return values[indicator] == int(holds(inner, values))


def _value(item: int | str, values: Mapping[str, int]) -> int:
    return values[item] if isinstance(item, str) else item


def _fits(tasks: Cumulative, values: Mapping[str, int]) -> bool:
    """Load is greatest where some task starts."""
    rows = [
        (values[start], values[start] + values[duration], values[demand])
        for start, duration, demand in zip(tasks.starts, tasks.durations, tasks.demands, strict=True)
    ]
    loads = [sum(demand for begin, end, demand in rows if begin <= at < end) for at, _, _ in rows]
    return max(loads, default=0) <= values[tasks.capacity]


def _function_holds(name: str, result: int, operands: list[int]) -> bool:
    if name in ("div", "rem", "floor", "mod") and operands[1] == 0:
        return False
    match name:
        case "min":
            return result == min(operands)
        case "max":
            return result == max(operands)
        case "product":
            return result == operands[0] * operands[1]
        case "abs":
            return result == abs(operands[0])
        case "div":
            quotient = abs(operands[0]) // abs(operands[1])
            return result == (quotient if operands[0] * operands[1] >= 0 else -quotient)
        case "rem":
            rest = abs(operands[0]) % abs(operands[1])
            return result == (rest if operands[0] >= 0 else -rest)
        case "floor":
            return result == operands[0] // operands[1]
        case _:
            return result == operands[0] % operands[1]
