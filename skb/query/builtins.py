"""Built-ins that enumerate values: member, between, length and =.. ."""

from collections.abc import Iterator

from skb.errors import EvaluationError
from skb.notation.printing import write_term
from skb.terms import Compound, Term


def enumerate_values(name: str, inputs: tuple[Term, ...]) -> Iterator[Term]:
    """The output values of a built-in for its inputs, as terms to be matched with its output argument."""
    if name == "between":
        low, high = _integer(inputs[0]), _integer(inputs[1])
        yield from range(low, high + 1)
    elif name == "length":
        yield len(_list(inputs[0]))
    elif name == "member":
        yield from _list(inputs[0])
    else:
        yield _univ(inputs[0])


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
