"""hwloc's object tree as an inventory: sets of CPUs, counts, and what is dirty about them."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

from facts.anomalies import AnomalyLog
from facts.bitmap import MAX_NUMBER, lowest, parse_mask
from facts.hwloc.document import Document, Element
from facts.inventory import Part
from facts.inventory_facts import CACHE_TYPE
from facts.reading import ReadError

NORMAL = re.compile(r"(Machine|System|Package|Die|Group|Core|PU|L[1-9]i?Cache)\Z")
MEMORY = frozenset({"NUMANode", "MemCache"})
OTHER = frozenset({"Bridge", "PCIDev", "OSDev", "Misc"})
MAX_SIZE = 2**64 - 1
MAX_MASK_BITS = 2**30

_V1_NAMES = {"Socket": "Package", "Node": "NUMANode"}
_CACHE_TYPES = {"0": "unified", "1": "data", "2": "instruction"}
_IGNORED = frozenset({"info", "page_type", "userdata", "distances", "object"})
_ATTRIBUTES = frozenset(
    {
        "type",
        "os_index",
        "gp_index",
        "id",
        "name",
        "subtype",
        "cpuset",
        "complete_cpuset",
        "online_cpuset",
        "allowed_cpuset",
        "nodeset",
        "complete_nodeset",
        "allowed_nodeset",
        "local_memory",
        "cache_size",
        "cache_linesize",
        "cache_associativity",
        "cache_type",
        "cache_inclusive",
        "depth",
        "kind",
        "subkind",
        "dont_merge",
        "bridge_type",
        "bridge_pci",
        "pci_busid",
        "pci_type",
        "pci_link_speed",
        "osdev_type",
    }
)


@dataclass(slots=True)
class ObjectTree:
    """What a walk over the objects gathers.

    `pus` and `parts` are in tree order. `part_at` finds by gp_index a part, or the name of an I/O device; `distances`
    are v1's matrices with the memory nodes beneath their object; `known` are all CPUs of the machine and `known_nodes`
    all its memory nodes, available or not.
    """

    log: AnomalyLog
    version: int
    pus: list[int] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    part_at: dict[int, Part | str] = field(default_factory=dict)
    distances: list[tuple[Element, list[Part]]] = field(default_factory=list)
    known: int = 0
    known_nodes: int = 0
    seen_pus: int = 0
    seen_nodes: int = 0
    mask_bits: int = 0


def walk(document: Document, log: AnomalyLog) -> ObjectTree:
    """Return what the document's objects hold.

    Raises ReadError where a PU or memory node cannot be told from another, or where there is no PU at all.
    """
    tree = ObjectTree(log, document.version)
    _visit(tree, document.root, None, 0)
    if not tree.pus:
        raise ReadError(
            "no_pu",
            "The topology holds no PU (hardware thread); a machine with at least one is accepted.",
            {"objects": dict(tree.counts), "line": document.root.line},
        )
    return tree


def type_of(element: Element) -> str:
    """Return an object's type under today's names: v1's Socket, Node and Cache become Package, NUMANode and LxCache."""
    name = element.get("type") or "unknown"
    if name == "Cache":
        suffix = "i" if element.get("cache_type") == "2" else ""
        return f"L{element.get('depth')}{suffix}Cache"
    return _V1_NAMES.get(name, name)


def number(element: Element, attribute: str, limit: int = MAX_SIZE) -> int | None:
    """Return a decimal attribute, None where it is absent.

    Raises ReadError for text that is no decimal number from 0 to `limit`.
    """
    text = element.get(attribute)
    if text is None:
        return None
    if text.isascii() and text.isdigit() and len(text) <= 20 and int(text) <= limit:
        return int(text)
    raise ReadError(
        "bad_number",
        f"{attribute}={text[:40]!r} at {element.where} is no number; a decimal from 0 to {limit} is accepted.",
        {"line": element.line, "attribute": attribute, "found": text[:40]},
    )


