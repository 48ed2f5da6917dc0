"""The memory nodes of a Linux root, how far apart they are, and which are a GPU's own."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from facts.anomalies import AnomalyLog
from facts.inventory import Part
from facts.linux.file_tree import FileTree
from facts.linux.values import listed, mask, numbered

NODE = "sys/devices/system/node"

_MEMORY = re.compile(r"MemTotal:\s*(\d{1,15}) kB", re.ASCII)
_GPU_NODE = re.compile(r"Node:\s*(\d{1,6})\s", re.ASCII)


def node_parts(files: FileTree, log: AnomalyLog, online: int, gpu: Mapping[int, str]) -> Iterator[Part]:
    """Yield the memory nodes, those in `gpu` left out; one for all CPUs where the kernel names none."""
    numbers, served = numbered(files, NODE, "node"), 0
    if not numbers:
        yield Part("NUMANode", online, 0, size_bytes=memory_bytes(files.read("proc/meminfo")))
    for number in numbers:
        if number in gpu:
            continue
        cpus = mask(files, log, f"{NODE}/node{number}/cpumap")
        if cpus is None:
            cpus = listed(files, log, f"{NODE}/node{number}/cpulist") or 0
        if cpus & served:
            message = f"memory node {number} shares CPUs with a node before it; it is left out"
            log.add("overlap", message, f"{NODE}/node{number}")
            continue
        served |= cpus
        size = memory_bytes(files.read(f"{NODE}/node{number}/meminfo"))
        yield Part("NUMANode", cpus & online, number, size_bytes=size)


def node_distances(files: FileTree, log: AnomalyLog, parts: list[Part]) -> Iterator[tuple[int, int, int]]:
    """Yield (from, to, value) by OS index between the nodes among the parts."""
    kept = {part.os_index or 0 for part in parts if part.type == "NUMANode"}
    nodes = numbered(files, NODE, "node") or sorted(kept)
    for node in sorted(kept):
        file = f"{NODE}/node{node}/distance"
        text = files.read(file)
        if text is None:
            continue
        values = text.split()
        if len(values) != len(nodes) or not all(value.isdecimal() and len(value) < 7 for value in values):
            log.add("distances_unusable", f"{len(nodes)} numbers are expected; the row is left out", file)
            continue
        pairs = zip(nodes, values, strict=True)
        yield from ((node, other, int(value)) for other, value in pairs if other in kept)


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
