"""What a message costs in a multicast: the delay to its receiver, the time that its sender is busy."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from planner.errors import PlanError
from planner.latency import Certainty
from planner.topology import Topology

DEFAULT_SEND_SHARE = 0.19


@dataclass(frozen=True, slots=True)
class MulticastCost:
    """Costs between `cores`, in picoseconds: row by sender, column by receiver, in the order of `cores`.

    `delay_ps` (D) runs from the start of the send until the receiver may forward; `busy_ps` (G) keeps the
    sender from its next send. The root is at index 0. `packages` names each core's package.
    """

    cores: tuple[int, ...]
    delay_ps: tuple[tuple[int, ...], ...]
    busy_ps: tuple[tuple[int, ...], ...]
    packages: tuple[int, ...]
    certainty: Certainty

    @property
    def size(self) -> int:
        return len(self.cores)


def cost_on_machine(
    machine: Topology, root: int, members: Sequence[int], send_share: float | None, floor_ps: int
) -> MulticastCost:
    """D is the one-way latency, G its send share, at least the floor; None takes the machine's own share."""
    cores = (root, *members)
    delay = machine.latency_matrix_ps(cores)
    if send_share is None:
        busy = [[machine.send_ps(a, b) if a != b else 0 for b in cores] for a in cores]
    else:
        busy = _scaled(delay, check_share(send_share))
    package = {core: index for index, own in enumerate(machine.packages.values()) for core in own}
    return MulticastCost(
        cores,
        _frozen(delay),
        _with_floor(busy, floor_ps),
        tuple(package.get(core, -1) for core in cores),
        machine.weakest_source((a, b) for a in cores for b in cores if a != b),
    )


def cost_of_matrix(
    latency_ns: Sequence[Sequence[float]],
    root: int,
    members: Sequence[int],
    send_share: float,
    floor_ps: int,
    infer: Callable[[list[list[int]]], list[int]],
) -> MulticastCost:
    """The same without a machine; `infer` groups the cores into packages by their distances."""
    cores = (root, *members)
    delay = [[0 if a == b else round(latency_ns[a][b] * 1000) for b in cores] for a in cores]
    busy = _scaled(delay, check_share(send_share))
    return MulticastCost(cores, _frozen(delay), _with_floor(busy, floor_ps), tuple(infer(delay)), "stated")


def check_share(send_share: float) -> float:
    if not 0 <= send_share <= 1:
        raise PlanError(
            f"the send share is {send_share}; a number from 0 to 1 is accepted",
            code="bad_send_share",
            details={"found": send_share, "accepted": "0 to 1"},
        )
    return send_share


def _scaled(delay: Sequence[Sequence[int]], share: float) -> list[list[int]]:
    share_ppm = round(share * 1_000_000)
    return [[(2 * value * share_ppm + 1_000_000) // 2_000_000 for value in row] for row in delay]


def _with_floor(rows: Sequence[Sequence[int]], floor_ps: int) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(max(floor_ps, value) for value in row) for row in rows)


def _frozen(rows: Sequence[Sequence[int]]) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(row) for row in rows)
