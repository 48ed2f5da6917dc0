"""Built-ins that work values out of values: member, between, length, =.. and what Prolog does with whole lists."""

from collections.abc import Iterator
from typing import Any

from skb.errors import EvaluationError
from skb.notation.printing import write_term
from skb.terms import Compound, Real, String, Term, order_key, sort_terms


def enumerate_values(name: str, inputs: tuple[Term, ...]) -> Iterator[Term]:
    """The output values of a built-in for its inputs, as terms to be matched with its output argument."""
    if name == "between":
        low, high = _integer(inputs[0]), _integer(inputs[1])
        yield from range(low, high + 1)
    elif name == "length":
        yield len(_list(inputs[0]))
    elif name == "member":
        yield from _list(inputs[0])
    elif name == "=..":
        yield _univ(inputs[0])
    elif name == "concat_atom":
        yield "".join(_text(part) for part in _list(inputs[0]))
    else:
        yield _list_of(name, inputs)


def _list_of(name: str, inputs: tuple[Term, ...]) -> tuple[Term, ...]:
    """The list that a built-in makes of lists, which are complete."""
    if name == "append":
        return _list(inputs[0]) + _list(inputs[1])
    if name == "subtract":
        unwanted = set(_list(inputs[1]))
        return tuple([item for item in _list(inputs[0]) if item not in unwanted])
    items = _list(inputs[-1])
    if name == "reverse":
        return items[::-1]
    if name == "sort" and len(inputs) == 3:
        return _sorted_by(inputs[0], inputs[1], items)
    return tuple(sort_terms(dict.fromkeys(items) if name == "sort" else items))


def _sorted_by(key: Term, order: Term, items: tuple[Term, ...]) -> tuple[Term, ...]:
    """`sort(Key, Order, List, Sorted)`: by the argument `Key` (0: the whole), `<` and `>` keep the first of equals."""
    name = order.removeprefix("@") if isinstance(order, str) else ""
    if not isinstance(key, int) or key < 0 or name not in ("<", "=<", ">", ">="):
        raise EvaluationError("sort(Key, Order, List, Sorted) needs a Key from 0 and an Order of <, =<, >, >=")

    def value(item: Term) -> tuple[Any, ...]:
        return order_key(_argument(item, key))

    chosen = list({value(item): item for item in reversed(items)}.values())[::-1] if name in ("<", ">") else [*items]
    return tuple(sorted(chosen, key=value, reverse=name in (">", ">=")))


def _argument(item: Term, at: int) -> Term:
    if at == 0:
        return item
    if not isinstance(item, Compound) or len(item.args) < at:
        raise EvaluationError(f"sort by argument {at} needs compounds with so many, {write_term(item)} was found")
    return item.args[at - 1]


def _text(part: Term) -> str:
    if isinstance(part, String):
        return part.text
    if isinstance(part, (str, int, Real)):
        return part if isinstance(part, str) else write_term(part)
    raise EvaluationError(f"concat_atom joins atoms, numbers and strings, {write_term(part)} was found")


def _integer(term: Term) -> int:
    if not isinstance(term, int):
        raise EvaluationError(f"between needs integers, {write_term(term)} was found")
    return term


def _list(term: Term) -> tuple[Term, ...]:
    if not isinstance(term, tuple):
        raise EvaluationError(f"a list is needed, {write_term(term)} was found")
    return term


def _univ(term: Term) -> Term:
    if isinstance(term, Compound):
        return (term.functor, *term.args)
    return (term,)


def from_univ(term: Term) -> Term:
    """The inverse of `T =.. [f, a, b]`."""
    parts = _list(term)
    if parts and isinstance(parts[0], str) and len(parts) > 1:
        return Compound(parts[0], parts[1:])
    if len(parts) == 1 and not isinstance(parts[0], (tuple, Compound)):
        return parts[0]
    raise EvaluationError(f"{write_term(term)} makes no term; a name and its arguments do")
