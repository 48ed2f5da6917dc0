"""Aggregates over the rows of a goal, and the first rows by a key."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from heapq import nlargest, nsmallest
from typing import Any

from skb.evaluation.budget import BATCH, Budget
from skb.evaluation.steps import Access, KeyPart, Step, key_reader
from skb.indexes import Indexed, slice_or_items
from skb.query.arithmetic import to_number, to_numeric_term
from skb.query.comparing import Frame
from skb.query.rules import Top
from skb.terms import Row, Term, order_key, sort_rows


def _extreme(choose: Callable[..., Any]) -> Callable[[list[Term]], Term]:
    def reduce(values: list[Term]) -> Term:
        if set(map(type, values)) == {int}:
            return choose(values)  # type: ignore[no-any-return]
        return choose(values, key=order_key)  # type: ignore[no-any-return]

    return reduce


def _sum(values: list[Term]) -> Term:
    return to_numeric_term(sum(map(to_number, values)))


def _findall(values: list[Term]) -> Term:
    return tuple(sorted(values, key=order_key))


_REDUCERS: Mapping[str, Callable[[list[Term]], Term]] = {
    "min": _extreme(min),
    "max": _extreme(max),
    "sum": _sum,
    "count": len,
    "findall": _findall,
}
_OF_NOTHING: Mapping[str, Term] = {"sum": 0, "count": 0, "findall": ()}


def aggregating(
    kind: str,
    access: Access,
    key_parts: Sequence[KeyPart],
    free: Sequence[int],
    value_at: int,
    has_zero: bool,
    budget: Budget,
) -> Step:
    """Appends the free groups and the aggregate, for each group of the frame's key.

    Rows hold the groups, the value at `value_at`, then whatever else tells solutions apart.
    """
    key = key_reader(key_parts)
    known: dict[Any, list[Frame]] = {}

    def step(frames: list[Frame]) -> Iterator[list[Frame]]:
        index = access.index(map(key, frames))
        made: list[Frame] = []
        for frame in frames:
            at = key(frame)
            if at not in known:
                known[at] = _groups(kind, index.get(at, ()), free, value_at, has_zero)
            made += [frame + found for found in known[at]]
            if len(made) > BATCH:
                budget.tick(len(made))
                yield made
                made = []
        budget.tick(len(made))
        yield made

    return step


def _groups(kind: str, rows: Sequence[Row], free: Sequence[int], value_at: int, has_zero: bool) -> list[Frame]:
    if not rows:
        return [(_OF_NOTHING[kind],)] if has_zero and not free and kind in _OF_NOTHING else []
    if not free:
        return [(_REDUCERS[kind]([row[value_at] for row in rows]),)]
    grouped: dict[tuple[Term, ...], list[Term]] = {}
    for row in rows:
        grouped.setdefault(tuple([row[at] for at in free]), []).append(row[value_at])
    return [(*group, _REDUCERS[kind](values)) for group, values in grouped.items()]


def topping(rank: Callable[[], list[Row]], budget: Budget) -> Step:
    """Every frame with the first rows, found by `rank` once."""
    chosen: list[list[Row]] = []

    def step(frames: list[Frame]) -> Iterator[list[Frame]]:
        if not chosen:
            chosen.append(rank())
        made = [frame + row for frame in frames for row in chosen[0]]
        budget.tick(len(made))
        yield made

    return step


def first_rows(literal: Top, rows: Sequence[Row]) -> list[Row]:
    """The first rows by their first column; equal keys go by the standard order of the row."""
    keys: list[Any] = [row[0] for row in rows]
    choose = nlargest if literal.is_descending else nsmallest
    is_plain = set(map(type, keys)) == {int}
    border = choose(literal.count, keys) if is_plain else choose(literal.count, keys, key=order_key)
    if not border:
        return []
    wanted = set(border)
    kept = sort_rows(row for row in rows if row[0] in wanted)
    if literal.is_descending:
        kept.sort(key=lambda row: order_key(row[0]), reverse=True)
    return kept[: literal.count]


def first_rows_of_column(literal: Top, indexed: Indexed, column: int, head: Sequence[int]) -> list[Row]:
    """The same from a stored relation's sorted column: only rows of the first keys are touched."""
    ranked = indexed.ranked(column)
    rows_of = indexed.index((column,))
    project = slice_or_items(head)
    found: list[Row] = []
    for key in reversed(ranked) if literal.is_descending else ranked:
        if len(found) >= literal.count:
            break
        found += sort_rows(map(project, rows_of[key]))
    return found[: literal.count]
