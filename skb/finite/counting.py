"""Constraints over whole lists: element, counts of values, tasks that share a capacity, sums and extremes."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from skb.errors import EvaluationError, SkbError
from skb.finite.forms import COMPARISONS
from skb.finite.model import Sum
from skb.notation.printing import write_term
from skb.solving.constraints import Cumulative, Domain, Element
from skb.terms import Compound, Term, is_ground

if TYPE_CHECKING:
    from skb.finite.lowering import Lowering

_SIGNS = {"occurrences": "#=", "atmost": "#=<", "atleast": "#>=", "among": "#="}
_REDUCED = {"sumlist": "sum", "minlist": "min", "maxlist": "max"}


def post_global(lowering: "Lowering", goal: Compound, label: str | None) -> None:
    """Posts a constraint over a list. Raises SkbError where an argument is no list or no value."""
    name, args = goal.functor, goal.args
    match name, len(args):
        case "element", 3:
            _post_element(lowering, args, label)
        case "occurrences", 3:
            _post_count(lowering, name, args[2], args[1], [args[0]], label)
        case (("atmost" | "atleast"), 3):
            _post_count(lowering, name, args[0], args[1], [args[2]], label)
        case "among", 3:
            if not isinstance(args[2], tuple) or not is_ground(args[2]):
                raise SkbError(f"among(N, List, Values) needs a list of values, {write_term(args[2])} was found")
            _post_count(lowering, name, args[0], args[1], args[2], label)
        case "cumulative", 4:
            _post_cumulative(lowering, args, label)
        case "disjunctive", 2:
            count = len(_list(lowering, args[0], "disjunctive"))
            _post_cumulative(lowering, (*args, (1,) * count, 1), label)
        case "sum", 3:
            if args[1] not in COMPARISONS:
                raise SkbError(f"sum(List, Operator, Value) needs one of {' '.join(COMPARISONS)} in the middle")
            lowering.post(Compound(str(args[1]), (Compound("sum", (args[0],)), args[2])), label)
        case _:
            lowering.post(Compound("#=", (args[1], Compound(_REDUCED[name], (args[0],)))), label)


def _post_element(lowering: "Lowering", args: Sequence[Term], label: str | None) -> None:
    """element(Index, List, Value), the index from 1 as in ECLiPSe."""
    index, listed, value = args
    if not isinstance(listed, tuple):
        raise SkbError(
            f"element(Index, List, Value) needs its list in the middle, {write_term(listed)} was found there"
        )
    model, relations = lowering.model, lowering.relations
    items = relations.items(listed)
    sums = [lowering.expressions.sum(each, label) for each in items]
    values = [model.as_variable(each, label) if each.factors else each.constant for each in sums]
    lowering.define(index, Domain.of_range(1, len(values)), label)
    shifted = model.auxiliary(Domain.of_range(0, len(values) - 1))
    model.post_sum(lowering.expressions.sum(index, label).plus(Sum({shifted: -1}, -1)), "==", label)
    reached = [model.domains[each].intervals if isinstance(each, str) else ((each, each),) for each in values]
    lowering.define(value, Domain.of_intervals(interval for intervals in reached for interval in intervals), label)
    model.post(Element(shifted, tuple(values), lowering.variable(value, label)), label)


def _post_count(
    lowering: "Lowering", name: str, count: Term, listed: Term, values: Sequence[Term], label: str | None
) -> None:
    """How many of a list take one of some values, compared with a count."""
    items = _list(lowering, listed, name)
    found = lowering.expressions.counted(tuple(items), values, label)
    lowering.define(count, Domain.of_range(0, len(items)), label)
    wanted = lowering.expressions.sum(count, label)
    lowering.model.post_sum(found.plus(wanted, -1), COMPARISONS[_SIGNS[name]], label)


def _post_cumulative(lowering: "Lowering", args: Sequence[Term], label: str | None) -> None:
    """cumulative(Starts, Durations, Demands, Capacity)."""
    starts, durations, demands = (
        [lowering.variable(each, label) for each in _list(lowering, listed, "cumulative")] for listed in args[:3]
    )
    if not len(starts) == len(durations) == len(demands):
        raise SkbError(
            f"{len(starts)} starts, {len(durations)} durations and {len(demands)} demands were found;"
            " every task has one of each"
        )
    capacity = lowering.variable(args[3], label)
    for name in (*starts, *durations, *demands, capacity):
        lowering.model.require_numbers(name)
    for name in (*durations, *demands, capacity):
        domain = lowering.model.domains[name]
        if domain.intervals and domain.low < 0:
            raise EvaluationError("durations, demands and the capacity of tasks are at least 0")
    lowering.model.post(Cumulative(tuple(starts), tuple(durations), tuple(demands), capacity), label)


def _list(lowering: "Lowering", listed: Term, name: str) -> list[Term]:
    found = lowering.relations.items(listed)
    if not isinstance(listed, tuple) and found == [listed]:
        raise SkbError(f"{name} needs a list or a family, {write_term(listed)} was found")
    return found
