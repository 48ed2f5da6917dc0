"""From a finite-domain question to its answer: lower, solve, read the values back as terms."""

from collections.abc import Mapping, Sequence
from time import perf_counter

from skb.errors import SkbError
from skb.evaluation.budget import Budget, Stopped
from skb.evaluation.evaluate import Evaluator
from skb.evaluation.pipeline import Pipeline
from skb.evaluation.relations import Stored
from skb.finite.domains import declare
from skb.finite.lowering import Lowering
from skb.finite.model import Model
from skb.finite.statement import (
    ALL_DIFFERENT,
    COMPARISONS,
    CONNECTIVES,
    PLAIN_COMPARISONS,
    Statement,
    read_statement,
)
from skb.finite.values import Codes
from skb.matching import substitute
from skb.query.answer import Answer, Limits
from skb.query.program import GOAL, Question, build_program
from skb.query.rules import names, ordered_names
from skb.snapshot import Snapshot
from skb.solving.constraints import Problem
from skb.solving.solver import Solution, solve, solve_all
from skb.terms import Compound, Row, Term, sort_rows


def ask_finite(snapshot: Snapshot, question: Question, limits: Limits, started: float) -> Answer:
    """Answers a question with finite-domain variables. Raises SkbError."""
    asking = _Asking(snapshot, question, limits)
    try:
        return asking.answer(started)
    except Stopped as stopped:
        seconds = perf_counter() - started
        return Answer("unknown", (), (), snapshot.revision, seconds, stopped_by=stopped.limit)


class _Asking:
    def __init__(self, snapshot: Snapshot, question: Question, limits: Limits) -> None:
        self._snapshot = snapshot
        self._question = question
        self._limits = limits
        self._budget = Budget(limits)
        self._model = Model(limits.max_model_vars)
        self._codes = Codes()

    def answer(self, started: float) -> Answer:
        build_program(self._question, self._snapshot.relations(), "true", ())
        statement = read_statement(self._question.goal)
        bindings = self._parameters(statement)
        if bindings is None:
            status = "complete" if statement.terminal == "all" else "infeasible"
            return self._answer(Solution(status), (), (), started)
        lowering = self._lowered(statement, bindings)
        asked = None if statement.asked is None else substitute(statement.asked, bindings)
        if statement.terminal in ("minimize", "maximize"):
            assert asked is not None
            objective = lowering.sum(asked)
            problem = self._model.problem(objective, statement.terminal == "maximize")
            columns = tuple(self._model.declared) or self._undeclared(statement)
            return self._answer(self._solve(problem), columns, columns, started)
        shown = list(self._model.declared)
        if asked is not None:
            shown = [lowering.name_of(each) for each in lowering.items(asked)]
        for name in shown:
            lowering.require_domain(name)
        problem = self._model.problem(None, False)
        if statement.terminal == "satisfy":
            return self._answer(self._solve(problem), tuple(shown), tuple(shown), started)
        left = self._budget.seconds_left()
        solution = solve_all(problem, time_limit_s=left, seed=self._limits.seed, most=self._limits.max_rows)
        return self._answer(solution, tuple(shown), tuple(shown), started)

    def _solve(self, problem: Problem) -> Solution:
        return solve(
            problem,
            time_limit_s=self._budget.seconds_left(),
            seed=self._limits.seed,
            workers=self._limits.workers,
        )

    def _undeclared(self, statement: Statement) -> tuple[str, ...]:
        """The finite variables of a question that declares none, in order of first occurrence."""
        known = self._model.domains
        return tuple(name for name in ordered_names(self._question.goal) if name in known)

    def _lowered(self, statement: Statement, bindings: Mapping[str, Term]) -> Lowering:
        known = dict(bindings)
        variables = statement.variables - known.keys()
        lowering = Lowering(self._model, self._codes, statement.families, variables, self._evaluate)
        for label, declaration in statement.declarations:
            declare(lowering, substitute(declaration, known), label)
        constraints = [(label, substitute(goal, known)) for label, goal in statement.constraints]
        # Relations first: they give other variables the domains that sums and orderings need.
        for is_relation in (True, False):
            for label, goal in constraints:
                if _is_relation(goal) is is_relation:
                    lowering.post(goal, label)
        return lowering

    def _parameters(self, statement: Statement) -> dict[str, Term] | None:
        """Values of variables that plain goals bind and the rest uses; None where the plain goals fail."""
        if not statement.plain:
            return {}
        goal = Compound(",", tuple(statement.plain)) if len(statement.plain) > 1 else statement.plain[0]
        used: set[str] = set() if statement.asked is None else names(statement.asked)
        for _, term in (*statement.declarations, *statement.constraints):
            used |= names(term)
        columns = [name for name in ordered_names(goal) if name in used]
        rows = self._evaluate(goal, columns)
        if not rows:
            return None
        if len(rows) > 1:
            raise SkbError(
                f"{', '.join(columns)} have {len(rows)} values; a finite-domain question needs one of each"
                " (or a domain, X :: Goal/V)"
            )
        return dict(zip(columns, rows[0], strict=True))

    def _evaluate(self, goal: Term, columns: Sequence[str]) -> list[Row]:
        program = build_program(self._question, self._snapshot.relations(), goal, columns)
        stored = Stored(self._snapshot, program.facts)
        evaluator = Evaluator(program.rules, program.recursive, stored, self._budget)
        found: dict[Row, None] = {}
        for rule in program.rules[GOAL, len(columns)]:
            for batch in Pipeline(rule, evaluator).run([()]):
                found.update(dict.fromkeys(batch))
        return sort_rows(found)

    def _answer(self, solution: Solution, names: tuple[str, ...], columns: tuple[str, ...], started: float) -> Answer:
        term = self._codes.term
        rows = sort_rows({tuple([term(values[name]) for name in names]): None for values in solution.solutions})
        return Answer(
            status=solution.status,
            columns=columns,
            rows=tuple(rows),
            revision=self._snapshot.revision,
            seconds=perf_counter() - started,
            objective=solution.objective,
            bound=solution.bound,
            gap=solution.gap,
            conflict=solution.conflict,
            minimal=solution.minimal,
            stopped_by=solution.stopped_by,
        )


def _is_relation(goal: Term) -> bool:
    if not isinstance(goal, Compound):
        return True
    special = (*ALL_DIFFERENT, *COMPARISONS, *CONNECTIVES, *PLAIN_COMPARISONS, "element", "for", "\\+", "not", "~")
    return goal.functor not in special
