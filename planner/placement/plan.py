"""Placements: which core each dispatcher runs on, what that costs, how good it is known to be."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from planner.applications.application import Application
from planner.machine.topology import Topology
from planner.placement.locations import MOST_PLACES, places_of
from planner.placement.machine_problem import notes_of, problem_of
from planner.placement.matrix_problem import matrix_problem, quadratic_problem
from planner.placement.objectives import Search, minimise
from planner.placement.problem import Problem
from planner.placement.rules.conflict import Conflict, find_conflict
from planner.placement.rules.relaxation import Relaxation
from planner.placement.solve import Mapper, Solved, Status, solve
from planner.verify.placement import check_assignment, check_map, terms_of, value_of

UNIT = "byte ns/s"

LEAST_CONFLICT_TIME_S = 5.0
"""What explains a refusal may take as long as the search, and at least so long."""


@dataclass(frozen=True, slots=True)
class Seat:
    """A dispatcher's core, with the operating system's index and the NUMA node where the machine has them."""

    core: int
    os_index: int | None = None
    numa_node: int | None = None

    def to_json(self) -> dict[str, int]:
        known = {"core": self.core, "os_index": self.os_index, "numa_node": self.numa_node}
        return {key: value for key, value in known.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Placement:
    """Where everyone runs. `cost` is the objective's value, in general the sum over ordered pairs of traffic x one-way
    latency; NaN without a map.

    `bound` is below every placement's cost, by the method that `proof` names. `conflict` names constraints
    that cannot hold together, a minimal set where `is_minimal`; `relaxations` what of each of them would do.
    """

    status: Status
    seats: Mapping[str, Seat]
    cost: float
    bound: float
    proof: Mapping[str, Any]
    baselines: Mapping[str, float]
    unit: str = UNIT
    conflict: tuple[str, ...] = ()
    is_minimal: bool = False
    relaxations: tuple[Relaxation, ...] = ()
    certainty: str = "stated"
    revision: int = 0
    seconds: float = 0.0
    notes: tuple[str, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def cores(self) -> tuple[int, ...]:
        """The core of each dispatcher in the application's order."""
        return tuple(seat.core for seat in self.seats.values())

    @property
    def gap(self) -> float:
        """How far the bound lies below the cost, as a part of it."""
        return (self.cost - self.bound) / self.cost if self.seats and self.cost else 0.0

    def with_extra(self, key: str, value: Any) -> "Placement":
        """The same with one more key in its JSON."""
        return replace(self, extra={**self.extra, key: value})

    def to_json(self) -> dict[str, Any]:
        has_map = bool(self.seats)
        return {
            "status": self.status,
            "map": {name: seat.to_json() for name, seat in self.seats.items()},
            "cost": self.cost if has_map else None,
            "unit": self.unit,
            "bound": self.bound if has_map else None,
            "gap": self.gap if has_map else None,
            "proof": dict(self.proof),
            "baselines": dict(self.baselines),
            "conflict": list(self.conflict),
            "minimal": self.is_minimal,
            "relaxations": [one.to_json() for one in self.relaxations],
            "latency": self.certainty,
            "seconds": self.seconds,
            "revision": self.revision,
            "notes": list(self.notes),
            **self.extra,
        }


def place(
    app: Application,
    machine: Topology,
    *,
    seed: int = 0,
    time_limit: float | None = None,
    iterations: int | None = None,
    mappers: Sequence[Mapper] = (),
) -> Placement:
    """Dispatchers on allowed cores at the least cost of the application's objective, under its constraints.

    `iterations` bounds the search reproducibly (5,000 by default), `time_limit` by seconds from the search's start;
    `mappers` are other tools' ways to assignments, improved if they keep the constraints. Raises PlanError for
    constraints that name cores, packages, nodes or devices which the machine does not have.
    """
    started = time.perf_counter()
    places = places_of(app, machine, app.constraints, most=MOST_PLACES)
    problem = problem_of(app, machine, places)
    solved = minimise(app, machine, problem, places, Search(seed, time_limit, iterations, mappers))
    if isinstance(solved, str):
        return _no_placement(app, machine, solved, seed, time_limit, started)
    cores = {name: places.cores[at] for name, at in zip(app.dispatchers, solved.assignment, strict=True)}
    check_map(app, machine, cores, solved.cost)
    used = [(cores[a], cores[b]) for a, b, rate in app.edges if rate and a != b]
    return Placement(
        status=solved.status,
        seats={name: _seat(machine, core) for name, core in cores.items()},
        cost=solved.cost,
        bound=solved.bound,
        proof=solved.proof,
        baselines=_baselines(app, machine, problem, places.cores),
        unit=app.objective.unit,
        certainty=machine.weakest_source(used),
        revision=machine.revision,
        seconds=time.perf_counter() - started,
        notes=notes_of(app, machine),
        extra={"objective": app.objective.name, "terms": terms_of(app, machine, cores)},
    )


