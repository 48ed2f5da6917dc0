"""The PCI functions and named devices that a Linux root's `/sys` describes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from facts.anomalies import AnomalyLog
from facts.bitmap import parse_list, parse_mask
from facts.devices import BRIDGE_CLASS, OsDevice, PciAddress, PciFunction, Row, device_rows
from facts.inventory import CoreNumbers
from facts.linux.file_tree import FileTree

PCI = "sys/bus/pci/devices"
MAX_DEVICES = 20_000

_CLASSES = {
    "block": "storage",
    "net": "network",
    "infiniband": "openfabrics",
    "drm": "gpu",
    "dma": "dma",
    "ve": "coprocessor",
}
_BUS_ID = re.compile(r"[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]", re.ASCII)
_PART = re.compile(r"/block/[^/]+/[^/]+\Z")
_PIN_OFFSET = 0x3D


def io_rows(files: FileTree, log: AnomalyLog, numbers: CoreNumbers, nodes: Mapping[int, int]) -> Iterator[Row]:
    """Yield the facts of all devices; `nodes` are the SKB ids of memory nodes by OS index.

    Partitions of disks and devices that hang off no PCI function are left out.
    """
    functions = []
    for name in files.names(PCI)[:MAX_DEVICES]:
        function = _function(files, log, name, nodes)
        if function is not None:
            functions.append(function)
    yield from device_rows(functions, _named(files), numbers)


def _function(files: FileTree, log: AnomalyLog, name: str, nodes: Mapping[int, int]) -> PciFunction | None:
    folder = files.link(f"{PCI}/{name}") or f"{PCI}/{name}"
    address = PciAddress.of(name)
    if address is None:
        log.add("bad_device", f"{name[:40]!r} is no PCI address; it is left out", PCI)
        return None
    word = _hex(files, f"{folder}/class")
    if word is None:
        log.add("bad_device", "a PCI function without a readable class; it is left out", folder)
        return None
    near = _number(files, f"{folder}/numa_node")
    config = files.read(f"{folder}/config") or ""
    return PciFunction(
        kind="pcie" if _is_express(files, folder) else "pci",
        address=address,
        vendor=_hex(files, f"{folder}/vendor") or 0,
        device_id=_hex(files, f"{folder}/device") or 0,
        class_word=word >> 8 & 0xFFFF,
        prog_if=word & 0xFF,
        pin=ord(config[_PIN_OFFSET]) - 1 if len(config) > _PIN_OFFSET else None,
        secondary=_secondary(files, folder) if word >> 8 == BRIDGE_CLASS else None,
        subordinate=_number(files, f"{folder}/subordinate_bus_number") if word >> 8 == BRIDGE_CLASS else None,
        cpus=_near(files, log, folder),
        nodes=() if near is None or near not in nodes else (nodes[near],),
    )


def _is_express(files: FileTree, folder: str) -> bool:
    return files.read(f"{folder}/max_link_speed") is not None or any(":pcie" in each for each in files.names(folder))


def _secondary(files: FileTree, folder: str) -> int | None:
    number = _number(files, f"{folder}/secondary_bus_number")
    if number is not None:
        return number
    buses = [each.rpartition(":")[2] for each in files.names(f"{folder}/pci_bus")]
    return next((int(bus, 16) for bus in buses if re.fullmatch(r"[0-9a-f]{2}", bus, re.ASCII)), None)


def _near(files: FileTree, log: AnomalyLog, folder: str) -> int:
    """Return the CPUs near a function; none where the kernel does not say."""
    for file, parse in (("local_cpus", parse_mask), ("local_cpulist", parse_list)):
        text = files.read(f"{folder}/{file}")
        if text is None or not text.strip():
            continue
        try:
            return parse(text)
        except ValueError as error:
            log.add("bad_mask", f"{error}; it is left out", f"{folder}/{file}")
    return 0


def _named(files: FileTree) -> Iterator[OsDevice]:
    for folder, kind in _CLASSES.items():
        for name in files.names(f"sys/class/{folder}")[:MAX_DEVICES]:
            target = files.link(f"sys/class/{folder}/{name}") or ""
            above = _BUS_ID.findall(target)
            if above and not (folder == "block" and _PART.search(target)) and _is_whole(folder, name):
                yield OsDevice(name, (kind,), PciAddress.of(above[-1]))


def _is_whole(folder: str, name: str) -> bool:
    """Tell a graphics card from its connectors."""
    return folder != "drm" or re.fullmatch(r"card\d{1,4}", name, re.ASCII) is not None


def _hex(files: FileTree, path: str) -> int | None:
    text = (files.read(path) or "").strip()
    return int(text, 16) if re.fullmatch(r"0x[0-9a-fA-F]{1,8}", text, re.ASCII) else None


def _number(files: FileTree, path: str) -> int | None:
    text = (files.read(path) or "").strip()
    return int(text) if re.fullmatch(r"\d{1,6}", text, re.ASCII) else None
