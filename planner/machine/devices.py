"""Devices of a machine: what they are called, which cores and memory nodes they are near, how they interrupt."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from planner.errors import PlanError
from planner.machine.parts import Core

if TYPE_CHECKING:
    from planner.machine.relations import Snapshot

_ADDRESS = re.compile(r"(?:([0-9a-f]{1,8}):)?([0-9a-f]{1,2}):([0-9a-f]{1,2})\.([0-7])", re.IGNORECASE)
_MOST_NAMED = 20

Address = tuple[int, int, int, int]
"""Domain, bus, device, function."""


@dataclass(frozen=True, slots=True)
class Device:
    """A PCI function. `cores` are those near it, `nodes` the memory nodes; both may be unknown and empty then.

    `names` are the operating system's. `pin` is the interrupt pin 0 to 3, None without one; `interrupts` are the global
    system interrupts that the pin is stated to be routed to.
    """

    address: Address
    names: tuple[str, ...] = ()
    cores: tuple[int, ...] = ()
    nodes: tuple[int, ...] = ()
    pin: int | None = None
    interrupts: tuple[int, ...] = ()

    @property
    def label(self) -> str:
        """The address as Linux writes it."""
        domain, bus, device, function = self.address
        return f"{domain:04x}:{bus:02x}:{device:02x}.{function:x}"


def read_devices(snapshot: "Snapshot", cores: Sequence[Core]) -> tuple[Device, ...]:
    """The functions that `device/8`, `device/5` or `os_device/3` name, by address.

    Nearness is `device_core/2` and `device_node/2`; a device with neither is near the package that the root complex of
    its bus is linked to (`rootbridge/3`, `rootcomplex_addr/2`, `ht_link/2`), where that is stated.
    """
    pins = {address: row[7] for row in snapshot.rows("device", 8) if (address := _address(row[1]))}
    pins |= {address: None for row in snapshot.rows("device", 5) if (address := _address(row[1]))}
    names = _gathered((row[2], str(row[0])) for row in snapshot.rows("os_device", 3))
    near_cores = _gathered(snapshot.rows("device_core", 2))
    near_nodes = _gathered(snapshot.rows("device_node", 2))
    node_cores = {node: [core.id for core in cores if core.node == node] for node in {core.node for core in cores}}
    bus_cores = _cores_by_bus(snapshot, cores)
    routes = _interrupts(snapshot)
    return tuple(
        Device(
            address=address,
            names=tuple(sorted(names.get(address, ()))),
            cores=tuple(
                sorted(
                    near_cores.get(address)
                    or {core for node in near_nodes.get(address, ()) for core in node_cores.get(node, ())}
                    or bus_cores.get(address[1], ())
                )
            ),
            nodes=tuple(sorted(near_nodes.get(address, ()))),
            pin=pin if isinstance(pin := pins.get(address), int) and pin >= 0 else None,
            interrupts=tuple(sorted(routes.get((*address[:3], pins.get(address)), ()))),
        )
        for address in sorted({*pins, *names})
    )


def named_device(devices: Sequence[Device], name: str, machine: str) -> Device:
    """By the system's name or by address, with or without its domain. Raises PlanError (code "unknown_device")."""
    match = _ADDRESS.fullmatch(name.strip())
    wanted = None if match is None else tuple(int(part or "0", 16) for part in match.groups())
    for device in devices:
        if name in device.names or device.address == wanted:
            return device
    known = [" ".join((device.label, *device.names)) for device in devices[:_MOST_NAMED]]
    raise PlanError(
        f"device {name!r} does not exist on {machine}; it has {', '.join(known) or 'none'}"
        + (f" and {len(devices) - _MOST_NAMED} more" if len(devices) > _MOST_NAMED else ""),
        code="unknown_device",
        details={"device": name, "machine": machine, "accepted": known},
    )


def _address(term: Any) -> Address | None:
    """`addr(Bus, Device, Function)`, or with the domain before them."""
    args = getattr(term, "args", ())
    if len(args) not in (3, 4) or not all(isinstance(one, int) for one in args):
        return None
    domain, bus, device, function = args if len(args) == 4 else (0, *args)
    return domain, bus, device, function


def _gathered(rows: Any) -> dict[Address, set[Any]]:
    found: dict[Address, set[Any]] = {}
    for term, value in rows:
        address = _address(term)
        if address is not None:
            found.setdefault(address, set()).add(value)
    return found


def _cores_by_bus(snapshot: "Snapshot", cores: Sequence[Core]) -> dict[int, tuple[int, ...]]:
    packages: dict[str, list[int]] = {}
    for core in cores:
        packages.setdefault(f"cpu{core.package}", []).append(core.id)
    roots = {_address(row[1]): row[0] for row in snapshot.rows("rootcomplex_addr", 2)}
    linked = {row[1]: row[0] for row in snapshot.rows("ht_link", 2) if str(row[0]) in packages}
    found: dict[int, tuple[int, ...]] = {}
    for term, buses, _ in snapshot.rows("rootbridge", 3):
        cpu = linked.get(roots.get(_address(term)))
        low, high = buses.args if len(getattr(buses, "args", ())) == 2 else (0, -1)
        if cpu is not None and isinstance(low, int) and isinstance(high, int):
            found.update({bus: tuple(packages[str(cpu)]) for bus in range(low, min(high, low + 255) + 1)})
    return found


def _interrupts(snapshot: "Snapshot") -> dict[tuple[Any, ...], set[int]]:
    """Global system interrupts by (domain, bus, device, pin), from `prt/3` and, for links, `pir/2`."""
    links: dict[str, set[int]] = {}
    for name, number in snapshot.rows("pir", 2):
        links.setdefault(str(name), set()).add(number)
    found: dict[tuple[Any, ...], set[int]] = {}
    for term, pin, route in snapshot.rows("prt", 3):
        args: tuple[Any, ...] = getattr(term, "args", ())
        where = args[:3] if len(args) == 4 else (0, *args[:2])
        inside: tuple[Any, ...] = getattr(route, "args", ())
        if len(where) == 3 and len(inside) == 1:
            kind = getattr(route, "functor", "")
            routed = {inside[0]} if kind == "gsi" and isinstance(inside[0], int) else links.get(str(inside[0]), set())
            found.setdefault((*where, pin), set()).update(routed)
    return found
