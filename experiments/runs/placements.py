"""On which cores the threads of an application go, by a named rule or by the planner."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from random import Random

from experiments.errors import ExperimentError
from experiments.files.application import ApplicationFile
from planner.applications.application import Application
from planner.applications.constraints import Constraint
from planner.machine.topology import Topology


def choose_cores(
    file: ApplicationFile,
    machine: Topology,
    load: Mapping[int, int],
    *,
    seed: int,
    random: Random,
    iterations: int,
) -> tuple[int, ...]:
    """SKB ids, one for each dispatcher; at most as many as there are allowed cores.

    `load` is how many dispatchers a core has already: cores with fewer come first. Raises ExperimentError where the
    planner's constraints cannot be met.
    """
    count = min(file.threads, len(machine.allowed_ids))
    if file.placement == "solved":
        return _solve(file, machine, load, seed=seed, iterations=iterations)
    ordered = _order(file.placement, machine, random)
    least_loaded = sorted(ordered, key=lambda core: load.get(core, 0))
    chosen = set(least_loaded[:count])
    return tuple(core for core in ordered if core in chosen)


def placement_cost(file: ApplicationFile, machine: Topology, cores: Sequence[int]) -> float | None:
    """Sum over the edges of traffic x one-way latency as this machine is believed to be, in byte ns/s."""
    if not file.edges:
        return None
    total_ps = sum(
        rate * machine.latency_ps(cores[a % len(cores)], cores[b % len(cores)])
        for a, b, rate in file.edges
        if cores[a % len(cores)] != cores[b % len(cores)]
    )
    return round(total_ps / 1000, 3)


def place_application(
    application: Application, machine: Topology, *, seed: int, iterations: int, where: str
) -> tuple[int, ...]:
    """The planner's answer: a core for each dispatcher, in their order."""
    from planner import place  # solvers load slowly

    placement = place(application, machine, seed=seed, iterations=iterations)
    if not placement.seats:
        raise ExperimentError(
            f"{where}: no placement on {machine.name} meets {', '.join(placement.conflict) or 'the constraints'}; "
            "accepted: fewer threads or weaker constraints",
            code="not_placed",
            details={"application": application.name, "conflict": list(placement.conflict)},
        )
    return placement.cores


def _solve(
    file: ApplicationFile, machine: Topology, load: Mapping[int, int], *, seed: int, iterations: int
) -> tuple[int, ...]:
    plan = file.plan if file.plan is not None and file.plan.traffic else _everyone_talks(file)
    taken = tuple(core for core in machine.allowed_ids if load.get(core, 0))
    if taken and len(machine.allowed_ids) - len(taken) >= len(plan.dispatchers):
        elsewhere = Constraint("free cores", "forbid", plan.dispatchers, numbers=taken)
        plan = replace(plan, constraints=(*plan.constraints, elsewhere))
    return place_application(plan, machine, seed=seed, iterations=iterations, where=file.where)


def _everyone_talks(file: ApplicationFile) -> Application:
    """An application without stated traffic: each thread speaks with every other, as at a barrier."""
    groups = [{"name": "threads", "count": file.threads}]
    traffic = [{"between": "threads", "pattern": "all-to-all", "bytes_per_second": 1.0}]
    document = {"name": file.name, "group": groups, "traffic": traffic if file.threads > 1 else []}
    return Application.from_mapping(document, where=file.where)


def _order(rule: str, machine: Topology, random: Random) -> list[int]:
    """compact fills one package after the other; scatter takes the packages in turn; random is drawn."""
    allowed = [core for core in machine.cores if core.allowed]
    compact = [core.id for core in sorted(allowed, key=lambda core: (core.package is None, core.package or 0, core.id))]
    if rule == "random":
        return random.sample(compact, len(compact))
    if rule == "compact":
        return compact
    place_in_package: dict[int, int] = {}
    turn: dict[int, tuple[int, int]] = {}
    for rank, core_id in enumerate(compact):
        package = machine.core(core_id).package
        key = -1 if package is None else package
        turn[core_id] = (place_in_package.get(key, 0), rank)
        place_in_package[key] = place_in_package.get(key, 0) + 1
    return sorted(compact, key=lambda core_id: turn[core_id])
