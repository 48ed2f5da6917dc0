"""PCI functions and the devices of the operating system behind them, as facts in Barrelfish's shape."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from facts.inventory import CoreNumbers
from facts.reading import Argument, Compound

BRIDGE_CLASS = 0x0604

_BUS_ID = re.compile(r"(?:([0-9a-f]{4,8}):)?([0-9a-f]{2}):([0-9a-f]{2})\.([0-7])\Z", re.ASCII | re.IGNORECASE)

Row = tuple[str, tuple[Argument, ...]]


@dataclass(frozen=True, slots=True)
class PciAddress:
    """Domain (0 on most machines), bus, device and function."""

    domain: int
    bus: int
    device: int
    function: int

    @classmethod
    def of(cls, text: str) -> PciAddress | None:
        """Return the address that the kernel and hwloc write as `0000:04:00.1`, None for other text.

        >>> PciAddress.of("0000:04:00.1").term
        Compound(functor='addr', args=(4, 0, 1))
        """
        match = _BUS_ID.match(text)
        if match is None:
            return None
        return cls(int(match[1] or "0", 16), int(match[2], 16), int(match[3], 16), int(match[4]))

    @property
    def term(self) -> Compound:
        """`addr(Bus, Device, Function)`, with the domain before them where it is not 0."""
        place = (self.bus, self.device, self.function)
        return Compound("addr", (self.domain, *place) if self.domain else place)


@dataclass(frozen=True, slots=True)
class PciFunction:
    """One PCI function or, with buses from `secondary` to `subordinate`, a bridge; None is what no source says.

    `kind` is pci or pcie, `class_word` class and subclass, `pin` 0 to 3 or -1 for none; `cpus` is the set of OS indices
    of the CPUs that are near it, `nodes` the SKB ids of the memory nodes.
    """

    kind: str
    address: PciAddress
    vendor: int
    device_id: int
    class_word: int
    prog_if: int | None
    pin: int | None
    secondary: int | None
    subordinate: int | None
    cpus: int
    nodes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class OsDevice:
    """A device under its name in the operating system; `kinds` such as network, storage, gpu."""

    name: str
    kinds: tuple[str, ...]
    address: PciAddress | None


def device_rows(functions: Iterable[PciFunction], named: Iterable[OsDevice], numbers: CoreNumbers) -> Iterator[Row]:
    """Yield `device/8` and `bridge/8`, buses behind (`bridge_buses/3`), cores and nodes near, and `os_device/3`."""
    for function in functions:
        address = function.address.term
        yield _function_row(function, address)
        if function.secondary is not None and function.subordinate is not None:
            yield "bridge_buses", (address, function.secondary, function.subordinate)
        yield from (("device_core", (address, core)) for core in numbers.within(function.cpus))
        yield from (("device_node", (address, node)) for node in function.nodes)
    for device in named:
        place = "none" if device.address is None else device.address.term
        yield from (("os_device", (device.name, kind, place)) for kind in device.kinds)


def _function_row(function: PciFunction, address: Compound) -> Row:
    identity = (
        function.kind,
        address,
        function.vendor,
        function.device_id,
        function.class_word >> 8,
        function.class_word & 0xFF,
        _known(function.prog_if),
    )
    if function.class_word == BRIDGE_CLASS:
        return "bridge", (*identity, Compound("secondary", (_known(function.secondary),)))
    return "device", (*identity, _known(function.pin))


def _known(value: int | None) -> int | str:
    return "unknown" if value is None else value
