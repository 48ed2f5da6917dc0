"""From a finite-domain question to its answer: lower, solve, read the values back as terms, check them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from skb.errors import SkbError
from skb.evaluation.budget import Budget, Stopped
from skb.evaluation.evaluate import Evaluator
from skb.evaluation.pipeline import Pipeline
from skb.evaluation.relations import Stored
from skb.finite.domains import declare
from skb.finite.forms import GLOBALS, NEGATIONS, as_comparison, has_constraint, is_constraint
from skb.finite.lowering import Lowering
from skb.finite.model import Model
from skb.finite.places import Places
from skb.finite.recheck import Recheck
from skb.finite.relations import Relations
from skb.finite.statement import Statement, read_statement
from skb.finite.values import Codes
from skb.matching import substitute
from skb.notation.printing import write_term
from skb.query.answer import Answer, Limits
from skb.query.program import GOAL, Question, build_program, columns_of
from skb.query.rules import PredicateId, names, ordered_names
from skb.snapshot import Snapshot
from skb.solving.constraints import Problem
from skb.solving.solver import Solution, solve, solve_all
from skb.stopwatch import Stopwatch
from skb.terms import Compound, Row, Term, Variable, sort_rows

_CHECK_EVERY = 256


def ask_finite(snapshot: Snapshot, question: Question, limits: Limits, watch: Stopwatch) -> Answer:
    """Answers a question with finite-domain variables. Raises SkbError."""
    asking = _Asking(snapshot, question, limits, watch)
    try:
        return asking.answer()
    except Stopped as stopped:
        return Answer("unknown", (), (), snapshot.revision, watch.seconds, stopped_by=stopped.limit)


@dataclass(frozen=True, slots=True)
class _Column:
    """A column of the answer: the variable that it shows, or the one value that was known before the search."""

    name: str
    value: Term | None = None


class _Asking:
    def __init__(self, snapshot: Snapshot, question: Question, limits: Limits, watch: Stopwatch) -> None:
        self._snapshot = snapshot
        self._question = question
        self._limits = limits
        self._watch = watch
        self._budget = Budget(limits)
        self._model = Model(self._budget)
        self._codes = Codes()
        self._places = Places(question.place, question.goal)

    def answer(self) -> Answer:
        build_program(self._question, self._snapshot.relations(), "true", ())
        statement = read_statement(self._question.goal, GLOBALS - self._defined(), self._places.naming)
        bindings = self._parameters(statement)
        if bindings is None:
            status = "complete" if statement.terminal == "all" else "infeasible"
            return self._answer(Solution(status), [_Column(name) for name in _named(statement)])
        relations = Relations(
            self._model, self._codes, statement, statement.variables - bindings.keys(), self._evaluate
        )
        lowering = self._lowered(relations, statement, bindings)
        asked = None if statement.asked is None else substitute(statement.asked, bindings)
        is_ranked = statement.terminal in ("minimize", "maximize")
        if is_ranked:
            assert asked is not None
            with self._places.naming(statement.asked_at):
                objective = lowering.expressions.sum(asked)
            problem = self._model.problem(objective, statement.terminal == "maximize")
            shown = [_Column(name) for name in self._model.declared or self._undeclared()]
        else:
            problem = self._model.problem(None, False)
            with self._places.naming(statement.asked_at):
                shown = self._columns(relations, statement, bindings)
        solution = self._solve_all(problem) if statement.terminal == "all" else self._solve(problem)
        goals = [substitute(part.goal, bindings) for part in (*statement.declarations, *statement.constraints)]
        if is_ranked and asked is not None and solution.objective is not None:
            goals.append(Compound("#=", (asked, solution.objective)))
        return self._answer(self._checked(statement, goals, solution), shown)

    def _defined(self) -> set[PredicateId]:
        """The relations that facts or rules state: their names are no constraints."""
        return {
            *self._snapshot.relations(),
            *self._question.facts,
            *(rule.predicate for rule in self._question.clauses),
        }

    def _solve(self, problem: Problem) -> Solution:
        return solve(
            problem,
            time_limit_s=self._budget.seconds_left(),
            seed=self._limits.seed,
            workers=self._limits.workers,
        )

    def _solve_all(self, problem: Problem) -> Solution:
        left = self._budget.seconds_left()
        return solve_all(problem, time_limit_s=left, seed=self._limits.seed, most=self._limits.max_rows)

    def _undeclared(self) -> list[str]:
        """The finite variables of a question that declares none, in order of first occurrence."""
        found = ordered_names(self._question.goal)
        return [name for name in found if name in self._model.domains and not name.startswith("_")]

    def _columns(self, relations: Relations, statement: Statement, bindings: Mapping[str, Term]) -> list[_Column]:
        """The variables listed, or all of them, in order of first occurrence; families after the variables."""
        if statement.asked is None:
            listed: list[Term] = [
                Variable(name)
                for name in ordered_names(self._question.goal)
                if (name in self._model.domains or name in bindings) and not name.startswith("_")
            ]
            listed += [relations.members[name] for name in self._model.declared if "(" in name]
        else:
            listed = list(statement.asked if isinstance(statement.asked, tuple) else (statement.asked,))
        return [column for each in listed for column in self._shown(relations, each, statement, bindings)]

    def _shown(
        self, relations: Relations, item: Term, statement: Statement, bindings: Mapping[str, Term]
    ) -> list[_Column]:
        if isinstance(item, Variable) and item.name in bindings:
            return [_Column(item.name, bindings[item.name])]
        found = relations.items(substitute(item, dict(bindings)))
        for each in found:
            if not relations.is_variable(each):
                raise SkbError(f"{statement.terminal} lists variables and families, {write_term(each)} is neither")
            relations.require_domain(relations.name_of(each))
        return [_Column(relations.name_of(each)) for each in found]

    def _lowered(self, relations: Relations, statement: Statement, bindings: Mapping[str, Term]) -> Lowering:
        known = dict(bindings)
        lowering = Lowering(relations)
        for part in sorted(statement.declarations, key=lambda part: part.label is not None):
            with self._places.naming(part.at):
                declare(relations, substitute(part.goal, known), part.label)
        constraints = [(part, substitute(part.goal, known)) for part in statement.constraints]
        # Relations first: they give other variables the domains that sums and orderings need.
        for is_relation in (True, False):
            for part, goal in constraints:
                if _is_relation(goal, relations) is is_relation:
                    with self._places.naming(part.at):
                        lowering.post(goal, part.label)
        return lowering

    def _parameters(self, statement: Statement) -> dict[str, Term] | None:
        """Values of variables that plain goals bind and the rest uses; None where the plain goals fail."""
        if not statement.plain:
            return {}
        plain = [part.goal for part in statement.plain]
        goal = Compound(",", tuple(plain)) if len(plain) > 1 else plain[0]
        used: set[str] = set() if statement.asked is None else names(statement.asked)
        for part in (*statement.declarations, *statement.constraints):
            used |= names(part.goal)
        shown = columns_of(goal) if statement.asked is None else ()
        columns = [name for name in ordered_names(goal) if name in used or name in shown]
        rows = self._evaluate(goal, columns)
        if not rows:
            return None
        if len(rows) > 1:
            verb = "have" if len(columns) > 1 else "has"
            raise SkbError(
                f"{', '.join(columns)} {verb} {len(rows)} values; a finite-domain question needs one of each"
                " (or a domain, X :: Goal/V)"
            )
        return dict(zip(columns, rows[0], strict=True))

    def _evaluate(self, goal: Term, columns: Sequence[str]) -> list[Row]:
        return self._evaluated(goal, columns, self._budget)

    def _evaluated(self, goal: Term, columns: Sequence[str], budget: Budget) -> list[Row]:
        program = build_program(self._question, self._snapshot.relations(), goal, columns)
        stored = Stored(self._snapshot, program.facts)
        evaluator = Evaluator(program.rules, program.recursive, stored, budget)
        found: dict[Row, None] = {}
        for rule in program.rules[GOAL, len(columns)]:
            for batch in Pipeline(rule, evaluator).run([()]):
                found.update(dict.fromkeys(batch))
        return sort_rows(found)

    def _checked(self, statement: Statement, goals: Sequence[Term], solution: Solution) -> Solution:
        """The solution with as many assignments as the time allows to hold to the goals as written.

        One is always checked. Raises BrokenAnswer.
        """
        # The search may have taken all the time there was; what it found is checked all the same.
        own = Budget(self._limits)
        check = Recheck(statement.families, lambda goal, columns: self._evaluated(goal, columns, own))
        for at, values in enumerate(solution.solutions):
            if at and not at % _CHECK_EVERY and not self._budget.seconds_left():
                return replace(solution, status="truncated", solutions=solution.solutions[:at], stopped_by="time_ms")
            check.check(goals, {name: self._codes.term(value) for name, value in values.items() if name[0] != "$"})
        return solution

    def _answer(self, solution: Solution, columns: Sequence[_Column]) -> Answer:
        term = self._codes.term
        rows = sort_rows(
            {
                tuple([term(values[each.name]) if each.value is None else each.value for each in columns]): None
                for values in solution.solutions
            }
        )
        return Answer(
            status=solution.status,
            columns=tuple(each.name for each in columns),
            rows=tuple(rows),
            revision=self._snapshot.revision,
            seconds=self._watch.seconds,
            objective=solution.objective,
            bound=solution.bound,
            gap=solution.gap,
            conflict=solution.conflict,
            minimal=solution.minimal,
            stopped_by=solution.stopped_by,
        )


def _named(statement: Statement) -> list[str]:
    """The columns of a question that failed before its families were known."""
    if statement.terminal in ("all", "satisfy") and statement.asked is not None:
        listed = statement.asked if isinstance(statement.asked, tuple) else (statement.asked,)
        return [each.name for each in listed if isinstance(each, Variable)]
    found = [name for part in statement.declarations for name in ordered_names(part.goal)]
    return [name for name in dict.fromkeys(found) if name in statement.variables]


def _is_relation(goal: Term, relations: Relations) -> bool:
    if not isinstance(goal, Compound):
        return True
    if is_constraint(goal, relations.globals) or has_constraint(goal, relations.globals):
        return False
    return goal.functor not in ("for", *NEGATIONS) and as_comparison(goal) is None
