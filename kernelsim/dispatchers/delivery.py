"""Local messages: into the receiver's registers where it waits for them, else into a buffer of its dispatcher.

The buffer is made with the endpoint; the driver allocates nothing (dissertation, sections 2.5.2 and 2.6.2).
"""

from dataclasses import dataclass, replace
from enum import Enum

from kernelsim.dispatchers.execution import Execution, Mode

Payload = tuple[int, int, int, int]


class Delivery(Enum):
    """What became of a message."""

    ENTERED = "entered"
    BUFFERED = "buffered"
    FULL = "full"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where messages for a dispatcher arrive: an address, room for `slots` messages, and those that wait."""

    address: int
    slots: int
    waiting: tuple[Payload, ...] = ()

    def __post_init__(self) -> None:
        if self.slots < 1:
            raise ValueError(f"an endpoint with {self.slots} slots; accepted: 1 or more")


def deliver(execution: Execution, endpoint: Endpoint, payload: Payload) -> tuple[Delivery, Execution, Endpoint]:
    """Send a message: the LMP entry is used only while the receiver is neither running nor disabled, and never past
    older messages of the same endpoint; otherwise it is buffered, flagged, and the receiver made runnable.

    What does not fit is refused, and nothing changes.
    """
    if execution.mode is Mode.NOTRUNNING_ENABLED and not endpoint.waiting:
        ready = replace(execution.structure, haswork=1)
        return Delivery.ENTERED, replace(execution, structure=ready).receive(endpoint.address, payload), endpoint
    if len(endpoint.waiting) == endpoint.slots:
        return Delivery.FULL, execution, endpoint
    flagged = replace(execution.structure, lmp_delivered=execution.structure.lmp_delivered + 1, haswork=1)
    kept = replace(endpoint, waiting=(*endpoint.waiting, payload))
    return Delivery.BUFFERED, replace(execution, structure=flagged), kept


def poll(execution: Execution, endpoint: Endpoint) -> tuple[Payload | None, Execution, Endpoint]:
    """The dispatcher takes the oldest message that waits at an endpoint, None without any; the flag stands until the
    last one of all its endpoints is taken.
    """
    if not endpoint.waiting:
        return None, execution, endpoint
    first, *rest = endpoint.waiting
    flag = replace(execution.structure, lmp_delivered=execution.structure.lmp_delivered - 1)
    return first, replace(execution, structure=flag), replace(endpoint, waiting=tuple(rest))
