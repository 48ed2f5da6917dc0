"""Relations that give each pair of values a cost, and the objectives that sum such costs."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from skb.solving.constraints import Linear, Objective, Posted, Problem, Table, variables_of


@dataclass(frozen=True, slots=True)
class CostTable:
    """The cost variable that a table determines from the values of two others; what it lacks is not allowed."""

    first: str
    second: str
    cost: str
    weights: Mapping[tuple[int, int], int]
    posted: Posted


def read_cost_table(posted: Posted, cost: str, known: dict[object, Mapping[tuple[int, int], int]]) -> CostTable | None:
    """A table of three variables in which the other two determine `cost`; None for anything else.

    `known` keeps what was read: tables of one relation share their rows.
    """
    table = posted.constraint
    if not isinstance(table, Table) or table.is_forbidden or len(set(table.variables)) != 3:
        return None
    if len(table.variables) != 3 or cost not in table.variables:
        return None
    at = table.variables.index(cost)
    a, b = (place for place in range(3) if place != at)
    weights = known.get((id(table.rows), at))
    if weights is None:
        weights = known[id(table.rows), at] = {(row[a], row[b]): row[at] for row in table.rows}
    if len(weights) != len(table.rows):
        return None
    return CostTable(table.variables[a], table.variables[b], cost, weights, posted)


def uses_of(problem: Problem) -> dict[str, list[Posted]]:
    """The constraints that mention each variable."""
    uses: dict[str, list[Posted]] = {name: [] for name in problem.variables}
    for posted in problem.constraints:
        for name in set(variables_of(posted.constraint)):
            uses[name].append(posted)
    return uses


def expanded(
    problem: Problem, objective: Objective, uses: Mapping[str, list[Posted]]
) -> tuple[Objective, tuple[str, Posted] | None]:
    """An objective of one variable that an equation defines, as that equation's sum."""
    if len(objective.terms) != 1 or len(uses[objective.terms[0][1]]) != 1:
        return objective, None
    factor, name = objective.terms[0]
    posted = uses[name][0]
    definition = posted.constraint
    if not isinstance(definition, Linear) or definition.operator != "==" or posted.label is not None:
        return objective, None
    own = sum(each for each, other in definition.terms if other == name)
    if abs(own) != 1 or not _holds_all_sums(problem, name, definition):
        return objective, None
    terms = tuple((-own * factor * each, other) for each, other in definition.terms if other != name)
    return replace(objective, terms=terms, constant=objective.constant + own * factor * definition.constant), (
        name,
        posted,
    )


def _holds_all_sums(problem: Problem, name: str, definition: Linear) -> bool:
    """Whether the defined variable's domain is an interval around whatever the others may sum to."""
    low = high = 0
    own = 1
    for factor, other in definition.terms:
        domain = problem.variables[other]
        if other == name:
            own = factor
        elif domain.intervals:
            ends = sorted((factor * domain.low, factor * domain.high))
            low, high = low + ends[0], high + ends[1]
    ends = sorted((own * (definition.constant - low), own * (definition.constant - high)))
    mine = problem.variables[name]
    return len(mine.intervals) == 1 and mine.low <= ends[0] and ends[1] <= mine.high
