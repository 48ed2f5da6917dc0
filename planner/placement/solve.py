"""The solving of one assignment problem: feasibility, seeds, search, bound, proof."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np

from planner.errors import PlanError
from planner.placement.bounds.evidence import Evidence
from planner.placement.bounds.proving import Limits, cheap_bound, level_evidence, other_proofs, tree_proofs
from planner.placement.bounds.threshold import TOLERANCE, raised
from planner.placement.one_thread import one_thread
from planner.placement.problem import Problem
from planner.placement.rules.starts import constrained_starts
from planner.placement.search.budget import Budget
from planner.placement.search.portfolio import search, usual_iterations
from planner.placement.seeds.simple import compact, scatter, starts
from planner.verify.placement_bound import check_evidence

ITERATIONS_BEFORE_PROOF = 1_600
"""A small problem is searched this long first; if the proof succeeds then, nothing more needs to be searched."""

SMALL = 48
"""Up to so many locations a bound costs next to nothing, and may end the search early."""

TIME_FOR_LEVELS_S = 4.0
"""With less time than this the bound from a machine's levels waits until the search is over."""

MOST_BOUND_TIME_S = 10.0
"""A bound may take twice the time limit after it, and no longer than this."""

Mapper: TypeAlias = Callable[[Problem], Sequence[int]]
"""Another tool's assignment of facilities 0, 1, ... to locations; an empty one where it found none."""

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
    problem: Problem,
    seed: int,
    time_limit: float | None,
    iterations: int | None,
    mappers: Sequence[Mapper] = (),
) -> Solved | Literal["infeasible", "unknown"]:
    """The best assignment found, or why there is none. `time_limit` counts from here and is the search's.

    A bound of a large problem is worked out after it, in at most 10 s of its own. `mappers` are other tools' ways
    to seeds.
    """
    started = time.perf_counter()
    _check_limits(time_limit, iterations)
    if problem.size > problem.location_count:
        return "infeasible"
    with one_thread():
        seeds = constrained_starts(problem, [*starts(problem), *_foreign(problem, mappers)], seed, time_limit)
        if isinstance(seeds, str):
            return seeds
        return _Run(problem, seeds, seed, time_limit, iterations, started).finish()


def _foreign(problem: Problem, mappers: Sequence[Mapper]) -> Iterator[tuple[int, ...]]:
    """What the other tools found, as far as it is an assignment that keeps the rules."""
    for mapper in mappers:
        found = tuple(mapper(problem))
        is_one = len(found) == problem.size == len(set(found)) and set(found) <= set(range(problem.location_count))
        if is_one and problem.allows(found):
            yield found


class _Run:
    """Search, bound, proof; small problems are bounded and proven before the time is spent, which may then be saved."""

    def __init__(
        self,
        problem: Problem,
        seeds: list[tuple[int, ...]],
        seed: int,
        time_limit: float | None,
        iterations: int | None,
        started: float,
    ) -> None:
        self._problem = problem
        self._seed = seed
        self._started = started
        self._time_limit = time_limit
        is_free = iterations is None and time_limit is None
        self._iterations = usual_iterations(problem) if is_free else iterations
        self._bound = 0.0
        self._proof: Mapping[str, Any] = {
            "method": "costs are not negative",
            "model": "exact",
            "rounding": 0.0,
            "checked": True,
        }
        self._best = min(seeds, key=problem.cost)
        self._seeds = seeds

    def finish(self) -> Solved:
        problem = self._problem
        is_small = problem.location_count <= SMALL
        is_patient = self._time_limit is None or self._time_limit >= TIME_FOR_LEVELS_S
        if is_small:
            self._take(cheap_bound(problem, self._best))
            few = ITERATIONS_BEFORE_PROOF if self._iterations is None else self._iterations
            self._search(min(few, ITERATIONS_BEFORE_PROOF), 0.25)
            self._prove(tree_proofs, self._deadline(0.75))
            if is_patient:
                self._prove(level_evidence, self._deadline(0.5))
            self._prove(other_proofs, self._deadline(0.75))
        if not self._is_optimal():
            self._search(self._iterations, 1.0)
        now, until = time.perf_counter(), self._bound_deadline()
        if not is_small:
            self._take(cheap_bound(problem, self._best, None if until is None else (now + until) / 2.0))
        if not (is_small and is_patient):
            self._prove(level_evidence, until)
        cost = problem.cost(self._best)
        return Solved(
            status="optimal" if self._is_optimal() else "feasible",
            assignment=self._best,
            cost=cost,
            bound=min(cost, self._bound),
            proof=self._proof,
            baselines={"compact": problem.cost(compact(problem)), "scatter": problem.cost(scatter(problem))},
        )

    def _deadline(self, part: float) -> float | None:
        return None if self._time_limit is None else self._started + part * self._time_limit

    def _bound_deadline(self) -> float | None:
        own = None if self._time_limit is None else min(MOST_BOUND_TIME_S, 2.0 * self._time_limit)
        return None if own is None else time.perf_counter() + own

    def _is_optimal(self) -> bool:
        cost = self._problem.cost(self._best)
        return cost - self._bound <= TOLERANCE * max(1.0, abs(cost))

    def _search(self, iterations: int | None, part: float) -> None:
        budget = Budget(iterations, self._deadline(part))
        self._best = search(self._problem, [self._best, *self._seeds], budget, bound=self._bound, seed=self._seed)

    def _prove(self, method: Callable[..., Iterator[Evidence]], deadline: float | None) -> None:
        """One piece of evidence after the other until the bound meets the cost."""
        if self._is_optimal():
            return
        for evidence in method(self._problem, self._best, self._bound, Limits(self._seed, deadline)):
            self._take(evidence)
            if self._is_optimal():
                return

    def _take(self, evidence: Evidence) -> None:
        self._best = min(self._best, evidence.assignment, key=self._problem.cost)
        if evidence.bound > self._bound:
            cost = self._problem.cost(self._best)
            is_checked = check_evidence(self._problem, evidence)
            is_rounded = evidence.rounding > TOLERANCE * max(cost, 1.0)
            self._bound = raised(self._problem, evidence.bound)
            self._proof = evidence.to_json(is_rounded=is_rounded, is_checked=is_checked)


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
