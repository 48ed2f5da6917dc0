"""What a message costs in a multicast: the delay to its receiver, the time that its sender is busy."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from planner.errors import PlanError
from planner.machine.latency import Certainty
from planner.machine.topology import Topology

DEFAULT_SEND_SHARE = 0.19
PS_PER_NS = 1000

Times = NDArray[np.int64]


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


def cost_of_matrix(
    latency_ns: Sequence[Sequence[float]],
    root: int,
    members: Sequence[int],
    send_share: float,
    floor_ps: int,
    infer: Callable[[Times], list[int]],
) -> MulticastCost:
    """The same without a machine; `infer` groups the cores into packages by their distances."""
    cores = (root, *members)
    chosen = np.array(latency_ns, dtype=np.float64)[np.ix_(cores, cores)]
    delay = np.rint(chosen * PS_PER_NS).astype(np.int64)
    np.fill_diagonal(delay, 0)
    busy = busy_times(delay, share_to_ppm(send_share), floor_ps)
    return MulticastCost(cores, delay, busy, tuple(infer(delay)), "stated")


def share_to_ppm(send_share: float) -> int:
    if not 0 <= send_share <= 1:
        raise PlanError(
            f"the send share is {send_share}; a number from 0 to 1 is accepted",
            code="bad_send_share",
            details={"found": send_share, "accepted": "0 to 1"},
        )
    return round(send_share * 1_000_000)


def busy_times(delay: Times, share_ppm: int, floor_ps: int) -> Times:
    """The share of each delay, rounded half up, at least the floor."""
    return np.maximum((2 * delay * share_ppm + 1_000_000) // 2_000_000, floor_ps)
