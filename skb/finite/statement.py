"""The parts of a finite-domain question: declarations, constraints, relations as tables, what is asked."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from skb.errors import SkbError, UnsupportedGoal
from skb.notation.printing import write_term
from skb.query.normalise import as_aggregate, goal_list
from skb.query.rules import PredicateId, names
from skb.terms import Compound, Term, Variable

COMPARISONS = {"#=": "==", "#\\=": "!=", "#<": "<", "#>": ">", "#=<": "<=", "#>=": ">="}
PLAIN_COMPARISONS = {
    "=": "#=",
    "\\=": "#\\=",
    "=:=": "#=",
    "=\\=": "#\\=",
    "<": "#<",
    ">": "#>",
    "=<": "#=<",
    ">=": "#>=",
}
CONNECTIVES = {"#/\\", "#\\/", "#=>", "#==>", "#<=>", "#<==>", "#\\"}
ALL_DIFFERENT = ("all_different", "alldifferent", "all_distinct", "alldistinct")
TERMINALS = ("all", "satisfy", "minimize", "maximize")
_DECLARATION = ("::", "#::", "in")
_ARITIES = {**dict.fromkeys((*COMPARISONS, *CONNECTIVES, *_DECLARATION, "for"), 2), "#\\": 1}

Labelled: TypeAlias = tuple[str | None, Term]


@dataclass(slots=True)
class Statement:
    """A question taken apart; terms are as written, parameters not yet filled in."""

    declarations: list[Labelled] = field(default_factory=list)
    constraints: list[Labelled] = field(default_factory=list)
    plain: list[Term] = field(default_factory=list)
    terminal: str = "all"
    asked: Term | None = None
    families: set[PredicateId] = field(default_factory=set)
    variables: set[str] = field(default_factory=set)


def is_finite(goal: Term) -> bool:
    """Whether a body speaks of finite-domain variables."""
    return any(_is_finite_goal(each) for each in goal_list(goal))


def _is_finite_goal(goal: Term) -> bool:
    return isinstance(goal, Compound) and (
        goal.functor in (*_DECLARATION, "@")
        or goal.functor in CONNECTIVES
        or goal.functor in COMPARISONS
        or goal.functor in ALL_DIFFERENT
        or (goal.functor in TERMINALS and len(goal.args) == 1)
    )


def read_statement(goal: Term) -> Statement:
    """Sorts the goals of a body. A relation is a table where it shares a variable with a constraint or domain."""
    statement = Statement()
    rest: list[Labelled] = []
    for label, each in _labelled(goal_list(goal), None):
        check_arity(each)
        if isinstance(each, Compound) and each.functor in TERMINALS and len(each.args) == 1:
            _set_terminal(statement, each)
        elif isinstance(each, Compound) and each.functor in _DECLARATION and len(each.args) == 2:
            statement.declarations.append((label, each))
            _note_targets(statement, each.args[0])
        elif isinstance(each, Compound) and each.functor == "for" and _declares(each):
            statement.declarations.append((label, each))
            assert isinstance(each.args[0], Compound)
            _note_targets(statement, each.args[0].args[0])
        else:
            rest.append((label, each))
    _sort_rest(statement, rest)
    return statement


def check_arity(goal: Term) -> None:
    """Refuses a construct that is written with another number of arguments than it has."""
    if not isinstance(goal, Compound) or goal.functor not in _ARITIES:
        return
    if len(goal.args) != _ARITIES[goal.functor]:
        raise SkbError(f"{write_term(goal)} has {len(goal.args)} arguments; {_ARITIES[goal.functor]} are accepted")
    if goal.functor == "for":
        check_arity(goal.args[0])


def _labelled(goals: Iterable[Term], label: str | None) -> Iterator[Labelled]:
    for goal in goals:
        if isinstance(goal, Compound) and goal.functor == "@" and len(goal.args) == 2:
            name = goal.args[0]
            if label is not None or not isinstance(name, str):
                raise SkbError(f"a label is one atom before @, {write_term(name)} was found")
            yield from _labelled(goal_list(goal.args[1]), name)
        else:
            yield label, goal


def _declares(goal: Compound) -> bool:
    inner = goal.args[0]
    return isinstance(inner, Compound) and inner.functor in _DECLARATION


def _set_terminal(statement: Statement, goal: Compound) -> None:
    if statement.asked is not None:
        raise UnsupportedGoal(
            f"a second {goal.functor} was found; one of all, satisfy, minimize, maximize ends a query",
            details={"goal": goal.functor},
        )
    statement.terminal, statement.asked = goal.functor, goal.args[0]


def _note_targets(statement: Statement, target: Term) -> None:
    for each in target if isinstance(target, tuple) else (target,):
        if isinstance(each, Variable):
            statement.variables.add(each.name)
        elif isinstance(each, Compound):
            statement.families.add((each.functor, len(each.args)))
        else:
            raise SkbError(f"{write_term(each)} can have no domain; a variable or a family u(N) can")


def _sort_rest(statement: Statement, rest: list[Labelled]) -> None:
    """Finite variables spread through constraints and relations until nothing more is touched.

    Bounds of ranges and what `V = count(..)`, `V is E` or findall define are parameters, known before the search.
    """
    parameters = {name for _, each in statement.declarations for name in _range_names(each)}
    parameters |= {name for _, goal in rest for name in _defined_names(goal)}
    parameters -= statement.variables
    waiting = list(rest)
    if statement.terminal in ("minimize", "maximize") and statement.asked is not None:
        statement.variables |= finite_names(statement.asked)
    for _, goal in rest:
        if _is_finite_goal(goal):
            statement.variables |= finite_names(goal)
    statement.variables -= parameters
    while True:
        touched = [each for each in waiting if _is_touched(statement, each[1])]
        if not touched:
            break
        waiting = [each for each in waiting if each not in touched]
        for _, goal in touched:
            if not (isinstance(goal, Compound) and goal.functor in ("\\+", "not", "~")):
                found = {name for name in finite_names(goal) if not name.startswith("_")}
                statement.variables |= found - parameters
    kept = {id(goal) for _, goal in waiting}
    statement.constraints = [each for each in rest if id(each[1]) not in kept]
    for label, goal in waiting:
        if label is not None:
            statement.constraints.append((label, goal))
        else:
            statement.plain.append(goal)


def _range_names(declaration: Term) -> set[str]:
    """Variables in the bounds of Low..High, those of a family's goal aside."""
    if not isinstance(declaration, Compound):
        return set()
    if declaration.functor == "for":
        return _range_names(declaration.args[0]) - names(declaration.args[1])
    domain = declaration.args[1]
    return names(domain) if isinstance(domain, Compound) and domain.functor == ".." else set()


def _defined_names(goal: Term) -> set[str]:
    if not isinstance(goal, Compound):
        return set()
    if goal.functor == "is" and len(goal.args) == 2:
        return names(goal.args[0])
    if goal.functor == "findall" and len(goal.args) == 3:
        return names(goal.args[2])
    if goal.functor == "=" and any(as_aggregate(arg) is not None for arg in goal.args):
        return finite_names(goal)
    return set()


def _is_touched(statement: Statement, goal: Term) -> bool:
    return (
        _is_finite_goal(goal)
        or bool(finite_names(goal) & statement.variables)
        or mentions_family(goal, statement.families)
    )


def mentions_family(term: Term, families: set[PredicateId]) -> bool:
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
        if term.functor == "for" and len(term.args) == 2:
            return finite_names(term.args[0]) - names(term.args[1])
        return set().union(*(finite_names(arg) for arg in term.args))
    return names(term)
