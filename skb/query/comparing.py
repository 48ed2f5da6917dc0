"""Built-in tests: comparison of numbers, standard order, type tests, each as a filter over frames."""

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from skb.matching import substitute
from skb.query.arithmetic import compile_expression
from skb.query.rules import names
from skb.terms import PARTIAL_LIST, Compound, Real, String, Term, Variable, is_ground, order_key

Frame: TypeAlias = tuple[Any, ...]
Filter: TypeAlias = Callable[[list[Frame]], list[Frame]]

COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    ">": operator.gt,
    "=<": operator.le,
    ">=": operator.ge,
    "=:=": operator.eq,
    "=\\=": operator.ne,
}
ORDERINGS: Mapping[str, Callable[[Any, Any], bool]] = {
    "@<": operator.lt,
    "@>": operator.gt,
    "@=<": operator.le,
    "@>=": operator.ge,
}
IDENTITIES: Mapping[str, bool] = {"==": True, "\\==": False, "\\=": False}
TYPE_TESTS: Mapping[str, Callable[[Term], bool]] = {
    "integer": lambda term: isinstance(term, int),
    "number": lambda term: isinstance(term, (int, Real)),
    "float": lambda term: isinstance(term, Real),
    "real": lambda term: isinstance(term, Real),
    "atom": lambda term: isinstance(term, str) or term == (),
    "string": lambda term: isinstance(term, String),
    "atomic": lambda term: isinstance(term, (str, int, Real, String)) or term == (),
    "compound": lambda term: isinstance(term, Compound) or (isinstance(term, tuple) and term != ()),
    "is_list": lambda term: isinstance(term, tuple),
    "ground": is_ground,
    "nonvar": lambda term: not isinstance(term, Variable),
    "var": lambda term: isinstance(term, Variable),
}


def is_test(name: str, arity: int) -> bool:
    if arity == 2:
        return name in COMPARISONS or name in ORDERINGS or name in IDENTITIES
    return arity == 1 and name in TYPE_TESTS


def compile_test(name: str, args: Sequence[Term], slots: Mapping[str, int]) -> Filter:
    """A filter that keeps the frames for which the test holds. Comparing what is no number is an error."""
    if name in COMPARISONS:
        return _comparison(COMPARISONS[name], args[0], args[1], slots)
    read = [term_reader(arg, slots) for arg in args]
    if name in TYPE_TESTS:
        is_so, value = TYPE_TESTS[name], read[0]
        return lambda frames: [frame for frame in frames if is_so(value(frame))]
    left, right = read
    if name in IDENTITIES:
        wanted = IDENTITIES[name]
        return lambda frames: [frame for frame in frames if (left(frame) == right(frame)) is wanted]
    compare = ORDERINGS[name]
    return lambda frames: [frame for frame in frames if compare(order_key(left(frame)), order_key(right(frame)))]


def _comparison(compare: Callable[[Any, Any], bool], left: Term, right: Term, slots: Mapping[str, int]) -> Filter:
    general = _general_comparison(compare, left, right, slots)
    if isinstance(left, Variable) and isinstance(right, Variable):
        return _between_slots(compare, slots[left.name], slots[right.name], general)
    if isinstance(left, Variable) and isinstance(right, int):
        return _with_constant(compare, slots[left.name], right, general)
    return general


def _general_comparison(
    compare: Callable[[Any, Any], bool], left: Term, right: Term, slots: Mapping[str, int]
) -> Filter:
    first, second = compile_expression(left, slots), compile_expression(right, slots)
    return lambda frames: [frame for frame in frames if compare(first(frame), second(frame))]


def _between_slots(compare: Callable[[Any, Any], bool], i: int, j: int, general: Filter) -> Filter:
    """Plain integers compare directly; a column that holds anything else takes the general way."""

    def apply(frames: list[Frame]) -> list[Frame]:
        if {type(frame[i]) for frame in frames} == {int} == {type(frame[j]) for frame in frames}:
            return [frame for frame in frames if compare(frame[i], frame[j])]
        return general(frames)

    return apply


def _with_constant(compare: Callable[[Any, Any], bool], i: int, value: int, general: Filter) -> Filter:
    def apply(frames: list[Frame]) -> list[Frame]:
        if {type(frame[i]) for frame in frames} == {int}:
            return [frame for frame in frames if compare(frame[i], value)]
        return general(frames)

    return apply


def term_reader(term: Term, slots: Mapping[str, int]) -> Callable[[Frame], Any]:
    """A function from a frame to the term with its variables filled in."""
    if isinstance(term, Variable):
        return operator.itemgetter(slots[term.name])
    if is_ground(term):
        return lambda frame: term
    if isinstance(term, tuple) and len(term) > 1 and all(isinstance(item, Variable) for item in term):
        return operator.itemgetter(*[slots[item.name] for item in term if isinstance(item, Variable)])
    if isinstance(term, tuple):
        items = [term_reader(item, slots) for item in term]
        return lambda frame: tuple([read(frame) for read in items])
    if isinstance(term, Compound) and term.functor != PARTIAL_LIST:
        functor, args = term.functor, [term_reader(arg, slots) for arg in term.args]
        return lambda frame: Compound(functor, tuple([read(frame) for read in args]))
    used = {name: slots[name] for name in names(term)}
    return lambda frame: substitute(term, {name: frame[slot] for name, slot in used.items()})
