"""Which proofs a problem is worth, in which order, with what each may use."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from planner.placement.bounds import cp_sat
from planner.placement.bounds.branching import search as branching
from planner.placement.bounds.common_flow import without_common_flow
from planner.placement.bounds.evidence import Evidence
from planner.placement.bounds.gilmore_lawler import METHOD as GILMORE_LAWLER
from planner.placement.bounds.gilmore_lawler import gilmore_lawler
from planner.placement.bounds.trees import descent, levels, subset_table
from planner.placement.bounds.trees.metric import binary_tree, free_metric
from planner.placement.problem import Matrix, Problem

EVEN_SHARE = 0.5
"""Part of the weight between locations that is spread evenly, so that lengths nobody uses are not left at nothing."""

MOST_STEPS_DOWN = 4_000_000
"""Nodes of the branch and bound down a tree where no time limit is given; about a microsecond each."""

ALWAYS_DESCENDED = 9
SMALL_GAP_ON_TREE = 0.05
"""Up to so many facilities the tree is always gone down, with more only where its bound is as near the cost as this."""

BRANCHING_WORK = 6e7
"""Nodes times locations^2 of the branch and bound by Gilmore-Lawler where no time limit is given."""

ALWAYS_BRANCHED = 16
SMALL_GAP_AT_ROOT = 0.12
"""Up to so many facilities are always branched on, more only where the bound is as near the cost as this."""

LEAST_TIME_FOR_MANY_S = 2.0
"""With less time left, more facilities are not branched on: the search needs it."""

KINDS_WORK = 2.0
"""CP-SAT's deterministic seconds where no time limit is given."""

NO_END = 10**12


@dataclass(frozen=True, slots=True)
class Limits:
    """`deadline` (`time.perf_counter`) where there is one; else each method's own work limit holds."""

    seed: int
    deadline: float | None

    @property
    def is_over(self) -> bool:
        return self.deadline is not None and time.perf_counter() >= self.deadline


def cheap_bound(problem: Problem, best: tuple[int, ...], deadline: float | None = None) -> Evidence:
    """The bound that costs next to nothing on a small problem, and of a large one what the deadline leaves."""
    found = gilmore_lawler(problem, deadline)
    return Evidence(found.value, GILMORE_LAWLER, best, found)


def tree_proofs(problem: Problem, best: tuple[int, ...], bound: float, limits: Limits) -> Iterator[Evidence]:
    """The tables of a tree of locations, then the search down it; nothing where there are too many facilities."""
    tree = binary_tree(problem.distance)
    small = problem.size <= subset_table.MOST_FACILITIES and problem.location_count > 1
    if not small or subset_table.work(tree, problem.size, problem.location_count) > subset_table.MOST_WORK:
        return
    reduced, base = without_common_flow(problem)
    metric = free_metric(tree, problem.distance, _spread(_weight(reduced, best)))
    if metric is None:
        return
    partings = subset_table.Partings(problem.size)
    linear = np.where(problem.permitted(), problem.linear, np.inf)
    tables = subset_table.fill_tables(tree, metric, reduced.flow, linear, partings)
    if not np.isfinite(tables.bound):
        return
    cheapest = tables.cheapest(partings)
    if problem.allows(cheapest):
        best = min(best, cheapest, key=problem.cost)
    yield Evidence(tables.bound + base, subset_table.METHOD, best, tables)
    gap = problem.cost(best) - base - tables.bound
    is_far = gap > SMALL_GAP_ON_TREE * reduced.cost(best)
    if (is_far and problem.size > ALWAYS_DESCENDED) or limits.is_over:
        return
    most = NO_END if limits.deadline is not None else MOST_STEPS_DOWN
    done = descent.descend(reduced, base, tables, partings, best, most_nodes=most, deadline=limits.deadline)
    bound = problem.cost(done.assignment) if done.is_complete else done.bound + base
    yield Evidence(bound, descent.METHOD, done.assignment, nodes=done.nodes)


def other_proofs(problem: Problem, best: tuple[int, ...], bound: float, limits: Limits) -> Iterator[Evidence]:
    """For what is no tree, or has constraints that a tree's tables do not know."""
    if _is_worth_branching(problem, best, bound, limits):
        most = NO_END if limits.deadline is not None else int(BRANCHING_WORK / problem.location_count**2)
        done = branching.branch(problem, best, most_nodes=most, deadline=limits.deadline)
        best = done.assignment
        yield Evidence(done.bound, branching.METHOD, best, nodes=done.nodes)
    if cp_sat.is_provable(problem) and not limits.is_over:
        yield from _by_kinds(problem, best, limits)


def level_evidence(problem: Problem, best: tuple[int, ...], bound: float, limits: Limits) -> Iterator[Evidence]:
    """The bound for machines too large to be proven on, where the tree of locations can tell more than `bound`."""
    if limits.is_over:
        return
    reduced, base = without_common_flow(problem)
    weight = _weight(reduced, best)
    if levels.most_possible(reduced, weight) + base > bound:
        found = levels.level_bound(reduced, base, _spread(weight), limits.deadline)
        if found is not None:
            yield Evidence(found.value, levels.METHOD, best, found)


def _is_worth_branching(problem: Problem, best: tuple[int, ...], bound: float, limits: Limits) -> bool:
    if limits.is_over or not branching.can_branch(problem):
        return False
    if problem.size <= ALWAYS_BRANCHED:
        return True
    has_time = limits.deadline is None or limits.deadline - time.perf_counter() > LEAST_TIME_FOR_MANY_S
    return has_time and problem.cost(best) * (1.0 - SMALL_GAP_AT_ROOT) <= bound


def _by_kinds(problem: Problem, best: tuple[int, ...], limits: Limits) -> Iterator[Evidence]:
    left = None if limits.deadline is None else limits.deadline - time.perf_counter()
    proven = cp_sat.prove(problem, best, seed=limits.seed, work_limit=KINDS_WORK, time_limit=left)
    if proven is not None:
        yield Evidence(proven.bound, cp_sat.METHOD, proven.assignment, rounding=proven.rounding)


def _weight(problem: Problem, best: tuple[int, ...]) -> Matrix:
    """Flow between the locations of an assignment, the same both ways."""
    weight = np.zeros((problem.location_count, problem.location_count))
    weight[np.ix_(best, best)] = problem.flow
    return (weight + weight.T) / 2.0


def _spread(weight: Matrix) -> Matrix:
    return weight + EVEN_SHARE * float(weight.mean())
