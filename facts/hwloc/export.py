"""A machine's facts as hwloc XML of format 2, which hwloc 2 and its tools read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from xml.sax.saxutils import quoteattr

from facts.bitmap import MAX_NUMBER, format_mask, from_members, lowest, members
from facts.hwloc.export_devices import Device, Rows
from facts.hwloc.export_parts import ExportNode, Shape, shape_of
from facts.reading import ReadError

_HEADER = '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE topology SYSTEM "hwloc2.dtd">\n<topology version="2.0">\n'
_RANKS = ("Machine", "Group", "Package", "Die")
_CHUNK = 10
_WORD_BYTES = len("0x00000000,")

MAX_DEPTH = 50
MAX_BYTES = 128 * 1024 * 1024


@dataclass(slots=True)
class _Node:
    """An object of the tree: type, attributes, and what is beneath it; memory and devices are lists of their own."""

    type: str
    cpus: int
    attributes: dict[str, str] = field(default_factory=dict)
    children: list[_Node] = field(default_factory=list)
    memory: list[_Node] = field(default_factory=list)
    devices: list[Device] = field(default_factory=list)
    nodes: int = 0
    depth: int = 0


def to_hwloc_xml(rows: Rows, *, name: str) -> str:
    """Return the XML of a machine; `rows(relation, arity)` gives the facts that hold, as tuples.

    Packages, dies, groups, caches, cores, memory nodes with their side caches, PUs, distances, devices and what may not
    be used are written. OS indices are the PUs', or the core ids where one has none of its own. The tree has
    no place for sets that overlap, nor beneath `MAX_DEPTH` others: such a part is left out. Raises ReadError for a
    machine without cores, and where the masks would fill more than `MAX_BYTES`.
    """
    shape = shape_of(rows, name)
    _bound(shape, name)
    root = _tree(shape)
    lines = [_HEADER.rstrip("\n"), *_lines(root, shape, 1), *_distances(shape), "</topology>"]
    return "\n".join(lines) + "\n"


def _bound(shape: Shape, name: str) -> None:
    """Masks have a word for every 32 CPUs up to the highest, in every object."""
    objects = len(shape.parts) + shape.present.bit_count()
    size_bytes = objects * 2 * _WORD_BYTES * (shape.present.bit_length() // 32 + 1)
    if size_bytes > MAX_BYTES:
        raise ReadError(
            "too_large",
            f"The hwloc XML of {name[:80]!r} would have about {size_bytes} bytes; up to {MAX_BYTES} are written.",
            {"bytes": size_bytes, "limit": MAX_BYTES},
        )


def _tree(shape: Shape) -> _Node:
    root = _Node("Machine", shape.present, {"os_index": "0"})
    innermost = dict.fromkeys(members(shape.present), root)
    seen: set[tuple[str, int]] = set()
    for part in sorted(_parts(shape), key=_place):
        if part.type == "Group" or (part.type, part.cpus) not in seen:
            _insert(innermost, part)
        seen.add((part.type, part.cpus))
    _insert_without_cpus(root, shape)
    for os_index in sorted(shape.node_at):
        _attach(root, shape, os_index)
    for device in shape.devices:
        _innermost_of(root, device.cpus).devices.append(device)
    return root


def _innermost_of(above: _Node, cpus: int) -> _Node:
    """Return the outermost of the smallest objects that have all these CPUs; the root for none."""
    while cpus and above.cpus != cpus:
        inner = next((child for child in above.children if not cpus & ~child.cpus and child.type != "PU"), None)
        if inner is None:
            break
        above = inner
    return above


def _insert_without_cpus(root: _Node, shape: Shape) -> None:
    """Put the parts without a CPU beneath the root, each in the smallest one that holds its memory nodes."""
    empty: list[_Node] = []
    for part in sorted(shape.parts, key=lambda part: (-part.nodes.bit_count(), _rank(part.type))):
        if part.cpus or not part.nodes:
            continue
        around = [node for node in empty if not part.nodes & ~node.nodes]
        above = around[-1] if around else root
        if any(part.nodes & node.nodes for node in above.children if not node.cpus) or above.depth >= MAX_DEPTH:
            continue
        node = _Node(part.type, 0, dict(part.attributes), nodes=part.nodes, depth=above.depth + 1)
        above.children.append(node)
        empty.append(node)


def _parts(shape: Shape) -> Iterator[_Node]:
    for part in shape.parts:
        if part.cpus:
            yield _Node(part.type, part.cpus, dict(part.attributes))
    for pu in members(shape.present):
        yield _Node("PU", 1 << pu, {"os_index": str(pu)})
    # hwloc puts memory beneath an object of the very same CPUs, a group where there is no other one.
    known = {part.cpus for part in shape.parts} | {shape.present}
    for cpus in {node.cpus for node in shape.node_at.values()} - known - {0}:
        if cpus.bit_count() > 1:
            yield _Node("Group", cpus, {"kind": "0", "subkind": "0"})


def _place(part: _Node) -> tuple[int, int, float]:
    return (-part.cpus.bit_count(), lowest(part.cpus), _rank(part.type))


def _rank(kind: str) -> float:
    """Return the place of a type among objects of equal CPUs, outermost first."""
    if kind in _RANKS:
        return _RANKS.index(kind)
    if kind.endswith("Cache"):
        return 10 - int(kind[1]) + (0.5 if kind.endswith("iCache") else 0)
    return 20 if kind == "Core" else 30


def _insert(innermost: dict[int, _Node], part: _Node) -> None:
    """Put a part beneath the object that is the innermost one of all its CPUs; outer parts come first."""
    inside = members(part.cpus)
    above = innermost[inside[0]]
    if part.cpus & ~above.cpus or any(innermost[cpu] is not above for cpu in inside):
        return
    if above.depth >= MAX_DEPTH and part.type != "PU":
        return
    part.depth = above.depth + 1
    above.children.append(part)
    innermost.update(dict.fromkeys(inside, part))


def _attach(root: _Node, shape: Shape, os_index: int) -> None:
    node = shape.node_at[os_index]
    above = root
    while inner := _holding(above, node, os_index):
        above = inner
    above.memory.append(_memory(shape, os_index, above.cpus if node.cpus else 0))


def _holding(above: _Node, node: ExportNode, os_index: int) -> _Node | None:
    """Return the child that the memory node hangs off; one without CPUs by the part's memory nodes."""
    if not node.cpus:
        return next((child for child in above.children if not child.cpus and child.nodes >> os_index & 1), None)
    if node.cpus == above.cpus:
        return None
    return next((child for child in above.children if not node.cpus & ~child.cpus), None)


