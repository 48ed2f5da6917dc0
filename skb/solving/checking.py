"""The independent check of a solution: each constraint by its meaning, nothing shared with any solver."""

import operator
from collections.abc import Mapping

from skb.solving.constraints import (
    AllDifferent,
    Constraint,
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
            return 0 <= at < len(listed) and listed[at] == values[result]
        case Function(name=name, result=result, operands=operands):
            return _function_holds(name, values[result], [values[each] for each in operands])
        case Reified(indicator=indicator, constraint=inner):
            return values[indicator] == int(holds(inner, values))


def _function_holds(name: str, result: int, operands: list[int]) -> bool:
    if name in ("div", "mod") and operands[1] == 0:
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
        case _:
            return result == operands[0] % operands[1]
