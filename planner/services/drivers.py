"""Where a device's driver runs: near the device, on the least loaded core, which takes the device's interrupts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from planner.errors import PlanError
from planner.machine.devices import Device
from planner.machine.topology import Topology
from planner.verify.services import check_driver


@dataclass(frozen=True, slots=True)
class DriverPlacement:
    """A driver's core. `distance` is SLIT's from the core to the device, None where no fact says it of any core.

    Interrupts go to the same core: `hw_id` is its number for the interrupt controller, `os_index` for the system.
    """

    device: Device
    core: int
    os_index: int | None
    hw_id: int | None
    numa_node: int | None
    distance: int | None
    load_ppm: int
    equals: tuple[int, ...]
    revision: int = 0

    def to_json(self) -> dict[str, Any]:
        known = {"os_index": self.os_index, "hw_id": self.hw_id}
        ids = {key: value for key, value in known.items() if value is not None}
        interrupt: dict[str, Any] = {"core": self.core, **ids, "pin": self.device.pin}
        interrupt["gsi"] = list(self.device.interrupts)
        if self.os_index is not None:
            interrupt["smp_affinity_list"] = str(self.os_index)
            interrupt["smp_affinity"] = smp_affinity(self.os_index)
        return {
            "device": self.device.label,
            "names": list(self.device.names),
            "core": self.core,
            **ids,
            "numa_node": self.numa_node,
            "distance": self.distance,
            "load_ppm": self.load_ppm,
            "equals": list(self.equals),
            "interrupt": interrupt,
            "revision": self.revision,
        }


def place_driver(machine: Topology, device: str, *, clients: Sequence[int] = ()) -> DriverPlacement:
    """The nearest allowed core, of those the least loaded by measurement, of those the nearest to the clients' cores.

    A client's core is left to the client where there is another, an isolated CPU to who asks for it. `equals` are the
    cores that are as good. Raises PlanError for a device or a core that the machine does not have, and where no fact
    says what is near the device.
    """
    found = machine.device(device)
    for client in clients:
        machine.core(client)
    distances = {core: machine.device_distance(found, core) for core in machine.allowed_ids}
    if all(distance is None for distance in distances.values()):
        raise PlanError(
            f"no fact of {machine.name} says which cores are near device {device!r}; device_core/2 or device_node/2 "
            "is needed",
            code="unknown_locality",
            details={"device": device, "machine": machine.name},
        )
    load = _measured_load(machine)

    def rank(core: int) -> tuple[Any, ...]:
        distance = distances[core]
        talk_ps = sum(machine.latency_ps(core, client) + machine.latency_ps(client, core) for client in clients)
        is_taken = core in clients or machine.core(core).isolated
        return (is_taken, distance is None, distance or 0, load.get(core, 0), talk_ps)

    best = min(machine.allowed_ids, key=lambda core: (rank(core), core))
    equals = tuple(core for core in machine.allowed_ids if core != best and rank(core) == rank(best))
    core = machine.core(best)
    placement = DriverPlacement(
        device=found,
        core=best,
        os_index=core.os_index,
        hw_id=core.hw_id,
        numa_node=core.node,
        distance=distances[best],
        load_ppm=load.get(best, 0),
        equals=equals,
        revision=machine.revision,
    )
    check_driver(machine, found, best, distances[best], clients)
    return placement


def smp_affinity(os_index: int) -> str:
    """The mask of one CPU as /proc/irq/N/smp_affinity takes it.

    >>> smp_affinity(5), smp_affinity(36)
    ('20', '10,00000000')
    """
    words = [f"{1 << os_index % 32:x}", *["00000000"] * (os_index // 32)]
    return ",".join(words)


def _measured_load(machine: Topology) -> dict[int, int]:
    found: dict[int, int] = {}
    for (_, core), share_ppm in machine.measured_load_ppm.items():
        found[core] = found.get(core, 0) + share_ppm
    return found
