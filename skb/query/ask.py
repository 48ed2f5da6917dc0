"""From the text of a question to its answer."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter

from skb.errors import UnsupportedGoal
from skb.explain import support
from skb.finite.statement import is_finite
from skb.query.answer import Answer, Limits, Support
from skb.query.budget import Budget, Stopped
from skb.query.evaluate import Evaluator
from skb.query.pipeline import Pipeline
from skb.query.program import GOAL, Program, Question, build_program, columns_of, read_question
from skb.query.relations import Growing, Stored
from skb.query.rules import Atom, PredicateId, Rule
from skb.snapshot import Snapshot
from skb.terms import Compound, Row, Term, sort_rows


def ask(snapshot: Snapshot, goal: str, *, rules: str = "", limits: Limits | None = None) -> Answer:
    """Answers a question over one snapshot. Raises SkbError; a limit that stops it is told in the answer."""
    started = perf_counter()
    question = read_question(goal, rules)
    with _collecting_paused():
        return _ask(snapshot, question, limits or Limits(), started)


def _ask(snapshot: Snapshot, question: Question, limits: Limits, started: float) -> Answer:
    if is_finite(question.goal):
        if question.wants_why:
            raise UnsupportedGoal("why explains plain goals, not finite-domain ones", details={"goal": "why"})
        from skb.finite.ask import ask_finite  # here: plain questions do not pay for the solver's room

        return ask_finite(snapshot, question, limits, started)
    return _ask_plain(snapshot, question, limits, started)


@contextmanager
def _collecting_paused() -> Iterator[None]:
    """No garbage collection while millions of tuples are made: passes over them were measured to double the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _ask_plain(snapshot: Snapshot, question: Question, limits: Limits, started: float) -> Answer:
    program = build_program(question, snapshot, question.goal, columns_of(question.goal))
    budget = Budget(limits)
    evaluator = Evaluator(program.rules, program.recursive, Stored(snapshot, program.facts), budget)
    rows, stopped_by = collect(program, evaluator, limits)
    ordered = rows if is_ranked(question.goal) else sort_rows(rows)
    found: list[tuple[Support, ...]] | None = None
    if question.wants_why:
        found, stopped_by = _explained(snapshot, program, ordered, budget, stopped_by)
        ordered = ordered[: len(found)]
    return Answer(
        status="truncated" if stopped_by else "complete",
        columns=program.columns,
        rows=tuple(ordered),
        revision=snapshot.revision,
        seconds=perf_counter() - started,
        stopped_by=stopped_by,
        supports=None if found is None else tuple(found),
    )


def _explained(
    snapshot: Snapshot, program: Program, rows: list[Row], budget: Budget, stopped_by: str | None
) -> tuple[list[tuple[Support, ...]], str | None]:
    """Supports of as many rows as the time allows, and the limit that stopped the work."""
    found: list[tuple[Support, ...]] = []
    try:
        for row in rows:
            found.append(support(snapshot, program, row, budget))
    except Stopped as stopped:
        return found, stopped.limit
    return found, stopped_by


def is_ranked(goal: Term) -> bool:
    """Whether the order of rows is the goal's: `top` alone."""
    return isinstance(goal, Compound) and goal.functor == "top" and len(goal.args) == 3


def collect(program: Program, evaluator: Evaluator, limits: Limits) -> tuple[list[Row], str | None]:
    """The rows of the goal, and the limit that cut them short."""
    found = Growing()
    rules = program.rules[GOAL, len(program.columns)]
    try:
        if len(rules) == 1 and (renamed := _renamed(rules[0], program)) is not None:
            whole = list(evaluator.whole(renamed).rows)
            return whole[: limits.max_rows], "max_rows" if len(whole) > limits.max_rows else None
        for rule in rules:
            for batch in Pipeline(rule, evaluator).run([()]):
                found.add(batch)
                if len(found) > limits.max_rows:
                    return list(found.rows)[: limits.max_rows], "max_rows"
    except Stopped as stopped:
        return list(found.rows), stopped.limit
    return list(found.rows), None


def _renamed(rule: Rule, program: Program) -> PredicateId | None:
    """The derived relation that a goal asks for whole, columns in its order."""
    if len(rule.body) != 1 or not isinstance(rule.body[0], Atom):
        return None
    atom = rule.body[0]
    is_same = atom.args == rule.head.args and len(set(atom.args)) == len(atom.args)
    return atom.predicate if is_same and atom.predicate in program.rules else None
