"""The memory nodes of a Linux root: which CPUs are near them, their caches, and how far apart they are."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from facts.anomalies import AnomalyLog
from facts.inventory import MemoryAccess, Part
from facts.linux.file_tree import FileTree
from facts.linux.values import listed, mask, number, numbered

NODE = "sys/devices/system/node"

_MEMORY = re.compile(r"MemTotal:\s*(\d{1,15}) kB", re.ASCII)
_GPU_NODE = re.compile(r"Node:\s*(\d{1,6})\s", re.ASCII)
_ACCESS_FILES = ("read_bandwidth", "write_bandwidth", "read_latency", "write_latency")


@dataclass(slots=True)
class Nodes:
    """The memory nodes that are kept, by OS index: the CPUs near them, and those of their own.

    `numbers` are all nodes, in the order in which the rows and columns of distances stand.
    """

    numbers: list[int]
    near: dict[int, int] = field(default_factory=dict)
    own: dict[int, int] = field(default_factory=dict)
    rows: dict[int, list[int]] = field(default_factory=dict)


def find_nodes(files: FileTree, log: AnomalyLog, online: int, gpu: Mapping[int, str]) -> Nodes:
    """Return the memory nodes, those in `gpu` left out; one for all CPUs where the kernel names none.

    A node without CPUs is near those that the kernel calls its fastest initiators, else those of the nearest nodes.
    """
    found = Nodes(_online_nodes(files, log))
    if not found.numbers:
        found.own = {0: online}
    taken = 0
    for node in found.numbers:
        if node in gpu:
            continue
        cpus = mask(files, log, f"{NODE}/node{node}/cpumap")
        if cpus is None:
            cpus = listed(files, log, f"{NODE}/node{node}/cpulist") or 0
        if cpus & taken:
            message = f"memory node {node} shares CPUs with a node before it; it is left out"
            log.add("overlap", message, f"{NODE}/node{node}")
            continue
        taken |= cpus
        found.own[node] = cpus & online
    found.rows = dict(_distance_rows(files, log, found))
    found.near = dict(found.own)
    if not _is_emulated(files):
        for node in sorted(found.own, key=lambda node: (not found.own[node], node)):
            found.near[node] |= _initiators(files, found, node) or (0 if found.own[node] else _nearest(found, node))
    return found


def _online_nodes(files: FileTree, log: AnomalyLog) -> list[int]:
    numbers = numbered(files, NODE, "node")
    online = listed(files, log, f"{NODE}/online") if numbers else None
    return [node for node in numbers if not online or online >> node & 1]


def _is_emulated(files: FileTree) -> bool:
    """Tell nodes that the kernel makes up (numa=fake), for which what the firmware says does not hold."""
    return "numa=fake=" in (files.read("proc/cmdline") or "")


def node_parts(files: FileTree, nodes: Nodes) -> Iterator[Part]:
    """Yield the memory nodes and the caches in front of them."""
    for node, cpus in nodes.near.items():
        file = f"{NODE}/node{node}/meminfo" if nodes.numbers else "proc/meminfo"
        yield Part("NUMANode", cpus, node, size_bytes=memory_bytes(files.read(file)))
        if not _is_emulated(files):
            yield from _side_caches(files, node, cpus)


def _side_caches(files: FileTree, node: int, cpus: int) -> Iterator[Part]:
    folder = f"{NODE}/node{node}/memory_side_cache"
    for index in numbered(files, folder, "index"):
        size, line = (number(files, f"{folder}/index{index}/{file}") for file in ("size", "line_size"))
        if size is not None and line is not None:
            yield Part("MemCache", cpus, size_bytes=size or None, line_bytes=line or None, nodes=1 << node)


def _access(files: FileTree, node: int) -> str:
    """Return the folder of what the firmware says of the node's fastest CPUs.

    Kernels with `access1` count other initiators, too, under `access0`.
    """
    folder = f"{NODE}/node{node}/access1/initiators"
    return folder if files.names(folder) else f"{NODE}/node{node}/access0/initiators"


def _initiators(files: FileTree, nodes: Nodes, node: int) -> int:
    cpus = 0
    for initiator in numbered(files, _access(files, node), "node"):
        cpus |= nodes.near.get(initiator, 0) if initiator != node else 0
    return cpus


def _nearest(nodes: Nodes, node: int) -> int:
    """Return the CPUs of the nodes at the least distance, none where that is all the others."""
    row = nodes.rows.get(node)
    if row is None or len(nodes.rows) < len(nodes.own):
        return 0
    place = {other: column for column, other in enumerate(nodes.numbers)}
    others = [other for other in nodes.near if other != node]
    least = min((row[place[other]] for other in others), default=0)
    closest = [other for other in others if row[place[other]] == least]
    if least <= row[place[node]] or len(closest) == len(nodes.numbers) - 1:
        return 0
    cpus = 0
    for other in closest:
        cpus |= nodes.near[other]
    return cpus


def memory_accesses(files: FileTree, nodes: Nodes) -> Iterator[MemoryAccess]:
    """Yield the bandwidths (MiB/s) and latencies (ns) that the firmware gives from CPUs to the nodes near them."""
    if _is_emulated(files):
        return
    for node, cpus in nodes.near.items():
        folder = _access(files, node)
        for file in _ACCESS_FILES:
            value = number(files, f"{folder}/{file}")
            if value is not None and value > 0:
                way, _, quantity = file.partition("_")
                yield MemoryAccess(quantity, way, cpus, node, value)


def _distance_rows(files: FileTree, log: AnomalyLog, nodes: Nodes) -> Iterator[tuple[int, list[int]]]:
    for node in nodes.own:
        file = f"{NODE}/node{node}/distance"
        text = files.read(file)
        if text is None:
            continue
        values = text.split()
        if len(values) != len(nodes.numbers) or not all(value.isdecimal() and len(value) < 7 for value in values):
            log.add("distances_unusable", f"{len(nodes.numbers)} numbers are expected; the row is left out", file)
            continue
        yield node, [int(value) for value in values]


def node_distances(nodes: Nodes) -> Iterator[tuple[int, int, int]]:
    """Yield (from, to, value) by OS index between the nodes that are kept."""
    for node, row in nodes.rows.items():
        pairs = zip(nodes.numbers, row, strict=True)
        yield from ((node, other, value) for other, value in pairs if other in nodes.near)


def gpu_memory(files: FileTree) -> dict[int, str]:
    """Return the PCI address of the GPU that a memory node belongs to, by the node's OS index."""
    folder = "proc/driver/nvidia/gpus"
    found = {}
    for name in files.names(folder):
        match = _GPU_NODE.search(files.read(f"{folder}/{name}/numa_status") or "")
        if match is not None:
            found[int(match.group(1))] = name
    return found


def memory_bytes(text: str | None) -> int | None:
    """Return the total that a meminfo file tells."""
    match = _MEMORY.search(text or "")
    return int(match.group(1)) * 1024 if match else None
