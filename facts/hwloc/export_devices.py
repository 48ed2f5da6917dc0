"""A machine's PCI functions, the bridges above them and named devices, as the trees that hwloc's XML has of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from facts.bitmap import from_members
from facts.devices import PciAddress

Rows = Callable[[str, int], Iterable[tuple[Any, ...]]]

_TYPES = {"openfabrics": "3", "coprocessor": "5", "gpu": "1", "network": "2", "dma": "4", "memory": "0", "storage": "0"}
"""hwloc 2 has one type for a device, a number; the first of ours that applies is it."""

_LAST_BUS = 255


@dataclass(slots=True)
class Device:
    """An I/O or Misc object: its type, its attributes, the set of CPUs near it, and what is beneath it."""

    type: str
    attributes: dict[str, str]
    cpus: int = 0
    children: list[Device] = field(default_factory=list)


@dataclass(slots=True)
class _Function:
    """A PCI function by its place, with the buses behind it where it is a bridge."""

    address: PciAddress
    device: Device
    buses: range = range(0)


def devices_of(rows: Rows, index_of: Mapping[Any, int]) -> list[Device]:
    """Return the outermost devices: host bridges, named devices without a PCI function, Misc objects.

    A host bridge stands for the functions of one bus that no stated bridge leads to, as hwloc makes them.
    """
    functions = {function.address: function for function in _functions(rows, index_of)}
    outer = _named(rows, functions)
    outer += [Device("Misc", {"name": str(name)}) for _, name in rows("misc", 2)]
    buses: dict[tuple[int, int], list[_Function]] = {}
    bridge_to = _bridge_to(functions.values())
    for address, function in sorted(functions.items(), key=lambda item: _place(item[0])):
        bridge = bridge_to.get((address.domain, address.bus))
        if bridge is None:
            buses.setdefault((address.domain, address.bus), []).append(function)
        else:
            bridge.device.children.append(function.device)
    return [*(_host_bridge(domain, bus, found) for (domain, bus), found in buses.items()), *outer]


def _place(address: PciAddress) -> tuple[int, int, int, int]:
    return address.domain, address.bus, address.device, address.function


def _bridge_to(functions: Iterable[_Function]) -> dict[tuple[int, int], _Function]:
    """Return for domain and bus the bridge of the fewest buses behind which it lies; no bridge lies behind itself."""
    bridges = [each for each in functions if each.buses and each.address.bus < each.buses[0]]
    found: dict[tuple[int, int], _Function] = {}
    for bridge in sorted(bridges, key=lambda each: (-len(each.buses), _place(each.address))):
        found.update(dict.fromkeys(((bridge.address.domain, bus) for bus in bridge.buses), bridge))
    return found


def _functions(rows: Rows, index_of: Mapping[Any, int]) -> Iterator[_Function]:
    near: dict[PciAddress, list[int]] = {}
    for place, core in rows("device_core", 2):
        address = _address(place)
        if address is not None and core in index_of:
            near.setdefault(address, []).append(index_of[core])
    buses = {_address(place): (first, last) for place, first, last in rows("bridge_buses", 3)}
    for relation in ("bridge", "device"):
        for row in rows(relation, 8):
            address = _address(row[1])
            if address is None or not _are_bytes(*row[2:4], most=0xFFFF) or not _are_bytes(*row[4:6]):
                continue
            kind = "Bridge" if relation == "bridge" else "PCIDev"
            device = Device(kind, _attributes(address, row), from_members(near.get(address, ())))
            first, last = buses.get(address, (None, None))
            if relation == "bridge" and first is None:
                first = last = getattr(row[7], "args", (None,))[0]
            if relation == "device" or not _are_bytes(first, last):
                yield _Function(address, device)
                continue
            device.attributes |= _bridging(address.domain, first, last, "1-1")
            yield _Function(address, device, range(first, last + 1))


def _attributes(address: PciAddress, row: tuple[Any, ...]) -> dict[str, str]:
    """Return what hwloc knows of a function; its revision and its link's speed are no facts, 0 stands for unknown."""
    _, _, vendor, device, class_, subclass, prog_if, _ = row
    kind = f"{class_:02x}{subclass:02x} [{vendor:04x}:{device:04x}] [0000:0000] 00"
    return {
        "pci_busid": f"{address.domain:04x}:{address.bus:02x}:{address.device:02x}.{address.function:x}",
        "pci_type": f"{kind} {prog_if:02x}" if _are_bytes(prog_if) else kind,
        "pci_link_speed": "0.000000",
    }


def _bridging(domain: int, first: int, last: int, kind: str) -> dict[str, str]:
    depth = "0" if kind == "0-1" else "1"
    return {"bridge_type": kind, "depth": depth, "bridge_pci": f"{domain:04x}:[{first:02x}-{last:02x}]"}


def _host_bridge(domain: int, bus: int, functions: list[_Function]) -> Device:
    last = max([bus, *(function.buses[-1] for function in functions if function.buses)])
    cpus = next((function.device.cpus for function in functions if function.device.cpus), 0)
    return Device("Bridge", _bridging(domain, bus, last, "0-1"), cpus, [function.device for function in functions])


def _named(rows: Rows, functions: Mapping[PciAddress, _Function]) -> list[Device]:
    """Put named devices beneath their functions; return those that have none."""
    kinds: dict[tuple[str, PciAddress | None], list[str]] = {}
    for name, kind, place in rows("os_device", 3):
        kinds.setdefault((str(name), _address(place)), []).append(str(kind))
    outer: list[Device] = []
    for (name, address), found in kinds.items():
        kind = next((each for each in _TYPES if each in found), None)
        if kind is None:
            continue
        subtype = {"subtype": "CXLMem"} if kind == "memory" and not name.startswith("dax") else {}
        device = Device("OSDev", {"name": name, **subtype, "osdev_type": _TYPES[kind]})
        function = None if address is None else functions.get(address)
        (outer if function is None else function.device.children).append(device)
    return outer


def _address(term: Any) -> PciAddress | None:
    """Return the address of `addr(Bus, Device, Function)`, with a domain before them or not; None for another term."""
    if getattr(term, "functor", None) != "addr" or len(term.args) not in (3, 4):
        return None
    domain, bus, device, function = term.args if len(term.args) == 4 else (0, *term.args)
    if not _are_bytes(domain, most=0xFFFFFFFF) or not _are_bytes(bus, most=_LAST_BUS):
        return None
    if not _are_bytes(device, most=31) or not _are_bytes(function, most=7):
        return None
    return PciAddress(domain, bus, device, function)


def _are_bytes(*values: Any, most: int = 0xFF) -> bool:
    return all(isinstance(value, int) and 0 <= value <= most for value in values)