def _seat(machine: Topology, core_id: int) -> Seat:
    core = machine.core(core_id)
    return Seat(core.id, core.os_index, core.node)


def _baselines(app: Application, machine: Topology, problem: Problem, cores: Sequence[int]) -> dict[str, float]:
    """What simple orders would cost, whatever rules they break."""
    return {
        name: value_of(
            app, terms_of(app, machine, {one: cores[at] for one, at in zip(app.dispatchers, order, strict=False)})
        )
        for name, order in (("compact", problem.order), ("scatter", problem.scattered))
    }


def _no_placement(
    app: Application, machine: Topology, status: Status, seed: int, time_limit: float | None, started: float
) -> Placement:
    limit = None if time_limit is None else max(LEAST_CONFLICT_TIME_S, time_limit)
    found = find_conflict(app, machine, seed, limit) if status == "infeasible" else Conflict()
    return Placement(
        status=status,
        seats={},
        cost=float("nan"),
        bound=0.0,
        proof={},
        baselines={},
        unit=app.objective.unit,
        conflict=found.names,
        is_minimal=found.is_minimal,
        relaxations=found.relaxations,
        revision=machine.revision,
        seconds=time.perf_counter() - started,
        extra={"objective": app.objective.name},
    )


def place_matrix(
    latency_ns: Sequence[Sequence[float]],
    traffic: Sequence[Sequence[float]],
    *,
    seed: int = 0,
    time_limit: float | None = None,
    iterations: int | None = None,
    mappers: Sequence[Mapper] = (),
) -> Placement:
    """Threads to cores without a machine: square matrices of one-way latency and of bytes per second.

    The answer's `cores` (also in its JSON) gives the core of thread 0, 1, ... Raises PlanError for matrices
    that are not square, hold NaN or negative numbers, or for more threads than cores.
    """
    started = time.perf_counter()
    problem = matrix_problem(latency_ns, traffic)
    solved = solve(problem, seed, time_limit, iterations, mappers)
    assert isinstance(solved, Solved)
    return _bare(solved, problem, started, UNIT, {"cores": list(solved.assignment)})


def qap(
    flow: Sequence[Sequence[float]],
    distance: Sequence[Sequence[float]],
    *,
    seed: int = 0,
    time_limit: float | None = None,
    iterations: int | None = None,
    mappers: Sequence[Mapper] = (),
) -> Placement:
    """A quadratic assignment problem: the sum over i, j of flow[i][j] x distance[p(i)][p(j)], p a
    permutation.

    That is QAPLIB's cost with the file's first matrix as flow; `permutation` in the JSON is p, counted from
    0.
    """
    started = time.perf_counter()
    problem = quadratic_problem(flow, distance)
    solved = solve(problem, seed, time_limit, iterations, mappers)
    assert isinstance(solved, Solved)
    return _bare(solved, problem, started, "1", {"permutation": list(solved.assignment)})


def _bare(solved: Solved, problem: Problem, started: float, unit: str, extra: Mapping[str, Any]) -> Placement:
    check_assignment(problem.flow, problem.distance, problem.linear, solved.assignment, solved.cost)
    return Placement(
        status=solved.status,
        seats={str(thread): Seat(core) for thread, core in enumerate(solved.assignment)},
        cost=solved.cost,
        bound=solved.bound,
        proof=solved.proof,
        baselines=solved.baselines,
        unit=unit,
        seconds=time.perf_counter() - started,
        extra=extra,
    )
