"""Placements for objectives that count the largest load of a core, beside communication and moves."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import gcd
from typing import Literal

from planner.applications.application import Application
from planner.machine.topology import Topology
from planner.placement.locations import WHOLE_PPM, Places, class_numbers
from planner.placement.problem import Capacity, Problem
from planner.placement.rules.feasibility import Feasibility, find_feasible
from planner.placement.search.portfolio import usual_iterations
from planner.placement.search.tabu import TOLERANCE
from planner.placement.solve import Mapper, Solved, solve

METHOD = "CP-SAT: no placement below the largest load"
LEVELS = 4
"""Limits on the load between the least and the unlimited one that a weighted mix tries."""


@dataclass(frozen=True, slots=True)
class Search:
    """How long and from which seed to search."""

    seed: int
    time_limit: float | None
    iterations: int | None
    mappers: Sequence[Mapper] = ()


class Loads:
    """The load of cores: what other applications were measured to take, and the shares that come onto them."""

    def __init__(self, app: Application, machine: Topology, places: Places) -> None:
        self._machine = machine
        self._places = places
        self.demand = app.cpu_ppm
        self.base = base_load_ppm(app, machine)

    def limited(self, problem: Problem, most_ppm: int) -> Problem:
        limits = tuple(max(0, most_ppm - self.base.get(core, 0)) for core in self._machine.core_ids)
        classes = class_numbers(self._machine, "thread", self._places.cores)
        return replace(problem, rules=(*problem.rules, Capacity(("load",), self.demand, classes, limits)))

    def largest_ppm(self, assignment: Sequence[int]) -> int:
        """The load of the fullest core among those that get a dispatcher."""
        load: dict[int, int] = {}
        for place, share in zip(assignment, self.demand, strict=True):
            core = self._places.cores[place]
            load[core] = load.get(core, self.base.get(core, 0)) + share
        return max(load.values())

    @property
    def least_thinkable_ppm(self) -> int:
        """No placement has a smaller largest load, whatever its rules."""
        cores = set(self._places.cores)
        floor = max(self.demand) + min(self.base.get(core, 0) for core in cores)
        even = 0 if self.base else -(-sum(self.demand) // min(len(cores), len(self.demand)))
        return -(-max(floor, even) // self.step_ppm) * self.step_ppm

    @property
    def step_ppm(self) -> int:
        return gcd(*self.demand, *self.base.values())


def base_load_ppm(app: Application, machine: Topology) -> Mapping[int, int]:
    """What other applications were measured to take of each core."""
    found: dict[int, int] = {}
    for (application, core), share in machine.measured_load_ppm.items():
        if application != app.name:
            found[core] = found.get(core, 0) + share
    return found


def minimise(
    app: Application, machine: Topology, problem: Problem, places: Places, search: Search
) -> Solved | Literal["infeasible", "unknown"]:
    """The best placement found for the application's objective; `cost` and `bound` are in its unit."""
    if not app.objective.load:
        return solve(problem, search.seed, search.time_limit, search.iterations, search.mappers)
    loads = Loads(app, machine, places)
    least = _least_load(problem, loads, search)
    if isinstance(least, str):
        return least
    if app.objective.name == "load":
        return _fullest_least(problem, loads, search, least)
    return _mixed(problem, loads, search, app.objective.load, least)


@dataclass(frozen=True, slots=True)
class _Least:
    """The least limit on every core's load that an assignment was found for, and the one below which there is none."""

    load_ppm: int
    proven_ppm: int
    assignment: tuple[int, ...]


def _least_load(problem: Problem, loads: Loads, search: Search) -> _Least | Literal["infeasible", "unknown"]:
    deadline = None if search.time_limit is None else time.perf_counter() + search.time_limit / 2
    found = _attempt(problem, search, deadline)
    if found.status != "feasible":
        return found.status
    step, low = loads.step_ppm, loads.least_thinkable_ppm
    best = _Least(loads.largest_ppm(found.assignment), low, found.assignment)
    middle = low
    while low < best.load_ppm:
        found = _attempt(loads.limited(problem, middle), search, deadline)
        if found.status == "feasible":
            best = replace(best, load_ppm=loads.largest_ppm(found.assignment), assignment=found.assignment)
        else:
            low = middle + step
            if found.status == "infeasible":
                best = replace(best, proven_ppm=low)
        middle = low + (best.load_ppm - low) // step // 2 * step
    return best


def _attempt(problem: Problem, search: Search, deadline: float | None) -> Feasibility:
    left = None if deadline is None else max(0.01, deadline - time.perf_counter())
    return find_feasible(problem.size, problem.location_count, problem.rules, seed=search.seed, time_limit=left)


def _fullest_least(problem: Problem, loads: Loads, search: Search, least: _Least) -> Solved:
    """At the least largest load the placement of the least communication."""
    solved = _solve(loads.limited(problem, least.load_ppm), search, 1, least.assignment)
    load = loads.largest_ppm(solved.assignment) / WHOLE_PPM
    return replace(
        solved,
        status="optimal" if least.proven_ppm >= least.load_ppm else "feasible",
        cost=load,
        bound=min(load, least.proven_ppm / WHOLE_PPM),
        proof={"method": METHOD, "model": "exact", "rounding": 0.0},
    )


def _mixed(problem: Problem, loads: Loads, search: Search, weight: float, least: _Least) -> Solved:
    """The best weighted sum over several limits on the load, the unlimited one first: its bound holds for all."""
    free = _solve(problem, search, LEVELS + 1, least.assignment)
    most_ppm = loads.largest_ppm(free.assignment)
    spread = most_ppm - least.load_ppm
    limits = [least.load_ppm + spread * level // LEVELS for level in range(LEVELS)] if spread > 0 else []
    tried = [free, *(_solve(loads.limited(problem, limit), search, LEVELS + 1, least.assignment) for limit in limits)]
    costs = [one.cost + weight * loads.largest_ppm(one.assignment) / WHOLE_PPM for one in tried]
    cost, best = min(zip(costs, tried, strict=True), key=lambda pair: pair[0])
    bound = min(cost, free.bound + weight * least.proven_ppm / WHOLE_PPM)
    is_optimal = cost - bound <= TOLERANCE * max(1.0, abs(cost))
    return replace(
        best,
        status="optimal" if is_optimal else "feasible",
        cost=cost,
        bound=bound,
        proof={**free.proof, "load": METHOD},
    )


def _solve(problem: Problem, search: Search, parts: int, start: tuple[int, ...]) -> Solved:
    """One of so many parts of the search, from an assignment that keeps the rules."""
    limit = None if search.time_limit is None else search.time_limit / parts
    iterations = search.iterations
    if iterations is None and limit is None:
        iterations = usual_iterations(problem)
    share = None if iterations is None else iterations // parts
    solved = solve(problem, search.seed, limit, share, (*search.mappers, lambda _: start))
    assert isinstance(solved, Solved), "a problem with an assignment was found to have none"
    return solved
