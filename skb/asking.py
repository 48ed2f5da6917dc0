"""From the text of a question to its answer."""

import gc
import operator
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from itertools import islice

from skb.errors import UnsupportedGoal
from skb.evaluation.budget import Budget, Stopped
from skb.evaluation.closure import Closed
from skb.evaluation.evaluate import Evaluator
from skb.evaluation.pipeline import Pipeline
from skb.evaluation.relations import Stored
from skb.explain import support
from skb.finite.statement import is_finite, needs_solver
from skb.query.answer import Answer, Limits, Support
from skb.query.program import GOAL, NO_RULES, Program, Question, build_program, columns_of, read_question
from skb.query.rulebook import Rulebook, located
from skb.query.rules import Atom, PredicateId, Rule
from skb.snapshot import Snapshot
from skb.stopwatch import Stopwatch, importing
from skb.terms import Compound, Row, Term, sort_rows

_LONGEST_REMEMBERED = 20_000


def ask(
    snapshot: Snapshot, goal: str, *, rules: str = "", limits: Limits | None = None, book: Rulebook = NO_RULES
) -> Answer:
    """Answers a question over one snapshot. Raises SkbError; a limit that stops it is told in the answer.

    All of `rules` are checked; of `book` those that the goal reaches.
    """
    try:
        return _ask(snapshot, goal, rules, limits or Limits(), book)
    except RecursionError:
        raise UnsupportedGoal(
            "the rules rest on each other in too many layers to be followed; some fifty are accepted",
            details={"goal": goal[:100]},
        ) from None


def _ask(snapshot: Snapshot, goal: str, rules: str, limits: Limits, book: Rulebook) -> Answer:
    watch = Stopwatch()
    read = _read if len(goal) + len(rules) > _LONGEST_REMEMBERED else _remembered
    question, program = read(goal, rules, snapshot.relations(), book)
    with _collecting_paused():
        if program is not None:
            return _answer(snapshot, question, program, limits, watch)
        with importing():
            from skb.finite.ask import ask_finite  # here: plain questions do not pay for the solver's room

        return ask_finite(snapshot, question, limits, watch)


def _read(goal: str, rules: str, stored: tuple[PredicateId, ...], book: Rulebook) -> tuple[Question, Program | None]:
    """The question read and checked; a finite-domain one has no program of its own."""
    question = read_question(goal, rules, book, _library)
    if not is_finite(question.goal) or (question.wants_why and not needs_solver(question.goal)):
        return question, build_program(question, stored, question.goal, columns_of(question.goal))
    if question.wants_why:
        error = UnsupportedGoal(
            "why explains plain goals; of a finite-domain question the labels that cannot hold together are told",
            details={"goal": "why"},
        )
        raise located(error, question.place)
    return question, None


def _library() -> Rulebook:
    """The standard rules, opened by the first question that needs them."""
    with importing():
        from skb.library.catalogue import standard_rules

    return standard_rules()


_remembered = lru_cache(maxsize=128)(_read)


@contextmanager
def _collecting_paused() -> Iterator[None]:
    """No garbage collection while millions of tuples are made: passes over them were measured to double the time.

    Afterwards they count as old: the next collection of young objects need not walk them (unless someone has
    frozen objects of their own, which must stay so).
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            if not gc.get_freeze_count():
                gc.freeze()
                gc.unfreeze()
            gc.enable()


def _answer(snapshot: Snapshot, question: Question, program: Program, limits: Limits, watch: Stopwatch) -> Answer:
    budget = Budget(limits)
    evaluator = Evaluator(program.rules, program.recursive, Stored(snapshot, program.facts), budget)
    found, stopped_by = collect(program, evaluator, limits)
    ordered = found.rows if found.is_ascending or is_ranked(question.goal) else sort_rows(found.rows)
    supports: list[tuple[Support, ...]] | None = None
    if question.wants_why:
        supports, stopped_by = _explained(snapshot, program, ordered, budget, stopped_by)
        ordered = ordered[: len(supports)]
    return Answer(
        status="truncated" if stopped_by else "complete",
        columns=program.columns,
        rows=tuple(ordered),
        revision=snapshot.revision,
        seconds=watch.seconds,
        stopped_by=stopped_by,
        supports=None if supports is None else tuple(supports),
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


def collect(program: Program, evaluator: Evaluator, limits: Limits) -> "tuple[Collected, str | None]":
    """The rows of the goal, and the limit that cut them short."""
    rules = program.rules[GOAL, len(program.columns)]
    renamed = _renamed(rules[0], program) if len(rules) == 1 else None
    found = Collected()
    try:
        if renamed is not None and renamed in program.recursive:
            whole = evaluator.whole(renamed)
            found = Collected(list(whole.rows), is_ascending=isinstance(whole, Closed))
            return found, found.cut(limits.max_rows)
        for rule in rules if renamed is None else program.rules[renamed]:
            for batch in Pipeline(rule, evaluator).run([()]):
                found.add(batch)
                if stopped_by := found.cut(limits.max_rows):
                    return found, stopped_by
    except Stopped as stopped:
        return found, stopped.limit
    return found, None


class Collected:
    """Rows of an answer, each once; while they come strictly ascending, nothing is looked up to know that."""

    def __init__(self, rows: list[Row] | None = None, is_ascending: bool = True) -> None:
        self.rows: list[Row] = [] if rows is None else rows
        self.is_ascending = is_ascending
        self._seen: dict[Row, None] = {}

    def add(self, batch: list[Row]) -> None:
        if self.is_ascending and _is_ascending(self.rows[-1:] + batch):
            self.rows += batch
            return
        if self.is_ascending:
            self.is_ascending = False
            self._seen = dict.fromkeys(self.rows)
        fresh = dict.fromkeys([row for row in batch if row not in self._seen])
        self._seen.update(fresh)
        self.rows += fresh

    def cut(self, most: int) -> str | None:
        """Drops what exceeds the limit, and names it."""
        if len(self.rows) <= most:
            return None
        del self.rows[most:]
        return "max_rows"


def _is_ascending(rows: list[Row]) -> bool:
    try:
        return all(map(operator.lt, rows, islice(rows, 1, None)))
    except TypeError:
        return False


def _renamed(rule: Rule, program: Program) -> PredicateId | None:
    """The derived relation that a goal asks for whole, columns in its order."""
    if len(rule.body) != 1 or not isinstance(rule.body[0], Atom):
        return None
    atom = rule.body[0]
    is_same = atom.args == rule.head.args and len(set(atom.args)) == len(atom.args)
    return atom.predicate if is_same and atom.predicate in program.rules else None
