"""Machines made up from a synthetic description such as `pack:2 core:4 pu:2`."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from facts.bitmap import MAX_NUMBER, from_members
from facts.inventory import Inventory, Part, in_tree_order, tree_order
from facts.inventory_facts import CACHE_TYPE, facts_of
from facts.reading import Reading, ReadError
from facts.synthetic_notation import Level, parse, refuse

MAX_MASK_BITS = 2**32

_LOOP = re.compile(r"(\d{1,6})\*(\d{1,6})\Z", re.ASCII)
_LEVEL_NAMES = {"pack": "Package", "package": "Package", "socket": "Package", "numa": "NUMANode", "node": "NUMANode"}


def read_synthetic(text: str, *, name: str) -> Reading:
    """Return the machine that hwloc's synthetic notation describes, layer `static`.

    A memory node is added where none is described; sizes that are not given are unknown. As in hwloc a group that
    holds just what another object holds is no object. Raises ReadError as `facts.synthetic_notation.parse` does.
    """
    levels = parse(text)
    inventory = _inventory(levels, text)
    source = f"synthetic: {' '.join(text.split())}"
    facts = facts_of(inventory, machine=name, layer="static", source=source)
    return Reading(name, facts, None, "static", source, inventory.counts)


def _inventory(levels: tuple[Level, ...], text: str) -> Inventory:
    totals = [math.prod(level.arity for level in levels[: depth + 1]) for depth in range(len(levels))]
    if sum(totals[:-1]) * totals[-1] > MAX_MASK_BITS:
        raise ReadError(
            "too_large",
            f"The synthetic description has {sum(totals)} objects over {totals[-1]} PUs; objects times PUs up to "
            f"{MAX_MASK_BITS} are accepted.",
            {"objects": sum(totals), "pus": totals[-1]},
        )
    numbers = _numbers(levels, totals, levels[-1].indexes, totals[-1], text)
    parts = list(_parts(levels, totals, numbers, text))
    if not any(part.type == "NUMANode" for part in parts):
        parts.append(Part("NUMANode", from_members(numbers), 0))
    pus = tuple(numbers) if numbers == sorted(numbers) else tree_order(numbers, parts)
    counts = Counter(part.type for part in parts) + Counter(PU=len(pus))
    return Inventory(pus, in_tree_order(pus, parts), counts)


def _parts(levels: tuple[Level, ...], totals: list[int], numbers: list[int], text: str) -> Iterator[Part]:
    nesting = 0
    for depth, level in enumerate(levels[:-1]):
        is_group = level.type in {"Group", "NUMANode"}
        if level.type == "NUMANode":
            yield from _nodes(level, totals, depth, numbers, text)
        if not (is_group and _is_merged(levels, totals, depth)):
            yield from _objects(level, totals, depth, numbers, nesting, text)
            nesting += is_group
    yield from _attached(levels, totals, numbers, text)


def _attached(levels: tuple[Level, ...], totals: list[int], numbers: list[int], text: str) -> Iterator[Part]:
    """Yield the memory nodes in brackets; they share one numbering, in tree order."""
    memories = [(depth, memory) for depth, level in enumerate(levels) for memory in level.memories]
    nodes = [
        Part("NUMANode", cpus, size_bytes=memory.size_bytes)
        for depth, memory in memories
        for cpus in _blocks(numbers, totals[depth])
    ]
    given = next((memory.indexes for _, memory in memories if memory.indexes), None)
    indexes = _numbers((), totals, given, len(nodes), text)
    for os_index, node in zip(indexes, in_tree_order(numbers, nodes), strict=True):
        yield replace(node, os_index=os_index)


def _is_merged(levels: tuple[Level, ...], totals: list[int], depth: int) -> bool:
    """Tell whether a group level holds the same sets as another level that stays."""
    for other, level in enumerate(levels):
        if other == depth or totals[other] != totals[depth]:
            continue
        is_group = level.type in {"Group", "NUMANode"}
        if (not is_group or other < depth) and not (levels[depth].type == "NUMANode" and level.type == "PU"):
            return True
    return False


def _objects(
    level: Level, totals: list[int], depth: int, numbers: list[int], nesting: int, text: str
) -> Iterator[Part]:
    kind = "Group" if level.type == "NUMANode" else level.type
    unnumbered = kind == "Group" or CACHE_TYPE.match(kind) is not None
    indexes = _numbers((), totals, None if level.type == "NUMANode" else level.indexes, totals[depth], text)
    cache_type = "instruction" if kind.endswith("iCache") else "data" if kind == "L1Cache" else "unified"
    for os_index, cpus in zip(indexes, _blocks(numbers, totals[depth]), strict=True):
        known = None if unnumbered else os_index
        yield Part(kind, cpus, known, size_bytes=level.size_bytes, cache_type=cache_type, nesting=nesting)


def _nodes(level: Level, totals: list[int], depth: int, numbers: list[int], text: str) -> Iterator[Part]:
    indexes = _numbers((), totals, level.indexes, totals[depth], text)
    for os_index, cpus in zip(indexes, _blocks(numbers, totals[depth]), strict=True):
        yield Part("NUMANode", cpus, os_index, size_bytes=level.size_bytes)


def _blocks(numbers: list[int], count: int) -> Iterator[int]:
    width = len(numbers) // count
    for start in range(0, len(numbers), width):
        yield from_members(numbers[start : start + width])


def _numbers(levels: tuple[Level, ...], totals: list[int], indexes: str | None, count: int, text: str) -> list[int]:
    """Return the OS indices of `count` objects: a list, loops `step*times`, or an interleaving of types."""
    if indexes is None:
        return list(range(count))
    if re.fullmatch(r"[\d,]+", indexes, re.ASCII):
        return _listed(indexes, count, text)
    loops = []
    for item in indexes.split(":"):
        match = _LOOP.match(item)
        loops.append((int(match[1]), int(match[2])) if match else (0, _depth_named(levels, item, text)))
    if any(step == 0 for step, _ in loops):
        loops = _interleaved(totals, [depth for _, depth in loops], count)
    return _looped(loops, indexes, count, text)


def _listed(indexes: str, count: int, text: str) -> list[int]:
    numbers = [int(item) for item in indexes.split(",") if item and len(item) <= 6]
    if len(numbers) != count or len(set(numbers)) != count or max(numbers) > MAX_NUMBER:
        raise refuse(text, indexes, f"a list of {len(set(numbers))} indexes", f"{count} different ones are accepted")
    return numbers


def _depth_named(levels: tuple[Level, ...], item: str, text: str) -> int:
    lower = item.lower()
    for depth, level in enumerate(levels[:-1]):
        names = {full for full, kind in _LEVEL_NAMES.items() if kind == level.type} | {level.type.lower()}
        if depth and len(lower) >= 2 and any(full.startswith(lower) for full in names):
            return depth
    raise refuse(text, item or ":", "an unknown index loop", "a type above pu in this description, or STEP*TIMES, is accepted")


def _interleaved(totals: list[int], depths: list[int], count: int) -> list[tuple[int, int]]:
    """Return (step, times) for each named level: its objects are numbered within the next named one above."""
    loops = []
    for depth in depths:
        above = max((other for other in depths if other < depth), default=None)
        times = totals[depth] // (totals[above] if above is not None else 1)
        loops.append((count // totals[depth], times))
    return loops


def _looped(loops: list[tuple[int, int]], indexes: str, count: int, text: str) -> list[int]:
    width = math.prod(times for _, times in loops)
    rest = count // width if width else 0
    if rest > 1 and width * rest == count and min(step for step, _ in loops) == rest:
        loops = [*loops, (1, rest)]
    numbers = [0] * count
    factor = 1
    for step, times in loops:
        if not step or not times:
            break
        numbers = [number + (place // step) % times * factor for place, number in enumerate(numbers)]
        factor *= times
    if sorted(numbers) != list(range(count)):
        raise refuse(text, indexes, "loops that do not number every object once", f"loops over {count} objects are accepted")
    return numbers
