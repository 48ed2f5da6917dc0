"""Assignments that keep the rules to start a search from: good maps repaired, then whole classes exchanged."""

import time
from collections.abc import Sequence
from typing import Literal

import numpy as np

from planner.placement.problem import Inside, Matrix, Problem
from planner.placement.rules.class_exchanges import improved_by_classes
from planner.placement.rules.feasibility import find_feasible
from planner.placement.rules.repair import displaced, repaired
from planner.placement.seeds.simple import compact
from planner.placement.seeds.tree_matching import tree_matched

ROUNDS = 4
"""Times that classes are exchanged from a shaken assignment where no time limit is given."""

LARGE = 256
"""Facilities above which mapping on the locations' tree takes too long where time is limited."""

REPAIR_PART, CLASSES_PART = 0.3, 0.2
"""By when of the time limit the repair is to end, and how much of it exchanges of classes may take."""


def constrained_starts(
    problem: Problem, seeds: Sequence[tuple[int, ...]], seed: int, time_limit: float | None
) -> list[tuple[int, ...]] | Literal["infeasible", "unknown"]:
    """The seeds, which keep the rules, and better ones where the rules keep facilities apart or together.

    Without any seed whether there is an assignment at all is settled first.
    """
    started = time.perf_counter()
    found = list(seeds)
    if found and all(isinstance(rule, Inside) for rule in problem.rules):
        return found
    if not found:
        any_one = find_feasible(problem.size, problem.location_count, problem.rules, seed=seed, time_limit=time_limit)
        if any_one.status != "feasible":
            return any_one.status
        found.append(any_one.assignment)
    if not (problem.flow.any() or problem.linear.any()):
        return found
    random = np.random.default_rng(seed)
    wanted = _costs(problem, random, is_hurried=time_limit is not None)
    left = None if time_limit is None else started + REPAIR_PART * time_limit - time.perf_counter()
    made = repaired(problem, wanted, seed=seed, time_limit=left) if left is None or left > 0 else ()
    if made and problem.allows(made):
        found.append(made)
    deadline = None if time_limit is None else time.perf_counter() + CLASSES_PART * time_limit
    rounds = ROUNDS if deadline is None else problem.size
    best = min(found, key=problem.cost)
    return [improved_by_classes(problem, best, random, rounds=rounds, deadline=deadline), *found]


def _costs(problem: Problem, random: np.random.Generator, *, is_hurried: bool) -> Matrix:
    """What a repair is to keep small: moving away from a good map, or what places cost by themselves."""
    if not problem.flow.any():
        return problem.linear
    is_long = is_hurried and problem.size > LARGE
    return displaced(problem, compact(problem) if is_long else tree_matched(problem, random, 0))
