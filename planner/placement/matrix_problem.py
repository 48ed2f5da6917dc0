"""Assignment problems given as two matrices, without a machine."""

from collections.abc import Sequence

import numpy as np

from planner.errors import PlanError
from planner.machine.core_clusters import clusterings
from planner.matrix_text import LARGEST_VALUE
from planner.placement.problem import Matrix, Problem

Rows = Sequence[Sequence[float]]


def matrix_problem(latency_ns: Rows, traffic: Rows) -> Problem:
    """Threads to cores; a core's message to itself is no traffic, so both diagonals are left out."""
    distance, flow = square("latency", latency_ns), square("traffic", traffic)
    np.fill_diagonal(distance, 0.0)
    np.fill_diagonal(flow, 0.0)
    if len(flow) > len(distance):
        raise PlanError(
            f"the traffic is between {len(flow)} threads and the latencies between {len(distance)} cores; "
            "at most as many threads as cores are accepted",
            code="too_many_threads",
            details={"threads": len(flow), "cores": len(distance)},
        )
    return _problem(flow, distance, np.zeros((len(flow), len(distance))))


def quadratic_problem(flow_rows: Rows, distance_rows: Rows) -> Problem:
    """A quadratic assignment problem; the diagonals' product is a facility's own cost at a location."""
    flow, distance = square("flow", flow_rows), square("distance", distance_rows)
    if len(flow) != len(distance):
        raise PlanError(
            f"the matrices have {len(flow)} and {len(distance)} rows; two of equal size are accepted",
            code="bad_matrix",
            details={"found": [len(flow), len(distance)]},
        )
    linear = np.outer(np.diagonal(flow), np.diagonal(distance))
    np.fill_diagonal(flow, 0.0)
    np.fill_diagonal(distance, 0.0)
    return _problem(flow, distance, linear)


def square(what: str, rows: Rows) -> Matrix:
    """A copy as a matrix; PlanError naming the row and column that are not square, finite and 0 or more."""
    size = len(rows)
    for index, row in enumerate(rows):
        if len(row) != size:
            raise _refuse(what, f"row {index} has {len(row)} numbers", f"{size} rows of {size} numbers")
    matrix = np.array(rows, dtype=np.float64).reshape(size, size)
    bad = np.argwhere(~((matrix >= 0) & (matrix <= LARGEST_VALUE)))
    if len(bad):
        row_index, column = (int(one) for one in bad[0])
        found = f"row {row_index}, column {column} is {matrix[row_index, column]}"
        raise _refuse(what, found, "finite numbers from 0 to 1e12")
    if size == 0:
        raise _refuse(what, "there is no row", "at least one row")
    return matrix


def _problem(flow: Matrix, distance: Matrix, linear: Matrix) -> Problem:
    order = _near_order(distance)
    return Problem(flow, distance, linear, (), order, _spread_order(distance, order))


def _near_order(distance: Matrix) -> tuple[int, ...]:
    """Locations cluster by cluster, the coarsest clustering first."""
    size = len(distance)
    if size < 2:
        return tuple(range(size))
    scaled = np.rint(distance * (1e6 / max(float(distance.max()), 1e-300))).astype(np.int64)
    levels = sorted(clusterings(scaled, 4), key=len)
    homes = [{place: number for number, own in enumerate(level) for place in own} for level in levels]
    return tuple(sorted(range(size), key=lambda place: (*(home[place] for home in homes), place)))


def _spread_order(distance: Matrix, order: tuple[int, ...]) -> tuple[int, ...]:
    """Locations in turn from equal stretches of the near order, about the square root of them many."""
    parts = max(1, round(len(order) ** 0.5))
    return tuple(place for start in range(parts) for place in order[start::parts])


def _refuse(what: str, found: str, accepted: str) -> PlanError:
    return PlanError(
        f"{what} matrix: {found}; {accepted} are accepted",
        code="bad_matrix",
        details={"matrix": what, "found": found, "accepted": accepted},
    )
