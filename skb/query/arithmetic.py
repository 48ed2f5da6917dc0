"""Arithmetic over terms: exact integers within 64 bits, floats, and refusals that say what had no value."""

import math
import operator
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from skb.errors import EvaluationError
from skb.notation.printing import write_term
from skb.terms import Compound, Real, Term, Variable, is_integer_in_range

Number: TypeAlias = int | float
Evaluation: TypeAlias = Callable[[tuple[Any, ...]], Number]


def to_number(term: Term) -> Number:
    """The Python number of a numeric term."""
    if isinstance(term, int):
        return term
    if isinstance(term, Real):
        return term.value
    raise EvaluationError(f"{write_term(term)} is no number; a guard such as integer(X) keeps it out")


def to_numeric_term(value: Number) -> Term:
    """The term of a result. Raises EvaluationError beyond 64 bits and for floats that are not finite."""
    if isinstance(value, float):
        if not math.isfinite(value):
            raise EvaluationError("the result is no finite number")
        return Real(value)
    if not is_integer_in_range(value):
        raise EvaluationError("an integer result lies outside -2^63 .. 2^64-1, the range that is kept exactly")
    return value


def _divide(left: Number, right: Number) -> Number:
    if isinstance(left, int) and isinstance(right, int) and left % right == 0:
        return left // right
    return left / right


def _integers(function: Callable[[int, int], int]) -> Callable[[Number, Number], Number]:
    def apply(left: Number, right: Number) -> Number:
        if isinstance(left, float) or isinstance(right, float):
            raise EvaluationError("a float was found where integers are needed")
        return function(left, right)

    return apply


def _truncating_divide(left: int, right: int) -> int:
    quotient = abs(left) // abs(right)
    return quotient if (left < 0) == (right < 0) else -quotient


def _remainder(left: int, right: int) -> int:
    return left - right * _truncating_divide(left, right)


def _power(base: Number, exponent: Number) -> Number:
    if isinstance(base, int) and isinstance(exponent, int):
        if exponent < 0 and base not in (1, -1):
            return math.pow(base, exponent)
        if abs(base) > 1 and exponent > 64:
            raise EvaluationError("a power lies outside -2^63 .. 2^64-1")
        return int(pow(base, abs(exponent)))
    return math.pow(base, exponent)


def _shift_left(value: int, by: int) -> int:
    if by > 64 and value:
        raise EvaluationError("a shifted integer lies outside -2^63 .. 2^64-1")
    return value << by if by >= 0 else value >> -by


def _shift_right(value: int, by: int) -> int:
    return value >> min(by, 128) if by >= 0 else _shift_left(value, -by)


_BINARY: Mapping[str, Callable[[Any, Any], Number]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": _divide,
    "//": _integers(_truncating_divide),
    "div": _integers(operator.floordiv),
    "mod": _integers(operator.mod),
    "rem": _integers(_remainder),
    "min": min,
    "max": max,
    "gcd": _integers(math.gcd),
    "**": _power,
    "^": _power,
    "<<": _integers(_shift_left),
    ">>": _integers(_shift_right),
    "/\\": _integers(operator.and_),
    "\\/": _integers(operator.or_),
    "xor": _integers(operator.xor),
}
_UNARY: Mapping[str, Callable[[Any], Number]] = {
    "-": operator.neg,
    "+": operator.pos,
    "abs": abs,
    "sign": lambda value: int(value > 0) - int(value < 0),
    "\\": lambda value: _integers(lambda left, _: ~left)(value, 0),
    "float": float,
    "integer": lambda value: math.floor(value + 0.5),
    "truncate": math.trunc,
    "round": lambda value: math.floor(value + 0.5),
    "floor": math.floor,
    "ceiling": math.ceil,
    "sqrt": math.sqrt,
    "msb": lambda value: int(value).bit_length() - 1,
}


def is_expression(term: Term) -> bool:
    """Whether a compound is arithmetic (rather than a term to be taken as it is)."""
    return isinstance(term, Compound) and (
        (len(term.args) == 2 and term.functor in _BINARY) or (len(term.args) == 1 and term.functor in _UNARY)
    )


def compile_expression(term: Term, slots: Mapping[str, int]) -> Evaluation:
    """A function from a frame to the expression's value; variables are read from their slots."""
    if isinstance(term, Variable):
        slot = slots[term.name]
        return lambda frame: to_number(frame[slot])
    if isinstance(term, (int, Real)):
        value = to_number(term)
        return lambda frame: value
    if isinstance(term, Compound) and is_expression(term):
        return _compile_compound(term, slots)
    if isinstance(term, tuple) and len(term) == 1:
        return compile_expression(term[0], slots)
    raise EvaluationError(f"{write_term(term)} is no arithmetic expression")


def _compile_compound(term: Compound, slots: Mapping[str, int]) -> Evaluation:
    parts = [compile_expression(arg, slots) for arg in term.args]
    if len(parts) == 1:
        unary, inner = _UNARY[term.functor], parts[0]
        return lambda frame: _checked(term, unary, inner(frame))
    binary, left, right = _BINARY[term.functor], parts[0], parts[1]
    return lambda frame: _checked(term, binary, left(frame), right(frame))


def _checked(term: Compound, function: Callable[..., Number], *values: Number) -> Number:
    try:
        result = function(*values)
    except ZeroDivisionError:
        raise EvaluationError(f"{write_term(term)} divides by zero") from None
    except (OverflowError, ValueError, TypeError):
        raise EvaluationError(f"{write_term(term)} has no value") from None
    if isinstance(result, int) and not is_integer_in_range(result):
        raise EvaluationError(f"{write_term(term)} lies outside -2^63 .. 2^64-1, the range that is kept exactly")
    return result
