"""The parts of a finite-domain question: declarations, constraints, relations as tables, what is asked."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TypeAlias

from skb.errors import SkbError, UnsupportedGoal
from skb.finite.forms import (
    ALL_DIFFERENT,
    COMPARISONS,
    CONNECTIVES,
    DECLARATIONS,
    NEGATIONS,
    TERMINALS,
    check_arity,
    finite_names,
    has_constraint,
    is_aggregate_equation,
    mentions_family,
)
from skb.notation.printing import write_term
from skb.query.normalise import goal_list
from skb.query.program import outer_names
from skb.query.rules import PredicateId, names
from skb.terms import Compound, Term, Variable

Naming: TypeAlias = Callable[[int], AbstractContextManager[None]]


@dataclass(frozen=True, slots=True)
class Part:
    """One goal with its label; `at` is the top-level goal of the question that it belongs to, from 0."""

    label: str | None
    goal: Term
    at: int


@dataclass(slots=True)
class Statement:
    """A question taken apart; terms are as written, parameters not yet filled in."""

    declarations: list[Part] = field(default_factory=list)
    constraints: list[Part] = field(default_factory=list)
    plain: list[Part] = field(default_factory=list)
    terminal: str = "all"
    asked: Term | None = None
    asked_at: int = 0
    families: set[PredicateId] = field(default_factory=set)
    variables: set[str] = field(default_factory=set)
    globals: frozenset[PredicateId] = frozenset()
    shared: frozenset[str] = frozenset()


def is_finite(goal: Term) -> bool:
    """Whether a body speaks of finite-domain variables."""
    return any(_is_finite_goal(each) for each in goal_list(goal))


def needs_solver(goal: Term) -> bool:
    """Whether a finite-domain body says more than relations and comparisons do."""
    parts = goal_list(goal)
    return any(
        _is_finite_goal(each) and not (isinstance(each, Compound) and each.functor in COMPARISONS) for each in parts
    )


def _is_finite_goal(goal: Term) -> bool:
    return isinstance(goal, Compound) and (
        goal.functor in (*DECLARATIONS, "@", "for")
        or goal.functor in CONNECTIVES
        or goal.functor in COMPARISONS
        or goal.functor in ALL_DIFFERENT
        or (goal.functor in TERMINALS and len(goal.args) == 1)
    )


def read_statement(goal: Term, known_globals: frozenset[PredicateId], naming: Naming) -> Statement:
    """Sorts the goals of a body. A relation is a table where it shares a variable with a constraint or domain.

    `naming(at)` is a context that says where in the question the goal `at` stands.
    """
    statement = Statement(globals=known_globals)
    rest: list[Part] = []
    top = goal.args if isinstance(goal, Compound) and goal.functor == "," else (goal,)
    for at, each in enumerate(top):
        with naming(at):
            rest += [part for part in _labelled(goal_list(each), None, at) if not _takes(statement, part)]
    _sort_rest(statement, goal, rest)
    return statement


def _takes(statement: Statement, part: Part) -> bool:
    """Whether a goal is a declaration or says what is asked, and so no constraint."""
    goal = part.goal
    check_arity(goal)
    if not isinstance(goal, Compound):
        return False
    if goal.functor in TERMINALS:
        _set_terminal(statement, goal, part.at)
        return True
    if goal.functor not in DECLARATIONS and not (goal.functor == "for" and _declares(goal)):
        return False
    statement.declarations.append(part)
    declared = goal.args[0] if goal.functor == "for" else goal
    assert isinstance(declared, Compound)
    _note_targets(statement, declared.args[0])
    return True


def _labelled(goals: Iterable[Term], label: str | None, at: int) -> Iterator[Part]:
    for goal in goals:
        if isinstance(goal, Compound) and goal.functor == "@" and len(goal.args) == 2:
            name = goal.args[0]
            if label is not None or not isinstance(name, str):
                raise SkbError(f"a label is one atom before @, {write_term(name)} was found")
            yield from _labelled(goal_list(goal.args[1]), name, at)
        else:
            yield Part(label, goal, at)


def _declares(goal: Compound) -> bool:
    inner = goal.args[0]
    return isinstance(inner, Compound) and inner.functor in DECLARATIONS


def _set_terminal(statement: Statement, goal: Compound, at: int) -> None:
    if statement.asked is not None:
        raise UnsupportedGoal(
            f"a second {goal.functor} was found; one of all, satisfy, minimize, maximize ends a query",
            details={"goal": goal.functor},
        )
    statement.terminal, statement.asked, statement.asked_at = goal.functor, goal.args[0], at


def _note_targets(statement: Statement, target: Term) -> None:
    for each in target if isinstance(target, tuple) else (target,):
        if isinstance(each, Variable):
            statement.variables.add(each.name)
        elif isinstance(each, Compound):
            statement.families.add((each.functor, len(each.args)))
        else:
            raise SkbError(f"{write_term(each)} can have no domain; a variable or a family u(N) can")


def _sort_rest(statement: Statement, goal: Term, rest: list[Part]) -> None:
    """Finite variables spread through constraints and relations until nothing more is touched.

    Bounds of ranges and what `V = count(..)`, `V is E` or findall define are parameters, known before the search.
    """
    parameters = {name for part in statement.declarations for name in _range_names(part.goal)}
    parameters |= {name for part in rest for name in _defined_names(part.goal, statement.variables)}
    parameters -= statement.variables
    waiting = list(rest)
    statement.variables |= _asked_names(statement, goal)
    for part in rest:
        if _is_finite_goal(part.goal) or has_constraint(part.goal, statement.globals):
            statement.variables |= {name for name in finite_names(part.goal) if not name.startswith("_")}
    statement.variables -= parameters
    while True:
        touched = [part for part in waiting if _is_touched(statement, part.goal)]
        if not touched:
            break
        waiting = [part for part in waiting if part not in touched]
        for part in touched:
            if not (isinstance(part.goal, Compound) and part.goal.functor in NEGATIONS):
                found = {name for name in finite_names(part.goal) if not name.startswith("_")}
                statement.variables |= found - parameters
    kept = {id(part) for part in waiting}
    statement.constraints = [part for part in rest if id(part) not in kept]
    statement.constraints += [part for part in waiting if part.label is not None]
    statement.plain = [part for part in waiting if part.label is None]
    uses = Counter(name for part in rest for name in finite_names(part.goal))
    statement.shared = frozenset(name for name, count in uses.items() if count > 1)


def _asked_names(statement: Statement, goal: Term) -> set[str]:
    """The variables that are asked for: those in an objective or a list; without either all that are shown."""
    asked = statement.asked
    if asked is None:
        bound = {name for part in statement.declarations for name in _family_names(part.goal)}
        return {name for name in outer_names(goal) if not name.startswith("_")} & finite_names(goal) - bound
    if statement.terminal in ("minimize", "maximize"):
        return finite_names(asked)
    return {each.name for each in (asked if isinstance(asked, tuple) else (asked,)) if isinstance(each, Variable)}


def _family_names(declaration: Term) -> set[str]:
    """Variables that only number the members of a family, or name the column of a domain."""
    if not isinstance(declaration, Compound):
        return set()
    if declaration.functor == "for":
        return names(declaration.args[1]) | names(declaration.args[0])
    domain = declaration.args[1]
    return names(domain) if not _range_names(declaration) else set()


def _range_names(declaration: Term) -> set[str]:
    """Variables in the bounds of Low..High, those of a family's goal aside."""
    if not isinstance(declaration, Compound):
        return set()
    if declaration.functor == "for":
        return _range_names(declaration.args[0]) - names(declaration.args[1])
    return _bounds_names(declaration.args[1])


def _bounds_names(domain: Term) -> set[str]:
    if isinstance(domain, tuple):
        return set().union(*map(_bounds_names, domain))
    return names(domain) if isinstance(domain, Compound) and domain.functor == ".." else set()


def _defined_names(goal: Term, variables: set[str]) -> set[str]:
    if not isinstance(goal, Compound):
        return set()
    if goal.functor == "is" and len(goal.args) == 2:
        return set() if names(goal.args[1]) & variables else names(goal.args[0])
    if goal.functor == "findall" and len(goal.args) == 3:
        return names(goal.args[2])
    if is_aggregate_equation(goal) and not names(goal) & variables:
        return finite_names(goal)
    return set()


def _is_touched(statement: Statement, goal: Term) -> bool:
    return (
        _is_finite_goal(goal)
        or has_constraint(goal, statement.globals)
        or bool(finite_names(goal) & statement.variables)
        or (is_aggregate_equation(goal) and bool(names(goal) & statement.variables))
        or mentions_family(goal, statement.families)
    )
