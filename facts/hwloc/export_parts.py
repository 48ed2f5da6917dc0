"""The parts of a machine, gathered from its core relations by OS index, for the export to hwloc XML."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from facts.bitmap import MAX_NUMBER, from_members, lowest, members
from facts.hwloc.export_devices import Device, Rows, devices_of
from facts.reading import ReadError

MAX_SIZE = 2**64 - 1
_WITHOUT_CORE = frozenset(
    {
        "Package",
        "Die",
        "Group",
        "Core",
        *(f"L{level}Cache" for level in range(1, 6)),
        "L1iCache",
        "L2iCache",
        "L3iCache",
    }
)
_CACHE_NUMBERS = {"unified": "0", "data": "1", "instruction": "2"}


@dataclass(frozen=True, slots=True)
class ExportPart:
    """An object above the PUs: its type, its set of OS indices, and the attributes that hwloc knows of it.

    `nodes` is the set of memory nodes within a part that has no CPU, by OS index.
    """

    type: str
    cpus: int
    attributes: Mapping[str, str]
    nodes: int = 0


@dataclass(frozen=True, slots=True)
class ExportNode:
    """A memory node by its OS index; `side_caches` are the attributes of the caches in front of it."""

    os_index: int
    cpus: int
    size_bytes: int | None
    side_caches: tuple[Mapping[str, str], ...]


@dataclass(frozen=True, slots=True)
class Shape:
    """A machine by OS indices: sets of CPUs, parts, memory nodes and their distances, and devices.

    `near` is the set of memory nodes that a single CPU is local to.
    """

    present: int
    disallowed: int
    unavailable: int
    disallowed_nodes: int
    unavailable_nodes: int
    parts: tuple[ExportPart, ...]
    node_at: Mapping[int, ExportNode]
    near: Mapping[int, int]
    distances: Mapping[tuple[int, int], int]
    infos: tuple[tuple[str, str], ...]
    devices: tuple[Device, ...] = ()

    def nodes_of(self, cpus: int) -> int:
        """Return the set of memory nodes that are local to some of these CPUs."""
        if cpus.bit_count() == 1:
            return self.near.get(lowest(cpus), 0)
        return from_members(node.os_index for node in self.node_at.values() if node.cpus & cpus)


def shape_of(rows: Rows, name: str) -> Shape:
    """Return the machine that the facts describe. Raises ReadError where they name no core."""
    index_of = _os_indices(rows)
    if not index_of:
        raise ReadError(
            "no_core",
            f"The machine {name[:80]!r} has no fact that names a core; one with core/2 or pu/3 facts can be exported.",
        )
    nodes, number_of = _nodes(rows, index_of)
    isas = {row[1] for row in rows("isa", 2) if isinstance(row[1], str)}
    distances = {
        (number_of[here], number_of[there]): value
        for here, there, value in rows("numa_distance", 3)
        if here in number_of and there in number_of and _is_number(value)
    }
    return Shape(
        present=from_members(index_of.values()),
        disallowed=_cpus(index_of, (row[0] for row in rows("disallowed", 1))),
        unavailable=from_members(row[0] for row in rows("unavailable_pu", 1) if _is_number(row[0], MAX_NUMBER)),
        disallowed_nodes=from_members(number_of[row[0]] for row in rows("disallowed_node", 1) if row[0] in number_of),
        unavailable_nodes=from_members(row[0] for row in rows("unavailable_node", 1) if _is_number(row[0], MAX_NUMBER)),
        parts=(*_parts(rows, index_of), *_without_core(rows, number_of)),
        node_at={node.os_index: node for node in nodes},
        near=_near(nodes),
        distances=distances,
        devices=tuple(devices_of(rows, index_of)),
        infos=(("Backend", "SKB"), *(("Architecture", isa) for isa in sorted(isas) if len(isas) == 1)),
    )


def _near(nodes: Iterable[ExportNode]) -> dict[int, int]:
    near: dict[int, int] = {}
    for node in nodes:
        for cpu in members(node.cpus):
            near[cpu] = near.get(cpu, 0) | 1 << node.os_index
    return near


def _is_number(value: Any, most: int = MAX_SIZE) -> bool:
    return isinstance(value, int) and 0 <= value <= most


def _os_indices(rows: Rows) -> dict[int, int]:
    """Return the OS index of every core: the stated ones where all have one of their own, else the core ids."""
    pus = {row[0]: row[1] for row in rows("pu", 3)}
    cores = {row[0] for row in rows("core", 2)} | set(pus)
    numbered = sorted(core for core in cores if _is_number(core, MAX_NUMBER))
    indices = [pus.get(core) for core in numbered]
    is_whole = all(_is_number(index, MAX_NUMBER) for index in indices) and len(set(indices)) == len(indices)
    return {core: pus[core] if is_whole else core for core in numbered}


def _cpus(index_of: Mapping[int, int], cores: Iterable[Any]) -> int:
    return from_members(index_of[core] for core in cores if core in index_of)


def _grouped(rows: Iterable[tuple[Any, ...]], key: Callable[[tuple[Any, ...]], Any]) -> dict[Any, list[Any]]:
    """Return the cores, first in each row, by what `key` makes of the row."""
    found: dict[Any, list[Any]] = {}
    for row in rows:
        found.setdefault(key(row), []).append(row[0])
    return found


def _parts(rows: Rows, index_of: Mapping[int, int]) -> Iterable[ExportPart]:
    package_index = {row[0]: row[1] for row in rows("package", 2)}
    for package, cores in _grouped(rows("core", 2), lambda row: row[1]).items():
        if package != "none":
            number = package_index.get(package, package)
            yield ExportPart("Package", _cpus(index_of, cores), _numbered(number))
    for die, cores in _grouped(rows("die", 2), lambda row: row[1]).items():
        yield ExportPart("Die", _cpus(index_of, cores), _numbered(die))
    for cores in _grouped(rows("group", 3), lambda row: row[1:]).values():
        yield ExportPart("Group", _cpus(index_of, cores), {"kind": "0", "subkind": "0"})
    for core, threads in _grouped(rows("physical_core", 2), lambda row: row[1]).items():
        yield ExportPart("Core", _cpus(index_of, threads), _numbered(core))
    swapped = ((row[1], row[0], *row[2:]) for row in rows("cache", 6))
    for (_, level, kind, size, line), cores in _grouped(swapped, lambda row: row[1:]).items():
        if _is_cache(level, kind):
            title = f"L{level}{'i' if kind == 'instruction' else ''}Cache"
            yield ExportPart(title, _cpus(index_of, cores), _cache(level, size, line, _CACHE_NUMBERS[kind]))


def _without_core(rows: Rows, number_of: Mapping[Any, int]) -> Iterable[ExportPart]:
    """Yield the parts without a CPU that hold memory; hwloc keeps no other ones."""
    package_index = {row[0]: row[1] for row in rows("package", 2)}
    inside: dict[tuple[Any, Any], int] = {}
    for kind, number, node in rows("without_core", 3):
        if node in number_of and kind in _WITHOUT_CORE:
            inside[kind, number] = inside.get((kind, number), 0) | 1 << number_of[node]
    for (kind, number), nodes in inside.items():
        if kind.endswith("Cache"):
            attributes = _cache(int(kind[1]), None, None, "2" if kind[2] == "i" else "0")
        elif kind == "Group":
            attributes = {"kind": "0", "subkind": "0"}
        else:
            attributes = _numbered(package_index.get(number, number) if kind == "Package" else number)
        yield ExportPart(kind, 0, attributes, nodes)


def _is_cache(level: Any, kind: Any) -> bool:
    """Tell whether hwloc has a type for it: L1 to L5, and L1i to L3i."""
    return kind in _CACHE_NUMBERS and _is_number(level) and 1 <= level <= (3 if kind == "instruction" else 5)


def _numbered(number: Any) -> dict[str, str]:
    return {"os_index": str(number)} if _is_number(number, MAX_NUMBER) else {}


def _cache(level: int, size: Any, line: Any, kind: str) -> dict[str, str]:
    """Return a cache's attributes; 0 is hwloc's word for unknown."""
    return {
        "cache_size": str(size) if _is_number(size) else "0",
        "depth": str(level),
        "cache_linesize": str(line) if _is_number(line) else "0",
        "cache_associativity": "0",
        "cache_type": kind,
    }


def _nodes(rows: Rows, index_of: Mapping[int, int]) -> tuple[tuple[ExportNode, ...], dict[Any, int]]:
    """Return the memory nodes, one for all CPUs where none is stated, and their OS indices by SKB id."""
    stated = {row[0]: row[1:] for row in rows("numa_node", 3)}
    indices = [os_index for os_index, _ in stated.values()]
    is_whole = all(_is_number(index, MAX_NUMBER) for index in indices) and len(set(indices)) == len(indices)
    number_of = {
        node: os_index if is_whole else place for place, (node, (os_index, _)) in enumerate(sorted(stated.items()))
    }
    local = _grouped(rows("core_node", 2), lambda row: row[1])
    caches: dict[Any, list[Mapping[str, str]]] = {}
    for _, node, size, line in rows("memory_cache", 4):
        caches.setdefault(node, []).append(_cache(1, size, line, "0"))
    nodes = tuple(
        ExportNode(
            number_of[node],
            _cpus(index_of, local.get(node, ())),
            size if _is_number(size) else None,
            tuple(caches.get(node, ())),
        )
        for node, (_, size) in stated.items()
    )
    return nodes or (ExportNode(0, from_members(index_of.values()), None, ()),), number_of
