"""A bound from the levels of a machine: the least flow between clusters of each size, and each location's own way."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from math import comb

import numpy as np

from planner.placement.bounds.linear_assignment import FORBIDDEN, LinearAssignment, solve_assignment
from planner.placement.bounds.linear_program import LinearProgram
from planner.placement.bounds.trees.metric import TreeMetric, level_metric, membership
from planner.placement.bounds.trees.small_sets import SmallSets
from planner.placement.problem import Matrix, Problem

METHOD = "least flow between clusters, level by level"
MOST_ROUNDS = 60
FEWEST_ROUNDS = 5
SETS_A_ROUND = 120
NEAR = 1e-8
"""Part of the bound by which prices may still be improved when they are left."""

SPECTRAL_ROUNDS = 120

NEGLIGIBLE = 2e-3
MOST_SETS_FOR_LITTLE = 1e5
"""A level that costs less than this part of the best assignment gets no floor above 0 if it has more sets than this."""


@dataclass(frozen=True, slots=True, eq=False)
class Level:
    """`count` disjoint clusters of `size` each cost at least `count` x `floor` + the sum of prices.

    Crossing flow of every set of this size less its prices is `floor` or more. Prices are 0 or less unless
    the clusters hold all locations. With `is_spectral` the floor is instead the mean of the `count` smallest
    eigenvalues of the flow's Laplacian less the prices on its diagonal, times `size`.
    """

    size: int
    count: int
    length: float
    floor: float
    prices: tuple[float, ...]
    is_spectral: bool

    @property
    def value(self) -> float:
        return self.length * (self.count * self.floor + sum(self.prices))


@dataclass(frozen=True, slots=True, eq=False)
class LevelBound:
    """A lower bound with its proof: the metric, a floor for each size of cluster, prices of the locations' own ways."""

    base: float
    metric: TreeMetric
    levels: tuple[Level, ...]
    own: LinearAssignment

    @property
    def value(self) -> float:
        return self.base + sum(level.value for level in self.levels) + self.own.value


def level_bound(problem: Problem, base: float, weight: Matrix, deadline: float | None) -> LevelBound | None:
    """Valid under any rules. `problem` is without the flow that all pairs have in common, which costs `base`.

    `weight` (locations x locations) says between whom lengths matter. None where there is no useful tree. Sets of
    facilities are gone through one by one where there are at most some hundred millions, else a level takes the
    spectral bound of Donath & Hoffman (1973).
    """
    metric = level_metric(problem.distance, weight)
    if metric is None:
        return None
    count = problem.location_count
    flow = np.zeros((count, count))
    flow[: problem.size, : problem.size] = problem.flow
    levels = tuple(_levels(SmallSets(flow), flow, metric, weight, deadline))
    return LevelBound(base, metric, levels, _own_ways(problem, flow, metric))


def _levels(
    sets: SmallSets, flow: Matrix, metric: TreeMetric, weight: Matrix, deadline: float | None
) -> Iterator[Level]:
    """The sizes of clusters with a length, the smallest first."""
    inside = membership(metric.clusters, sets.count).astype(np.float64)
    crossing = ((inside @ (weight + weight.T)) * (1.0 - inside)).sum(axis=1)
    lengths = np.array(metric.lengths)
    sizes = inside.sum(axis=1).astype(int)
    for size in sorted({int(size) for size, length in zip(sizes, lengths, strict=True) if size > 1 and length > 0.0}):
        own = sizes == size
        number, length = int(own.sum()), float(lengths[own][0])
        is_late = deadline is not None and time.perf_counter() > deadline
        is_little = float((lengths * crossing)[own].sum()) < NEGLIGIBLE * float((lengths * crossing).sum())
        if is_late or (is_little and comb(sets.count, size) > MOST_SETS_FOR_LITTLE):
            yield Level(size, number, length, 0.0, (0.0,) * sets.count, False)
        else:
            yield _level(sets, flow, size, number, length, deadline)


def most_possible(problem: Problem, weight: Matrix) -> float:
    """What the best assignment costs on the tree: no bound of this kind is higher."""
    metric = level_metric(problem.distance, weight)
    return 0.0 if metric is None else float((metric.distances(problem.location_count) * weight).sum())


