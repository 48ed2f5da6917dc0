"""The distance matrices, memory attributes and CPU kinds that follow the objects in hwloc's XML."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from facts.anomalies import AnomalyLog
from facts.bitmap import MAX_NUMBER, members
from facts.hwloc.document import Document, Element
from facts.hwloc.objects import ObjectTree, mask, number
from facts.inventory import CoreNumbers, MemoryAccess, Part
from facts.reading import Argument, Compound

MAX_MATRIX = 4096

_MEANS = ((4, "latency"), (8, "bandwidth"), (32, "hops"))
_TERM = {"NUMANode": "numa_node", "Package": "package", "Core": "physical_core", "PU": "core", "Die": "die"}
_ACCESS = re.compile(r"(Read|Write|)(Bandwidth|Latency)\Z")
_GHZ = re.compile(r"@ ?(\d{1,2}(?:\.\d{1,3})?) ?GHz", re.ASCII)

Row = tuple[str, tuple[Argument, ...]]


@dataclass(frozen=True, slots=True)
class Ranks:
    """The SKB's own ids of a tree's parts: their rank among the parts of the same type."""

    parts: Mapping[int, int]
    by_os_index: Mapping[tuple[str, int], int]
    cores: CoreNumbers

    @classmethod
    def of(cls, tree: ObjectTree) -> Ranks:
        """Return the ids of all parts of a tree."""
        count: dict[str, int] = {}
        parts: dict[int, int] = {}
        by_os_index: dict[tuple[str, int], int] = {}
        for part in tree.parts:
            rank = count.get(part.type, 0)
            count[part.type] = rank + 1
            parts[id(part)] = rank
            if part.os_index is not None:
                by_os_index.setdefault((part.type, part.os_index), rank)
        return cls(parts, by_os_index, CoreNumbers.of(tree.pus))


def node_distances(document: Document, tree: ObjectTree) -> Iterator[tuple[int, int, int]]:
    """Return (from, to, value) by OS index of memory nodes; of several matrices the first that is whole."""
    for matrix in _matrices(document, "distances2"):
        if matrix.get("type") == "NUMANode" and _means(matrix) == "latency" and _is_slit(matrix):
            nodes = [part.os_index for part in tree.parts if part.type == "NUMANode"]
            found = _square(matrix, tree.log)
            if found is None:
                continue
            names, values = found
            picked = [_node_named(tree, matrix, name) for name in names]
            if any(index not in nodes for index in picked):
                tree.log.add("unknown_node", "a matrix names a memory node that is not in the tree", matrix.where)
                continue
            yield from _pairs([index for index in picked if index is not None], values)
            return
    for element, below in tree.distances:
        found_v1 = _v1_square(element, below, tree.log)
        if found_v1 is not None:
            yield from _pairs(*found_v1)
            return


def other_distances(document: Document, tree: ObjectTree, ranks: Ranks) -> Iterator[Row]:
    """Return an `object_distance(Matrix, Means, From, To, Value)` row for each value of all the other matrices.

    A name that an earlier matrix has is continued with its count, as in `unnamed_2`.
    """
    taken = False
    titles: Counter[str] = Counter()
    for matrix in _matrices(document, "distances2", "distances2hetero"):
        is_nodes = matrix.get("type") == "NUMANode" and _means(matrix) == "latency" and _is_slit(matrix)
        if is_nodes and not taken:
            taken = True
            continue
        found = _square(matrix, tree.log)
        if found is None:
            continue
        names, values = found
        terms = [_term(tree, ranks, matrix, name) for name in names]
        known = [term for term in terms if term is not None]
        if len(known) < len(terms):
            tree.log.add("unknown_object", "a matrix names an object that is not in the tree", matrix.where)
            continue
        title = matrix.get("name") or "unnamed"
        titles[title] += 1
        title += f"_{titles[title]}" if titles[title] > 1 else ""
        for here, row in zip(known, _rows(values, len(known)), strict=True):
            for there, value in zip(known, row, strict=True):
                yield "object_distance", (title, _means(matrix), here, there, value)


def memory_attributes(document: Document, tree: ObjectTree, ranks: Ranks) -> Iterator[Row]:
    """Return a `memory_attribute(Name, Node, Core, Value)` row for each initiating core; Core is `any` without one."""
    for attribute in _matrices(document, "memattr"):
        for entry in attribute.named("memattr_value"):
            part = _target(tree, entry)
            value = number(entry, "value")
            if part is None or value is None:
                tree.log.add(
                    "memattr_unusable",
                    "a memory attribute whose target is no memory node, or that has no value",
                    entry.where,
                )
                continue
            cpus = _initiating(tree, entry)
            for core in ["any"] if cpus is None else ranks.cores.within(cpus):
                yield "memory_attribute", (attribute.get("name") or "unnamed", ranks.parts[id(part)], core, value)
    for tier, element in enumerate(_matrices(document, "memtier")):
        for os_index in members((mask(element, "nodeset") or 0) & tree.seen_nodes):
            yield "memory_tier", (ranks.by_os_index["NUMANode", os_index], tier)


def memory_accesses(document: Document, tree: ObjectTree) -> Iterator[MemoryAccess]:
    """Return the values of hwloc's own attributes of bandwidth (MiB/s) and latency (ns), those above 0."""
    for attribute in _matrices(document, "memattr"):
        match = _ACCESS.match(attribute.get("name") or "")
        for entry in attribute.named("memattr_value") if match else ():
            part, value = _target(tree, entry), number(entry, "value")
            if match and value and part is not None and part.os_index is not None:
                access = match[1].lower() or "any"
                yield MemoryAccess(match[2].lower(), access, _initiating(tree, entry), part.os_index, value)


