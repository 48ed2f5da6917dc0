"""The facts that an inventory of a machine stands for, in the core vocabulary of the knowledge base."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from facts.bitmap import from_members, members
from facts.inventory import CoreNumbers, Inventory
from facts.reading import Argument, Fact, ReadError

CACHE_TYPE = re.compile(r"L([1-9])(i?)Cache\Z")

MAX_FACTS = 2_000_000

_NAMES = {"Package": "package", "Die": "die", "Group": "group", "Core": "physical_core"}

Row = tuple[str, tuple[Argument, ...]]


def facts_of(inventory: Inventory, *, machine: str, layer: str, source: str) -> tuple[Fact, ...]:
    """Return the facts of an inventory, grouped by relation.

    Core, package, node and cache ids are ranks in tree order; OS indices stand beside them in `pu/3`, `numa_node/3`
    and `package/2`, hardware ids in `pu/3`. Values that the source does not give are the atom `unknown`, a missing
    package is `none`. A part none of whose CPUs is here is `without_core/3`, once for each memory node within it.
    Raises ReadError where they would be more than `MAX_FACTS`.
    """
    _bound(inventory)
    numbers = CoreNumbers.of(inventory.pus)
    rows: list[Row] = [("machine", (machine,))]
    rows += _cores(inventory, numbers)
    rows += _caches(inventory, numbers)
    rows += _memory(inventory, numbers)
    rows += _without_core(inventory)
    rows += _accesses(inventory, numbers)
    rows += _properties(inventory, numbers)
    return (*(Fact(relation, args, layer, source) for relation, args in rows), *inventory.extra)


def _bound(inventory: Inventory) -> None:
    present = from_members(inventory.pus)
    rows = 5 * len(inventory.pus) + len(inventory.node_distances) + len(inventory.extra)
    for part in inventory.parts:
        rows += (part.cpus & present).bit_count()
    for access in inventory.accesses:
        rows += 1 if access.cpus is None else (access.cpus & present).bit_count()
    if rows > MAX_FACTS:
        raise ReadError(
            "too_many_facts",
            f"The source stands for about {rows} facts; at most {MAX_FACTS} are read.",
            {"facts": rows, "limit": MAX_FACTS},
        )


def _cores(inventory: Inventory, numbers: CoreNumbers) -> Iterator[Row]:
    packages = inventory.of_type("Package")
    home = numbers.first_holder(part.cpus for part in packages)
    for core in range(len(inventory.pus)):
        yield "core", (core, home.get(core, "none"))
    for core, physical in numbers.first_holder(part.cpus for part in inventory.of_type("Core")).items():
        yield "physical_core", (core, physical)
    for core, pu in enumerate(inventory.pus):
        yield "pu", (core, pu, _known(inventory.hardware.get(pu)))
    for package, part in enumerate(packages):
        if part.os_index is not None:
            yield "package", (package, part.os_index)
    for core, die in numbers.first_holder(part.cpus for part in inventory.of_type("Die")).items():
        yield "die", (core, die)
    for number, part in enumerate(inventory.of_type("Group")):
        for core in numbers.within(part.cpus):
            yield "group", (core, part.nesting, number)


def _caches(inventory: Inventory, numbers: CoreNumbers) -> Iterator[Row]:
    caches = [(part, match) for part in inventory.parts if (match := CACHE_TYPE.match(part.type))]
    for number, (part, match) in enumerate(caches):
        level, size, line = int(match.group(1)), _known(part.size_bytes), _known(part.line_bytes)
        for core in numbers.within(part.cpus):
            yield "cache", (number, core, level, part.cache_type, size, line)


def _memory(inventory: Inventory, numbers: CoreNumbers) -> Iterator[Row]:
    nodes = inventory.of_type("NUMANode")
    rank = {part.os_index: node for node, part in enumerate(nodes) if part.os_index is not None}
    for node, part in enumerate(nodes):
        yield "numa_node", (node, _known(part.os_index), _known(part.size_bytes))
    for node, part in enumerate(nodes):
        for core in numbers.within(part.cpus):
            yield "core_node", (core, node)
    for here, there, value in inventory.node_distances:
        yield "numa_distance", (rank[here], rank[there], value)
    for number, part in enumerate(inventory.of_type("MemCache")):
        for os_index in members(part.nodes):
            if os_index in rank:
                yield "memory_cache", (number, rank[os_index], _known(part.size_bytes), _known(part.line_bytes))


def _without_core(inventory: Inventory) -> Iterator[Row]:
    nodes = {part.os_index: node for node, part in enumerate(inventory.of_type("NUMANode"))}
    counts: Counter[str] = Counter()
    for part in inventory.parts:
        kind = "cache" if CACHE_TYPE.match(part.type) else _NAMES.get(part.type)
        if kind is None:
            continue
        if not part.cpus:
            within = [nodes[os_index] for os_index in members(part.nodes) if os_index in nodes]
            yield from (("without_core", (part.type, counts[kind], node)) for node in within or ("none",))
        counts[kind] += 1


def _accesses(inventory: Inventory, numbers: CoreNumbers) -> Iterator[Row]:
    """Yield what is stated of each core; of several statements that of the fewest CPUs counts."""
    nodes = {part.os_index: node for node, part in enumerate(inventory.of_type("NUMANode"))}
    size = {id(access): -1 if access.cpus is None else access.cpus.bit_count() for access in inventory.accesses}
    seen = set()
    for access in sorted(inventory.accesses, key=lambda access: size[id(access)]):
        relation = "memory_bandwidth" if access.quantity == "bandwidth" else "memory_latency_ns"
        for core in ["any"] if access.cpus is None else numbers.within(access.cpus):
            key = (core, nodes[access.node], access.access)
            if (relation, key) not in seen:
                seen.add((relation, key))
                yield relation, (*key, access.value)


def _properties(inventory: Inventory, numbers: CoreNumbers) -> Iterator[Row]:
    for core, kind in numbers.first_holder(inventory.kinds).items():
        yield "core_kind", (core, kind)
    for core, place in numbers.first_holder(cpus for cpus, _ in inventory.clocks).items():
        yield "clock_hz", (core, inventory.clocks[place][1])
    if inventory.isa is not None:
        yield from (("isa", (core, inventory.isa)) for core in range(len(inventory.pus)))
    yield from (("disallowed", (core,)) for core in numbers.within(inventory.disallowed))
    yield from (("unavailable_pu", (pu,)) for pu in members(inventory.unavailable))
    for node, part in enumerate(inventory.of_type("NUMANode")):
        if part.os_index is not None and inventory.disallowed_nodes >> part.os_index & 1:
            yield "disallowed_node", (node,)
    yield from (("unavailable_node", (node,)) for node in members(inventory.unavailable_nodes))


def _known(value: int | None) -> int | str:
    return "unknown" if value is None else value
