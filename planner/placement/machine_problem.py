"""The assignment problem of an application on a machine."""

import numpy as np

from planner.applications.application import Application
from planner.cpu_list import format_cpu_list
from planner.machine.topology import Topology
from planner.placement.locations import MOST_PLACES, Places, compact_order, places_of, scattered_order
from planner.placement.problem import Matrix, Problem
from planner.placement.rules.translation import rules_of

PS_PER_NS = 1000.0


def problem_of(app: Application, machine: Topology, places: Places | None = None) -> Problem:
    """Facilities are the dispatchers in order, locations the places, distance in ns.

    The largest load is left out; where it alone counts, communication decides among equals. A dispatcher's moving
    costs its weight at every location but those of its current core.
    """
    places = places or places_of(app, machine, app.constraints, most=MOST_PLACES)
    cores = places.cores
    for home in app.current.values():
        machine.core(home)
    index = {name: number for number, name in enumerate(app.dispatchers)}
    flow = np.zeros((len(index), len(index)))
    for sender, receiver, rate in app.edges:
        if sender != receiver:
            flow[index[sender], index[receiver]] += rate
    return Problem(
        flow=flow * (app.objective.communication or float(app.objective.name == "load")),
        distance=distances_ns(machine, cores),
        linear=app.objective.migration * _moves(app, cores),
        rules=rules_of(app, machine, app.constraints, places),
        order=compact_order(machine, cores),
        scattered=scattered_order(machine, cores),
    )


def distances_ns(machine: Topology, cores: tuple[int, ...]) -> Matrix:
    """One way between the cores of two places; between two places of one core what is stated for it, else 0."""
    unique = tuple(dict.fromkeys(cores))
    between = np.array(machine.latency_matrix_ps(unique), dtype=np.float64) / PS_PER_NS
    if len(unique) == len(cores):
        return between
    np.fill_diagonal(between, [machine.latency_ps(core, core) / PS_PER_NS for core in unique])
    number = {core: index for index, core in enumerate(unique)}
    at = np.array([number[core] for core in cores])
    spread = np.asarray(between[np.ix_(at, at)])
    np.fill_diagonal(spread, 0.0)
    return spread


def _moves(app: Application, cores: tuple[int, ...]) -> Matrix:
    """1 where a dispatcher would have to move, 0 on its current core and for those that run nowhere yet."""
    homes = [app.current.get(name) for name in app.dispatchers]
    return np.array([[float(home is not None and core != home) for core in cores] for home in homes])


def notes_of(app: Application, machine: Topology) -> tuple[str, ...]:
    """What was asked for and could not be checked, since no fact says it."""
    kinds = {constraint.kind for constraint in app.constraints}
    allowed = [machine.core(core) for core in machine.allowed_ids]
    notes = []
    nodes = [node for node in machine.nodes if node not in machine.node_bytes]
    if "memory" in kinds and nodes:
        unknown = f"the size of NUMA node {format_cpu_list(nodes)} is not known"
        notes.append(f"{unknown}: the memory asked for was not checked there")
    untold = [core.id for core in allowed if core.isa is None]
    if "isa" in kinds and untold:
        unknown = f"the instruction set of core {format_cpu_list(untold)} is not known"
        notes.append(f"{unknown}: the isa asked for was not checked there")
    if "features" in kinds and any(core.features is None for core in allowed):
        notes.append("no features of cores are known: those asked for were not checked")
    if "core_kind" in kinds and all(core.kind is None for core in allowed):
        notes.append("no kinds of cores are known: those asked for were not checked")
    return tuple(notes)
