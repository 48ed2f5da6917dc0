"""The forms that constraints take, and what they mention."""

from collections.abc import Container, Set

from skb.errors import SkbError
from skb.notation.printing import write_term
from skb.query.normalise import as_aggregate, goal_list
from skb.query.rules import PredicateId, names
from skb.terms import Compound, Term

COMPARISONS = {"#=": "==", "#\\=": "!=", "#<": "<", "#>": ">", "#=<": "<=", "#>=": ">="}
PLAIN_COMPARISONS = {
    "=": "==", "\\=": "!=", "==": "==", "\\==": "!=", "=:=": "==", "=\\=": "!=",
    "<": "<", ">": ">", "=<": "<=", ">=": ">=", "is": "==",
}  # fmt: skip
CONNECTIVES = {"#/\\", "#\\/", "#=>", "#==>", "#<=>", "#<==>", "#\\"}
ALL_DIFFERENT = ("all_different", "alldifferent", "all_distinct", "alldistinct")
TERMINALS = ("all", "satisfy", "minimize", "maximize")
DECLARATIONS = ("::", "#::", "in")
NEGATIONS = ("\\+", "not", "~")
GLOBALS = frozenset(
    {
        ("element", 3), ("occurrences", 3), ("atmost", 3), ("atleast", 3), ("among", 3), ("cumulative", 4),
        ("disjunctive", 2), ("sum", 3), ("sumlist", 2), ("minlist", 2), ("maxlist", 2),
    }
)  # fmt: skip
_CONTROL = (",", ";", "->")
_ARITIES = {**dict.fromkeys((*COMPARISONS, *CONNECTIVES, *DECLARATIONS, "for"), 2), "#\\": 1}
_ARITIES |= dict.fromkeys((*ALL_DIFFERENT, *TERMINALS), 1)


def check_arity(goal: Term) -> None:
    """Refuses a construct that is written with another number of arguments than it has."""
    if not isinstance(goal, Compound) or goal.functor not in _ARITIES:
        return
    if len(goal.args) != _ARITIES[goal.functor]:
        accepted = _ARITIES[goal.functor]
        wanted = "1 is" if accepted == 1 else f"{accepted} are"
        raise SkbError(f"{write_term(goal)} has {len(goal.args)} arguments; {wanted} accepted")
    if goal.functor == "for":
        check_arity(goal.args[0])


def as_comparison(goal: Compound) -> tuple[str, Term, Term] | None:
    """Operator and sides of a comparison, of the solver's kind or of Prolog's."""
    if len(goal.args) != 2:
        return None
    operator = COMPARISONS.get(goal.functor) or PLAIN_COMPARISONS.get(goal.functor)
    return None if operator is None else (operator, goal.args[0], goal.args[1])


def as_count(term: Compound) -> tuple[Term, Term] | None:
    """List and value of `count(Value, List)`."""
    is_count = term.functor == "count" and len(term.args) == 2 and as_aggregate(term) is None
    return (term.args[1], term.args[0]) if is_count else None


def is_aggregate_equation(goal: Term) -> bool:
    """`V = count(..)` and the like."""
    return (
        isinstance(goal, Compound) and goal.functor == "=" and any(as_aggregate(arg) is not None for arg in goal.args)
    )


def is_constraint(goal: Term, known_globals: Set[PredicateId]) -> bool:
    """Whether a goal has a meaning for finite-domain variables alone."""
    return isinstance(goal, Compound) and (
        goal.functor in COMPARISONS
        or goal.functor in CONNECTIVES
        or goal.functor in DECLARATIONS
        or (goal.functor in ALL_DIFFERENT and len(goal.args) == 1)
        or (goal.functor, len(goal.args)) in known_globals
    )


def has_constraint(goal: Term, known_globals: Set[PredicateId]) -> bool:
    """Whether there is such a goal in it, below conjunctions, alternatives, conditions and negations."""
    if is_constraint(goal, known_globals):
        return True
    if isinstance(goal, Compound) and (goal.functor in _CONTROL or goal.functor in NEGATIONS or goal.functor == "for"):
        inside = goal.args[:1] if goal.functor == "for" else goal.args
        return any(has_constraint(arg, known_globals) for arg in inside)
    return False


def is_relational(goal: Term) -> bool:
    """Whether relations alone give a goal its rows: what it compares, they bind."""
    parts = goal_list(goal)
    compared: set[str] = set()
    bound: set[str] = set()
    for part in parts:
        if isinstance(part, Compound) and part.functor in (";", "->"):
            if not all(is_relational(arg) for arg in part.args):
                return False
        elif isinstance(part, Compound) and part.functor in NEGATIONS:
            compared |= names(part) if not is_relational(part.args[0]) else set()
        elif isinstance(part, Compound) and as_comparison(part) is not None and not is_aggregate_equation(part):
            compared |= names(part)
        else:
            bound |= names(part)
    return compared <= bound


def conjuncts(goal: Term, known: Container[str], known_globals: Set[PredicateId]) -> tuple[list[Term], Term | None]:
    """The parts of a conjunction, and in one goal those that speak of variables of their own, without domain."""
    found: list[Term] = []
    own: list[Term] = []
    for part in goal_list(goal):
        is_closed = all(name in known for name in names(part))
        is_comparison = isinstance(part, Compound) and as_comparison(part) is not None
        if is_closed or (is_constraint(part, known_globals) and not is_comparison):
            found.append(part)
        else:
            own.append(part)
    return found, Compound(",", tuple(own)) if own else None


def mentions_family(term: Term, families: Set[PredicateId]) -> bool:
    if isinstance(term, Compound):
        if (term.functor, len(term.args)) in families:
            return True
        return any(mentions_family(arg, families) for arg in term.args)
    if isinstance(term, tuple):
        return any(mentions_family(item, families) for item in term)
    return False


def finite_names(term: Term) -> set[str]:
    """Variables of a term that are not bound by an inner `E : Goal` or `C for Goal`."""
    if isinstance(term, Compound):
        found = as_aggregate(term)
        if found is not None:
            return finite_names(found[1]) - names(found[2])
        if term.functor in ("for", ":") and len(term.args) == 2:
            return finite_names(term.args[0]) - names(term.args[1])
    parts = term.args if isinstance(term, Compound) else term if isinstance(term, tuple) else None
    return names(term) if parts is None else set().union(*map(finite_names, parts))