def kinds(document: Document) -> tuple[int, ...]:
    """Return the sets of alike CPUs by rising forced efficiency (a rank, no speed), else in the file's order.

    Of equal efficiencies the lower base frequency comes first. A single kind, which says nothing, is left out.
    """
    found = list(_matrices(document, "cpukind"))
    if len(found) < 2:
        return ()
    ranks = [number(element, "forced_efficiency") for element in found]
    masks = [mask(element, "cpuset") or 0 for element in found]
    if any(rank is None for rank in ranks):
        return tuple(masks)
    bases = [_megahertz(element, "FrequencyBaseMHz") for element in found]
    places = sorted(range(len(found)), key=lambda place: (ranks[place] or 0, bases[place]))
    return tuple(masks[place] for place in places)


def _megahertz(element: Element, name: str) -> int:
    """Return a kind's frequency, 0 where it states none."""
    text = _infos(element).get(name) or ""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 6 else 0


def clocks(document: Document) -> tuple[tuple[int, int], ...]:
    """Return (CPUs, Hz) from the CPU kinds' base, else greatest frequency, and from model names such as `@ 2.66GHz`."""
    found = []
    for element in _matrices(document, "cpukind"):
        megahertz = _megahertz(element, "FrequencyBaseMHz") or _megahertz(element, "FrequencyMaxMHz")
        found.append((mask(element, "cpuset") or 0, megahertz * 1_000_000))
    for element in _objects(document.root):
        match = _GHZ.search(_infos(element).get("CPUModel", ""))
        if match:
            whole, _, decimals = match.group(1).partition(".")
            found.append((mask(element, "cpuset") or 0, int(whole + decimals.ljust(3, "0")) * 1_000_000))
    return tuple((cpus, hz) for cpus, hz in found if hz > 0)


def architecture(document: Document) -> str | None:
    """Return the instruction set that the export's `Architecture` info names."""
    infos = _infos(document.root)
    for element in document.rest:
        if element.tag == "info":
            infos.setdefault(element.get("name") or "", element.get("value") or "")
    return infos.get("Architecture") or None


def _infos(element: Element) -> dict[str, str]:
    return {info.get("name") or "": info.get("value") or "" for info in element.named("info")}


def _objects(element: Element) -> Iterator[Element]:
    yield element
    for child in element.named("object"):
        yield from _objects(child)


def _matrices(document: Document, *tags: str) -> Iterator[Element]:
    return (element for element in document.rest if element.tag in tags)


def _means(matrix: Element) -> str:
    kind = number(matrix, "kind") or 0
    return next((means for bit, means in _MEANS if kind & bit), "unknown")


def _is_slit(matrix: Element) -> bool:
    return matrix.get("name") in (None, "NUMALatency")


