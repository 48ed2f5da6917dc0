"""A machine as sets of CPUs: the one form that every topology reader brings its source into."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from facts.bitmap import from_members, lowest, members
from facts.reading import Fact


@dataclass(frozen=True, slots=True)
class Part:
    """One object of a topology and the CPUs that it contains or serves.

    `type` is hwloc's name (`Package`, `L1iCache`, `NUMANode`, ...), `cpus` a set of OS indices (`facts.bitmap`).
    None stands for what the source does not say. `nesting` counts the enclosing groups of a `Group`; `nodes` is the
    set of OS indices of memory nodes behind a `MemCache`, or within a part that has no CPU.
    """

    type: str
    cpus: int
    os_index: int | None = None
    size_bytes: int | None = None
    line_bytes: int | None = None
    cache_type: str = "unified"
    nesting: int = 0
    nodes: int = 0


@dataclass(frozen=True, slots=True)
class MemoryAccess:
    """The `bandwidth` (MiB/s) or `latency` (ns) from a set of CPUs to a memory node, by OS indices.

    `access` is read, write, or any where the source does not tell them apart; `cpus` None is any CPU.
    """

    quantity: str
    access: str
    cpus: int | None
    node: int
    value: int


@dataclass(frozen=True, slots=True)
class Inventory:
    """What a source says about a machine's CPUs, caches and memory.

    `pus` are OS indices in tree order: the rank of one in it is the SKB's core id. `parts` are in tree order, too.
    `node_distances` are (from, to, value) by OS index of the nodes. `kinds` are sets of alike CPUs by rising rank;
    `clocks` pairs a set of CPUs with a frequency in Hz; `hardware` gives the APIC or other hardware id of an OS index.
    What is disallowed is a part of the tree, what is unavailable is not. `extra` holds facts that the reader made.
    """

    pus: tuple[int, ...]
    parts: tuple[Part, ...]
    counts: Mapping[str, int]
    node_distances: tuple[tuple[int, int, int], ...] = ()
    disallowed: int = 0
    unavailable: int = 0
    disallowed_nodes: int = 0
    unavailable_nodes: int = 0
    hardware: Mapping[int, int] = field(default_factory=dict)
    accesses: tuple[MemoryAccess, ...] = ()
    kinds: tuple[int, ...] = ()
    clocks: tuple[tuple[int, int], ...] = ()
    isa: str | None = None
    extra: tuple[Fact, ...] = field(default=())

    def of_type(self, *types: str) -> tuple[Part, ...]:
        """Return the parts of these types, in tree order."""
        return tuple(part for part in self.parts if part.type in types)


@dataclass(frozen=True, slots=True)
class CoreNumbers:
    """The SKB's core ids of a machine's PUs: their ranks in tree order."""

    core_of: Mapping[int, int]
    present: int

    @classmethod
    def of(cls, pus: Sequence[int]) -> CoreNumbers:
        """Return the ids of PUs given by OS index in tree order."""
        return cls({pu: core for core, pu in enumerate(pus)}, from_members(pus))

    def within(self, cpus: int) -> list[int]:
        """Return the ids of the cores in a set of CPUs, ascending; CPUs that are not in the tree are skipped."""
        return sorted(self.core_of[pu] for pu in members(cpus & self.present))

    def first_holder(self, sets: Iterable[int]) -> dict[int, int]:
        """Map each core, ascending, to the place of the first set that holds it; cores in none are left out."""
        left, holder = self.present, {}
        for place, cpus in enumerate(sets):
            for core in self.within(cpus & left):
                holder[core] = place
            left &= ~cpus
        return dict(sorted(holder.items()))


def tree_order(pus: Iterable[int], parts: Iterable[Part]) -> tuple[int, ...]:
    """Return the PUs in the order in which a tree of these parts has them, as hwloc numbers them.

    Siblings follow each other by their lowest CPU. A part that straddles a larger one is left out of the tree.

        >>> tree_order([0, 1, 2, 3], [Part("Package", 0b0101), Part("Package", 0b1010)])
        (0, 2, 1, 3)
    """
    every = from_members(pus)
    sets = sorted({part.cpus & every for part in parts} - {0}, key=lambda cpus: (-cpus.bit_count(), lowest(cpus)))
    path: dict[int, list[int]] = {pu: [] for pu in members(every)}
    enclosing = dict.fromkeys(path, every)
    for cpus in sets:
        inside = members(cpus)
        if any(cpus & ~enclosing[pu] for pu in inside):
            continue
        for pu in inside:
            path[pu].append(inside[0])
            enclosing[pu] = cpus
    return tuple(sorted(path, key=lambda pu: (*path[pu], pu)))


def in_tree_order(pus: Sequence[int], parts: Iterable[Part]) -> tuple[Part, ...]:
    """Return parts in the order in which a walk from the root meets them; those without a CPU come first.

    Of caches that serve the same CPUs the outer one comes first, data before instructions.
    """
    rank = {pu: place for place, pu in enumerate(pus)}

    def place(part: Part) -> tuple[int, int, int, bool]:
        inside = [rank[pu] for pu in members(part.cpus) if pu in rank]
        level = -int(part.type[1]) if part.type[0] == "L" else 0
        return (min(inside, default=-1), -len(inside), level, part.cache_type == "instruction")

    return tuple(sorted(parts, key=place))
