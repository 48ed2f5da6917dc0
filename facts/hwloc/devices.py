"""The PCI functions, OS devices and Misc objects of hwloc's XML, with the CPUs and memory nodes that they hang off."""

from __future__ import annotations

import re
from collections.abc import Iterator

from facts.bitmap import members
from facts.devices import OsDevice, PciAddress, PciFunction, Row, device_rows
from facts.hwloc.document import Document, Element
from facts.hwloc.objects import OTHER, ObjectTree, mask, type_of
from facts.inventory import CoreNumbers

_TYPE = re.compile(
    r"([0-9a-f]{4}) \[([0-9a-f]{4}):([0-9a-f]{4})\](?: \[[0-9a-f:]{9}\])?(?: [0-9a-f]{2}(?: ([0-9a-f]{2}))?)?\Z",
    re.ASCII | re.IGNORECASE,
)
_SECONDARY = re.compile(r"[0-9a-f]{4,8}:\[([0-9a-f]{2})-([0-9a-f]{2})\]\Z", re.ASCII | re.IGNORECASE)
_SPEED = re.compile(r"0*\.?0*\Z", re.ASCII)
_BITS = ("storage", "memory", "gpu", "coprocessor", "network", "openfabrics", "dma")
_NUMBERS = ("storage", "gpu", "network", "openfabrics", "dma", "coprocessor")


def io_rows(document: Document, tree: ObjectTree, numbers: CoreNumbers) -> Iterator[Row]:
    """Yield the facts of all devices; a function or device that cannot be read is left out with a warning.

    A function counts as pcie where hwloc knows the speed of its link. hwloc says nothing of interrupt pins.
    """
    functions: list[PciFunction] = []
    named: list[OsDevice] = []
    walk = _Walk(document.version, tree, functions, named)
    walk.visit(document.root, tree.seen_pus)
    yield from device_rows(functions, named, numbers)
    yield from (("misc", (number, name)) for number, name in enumerate(walk.misc))


class _Walk:
    def __init__(self, version: int, tree: ObjectTree, functions: list[PciFunction], named: list[OsDevice]) -> None:
        self._version = version
        self._tree = tree
        self._functions = functions
        self._named = named
        self._nodes = [part for part in tree.parts if part.type == "NUMANode"]
        self._seen: set[PciAddress] = set()
        self.misc: list[str] = []
        self._nodes_near: dict[int, tuple[int, ...]] = {}

    def visit(self, element: Element, cpus: int) -> None:
        """Take in the devices beneath an object that has CPUs, or that inherits `cpus` from one."""
        children = [(child, type_of(child) in OTHER) for child in element.named("object")]
        if any(is_device for _, is_device in children):
            cpus = mask(element, "cpuset") or cpus
        for child, is_device in children:
            if is_device:
                self._device(child, cpus, None)
            else:
                self.visit(child, cpus)

    def _device(self, element: Element, cpus: int, above: PciAddress | None) -> None:
        kind = type_of(element)
        address = PciAddress.of(element.get("pci_busid") or "")
        if kind == "OSDev":
            self._take_named(element, above)
        elif kind == "Misc":
            self.misc.append(element.get("name") or "none")
        elif element.get("pci_busid") is not None:
            self._take_function(element, address, cpus)
        for child in element.named("object"):
            if type_of(child) in OTHER:
                self._device(child, cpus, above if address is None else address)

    def _take_function(self, element: Element, address: PciAddress | None, cpus: int) -> None:
        match = _TYPE.match((element.get("pci_type") or "").strip())
        if address is None or match is None:
            self._tree.log.add("bad_device", "a PCI function whose bus id or type is unreadable", element.where)
            return
        if address in self._seen:
            message = f"the PCI address {element.get('pci_busid')} is given again; the first function is kept"
            self._tree.log.add("repeated_device", message, element.where)
            return
        self._seen.add(address)
        secondary = _SECONDARY.match(element.get("bridge_pci") or "")
        self._functions.append(
            PciFunction(
                kind="pci" if _SPEED.match(element.get("pci_link_speed") or "") else "pcie",
                address=address,
                vendor=int(match[2], 16),
                device_id=int(match[3], 16),
                class_word=int(match[1], 16),
                prog_if=int(match[4], 16) if match[4] else None,
                pin=None,
                secondary=int(secondary[1], 16) if secondary else None,
                subordinate=int(secondary[2], 16) if secondary else None,
                cpus=cpus,
                nodes=self._near(cpus),
            )
        )

    def _take_named(self, element: Element, above: PciAddress | None) -> None:
        name, text = element.get("name"), element.get("osdev_type") or ""
        if not name or not re.fullmatch(r"\d{1,9}", text, re.ASCII):
            self._tree.log.add("bad_device", "an OS device without a name or a type", element.where)
            return
        self._named.append(OsDevice(name, self._kinds(int(text), name, element.get("subtype") or ""), above))

    def _kinds(self, number: int, name: str, subtype: str) -> tuple[str, ...]:
        """Return what an OSDev's type means: a set of bits in format 3, before that a number."""
        if self._version >= 3:
            return tuple(_BITS[bit] for bit in members(number) if bit < len(_BITS)) or ("unknown",)
        if name.startswith("dax") or subtype == "CXLMem":
            return ("memory",)
        return (_NUMBERS[number] if number < len(_NUMBERS) else "unknown",)

    def _near(self, cpus: int) -> tuple[int, ...]:
        if cpus not in self._nodes_near:
            self._nodes_near[cpus] = tuple(node for node, part in enumerate(self._nodes) if part.cpus & cpus)
        return self._nodes_near[cpus]