def mask(element: Element, attribute: str) -> int | None:
    """Return a bitmap attribute as a set, None where it is absent. Raises ReadError for text that is no bitmap."""
    text = element.get(attribute)
    if text is None:
        return None
    try:
        return parse_mask(text)
    except ValueError as error:
        raise ReadError(
            "bad_mask",
            f"{attribute} at {element.where} is {error}; hexadecimal words such as 0x0000000f,0x00000001 are accepted.",
            {"line": element.line, "attribute": attribute, "found": text[:40]},
        ) from error


def _visit(tree: ObjectTree, element: Element, parent_cpus: int | None, nesting: int) -> int:
    """Take in one object and those beneath it; return the set of PUs among them."""
    kind = type_of(element)
    tree.counts[kind] += 1
    _check_tags(tree, element, kind)
    if kind in OTHER or (element.get("cpuset") is None and not _has_cpus(kind)):
        return _visit_io(tree, element, kind, nesting)
    cpus = mask(element, "cpuset")
    if element.get("type") == "Machine":
        tree.known |= mask(element, "complete_cpuset") or 0
        tree.known_nodes |= mask(element, "complete_nodeset") or 0
    if kind == "PU":
        _take_pu(tree, element, cpus)
        cpus = 1 << tree.pus[-1]
    slot = len(tree.parts)
    inside = cpus if kind == "PU" and cpus is not None else 0
    for child in element.named("object"):
        inside |= _visit(tree, child, cpus, nesting + (kind == "Group"))
    part = _part(tree, element, kind, _cpus(tree, element, kind, cpus, inside, parent_cpus), nesting)
    tree.parts.insert(slot, part)
    _remember(tree, element, part)
    for matrix in element.named("distances"):
        tree.distances.append((matrix, [p for p in tree.parts[slot:] if p.type == "NUMANode"]))
    return inside


def _has_cpus(kind: str) -> bool:
    return kind in MEMORY or NORMAL.match(kind) is not None


def _check_tags(tree: ObjectTree, element: Element, kind: str) -> None:
    if not (_has_cpus(kind) or kind in OTHER):
        tree.log.add("unknown_type", f"an object of the unknown type {kind[:40]!r} is only counted", element.where)
    for attribute in element.attributes:
        if attribute not in _ATTRIBUTES:
            tree.log.add("unknown_attribute", f"the unknown attribute {attribute[:40]!r} is skipped", element.where)
    for child in element.children:
        if child.tag not in _IGNORED:
            tree.log.add("unknown_tag", f"the unknown element <{child.tag[:40]}> is skipped", child.where)


def _visit_io(tree: ObjectTree, element: Element, kind: str, nesting: int) -> int:
    gp_index = number(element, "gp_index")
    if gp_index is not None:
        tree.part_at[gp_index] = element.get("name") or element.get("pci_busid") or f"{kind}{gp_index}"
    for child in element.named("object"):
        below = type_of(child)
        if _has_cpus(below):
            tree.log.add("misplaced_object", f"a {below} beneath a {kind[:40]} is kept", child.where)
        _visit(tree, child, None, nesting)
    return 0


def _take_pu(tree: ObjectTree, element: Element, cpus: int | None) -> None:
    os_index = number(element, "os_index", MAX_NUMBER)
    if os_index is None and cpus is not None and cpus.bit_count() == 1:
        os_index = lowest(cpus)
        tree.log.add("missing_os_index", f"a PU without os_index is taken as its cpuset's {os_index}", element.where)
    if os_index is None or (cpus is not None and cpus & ~(1 << os_index)):
        raise ReadError(
            "bad_pu",
            f"A PU at {element.where} has os_index={element.get('os_index')!r} but cpuset="
            f"{(element.get('cpuset') or '')[:40]!r}; a cpuset of just that one CPU is accepted.",
            {"line": element.line},
        )
    if tree.seen_pus >> os_index & 1:
        raise ReadError(
            "repeated_pu",
            f"The PU with OS index {os_index} appears a second time at {element.where}; "
            "OS indices that tell the PUs apart are accepted.",
            {"line": element.line, "os_index": os_index},
        )
    if not cpus:
        tree.log.add("pu_without_cpuset", f"the PU with OS index {os_index} has an empty cpuset", element.where)
    tree.seen_pus |= 1 << os_index
    tree.pus.append(os_index)


