"""Tests that cut a range out of a sorted column: `Lo =< X, X =< Hi` right after the relation that binds X."""

from collections.abc import Sequence
from dataclasses import dataclass

from skb.query.ordering import FanOut
from skb.query.rules import Atom, Literal, Test, names
from skb.terms import Term, Variable

_MIRRORED = {"<": ">", ">": "<", "=<": ">=", ">=": "=<"}
_VALUES_IN_A_RANGE = 4


@dataclass(slots=True)
class Within:
    """Bounds of one argument of an atom, each a variable bound before or an integer; `tests` were taken in."""

    column: int
    low: Term | None = None
    high: Term | None = None
    has_low: bool = False
    has_high: bool = False
    tests: int = 0


def leading_range(atom: Atom, rest: Sequence[Literal], known: set[str]) -> Within | None:
    """What the tests that directly follow an atom say about one of the variables that it binds."""
    found: Within | None = None
    for literal in rest:
        read = _as_bound(atom, literal, known)
        if read is None or (found is not None and read[0] != found.column):
            break
        column, sign, bound = read
        found = found or Within(column)
        if sign in (">", ">="):
            if found.low is not None:
                break
            found.low, found.has_low = bound, sign == ">="
        else:
            if found.high is not None:
                break
            found.high, found.has_high = bound, sign == "=<"
        found.tests += 1
    return found


def _as_bound(atom: Atom, literal: Literal, known: set[str]) -> tuple[int, str, Term] | None:
    """(argument, sign, bound) of a comparison between a new variable of the atom and what is known."""
    if not isinstance(literal, Test) or literal.name not in _MIRRORED:
        return None
    left, right = literal.args
    for new, sign, bound in ((left, literal.name, right), (right, _MIRRORED[literal.name], left)):
        is_known = isinstance(bound, int) or (isinstance(bound, Variable) and bound.name in known)
        if is_known and isinstance(new, Variable) and new.name not in known:
            places = [at for at, arg in enumerate(atom.args) if new.name in names(arg)]
            if len(places) == 1 and atom.args[places[0]] == new:
                return places[0], sign, bound
    return None


def with_ranges(fan_out: FanOut, literals: Sequence[Literal]) -> FanOut:
    """The estimate for orders of bodies: a range with two ends is taken to hold a few values of its column."""
    tests = [literal for literal in literals if isinstance(literal, Test) and literal.name in _MIRRORED]
    if not tests:
        return fan_out

    def estimate(atom: Atom, bound: set[str]) -> float:
        wide = fan_out(atom, bound)
        for at, arg in enumerate(atom.args):
            if isinstance(arg, Variable) and arg.name not in bound and _has_both_ends(atom, at, tests, bound):
                narrow = fan_out(atom, bound | {arg.name}) * _VALUES_IN_A_RANGE
                wide = min(wide, narrow)
        return wide

    return estimate


def _has_both_ends(atom: Atom, at: int, tests: Sequence[Test], known: set[str]) -> bool:
    read = [_as_bound(atom, test, known) for test in tests]
    signs = {each[1] for each in read if each is not None and each[0] == at}
    return bool(signs & {"<", "=<"}) and bool(signs & {">", ">="})
