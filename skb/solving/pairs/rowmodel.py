"""Costs of pairs in CP-SAT as rows: which value a variable takes decides what its pairs cost, by the others' values.

A table with a row for each pair of values tells a relaxation nothing. Here each value of the first variable brings
a linear equation over the values of the second, and each variable pays at least its star: its pairs at their
cheapest for the value that it takes.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from skb.solving.constraints import AllDifferent, Problem
from skb.solving.pairs.costtables import CostTable, expanded, read_cost_table, uses_of

_MOST_VALUES = 512
_MOST_TERMS = 2_000_000


class RowModel:
    """The cost tables of an objective; `problem` is what is left for the ordinary lowering."""

    def __init__(self, problem: Problem, costs: Sequence[CostTable], factors: Mapping[str, int]) -> None:
        gone = {id(each.posted) for each in costs}
        rest = tuple(posted for posted in problem.constraints if id(posted) not in gone)
        self.problem = Problem(problem.variables, rest, problem.objective, problem.loose)
        self._costs = costs
        self._factors = factors
        self._apart = [
            set(each.constraint.variables) for each in problem.constraints if isinstance(each.constraint, AllDifferent)
        ]

    def post(self, model: Any, variables: Mapping[str, Any], weighted_sum: Any) -> None:
        """Adds the rows and stars to a model with the variables of the problem."""
        names = dict.fromkeys(name for each in self._costs for name in (each.first, each.second))
        holders = {name: self._held(model, variables[name], name) for name in names}
        for each in self._costs:
            _post_rows(model, variables[each.cost], each, holders, weighted_sum)
        assert self.problem.objective is not None
        if not self.problem.objective.is_maximised:
            for name in names:
                self._post_star(model, variables, name, holders[name], weighted_sum)

    def _held(self, model: Any, variable: Any, name: str) -> dict[int, Any]:
        """For each value a Boolean that the variable takes it."""
        literals = {value: model.new_bool_var("") for value in self.problem.variables[name]}
        model.add_exactly_one(literals.values())
        model.add(variable == sum(value * literal for value, literal in literals.items()))
        return literals

    def _post_star(
        self, model: Any, variables: Mapping[str, Any], name: str, holders: Mapping[int, Any], weighted_sum: Any
    ) -> None:
        own = [each for each in self._costs if name in (each.first, each.second)]
        if any(self._factors[each.cost] < 0 for each in own):
            return
        stars = {value: self._star(name, value, own) for value in holders}
        known = {value: star for value, star in stars.items() if star is not None}
        for value, literal in holders.items():
            if value not in known:
                model.add(literal == 0)
        paid = weighted_sum([variables[each.cost] for each in own], [self._factors[each.cost] for each in own])
        model.add(paid >= weighted_sum([holders[value] for value in known], list(known.values())))

    def _star(self, name: str, value: int, own: Sequence[CostTable]) -> int | None:
        """The least that the pairs of a variable cost at a value; None where one of them is not allowed.

        Others that are all different and cost alike share out the cheapest values, the greatest factor the least.
        """
        rows = [self._row(name, value, each) for each in own]
        if any(not row for row in rows):
            return None
        factors = sorted((self._factors[each.cost] for each in own), reverse=True)
        others = {each.second if each.first == name else each.first for each in own}
        are_alike = all(row == rows[0] for row in rows) and len(others) == len(own)
        if are_alike and any(others <= apart for apart in self._apart):
            cheapest = sorted(rows[0].values())
            if len(cheapest) < len(factors):
                return None
            return sum(factor * cost for factor, cost in zip(factors, cheapest, strict=False))
        return sum(self._factors[each.cost] * min(row.values()) for each, row in zip(own, rows, strict=True))

    def _row(self, name: str, value: int, table: CostTable) -> dict[int, int]:
        """What a pair costs for each value of the other variable."""
        other = table.second if table.first == name else table.first
        pairs = ((other_value, (value, other_value)) for other_value in self.problem.variables[other])
        if table.first != name:
            pairs = ((other_value, (other_value, value)) for other_value in self.problem.variables[other])
        return {other_value: table.weights[pair] for other_value, pair in pairs if pair in table.weights}


def find_rows(problem: Problem) -> RowModel | None:
    """The cost tables behind an objective, or None where there are none, or too many values."""
    if problem.objective is None:
        return None
    uses = uses_of(problem)
    objective, _ = expanded(problem, problem.objective, uses)
    factors: dict[str, int] = {}
    for factor, name in objective.terms:
        factors[name] = factors.get(name, 0) + factor
    known: dict[object, Mapping[tuple[int, int], int]] = {}
    tables = [read_cost_table(posted, name, known) for name in factors for posted in uses[name]]
    costs = [each for each in tables if each is not None]
    sizes = {name: problem.variables[name].size for each in costs for name in (each.first, each.second)}
    terms = sum(sizes[each.first] * sizes[each.second] for each in costs)
    if (
        not costs
        or max(sizes.values()) > _MOST_VALUES
        or terms > _MOST_TERMS
        or len({each.cost for each in costs}) < len(costs)
    ):
        return None
    return RowModel(problem, costs, factors)


def _post_rows(
    model: Any, cost: Any, table: CostTable, holders: Mapping[str, Mapping[int, Any]], weighted_sum: Any
) -> None:
    for value, literal in holders[table.first].items():
        row = {other: table.weights[value, other] for other in holders[table.second] if (value, other) in table.weights}
        literals = [holders[table.second][other] for other in row]
        if len(row) < len(holders[table.second]):
            model.add_bool_or([*literals, ~literal])
        if row:
            model.add(cost == weighted_sum(literals, list(row.values()))).only_enforce_if(literal)