def _cpus(tree: ObjectTree, element: Element, kind: str, cpus: int | None, inside: int, parent_cpus: int | None) -> int:
    """Return the CPUs of an object: its cpuset, or what stands in for a missing one."""
    if cpus is None:
        tree.log.add("missing_cpuset", f"a {kind} without cpuset gets that of its children or parent", element.where)
        return (parent_cpus or 0) if kind in MEMORY else inside
    if kind not in MEMORY and inside & ~cpus:
        tree.log.add("cpuset_mismatch", f"a {kind} holds PUs that its cpuset does not name", element.where)
        return cpus | inside
    if parent_cpus is not None and cpus & ~parent_cpus:
        tree.log.add("cpuset_outside_parent", f"the cpuset of a {kind} reaches beyond its parent's", element.where)
    return cpus


def _part(tree: ObjectTree, element: Element, kind: str, cpus: int, nesting: int) -> Part:
    _bound_masks(tree, element, cpus)
    os_index = number(element, "os_index", MAX_NUMBER if kind in {"PU", "NUMANode"} else MAX_SIZE)
    if kind == "NUMANode":
        os_index = _node_index(tree, element, os_index)
        return Part(kind, cpus, os_index, size_bytes=number(element, "local_memory"))
    if kind == "Group" and (element.get("subtype") or "").lower() == "die":
        kind = "Die"
    nodes = (mask(element, "nodeset") or 0) if kind == "MemCache" or not cpus else 0
    if not (kind == "MemCache" or CACHE_TYPE.match(kind)):
        return Part(kind, cpus, os_index, nesting=nesting, nodes=nodes)
    default = "2" if kind.endswith("iCache") else "0"
    return Part(
        kind,
        cpus,
        os_index,
        size_bytes=number(element, "cache_size") or None,
        line_bytes=number(element, "cache_linesize") or None,
        cache_type=_CACHE_TYPES.get(element.get("cache_type") or default, "unified"),
        nodes=nodes,
    )


def _bound_masks(tree: ObjectTree, element: Element, cpus: int) -> None:
    tree.mask_bits += cpus.bit_length()
    if tree.mask_bits > MAX_MASK_BITS:
        raise ReadError(
            "too_large",
            f"The cpusets up to {element.where} have over {MAX_MASK_BITS} bits together; at most so many are read.",
            {"line": element.line, "limit": MAX_MASK_BITS},
        )


def _node_index(tree: ObjectTree, element: Element, os_index: int | None) -> int | None:
    nodeset = mask(element, "nodeset")
    if os_index is None and nodeset is not None and nodeset.bit_count() == 1:
        os_index = lowest(nodeset)
    if os_index is None:
        tree.log.add("missing_os_index", "a NUMANode has no os_index", element.where)
        return None
    if nodeset is not None and nodeset & ~(1 << os_index):
        raise ReadError(
            "bad_node",
            f"A NUMANode at {element.where} has os_index={os_index} but nodeset="
            f"{(element.get('nodeset') or '')[:40]!r}; a nodeset of just that one node is accepted.",
            {"line": element.line},
        )
    if tree.seen_nodes >> os_index & 1:
        raise ReadError(
            "repeated_node",
            f"The NUMANode with OS index {os_index} appears a second time at {element.where}; "
            "OS indices that tell the nodes apart are accepted.",
            {"line": element.line, "os_index": os_index},
        )
    tree.seen_nodes |= 1 << os_index
    return os_index


def _remember(tree: ObjectTree, element: Element, part: Part) -> None:
    gp_index = number(element, "gp_index")
    if gp_index is not None:
        tree.part_at[gp_index] = part
