"""What a message costs in a multicast: the delay to its receiver, the time that its sender is busy."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from planner.errors import PlanError
from planner.machine.latency import Certainty
from planner.machine.topology import Topology
from planner.placement.matrix_problem import square

DEFAULT_SEND_SHARE = 0.19
PS_PER_NS = 1000

Times = NDArray[np.int64]
Rows = Sequence[Sequence[float]]

FORMS = (("latency",), ("delay", "busy"), ("send", "receive"), ("send", "receive", "propagation"))
"""The sets of matrices that give a cost."""

_DELAY_OF = {frozenset(form): form[:1] if form[0] != "send" else form for form in FORMS}


@dataclass(frozen=True, eq=False)
class MulticastCost:
    """Costs between `cores`, in picoseconds: row by sender, column by receiver, in the order of `cores`.

    `delay` (D) runs from the start of the send until the receiver may forward; `busy` (G) keeps the sender
    from its next send. The root is at index 0. `packages` names each core's package.
    """

    cores: tuple[int, ...]
    delay: Times
    busy: Times
    packages: tuple[int, ...]
    certainty: Certainty

    @property
    def size(self) -> int:
        return len(self.cores)

    def from_root(self, index: int) -> "MulticastCost":
        """The same with another of the cores as root."""
        order = [index, *(other for other in range(self.size) if other != index)]
        pairs = np.ix_(order, order)
        cores, packages = ([own[at] for at in order] for own in (self.cores, self.packages))
        return MulticastCost(tuple(cores), self.delay[pairs], self.busy[pairs], tuple(packages), self.certainty)

    @cached_property
    def delay_ps(self) -> list[list[int]]:
        rows: list[list[int]] = self.delay.tolist()
        return rows

    @cached_property
    def busy_ps(self) -> list[list[int]]:
        rows: list[list[int]] = self.busy.tolist()
        return rows


def cost_on_machine(
    machine: Topology, root: int, members: Sequence[int], send_share: float | None, floor_ps: int
) -> MulticastCost:
    """D is the one-way latency, G its send share, at least the floor; None takes the machine's own share."""
    cores = (root, *members)
    delay = np.array(machine.latency_matrix_ps(cores), dtype=np.int64)
    share_ppm = machine.send_share_ppm if send_share is None else share_to_ppm(send_share)
    package = {core: index for index, own in enumerate(machine.packages.values()) for core in own}
    return MulticastCost(
        cores,
        delay,
        busy_times(delay, share_ppm, floor_ps),
        tuple(package.get(core, -1) for core in cores),
        machine.weakest_source((a, b) for a in cores for b in cores if a != b),
    )


def cost_of_matrices(
    matrices: Mapping[str, Rows],
    root: int,
    members: Sequence[int],
    send_share: float | None,
    floor_ps: int,
    packages: Callable[[Times], Sequence[int]],
) -> MulticastCost:
    """Costs from matrices in ns, row by sender: `latency` (D, with G its send share), or `delay` (D) and `busy` (G),
    or `send` (G), `receive` and `propagation` (0 unless given), whose sum is D. `packages` tells the package of
    each core by their delays.
    """
    cores = (root, *members)
    squares = {name: square(name, rows)[np.ix_(cores, cores)] for name, rows in matrices.items()}
    delay = _whole_ps(sum(squares[name] for name in _DELAY_OF[frozenset(matrices)]))
    np.fill_diagonal(delay, 0)
    if "latency" in matrices:
        busy = busy_times(delay, share_to_ppm(DEFAULT_SEND_SHARE if send_share is None else send_share), floor_ps)
    else:
        busy = np.maximum(_whole_ps(squares["busy" if "busy" in matrices else "send"]), floor_ps)
    return MulticastCost(cores, delay, busy, tuple(packages(delay)), "stated")


def size_of_matrices(matrices: Mapping[str, Rows], send_share: float | None) -> int:
    """How many cores they are for; PlanError for a set of names that is none of FORMS, or sizes that differ."""
    names = frozenset(matrices)
    accepted = "; ".join(" and ".join(form) for form in FORMS)
    if names not in _DELAY_OF:
        found = ", ".join(sorted(map(str, names))) or "nothing"
        raise PlanError(
            f"the cost is given by {found}; accepted: {accepted}",
            code="bad_cost",
            details={"key": "cost", "found": sorted(map(str, names)), "accepted": [list(form) for form in FORMS]},
        )
    if send_share is not None and "latency" not in names:
        raise PlanError(
            f"the send share is {send_share}, while the time that a sender is busy is given; one of both is accepted",
            code="bad_cost",
            details={"key": "send_share", "found": send_share},
        )
    sizes = {name: len(rows) for name, rows in matrices.items()}
    if len(set(sizes.values())) > 1:
        found = ", ".join(f"{name} has {size} rows" for name, size in sizes.items())
        raise PlanError(f"{found}; matrices of one size are accepted", code="bad_matrix", details={"found": sizes})
    return next(iter(sizes.values()))


def _whole_ps(times_ns: Any) -> Times:
    found: Times = np.rint(times_ns * PS_PER_NS).astype(np.int64)
    return found


def share_to_ppm(send_share: float) -> int:
    if not 0 <= send_share <= 1:
        raise PlanError(
            f"the send share is {send_share}; a number from 0 to 1 is accepted",
            code="bad_send_share",
            details={"key": "send_share", "found": str(send_share), "accepted": "0 to 1"},
        )
    return round(send_share * 1_000_000)


def busy_times(delay: Times, share_ppm: int, floor_ps: int) -> Times:
    """The share of each delay, rounded half up, at least the floor."""
    whole, rest = np.divmod(delay, 1_000_000)
    busy: Times = np.maximum(whole * share_ppm + (2 * rest * share_ppm + 1_000_000) // 2_000_000, floor_ps)
    return busy
