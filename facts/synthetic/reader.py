"""Machines made up from a synthetic description such as `pack:2 core:4 pu:2`."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

from facts.bitmap import from_members
from facts.inventory import Inventory, Part, in_tree_order, tree_order
from facts.inventory_facts import CACHE_TYPE, facts_of
from facts.reading import ReadError, Reading
from facts.synthetic.indexes import numbered
from facts.synthetic.notation import Level, parse

MAX_MASK_BITS = 2**32
MAX_SOURCE = 300

_GROUPING = frozenset({"Group", "NUMANode"})


def read_synthetic(text: str, *, name: str) -> Reading:
    """Return the machine that hwloc's synthetic notation describes, layer `static`.

    A memory node is added where none is described; sizes that are not given are unknown. As in hwloc a group that
    holds just what another object holds is no object. Raises ReadError as `facts.synthetic.notation.parse` does.
    """
    inventory = _Shape.of(text).inventory()
    shape = " ".join(text.split())
    source = f"synthetic: {shape if len(shape) <= MAX_SOURCE else shape[:MAX_SOURCE] + '...'}"
    facts = facts_of(inventory, machine=name, layer="static", source=source)
    return Reading(name, facts, None, "static", source, inventory.counts)


@dataclass(frozen=True, slots=True)
class _Shape:
    """The levels with the number of objects on each, and the OS indices of the PUs in the order of the text."""

    text: str
    levels: tuple[Level, ...]
    totals: tuple[int, ...]
    pus: list[int]

    @classmethod
    def of(cls, text: str) -> _Shape:
        levels = parse(text)
        totals = tuple(math.prod(level.arity for level in levels[: depth + 1]) for depth in range(len(levels)))
        if sum(totals[:-1]) * totals[-1] > MAX_MASK_BITS:
            raise ReadError(
                "too_large",
                f"The synthetic description has {sum(totals)} objects over {totals[-1]} PUs; objects times PUs up to "
                f"{MAX_MASK_BITS} are accepted.",
                {"objects": sum(totals), "pus": totals[-1]},
            )
        return cls(text, levels, totals, numbered(levels[-1].indexes, totals[-1], text, levels))

    def inventory(self) -> Inventory:
        parts = [*self._parts(), *self._attached_nodes()]
        if not any(part.type == "NUMANode" for part in parts):
            parts.append(Part("NUMANode", from_members(self.pus), 0))
        in_order = self.pus == sorted(self.pus)
        pus = tuple(self.pus) if in_order else tree_order(self.pus, parts)
        counts = Counter(part.type for part in parts) + Counter(PU=len(pus))
        return Inventory(pus, in_tree_order(pus, parts), counts)

    def _parts(self) -> Iterator[Part]:
        """Yield the objects above the PUs; a memory node as a level is a group with one node each."""
        nesting = 0
        for depth, level in enumerate(self.levels[:-1]):
            if level.type == "NUMANode":
                yield from self._objects(depth, level.type, nesting)
            if not self._is_merged(depth):
                yield from self._objects(depth, "Group" if level.type == "NUMANode" else level.type, nesting)
                nesting += level.type in _GROUPING

    def _is_merged(self, depth: int) -> bool:
        """Tell whether a group level holds the same sets as another level that stays."""
        level = self.levels[depth]
        if level.type not in _GROUPING:
            return False
        alike = [other for other, total in enumerate(self.totals) if total == self.totals[depth] and other != depth]
        return any(
            (self.levels[other].type not in _GROUPING or other < depth)
            and not (level.type == "NUMANode" and self.levels[other].type == "PU")
            for other in alike
        )

    def _objects(self, depth: int, kind: str, nesting: int) -> Iterator[Part]:
        level = self.levels[depth]
        is_unnumbered = kind == "Group" or CACHE_TYPE.match(kind) is not None
        indexes = numbered(None if is_unnumbered else level.indexes, self.totals[depth], self.text)
        cache_type = "instruction" if kind.endswith("iCache") else "data" if kind == "L1Cache" else "unified"
        size_bytes = None if kind == "Group" else level.size_bytes
        for os_index, cpus in zip(indexes, self._blocks(depth), strict=True):
            known = None if is_unnumbered else os_index
            yield Part(kind, cpus, known, size_bytes=size_bytes, cache_type=cache_type, nesting=nesting)

    def _attached_nodes(self) -> Iterator[Part]:
        """Yield the memory nodes in brackets; they share one numbering, in tree order."""
        memories = [(depth, memory) for depth, level in enumerate(self.levels) for memory in level.memories]
        nodes = [
            Part("NUMANode", cpus, size_bytes=memory.size_bytes)
            for depth, memory in memories
            for cpus in self._blocks(depth)
        ]
        given = next((memory.indexes for _, memory in memories if memory.indexes), None)
        indexes = numbered(given, len(nodes), self.text)
        for os_index, node in zip(indexes, in_tree_order(self.pus, nodes), strict=True):
            yield replace(node, os_index=os_index)

    def _blocks(self, depth: int) -> Iterator[int]:
        """Yield the set of PUs of each object of a level."""
        width = len(self.pus) // self.totals[depth]
        for start in range(0, len(self.pus), width):
            yield from_members(self.pus[start : start + width])
