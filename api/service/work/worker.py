"""A worker: takes orders from its line one after another, each within a limit on memory."""

import ctypes
import os
import resource
import traceback
from collections import OrderedDict
from collections.abc import Mapping
from multiprocessing.connection import Connection
from typing import Any

from api.failures import failure_of
from api.json_text import plain
from api.service.work.orders import MachineAt, MachineKey, Order, Word
from api.service.work.tasks import TASKS
from skb.snapshot import Snapshot
from skb.store.store import Store

HELD_MACHINES = 4
_DATA_PAGES = 5


def serve(line: Connection) -> None:
    """Carry out orders until the line is closed."""
    shelf = Shelf()
    while True:
        try:
            order: Order = line.recv()
        except EOFError:
            return
        line.send(_carry_out(order, shelf, line))


def _carry_out(order: Order, shelf: "Shelf", line: Connection) -> Word:
    def tell(event: Mapping[str, Any]) -> None:
        line.send(Word("event", plain(event)))

    try:
        _limit_memory(order.memory_bytes)
        machines = {one.key[1]: shelf.fetch(one) for one in order.machines}
        line.send(Word("ready", None))
        return Word("answer", TASKS[order.task](machines, tell, **order.arguments))
    except MemoryError:
        shelf.clear()
        _limit_memory(None)
        message = f"the work needed more than the {order.memory_bytes} bytes of memory that it was given"
        return Word("failure", ("memory_limit", message, {"memory_bytes": order.memory_bytes}, "limit"))
    except Exception as error:  # told to the service, which knows whom to tell
        failure = failure_of(error)
        if failure.fault == "ours":
            return Word("failure", (failure.code, traceback.format_exc(), {}, "ours"))
        return Word("failure", (failure.code, failure.message, plain(failure.details), failure.fault))
    finally:
        _limit_memory(None)


class Shelf:
    """Machines that were asked about last, kept for the next question."""

    def __init__(self) -> None:
        self._stores: dict[str, Store] = {}
        self._held: OrderedDict[MachineKey, Snapshot] = OrderedDict()

    def fetch(self, machine: MachineAt) -> Snapshot:
        """Raises what the store raises."""
        found = self._held.get(machine.key) or self._read(machine)
        self._held[machine.key] = found
        self._held.move_to_end(machine.key)
        while len(self._held) > HELD_MACHINES:
            self._held.popitem(last=False)
        return found

    def clear(self) -> None:
        self._held.clear()

    def _read(self, machine: MachineAt) -> Snapshot:
        if machine.address is None:
            assert machine.snapshot is not None
            return machine.snapshot
        _, name, revision = machine.key
        store = self._stores.get(machine.address)
        if store is None:
            store = self._stores[machine.address] = Store(machine.address)
        return store.snapshot(name, revision)


def _limit_memory(more_bytes: int | None) -> None:
    """Let this process have so many more bytes of its own (heap, stacks, private mappings), or any number."""
    _, most = resource.getrlimit(resource.RLIMIT_DATA)
    if more_bytes is not None:
        _give_back_memory()
    soft = most if more_bytes is None else _data_bytes() + more_bytes
    resource.setrlimit(resource.RLIMIT_DATA, (soft, most))


def _give_back_memory() -> None:
    """What earlier work has freed goes back to the system, or this work would have it beyond its limit (glibc)."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def _data_bytes() -> int:
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[_DATA_PAGES]) * os.sysconf("SC_PAGE_SIZE")
