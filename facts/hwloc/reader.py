"""The reader of hwloc XML exports of format versions 1, 2 and 3."""

from __future__ import annotations

from itertools import chain, islice

from facts.anomalies import AnomalyLog
from facts.bitmap import MAX_NUMBER, from_members
from facts.hwloc import matrices
from facts.hwloc.devices import io_rows
from facts.hwloc.document import Document, parse
from facts.hwloc.objects import ObjectTree, mask, walk
from facts.inventory import Inventory
from facts.inventory_facts import MAX_FACTS, facts_of
from facts.reading import Fact, ReadError, Reading

_FOLLOWING = frozenset(
    {"distances2", "distances2hetero", "support", "memattr", "cpukind", "info", "memtier", "pci_locality", "userdata"}
)


def read_hwloc(data: bytes, *, name: str, where: str) -> Reading:
    """Return what an hwloc XML export says about a machine.

    `objects` counts its elements under today's type names, I/O and Misc included. Raises ReadError as
    `facts.hwloc.document.parse` and `facts.hwloc.objects.walk` do.
    """
    log = AnomalyLog()
    document = parse(data)
    for element in document.rest:
        if element.tag not in _FOLLOWING:
            log.add("unknown_tag", f"the unknown element <{element.tag[:40]}> is skipped", element.where)
    tree = walk(document, log)
    source = f"hwloc XML v{document.version}: {where}"
    facts = facts_of(_inventory(document, tree, source), machine=name, layer="discovered", source=source)
    return Reading(name, facts, None, "discovered", source, dict(tree.counts), log.all())


def _inventory(document: Document, tree: ObjectTree, source: str) -> Inventory:
    present = from_members(tree.pus)
    return Inventory(
        pus=tuple(tree.pus),
        parts=tuple(tree.parts),
        counts=tree.counts,
        node_distances=tuple(matrices.node_distances(document, tree)),
        disallowed=present & ~_usable(document, present),
        unavailable=_hidden(tree.known, present),
        disallowed_nodes=tree.seen_nodes & ~_usable_nodes(document, tree.seen_nodes),
        unavailable_nodes=_hidden(tree.known_nodes, tree.seen_nodes),
        accesses=tuple(matrices.memory_accesses(document, tree)),
        kinds=matrices.kinds(document),
        clocks=matrices.clocks(document),
        isa=matrices.architecture(document),
        extra=_extra(document, tree, source),
    )


def _usable(document: Document, present: int) -> int:
    """Return the PUs that the root allows and, in v1, that are online."""
    usable = present
    for attribute in ("allowed_cpuset", "online_cpuset"):
        given = mask(document.root, attribute)
        usable &= present if given is None else given
    return usable


def _usable_nodes(document: Document, present: int) -> int:
    allowed = mask(document.root, "allowed_nodeset")
    return present if allowed is None else allowed


def _hidden(known: int, present: int) -> int:
    """Return what the machine has but the tree lacks; nothing where the complete set is infinite."""
    return 0 if known >> MAX_NUMBER & 1 else known & ~present


def _extra(document: Document, tree: ObjectTree, source: str) -> tuple[Fact, ...]:
    ranks = matrices.Ranks.of(tree)
    every = chain(
        matrices.other_distances(document, tree, ranks),
        matrices.memory_attributes(document, tree, ranks),
        io_rows(document, tree, ranks.cores),
    )
    rows = list(islice(every, MAX_FACTS + 1))
    if len(rows) > MAX_FACTS:
        raise ReadError(
            "too_many_facts",
            f"The matrices and devices of {source} stand for more than {MAX_FACTS} facts; less is accepted.",
        )
    return tuple(Fact(relation, args, "discovered", source) for relation, args in dict.fromkeys(rows))
