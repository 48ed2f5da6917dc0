"""The solving of one assignment problem: feasibility, seeds, search, bound, proof."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np

from planner.errors import PlanError
from planner.placement.bound import METHOD as GILMORE_LAWLER
from planner.placement.bound import gilmore_lawler
from planner.placement.feasibility import find_feasible
from planner.placement.problem import Problem
from planner.placement.proof import METHOD as CP_SAT
from planner.placement.proof import is_provable, prove
from planner.placement.search import TOLERANCE, Budget, search
from planner.placement.seeds import compact, scatter, starts

DEFAULT_ITERATIONS = 5000
PROOF_WORK = 2.0
"""CP-SAT's deterministic seconds for the proof where no time limit is given."""

Status: TypeAlias = Literal["optimal", "feasible", "infeasible", "unknown"]


@dataclass(frozen=True, slots=True)
class Solved:
    """An assignment with its cost and the bound that `proof` names."""

    status: Status
    assignment: tuple[int, ...]
    cost: float
    bound: float
    proof: Mapping[str, Any]
    baselines: Mapping[str, float]


def solve(
    problem: Problem, seed: int, time_limit: float | None, iterations: int | None
) -> Solved | Literal["infeasible", "unknown"]:
    """The best assignment found, or why there is none. `time_limit` counts from here."""
    started = time.perf_counter()
    _check_limits(time_limit, iterations)
    if problem.size > problem.location_count:
        return "infeasible"
    seeds = list(starts(problem))
    if not seeds:
        found = find_feasible(problem.size, problem.location_count, problem.rules, seed=seed, time_limit=time_limit)
        if found.status != "feasible":
            return found.status
        seeds = [found.assignment]
    lower = gilmore_lawler(problem)
    is_small = is_provable(problem)
    deadline = None if time_limit is None else started + time_limit * (0.5 if is_small else 1.0)
    if iterations is None and deadline is None:
        iterations = DEFAULT_ITERATIONS
    best = search(problem, seeds, Budget(iterations, deadline), bound=lower.value, seed=seed)
    return _prove(problem, best, lower.value, is_small, seed, None if time_limit is None else started + time_limit)


def _prove(
    problem: Problem, best: tuple[int, ...], bound: float, is_small: bool, seed: int, deadline: float | None
) -> Solved:
    cost = problem.cost(best)
    proof: dict[str, Any] = {"method": GILMORE_LAWLER, "model": "exact", "rounding": 0.0}
    if is_small and cost > bound * (1 + TOLERANCE):
        left = None if deadline is None else deadline - time.perf_counter()
        proven = prove(problem, best, seed=seed, work_limit=PROOF_WORK, time_limit=left)
        if proven is not None:
            if problem.cost(proven.assignment) < cost:
                best, cost = proven.assignment, problem.cost(proven.assignment)
            if proven.bound > bound:
                model = "rounded" if proven.rounding > 1e-9 * max(cost, 1.0) else "exact"
                bound = min(cost, proven.bound)
                proof = {"method": CP_SAT, "model": model, "rounding": proven.rounding}
    is_optimal = cost - bound <= 1e-9 * max(1.0, abs(cost))
    baselines = {name: problem.cost(make(problem)) for name, make in (("compact", compact), ("scatter", scatter))}
    return Solved("optimal" if is_optimal else "feasible", best, cost, bound, proof, baselines)


def _check_limits(time_limit: float | None, iterations: int | None) -> None:
    if time_limit is not None and not (np.isfinite(time_limit) and time_limit > 0):
        raise PlanError(
            f"the time limit is {time_limit} s; a number above 0 is accepted",
            code="bad_limit",
            details={"key": "time_limit", "found": str(time_limit)},
        )
    if iterations is not None and iterations < 0:
        raise PlanError(
            f"{iterations} iterations were asked for; 0 or more are accepted",
            code="bad_limit",
            details={"key": "iterations", "found": iterations},
        )
