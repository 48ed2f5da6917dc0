"""The latencies of all ordered pairs of cores at once."""

from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from planner.machine.estimate import Estimator
from planner.machine.latency import ESTIMATED_PS, LatencyTable

if TYPE_CHECKING:
    from planner.machine.topology import Topology

Matrix = NDArray[np.int64]


def latency_matrix_ps(
    machine: "Topology", table: LatencyTable, estimator: Estimator, cores: Sequence[int]
) -> list[list[int]]:
    """Row by source, column by destination, in the order given; the diagonal is 0. Equals the table, pair by pair."""
    count = len(cores)
    if count * (count - 1) <= len(table.stated) or any(core in machine.mesh for core in cores):
        between = table.between
        return [[between(a, b).latency_ps if a != b else 0 for b in cores] for a in cores]
    found = _estimated(machine, estimator, cores)
    place = {core: index for index, core in enumerate(cores)}
    for (src, dst), latency in table.stated.items():
        a, b = place.get(src), place.get(dst)
        if a is not None and b is not None and a != b:
            found[a, b] = latency.latency_ps
            if (dst, src) not in table.stated:
                found[b, a] = latency.latency_ps
    rows: list[list[int]] = found.tolist()
    return rows


def _estimated(machine: "Topology", estimator: Estimator, cores: Sequence[int]) -> Matrix:
    """By the lowest object in common, the weaker ones first so that closer ones overwrite them."""
    known = [machine.core(core) for core in cores]
    package, node = _alike([core.package for core in known]), _alike([core.node for core in known])
    is_near = _alike([(core.node, core.die) for core in known])
    is_homeless = np.array([core.package is None for core in known])
    levels = [
        (package & ~is_near, "package"),
        ((package & is_near) | (is_homeless[:, None] & is_homeless & node), "node"),
        (_alike([estimator.domain["l3"].get(core) for core in cores]), "l3"),
        (_alike([estimator.domain["l2"].get(core) for core in cores]), "l2"),
        (_alike([core.physical_core for core in known]), "physical_core"),
    ]
    found = _packages_apart(machine, estimator, cores)
    for applies, name in levels:
        found[applies] = ESTIMATED_PS[name]
    np.fill_diagonal(found, 0)
    return found


def _packages_apart(machine: "Topology", estimator: Estimator, cores: Sequence[int]) -> Matrix:
    """As if no pair had an object in common, worked out once for each pair of homes (package and node)."""
    homes: dict[Hashable, int] = {}
    first: list[int] = []
    number = []
    for core in cores:
        known = machine.core(core)
        number.append(homes.setdefault((known.package, known.node), len(homes)))
        if len(homes) > len(first):
            first.append(core)
    apart = [[estimator.between_packages_ps(a, b) for b in first] for a in first]
    return np.array(apart, dtype=np.int64)[np.ix_(number, number)]


def _alike(marks: Sequence[Hashable]) -> NDArray[np.bool_]:
    """Pairs with one mark; None is like nothing."""
    numbers: dict[Hashable, int] = {}
    own = [-1 - at if mark is None else numbers.setdefault(mark, len(numbers)) for at, mark in enumerate(marks)]
    column = np.array(own)
    return np.asarray(column[:, None] == column)
