"""What goes over the line between the service and its workers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from skb.snapshot import Snapshot
from skb.store.store import Store

MachineKey: TypeAlias = tuple[str, str, int]
"""The store's own mark, the machine's name, the revision."""


@dataclass(frozen=True, slots=True)
class MachineAt:
    """A machine at a revision: read from the database at `address`, or handed over as a snapshot.

    Without either the worker holds it already.
    """

    key: MachineKey
    address: str | None = None
    snapshot: Snapshot | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """One task of `api.service.work.tasks` with its arguments, over some machines, within so many more bytes."""

    task: str
    arguments: Mapping[str, Any]
    machines: tuple[MachineAt, ...]
    memory_bytes: int


@dataclass(frozen=True, slots=True)
class Word:
    """What a worker says: that it has read the machines, events, then its answer or failure.

    A failure is (code, message, details, fault).
    """

    kind: Literal["ready", "event", "answer", "failure"]
    content: Any


def machine_at(store: Store, mark: str, name: str, revision: int) -> MachineAt:
    """How a worker comes to a machine. Raises UnknownMachine, UnknownRevision where it is handed over."""
    key = (mark, name, revision)
    if store.address is not None:
        return MachineAt(key, address=store.address)
    return MachineAt(key, snapshot=store.snapshot(name, revision))
