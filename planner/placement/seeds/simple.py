"""Assignments to start from: in topology order, spread over it, or grown around the heaviest traffic."""

from collections.abc import Iterator

import numpy as np

from planner.placement.problem import Problem

Assignment = tuple[int, ...]


def compact(problem: Problem) -> Assignment:
    """Facilities in their order on locations that lie close together."""
    return problem.order[: problem.size]


def scatter(problem: Problem) -> Assignment:
    """Facilities in their order in turn over the machine's packages."""
    return problem.scattered[: problem.size]


def greedy(problem: Problem) -> Assignment:
    """Whoever talks most with those placed comes next, to the cheapest location; the first in the middle."""
    flow = problem.flow + problem.flow.T
    distance = problem.distance + problem.distance.T
    permitted = problem.permitted()
    chosen = np.full(problem.size, -1)
    free = np.ones(problem.location_count, dtype=bool)
    pull = np.zeros((problem.size, problem.location_count)) + problem.linear
    bond = flow.sum(axis=1) * 1e-9
    pull[int(np.argmax(bond))] += distance.sum(axis=1)
    for _ in range(problem.size):
        facility = int(np.argmax(np.where(chosen < 0, bond, -np.inf)))
        usable = free & permitted[facility]
        if not usable.any():
            return ()
        place = int(np.argmin(np.where(usable, pull[facility], np.inf)))
        chosen[facility], free[place] = place, False
        bond += flow[facility]
        pull += flow[:, [facility]] * distance[place][None, :]
    return tuple(int(place) for place in chosen)


def starts(problem: Problem) -> Iterator[Assignment]:
    """Every seed that the rules allow."""
    for make in (compact, greedy, scatter):
        found = make(problem)
        if len(found) == problem.size and problem.allows(found):
            yield found