def _own_ways(problem: Problem, flow: Matrix, metric: TreeMetric) -> LinearAssignment:
    count = problem.location_count
    way = np.zeros(count)
    for own, length in zip(metric.clusters, metric.lengths, strict=True):
        if len(own) == 1:
            way[own[0]] = length
    cost = np.outer(flow.sum(axis=0) + flow.sum(axis=1), way)
    cost[: problem.size] += problem.linear
    cost[: problem.size][~problem.permitted()] = FORBIDDEN
    return solve_assignment(cost)


def _level(sets: SmallSets, flow: Matrix, size: int, number: int, length: float, deadline: float | None) -> Level:
    covers = size * number == sets.count
    is_single = number == 1 or (covers and number == 2)
    seen = min(size, sets.count - size)
    rounds = sets.rounds(seen if is_single else size, 1 if is_single else MOST_ROUNDS)
    if rounds < (1 if is_single else FEWEST_ROUNDS):
        floor, prices = _spectral(flow, size, number, covers, deadline)
        return Level(size, number, length, floor, prices, True)
    if is_single:
        found = sets.least(seen, np.zeros(sets.count), 1, deadline)
        return Level(size, number, length, 0.0 if found is None else found[0], (0.0,) * sets.count, False)
    floor, prices = _priced(sets, size, number, covers, rounds, deadline)
    return Level(size, number, length, floor, prices, False)


def _priced(
    sets: SmallSets, size: int, number: int, covers: bool, rounds: int, deadline: float | None
) -> tuple[float, tuple[float, ...]]:
    """The best prices, by cutting planes: sets that are cheaper than the program knows are told to it."""
    reach = 2.0 * float(sets.crossing(np.eye(sets.count, dtype=bool)).max()) or 1.0
    high = np.append(np.full(sets.count, reach if covers else 0.0), reach * size)
    low = np.append(np.full(sets.count, -reach), -reach * size)
    program = LinearProgram(low / reach, high / reach, np.append(np.ones(sets.count), number))
    price = np.zeros(sets.count)
    best, best_price, best_floor = 0.0, price, 0.0
    for _ in range(rounds):
        answer = sets.least(size, price, SETS_A_ROUND, deadline)
        if answer is None:
            break
        floor, cheap = answer
        if number * floor + price.sum() > best:
            best, best_price, best_floor = number * floor + float(price.sum()), price, floor
        for inside, crossing in zip(cheap, sets.crossing(cheap), strict=True):
            members = np.flatnonzero(inside).tolist()
            program.at_most([*members, sets.count], [1.0] * (len(members) + 1), float(crossing) / reach)
        found = program.solve()
        if found is None:
            break
        limit = float(found[:-1].sum() + number * found[-1]) * reach
        if limit - best <= NEAR * abs(limit):
            break
        price = 0.5 * best_price + 0.5 * found[:-1] * reach
    return best_floor, tuple(best_price.tolist())


def _spectral(
    flow: Matrix, size: int, number: int, covers: bool, deadline: float | None
) -> tuple[float, tuple[float, ...]]:
    """Subgradient steps on the diagonal, which may only change where the clusters hold everything."""
    both = flow + flow.T
    laplacian = np.diag(both.sum(axis=1)) - both
    price = np.zeros(len(flow))
    best, best_price, best_floor = -np.inf, price, 0.0
    step = 0.05 * float(np.diagonal(laplacian).mean())
    for turn in range(SPECTRAL_ROUNDS if covers else 1):
        values, vectors = np.linalg.eigh(laplacian - np.diag(price))
        floor = size * float(values[:number].mean())
        if number * floor + price.sum() > best:
            best, best_price, best_floor = number * floor + float(price.sum()), price, floor
        if deadline is not None and time.perf_counter() > deadline:
            break
        slope = 1.0 - size * (vectors[:, :number] ** 2).sum(axis=1)
        price = price + step * (1.0 - turn / SPECTRAL_ROUNDS) * slope
    return best_floor, tuple(best_price.tolist())
