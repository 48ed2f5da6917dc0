"""Good maps made to keep the rules: each facility as close as can be to where it was wanted, by CP-SAT."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from planner.linear_model import Term
from planner.machine.core_clusters import clusterings
from planner.placement.bounds.linear_assignment import solve_assignment
from planner.placement.problem import Matrix, Problem
from planner.placement.rules.alike import Kinds, alike, kinds
from planner.placement.rules.model import RuleModel

WORK_LIMIT = 0.5
"""CP-SAT's deterministic seconds for one repair."""

MOST_KINDS = 64
"""Locations are told apart by place only as far as that makes no more kinds than this."""

MOST_COUNTS = 20_000
LARGEST_COST = 10_000


def displaced(problem: Problem, wanted: Sequence[int]) -> Matrix:
    """Facilities x locations: how much further than where it is wanted, weighted by what a facility says and hears."""
    weight = problem.flow.sum(axis=1) + problem.flow.sum(axis=0)
    far = problem.distance[np.asarray(wanted)] + problem.distance.T[np.asarray(wanted)]
    return np.asarray((weight + 1e-3 * (weight.max() or 1.0))[:, None] * far)


def repaired(
    problem: Problem, cost: Matrix, *, seed: int, time_limit: float | None = None, work_limit: float = WORK_LIMIT
) -> tuple[int, ...]:
    """An assignment that keeps the rules at a low sum of these costs; an empty one where none was found in time."""
    if problem.size > problem.location_count:
        return ()
    same = alike(problem.size, problem.location_count, problem.rules)
    facilities: Kinds = [(one,) for own in same.facilities for one in own]
    locations = _told_apart(problem, same.locations)
    if len(facilities) * len(locations) > MOST_COUNTS:
        return ()
    teams = [(rule,) for own in same.teams for rule in own]
    asked = RuleModel(facilities, locations, same.rules, is_distinct=True, teams=teams)
    scaled = _scaled(np.array([[cost[own[0], list(places)].mean() for places in locations] for own in facilities]))
    terms: list[Term] = [
        (int(price), name)
        for prices, row in zip(scaled, asked.count, strict=True)
        for price, name in zip(prices, row, strict=True)
    ]
    found = asked.model.solve(seed=seed, work_limit=work_limit, time_limit=time_limit, minimise=terms)
    if not found.solutions:
        return ()
    return _settled(asked.read(found.values), locations, cost)


def _told_apart(problem: Problem, groups: Sequence[tuple[int, ...]]) -> list[tuple[int, ...]]:
    """The kinds of locations, split by the finest clusters that leave few enough."""
    kind_of = {place: number for number, own in enumerate(groups) for place in own}
    marks = [kind_of[place] for place in range(problem.location_count)]
    best = list(groups)
    whole = np.rint((problem.distance + problem.distance.T) * 500).astype(np.int64)
    for level in clusterings(whole, 4) if problem.location_count > 1 else []:
        cluster = {place: number for number, own in enumerate(level) for place in own}
        split = kinds(problem.location_count, [marks, [cluster[place] for place in range(problem.location_count)]])
        if len(best) < len(split) <= MOST_KINDS:
            best = split
    return best


def _scaled(costs: Matrix) -> Matrix:
    """Whole numbers from 0 on, each row from its least cost."""
    above = costs - costs.min(axis=1, keepdims=True)
    return np.asarray(np.rint(above * (LARGEST_COST / (float(above.max()) or 1.0))))


def _settled(assignment: tuple[int, ...], locations: Sequence[tuple[int, ...]], cost: Matrix) -> tuple[int, ...]:
    """Within each kind of location everybody at the place that suits best; no rule tells those apart."""
    kind_of = {place: number for number, own in enumerate(locations) for place in own}
    guests: dict[int, list[int]] = defaultdict(list)
    for facility, place in enumerate(assignment):
        guests[kind_of[place]].append(facility)
    found = list(assignment)
    for number, own in guests.items():
        places = list(locations[number])
        columns = solve_assignment(cost[np.ix_(own, places)]).columns
        for facility, column in zip(own, columns, strict=True):
            found[facility] = places[column]
    return tuple(found)
