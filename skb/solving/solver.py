"""Solving a constraint problem: the right engine, the answer re-checked, a refusal explained."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import isfinite

from skb.errors import ProblemError
from skb.solving.checking import objective_value, violations
from skb.solving.constraints import Problem
from skb.solving.cpsat import Outcome, Settings, enumerate_solutions, search
from skb.solving.enumeration import is_small, iterate_solutions
from skb.stopwatch import Stopwatch

_CHECK_EVERY = 256


@dataclass(frozen=True, slots=True)
class Solution:
    """The outcome of a search.

    `status`: optimal (proved), feasible, infeasible, unknown; for all solutions complete or truncated. `solutions`
    holds one assignment (all of them for `solve_all`). `conflict` names the labels that cannot hold together;
    `minimal` says that dropping any one of them was found feasible.
    """

    status: str
    solutions: tuple[Mapping[str, int], ...] = ()
    objective: int | None = None
    bound: int | float | None = None
    gap: float | None = None
    conflict: tuple[str, ...] = ()
    minimal: bool | None = None
    stopped_by: str | None = None
    seconds: float = 0.0

    @property
    def values(self) -> Mapping[str, int]:
        """The one assignment. Raises LookupError where there is none."""
        if not self.solutions:
            raise LookupError(f"a problem with status {self.status} has no values")
        return self.solutions[0]


class UncheckedSolution(Exception):  # noqa: N818
    """A solver's answer that breaks the problem: a fault of ours, never handed on."""


def solve(
    problem: Problem,
    *,
    time_limit_s: float | None = None,
    deterministic_limit: float | None = None,
    seed: int = 0,
    workers: int = 8,
    hint: Mapping[str, int] | None = None,
    explains: bool = True,
) -> Solution:
    """Finds a best solution (any, without objective). Infeasibility is explained by a minimal conflict of labels.

    `deterministic_limit` counts CP-SAT's deterministic time and makes runs repeatable; `hint` is a start.
    """
    watch = Stopwatch()
    settings = Settings(time_limit_s, deterministic_limit, seed, workers)
    outcome = search(problem, settings, hint)
    if outcome.status == "INFEASIBLE":
        found = Solution("infeasible")
        if explains and problem.labels:
            found = _explained(problem, settings.after(watch.seconds))
    elif outcome.values is None:
        limit = "time_ms" if deterministic_limit is None else "deterministic_limit"
        found = Solution("unknown", bound=outcome.bound, stopped_by=limit)
    else:
        found = _found(problem, outcome)
    return replace(found, seconds=watch.seconds)


def _found(problem: Problem, outcome: Outcome) -> Solution:
    assert outcome.values is not None
    broken = violations(problem, outcome.values)
    if broken:
        raise UncheckedSolution(broken[0])
    if problem.objective is None:
        return Solution("feasible", (outcome.values,))
    objective = objective_value(problem.objective, outcome.values)
    if outcome.status == "OPTIMAL":
        return Solution("optimal", (outcome.values,), objective, objective, 0.0)
    if outcome.bound is None or not isfinite(outcome.bound):
        return Solution("feasible", (outcome.values,), objective, stopped_by="time_ms")
    bound = int(outcome.bound) if outcome.bound.is_integer() else outcome.bound
    gap = abs(objective - bound) / max(1, abs(objective))
    return Solution("feasible", (outcome.values,), objective, bound, gap, stopped_by="time_ms")


def _explained(problem: Problem, settings: Settings) -> Solution:
    """Deletion filter: drop a label, keep it dropped while the rest stays infeasible; each step is solved."""
    watch = Stopwatch()
    kept = list(problem.labels)
    is_minimal = True
    for label in problem.labels:
        rest = [each for each in kept if each != label]
        try:
            outcome = search(problem.restricted_to(rest), settings.after(watch.seconds))
        except ProblemError:
            # Without the label its variables are free to leave the range of exact sums.
            is_minimal = False
            continue
        if outcome.status == "INFEASIBLE":
            kept = rest
        elif outcome.values is None or violations(problem.restricted_to(rest), outcome.values):
            is_minimal = False
    return Solution("infeasible", conflict=tuple(sorted(kept)), minimal=is_minimal)


def solve_all(
    problem: Problem,
    *,
    time_limit_s: float | None = None,
    seed: int = 0,
    most: int = 1_000_000,
) -> Solution:
    """Every solution: python-constraint where the domains' product is at most a million, else CP-SAT."""
    watch = Stopwatch()
    found: list[dict[str, int]] = []
    stopped: list[str] = []

    def take(values: dict[str, int]) -> bool:
        if len(found) >= most:
            stopped.append("max_rows")
            return False
        broken = violations(problem, values)
        if broken:
            raise UncheckedSolution(broken[0])
        found.append(values)
        if time_limit_s is not None and not len(found) % _CHECK_EVERY and watch.seconds > time_limit_s:
            stopped.append("time_ms")
            return False
        return True

    if is_small(problem):
        for values in iterate_solutions(problem):
            if not take(values):
                break
    elif enumerate_solutions(problem, Settings(time_limit_s, None, seed, 1), take) not in ("OPTIMAL", "INFEASIBLE"):
        stopped.append("time_ms")
    status = "truncated" if stopped else "complete"
    return Solution(status, tuple(found), stopped_by=stopped[0] if stopped else None, seconds=watch.seconds)