def _square(matrix: Element, log: AnomalyLog) -> tuple[list[str], list[int]] | None:
    """Return the names and the n x n values of a matrix, joined over its chunks; None (with a note) where unusable."""
    size = number(matrix, "nbobjs")
    names = " ".join(child.text for child in matrix.named("indexes")).split()
    texts = " ".join(child.text for child in matrix.named("u64values")).split()
    if size is None or not 0 < size <= MAX_MATRIX or len(names) != size or len(texts) != size * size:
        log.add(
            "matrix_unusable",
            f"a matrix of nbobjs={matrix.get('nbobjs')} has {len(names)} indexes, {len(texts)} values; it is skipped",
            matrix.where,
        )
        return None
    if not all(text.isascii() and text.isdigit() and len(text) <= 19 for text in texts):
        log.add("matrix_unusable", "a matrix holds a value that is no number; it is skipped", matrix.where)
        return None
    return names, [int(text) for text in texts]


def _v1_square(element: Element, below: list[Part], log: AnomalyLog) -> tuple[list[int], list[int]] | None:
    """Return OS indices and values of a v1 matrix, which counts the memory nodes beneath its object in tree order."""
    size = number(element, "nbobjs")
    nodes = [part.os_index for part in below if part.os_index is not None]
    texts = [child.get("value") or "" for child in element.named("latency")]
    if size is None or size > MAX_MATRIX or len(nodes) != size or len(texts) != size * size:
        log.add("matrix_unusable", "a v1 matrix does not fit the memory nodes beneath it; it is skipped", element.where)
        return None
    try:
        base = float(element.get("latency_base") or "1")
        values = [round(float(text) * base) for text in texts]
    except (ValueError, OverflowError):
        log.add("matrix_unusable", "a v1 matrix holds a value that is no number; it is skipped", element.where)
        return None
    if not all(0 <= value <= MAX_NUMBER for value in values):
        log.add("matrix_unusable", "a v1 matrix holds a value out of range; it is skipped", element.where)
        return None
    return nodes, values


def _rows(values: list[int], size: int) -> Iterator[list[int]]:
    return (values[start : start + size] for start in range(0, len(values), size))


def _pairs(names: list[int], values: list[int]) -> Iterator[tuple[int, int, int]]:
    for here, row in zip(names, _rows(values, len(names)), strict=True):
        for there, value in zip(names, row, strict=True):
            yield here, there, value


def _node_named(tree: ObjectTree, matrix: Element, name: str) -> int | None:
    if not (name.isascii() and name.isdigit() and len(name) <= 19):
        return None
    if matrix.get("indexing") != "gp":
        return int(name)
    part = tree.part_at.get(int(name))
    return part.os_index if isinstance(part, Part) and part.type == "NUMANode" else None


def _term(tree: ObjectTree, ranks: Ranks, matrix: Element, name: str) -> Argument | None:
    """Return the term for an object of a matrix, e.g. `package(1)` or `osdev(nvml0)`."""
    kind, colon, digits = name.rpartition(":")
    kind = kind if colon else (matrix.get("type") or "")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 19):
        return None
    if matrix.get("indexing") == "os" and not colon:
        rank = ranks.by_os_index.get((kind, int(digits)))
        return None if rank is None else _ranked(tree, ranks, kind, int(digits), rank)
    part = tree.part_at.get(int(digits))
    if isinstance(part, str):
        return Compound(kind.lower(), (part,))
    return None if part is None else _ranked(tree, ranks, part.type, part.os_index, ranks.parts[id(part)])


def _ranked(tree: ObjectTree, ranks: Ranks, kind: str, os_index: int | None, rank: int) -> Compound:
    own = ranks.cores.core_of[os_index] if kind == "PU" and os_index is not None else rank
    return Compound(_TERM.get(kind, kind.lower()), (own,))


def _target(tree: ObjectTree, entry: Element) -> Part | None:
    gp_index = number(entry, "target_obj_gp_index")
    part = None if gp_index is None else tree.part_at.get(gp_index)
    return part if isinstance(part, Part) and part.type == "NUMANode" else None


def _initiating(tree: ObjectTree, entry: Element) -> int | None:
    """Return the CPUs of the initiator, None where the attribute needs none."""
    gp_index = number(entry, "initiator_obj_gp_index")
    if gp_index is None:
        return mask(entry, "initiator_cpuset")
    part = tree.part_at.get(gp_index)
    return part.cpus if isinstance(part, Part) else 0