def _memory(shape: Shape, os_index: int, cpus: int) -> _Node:
    """Return a memory node, within its side caches where it has some."""
    node = shape.node_at[os_index]
    size = {} if node.size_bytes is None else {"local_memory": str(node.size_bytes)}
    found = _Node("NUMANode", cpus, {"os_index": str(os_index), **size}, nodes=1 << os_index)
    for attributes in node.side_caches:
        found = _Node("MemCache", cpus, dict(attributes), memory=[found], nodes=1 << os_index)
    return found


def _lines(root: _Node, shape: Shape, indent: int) -> Iterator[str]:
    """Yield the elements; every object gets a number of its own."""
    numbers = iter(range(1, 1 << 62))

    def visit(node: _Node | Device, indent: int) -> Iterator[str]:
        sets, beneath = _beneath(node, shape)
        attributes = {"type": node.type, **sets, **node.attributes, "gp_index": str(next(numbers))}
        written = " ".join(f"{key}={quoteattr(value)}" for key, value in attributes.items())
        infos = shape.infos if node is root else ()
        space = "  " * indent
        if not beneath and not infos:
            yield f"{space}<object {written}/>"
            return
        yield f"{space}<object {written}>"
        yield from (f"{space}  <info name={quoteattr(key)} value={quoteattr(value)}/>" for key, value in infos)
        for child in beneath:
            yield from visit(child, indent + 1)
        yield f"{space}</object>"

    return visit(root, indent)


def _beneath(node: _Node | Device, shape: Shape) -> tuple[dict[str, str], Sequence[_Node | Device]]:
    """Return the sets that an object has, and its children in hwloc's order."""
    if isinstance(node, Device):
        return {}, node.children
    return _sets(node, shape), [*node.memory, *sorted(node.children, key=_first_cpu), *node.devices]


def _first_cpu(node: _Node) -> int:
    return lowest(node.cpus) if node.cpus else MAX_NUMBER + 1


def _sets(node: _Node, shape: Shape) -> dict[str, str]:
    is_root = node.type == "Machine"
    every = from_members(shape.node_at)
    nodes = node.nodes or (every if is_root else shape.nodes_of(node.cpus))
    cpus, all_nodes = format_mask(node.cpus), format_mask(nodes)
    sets = {
        "cpuset": cpus,
        "complete_cpuset": format_mask(node.cpus | shape.unavailable) if is_root else cpus,
        "nodeset": all_nodes,
        "complete_nodeset": all_nodes,
    }
    if is_root:
        sets["complete_nodeset"] = format_mask(nodes | shape.unavailable_nodes)
        sets["allowed_cpuset"] = format_mask(shape.present & ~shape.disallowed)
        sets["allowed_nodeset"] = format_mask(nodes & ~shape.disallowed_nodes)
    return sets


def _distances(shape: Shape) -> Iterator[str]:
    """Yield the matrix of the memory nodes where every pair is known; kind 5 is a latency from the system."""
    nodes = sorted(shape.node_at)
    values = [shape.distances.get((here, there)) for here in nodes for there in nodes]
    if len(nodes) < 2 or None in values:
        return
    yield f'  <distances2 type="NUMANode" nbobjs="{len(nodes)}" kind="5" name="NUMALatency" indexing="os">'
    yield from _chunks("indexes", nodes)
    yield from _chunks("u64values", [value for value in values if value is not None])
    yield "  </distances2>"


def _chunks(tag: str, numbers: list[int]) -> Iterator[str]:
    for start in range(0, len(numbers), _CHUNK):
        text = "".join(f"{number} " for number in numbers[start : start + _CHUNK])
        yield f'    <{tag} length="{len(text)}">{text}</{tag}>'
