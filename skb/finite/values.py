"""Values of finite-domain variables as integers: integers stand for themselves, other terms for codes."""

from skb.errors import EvaluationError
from skb.notation.printing import write_term
from skb.terms import Compound, Real, Term

_FIRST_CODE = -(2**50)
_LARGEST = 2**49


class Codes:
    """One numbering for all variables of a question, so that equal terms have equal codes."""

    def __init__(self) -> None:
        self._codes: dict[Term, int] = {}
        self._terms: dict[int, Term] = {}

    def code(self, term: Term) -> int:
        """The integer of a ground term. Raises EvaluationError for floats and integers beyond 2^49."""
        if isinstance(term, int):
            return check_integer(term)
        if _has_real(term):
            raise EvaluationError(f"{write_term(term)} is a float; floats are never finite-domain values")
        if term not in self._codes:
            code = _FIRST_CODE - len(self._codes)
            self._codes[term] = code
            self._terms[code] = term
        return self._codes[term]

    def term(self, code: int) -> Term:
        return self._terms.get(code, code)


def check_integer(value: int) -> int:
    """The value itself. Raises EvaluationError beyond 2^49, where codes and overflows of solvers begin."""
    if abs(value) > _LARGEST:
        raise EvaluationError(f"{value} is too large for a finite-domain value; up to 2^49 is accepted")
    return value


def is_code(value: int) -> bool:
    """Whether an integer stands for another term, and so has no order."""
    return value <= _FIRST_CODE


def _has_real(term: Term) -> bool:
    if isinstance(term, Real):
        return True
    parts = term.args if isinstance(term, Compound) else term if isinstance(term, tuple) else ()
    return any(_has_real(part) for part in parts)
