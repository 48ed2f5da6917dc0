"""Costs that depend on a set alone: one symmetric cost for every pair of variables that are all different.

Placements ask for such sums. They are found in a problem by its structure, however it was written, and lowered to
"which values are taken": z[a,b] says that a and b both are, and each row of z sums to (n - 1) x (a is taken), the
row sums of the reformulation-linearisation technique (Adams & Sherali 1986), whose relaxation is strong enough to
prove optima that tables and elements leave open for minutes.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, product

from skb.solving.constraints import (
    AllDifferent,
    Constraint,
    Domain,
    Linear,
    Posted,
    Problem,
    Table,
    variables_of,
)
from skb.solving.pairs.costtables import CostTable, expanded, read_cost_table, uses_of

_MOST_VALUES = 256


@dataclass(frozen=True, slots=True)
class PairSum:
    """`rest` is the problem without the pair costs; `classes` are members that it lets be exchanged freely.

    `exchangeable` are members that it lets be exchanged together with variables of their own, such as their caches.

    `weights` holds what a pair of values costs, the earlier of two members at the first of them, factors of the
    objective included; a pair that is missing is not allowed. `costs` are the cost variables with their tables,
    `total` what was defined as their sum.
    """

    rest: Problem
    members: tuple[str, ...]
    weights: Mapping[tuple[int, int], int]
    constant: int
    is_maximised: bool
    classes: tuple[tuple[str, ...], ...]
    exchangeable: tuple[tuple[str, ...], ...]
    costs: tuple[CostTable, ...]
    total: tuple[str, Linear] | None

    @property
    def is_symmetric(self) -> bool:
        """Whether it makes no difference which of two members takes which of two values."""
        return all(self.weights.get((b, a)) == weight for (a, b), weight in self.weights.items())

    def completed(self, values: dict[str, int]) -> dict[str, int]:
        """A solution of the rest with the cost variables that follow from it."""
        for each in self.costs:
            values[each.cost] = each.weights[values[each.first], values[each.second]]
        if self.total is not None:
            name, definition = self.total
            own = next(factor for factor, each in definition.terms if each == name)
            known = sum(factor * values[each] for factor, each in definition.terms if each != name)
            values[name] = (definition.constant - known) // own
        return values


def find_pair_sum(problem: Problem) -> PairSum | None:
    """The problem as a pair sum, or None where its objective is anything else."""
    if problem.objective is None:
        return None
    uses = uses_of(problem)
    objective, total = expanded(problem, problem.objective, uses)
    definition = None if total is None else total[1]
    known: dict[object, Mapping[tuple[int, int], int]] = {}
    found = [
        _pair_table(problem, name, [each for each in uses[name] if each is not definition], known)
        for _, name in objective.terms
    ]
    costs = tuple(each for each in found if each is not None)
    if len(costs) != len(found) or not costs:
        return None
    members = _ordered_members(costs)
    if not _covers_all_pairs(problem, members, costs):
        return None
    weights = _common_weights(problem, members, costs, {name: factor for factor, name in objective.terms})
    if weights is None:
        return None
    owned = {each.cost for each in costs} | ({total[0]} if total else set())
    consumed = {id(each.posted) for each in costs} | ({id(total[1])} if total else set())
    rest = Problem(
        {name: domain for name, domain in problem.variables.items() if name not in owned},
        tuple(posted for posted in problem.constraints if id(posted) not in consumed),
    )
    defined = None if total is None else (total[0], _linear(total[1]))
    owned_by = {name: _own_variables(rest, name, members) for name in members}
    return PairSum(
        rest,
        members,
        weights,
        objective.constant,
        objective.is_maximised,
        _classes(rest, members, {}),
        _classes(rest, members, owned_by),
        costs,
        defined,
    )


def _linear(posted: Posted) -> Linear:
    assert isinstance(posted.constraint, Linear)
    return posted.constraint


def _pair_table(
    problem: Problem, name: str, uses: list[Posted], known: dict[object, Mapping[tuple[int, int], int]]
) -> CostTable | None:
    """The one constraint of a cost variable: a cost for each pair of values, inside its domain."""
    table = None if len(uses) != 1 or uses[0].label is not None else read_cost_table(uses[0], name, known)
    if table is None:
        return None
    domain = problem.variables[name]
    return table if all(value in domain for value in set(table.weights.values())) else None


def _ordered_members(costs: Sequence[CostTable]) -> tuple[str, ...]:
    """The members such that tables lead from earlier to later ones, if any order is so."""
    first = Counter(each.first for each in costs)
    names = dict.fromkeys(name for each in costs for name in (each.first, each.second))
    return tuple(sorted(names, key=lambda name: -first[name]))


def _covers_all_pairs(problem: Problem, members: tuple[str, ...], costs: Sequence[CostTable]) -> bool:
    pairs = {frozenset((each.first, each.second)) for each in costs}
    count = len(members) * (len(members) - 1) // 2
    different = [each.constraint for each in problem.constraints if isinstance(each.constraint, AllDifferent)]
    return len(pairs) == count and any(set(members) <= set(each.variables) for each in different)


def _common_weights(
    problem: Problem,
    members: tuple[str, ...],
    costs: Sequence[CostTable],
    factors: Mapping[str, int],
) -> dict[tuple[int, int], int] | None:
    """The one cost behind all pairs of members, each over the values that its two ends can take.

    Where no pair can stand the other way round, the cost that way is taken to be the same.
    """
    listed = {name: _listed(problem.variables[name]) for name in members}
    if len({value for values in listed.values() for value in values}) > _MOST_VALUES:
        return None
    common: dict[tuple[int, int], int | None] = {}
    seen: list[tuple[object, ...]] = []
    for (first, second), weights in _pair_weights(members, costs, factors).items():
        shape = (listed[first], listed[second], weights)
        if shape in seen:
            continue
        seen.append(shape)
        for pair in product(listed[first], listed[second]):
            if pair[0] != pair[1] and common.setdefault(pair, weights.get(pair)) != weights.get(pair):
                return None
    known = {pair: weight for pair, weight in common.items() if weight is not None}
    turned = {(b, a): weight for (a, b), weight in known.items() if (b, a) not in common}
    return known | turned


def _pair_weights(
    members: tuple[str, ...],
    costs: Sequence[CostTable],
    factors: Mapping[str, int],
) -> dict[tuple[str, str], dict[tuple[int, int], int]]:
    """For each pair of members, the earlier first, the sum of its tables; what one of them lacks is not allowed."""
    place = {name: at for at, name in enumerate(members)}
    found: dict[tuple[str, str], dict[tuple[int, int], int]] = {}
    for each in costs:
        first, second, table, factor = each.first, each.second, each.weights, factors[each.cost]
        if place[first] < place[second]:
            scaled = {pair: factor * value for pair, value in table.items()}
        else:
            first, second = second, first
            scaled = {(b, a): factor * value for (a, b), value in table.items()}
        known = found.get((first, second))
        if known is not None:
            scaled = {pair: known[pair] + value for pair, value in scaled.items() if pair in known}
        found[first, second] = scaled
    return found


def _listed(domain: Domain) -> list[int]:
    """The values; of a domain that is too large only so many that it is seen."""
    return list(islice(domain, _MOST_VALUES + 1))


def _own_variables(rest: Problem, member: str, members: tuple[str, ...]) -> tuple[str, ...]:
    """The variables to which relations of two lead from a member."""
    tables = [each.constraint for each in rest.constraints if isinstance(each.constraint, Table)]
    pairs = [table.variables for table in tables if len(table.variables) == 2 and member in table.variables]
    return tuple(dict.fromkeys(name for pair in pairs for name in pair if name not in members))


def _classes(
    rest: Problem, members: tuple[str, ...], owned_by: Mapping[str, tuple[str, ...]]
) -> tuple[tuple[str, ...], ...]:
    """Members whose exchange leaves the rest of the problem as it is; exchanging is transitive.

    With a member go the variables that it owns, unless the other owns them as well.
    """
    numbers: dict[object, int] = {}
    wanted = sorted(_shape(posted.constraint, {}, numbers) for posted in rest.constraints)
    classes: list[list[str]] = []
    for name in members:
        for known in classes:
            swap = _swap(known[0], name, owned_by)
            is_alike = all(rest.variables[a] == rest.variables[b] for a, b in swap.items())
            if is_alike and sorted(_shape(each.constraint, swap, numbers) for each in rest.constraints) == wanted:
                known.append(name)
                break
        else:
            classes.append([name])
    return tuple(tuple(each) for each in classes)


def _swap(first: str, second: str, owned_by: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    mine = [name for name in owned_by.get(first, ()) if name not in owned_by[second]]
    other = [name for name in owned_by.get(second, ()) if name not in owned_by[first]]
    pairs = [(first, second), *zip(mine, other, strict=False)]
    return dict(pairs) | {b: a for a, b in pairs}


def _shape(constraint: Constraint, swap: Mapping[str, str], numbers: dict[object, int]) -> str:
    """A constraint in words with names exchanged; equal words mean equal constraints (`numbers` knows its rows)."""
    match constraint:
        case AllDifferent(variables=names):
            return f"different {sorted(swap.get(name, name) for name in names)}"
        case Linear(terms=terms, operator=operator, constant=constant):
            return f"linear {sorted((swap.get(name, name), factor) for factor, name in terms)} {operator} {constant}"
        case Table(variables=names, rows=rows, is_forbidden=is_forbidden):
            number = numbers.setdefault(rows, len(numbers))
            return f"table {[swap.get(name, name) for name in names]} {is_forbidden} {number}"
    return f"{type(constraint).__name__} {[swap.get(name, name) for name in variables_of(constraint)]} {constraint}"
