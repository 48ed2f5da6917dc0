"""hwloc's locations such as `pack:1.core:2-3.pu:0` or a mask, and the command hwloc-bind."""

import re
from collections.abc import Sequence
from typing import NoReturn

from planner.binding.binding import Binding, Bound, Memory, Written, not_understood
from planner.binding.formats.commands import read_lines
from planner.binding.legend import said
from planner.binding.masks import hwloc_mask, read_mask
from planner.binding.numbering import Numbering

ACCEPTED = "locations such as pack:1.core:2-3.pu:0, pu:5, numa:0, L3:0, all or a mask 0x000000f0, prefixed by ~ x or ^"
_MASK = re.compile(r"(?:0[xX][0-9a-fA-F]+|0[xX][0-9a-fA-F]*(?:,(?:0[xX])?[0-9a-fA-F]{0,8})+)", re.ASCII)
_STEP = re.compile(r"(?:[a-z]+|l[1-5][du]?(?:cache)?):(.+)", re.ASCII)
_PICK = re.compile(r"(\d{1,7})(?:(-)(\d{1,7})?|:(\d{1,7}))?", re.ASCII)
_POLICIES = {"bind": "bind", "interleave": "interleave", "firsttouch": "local"}
_OPTIONS = ("--cpubind", "--membind", "--mempolicy", "-p", "--physical", "-l", "--logical", "--strict", "-f", "--force")


def write_hwloc_bind(binding: Binding, numbering: Numbering) -> Written:
    """Masks of OS indices; where the machine states none, PUs by logical index."""
    by_os = all(numbering.thread(core).os_index is not None for bound in binding.members for core in bound.cores)
    lines = []
    for bound in binding.members:
        memory = _memory_words(bound, numbering, by_os)
        physical = ["-p"] if by_os and bound.memory is not None and bound.memory.nodes else []
        words = ["hwloc-bind", *physical, "--cpubind", _location(bound, numbering, by_os), *memory]
        lines.append(f"{' '.join(words)} --  # {said(bound, numbering)}")
    notes = () if by_os else ("the machine states no OS indices: hwloc counts its PUs itself, in the same order",)
    return Written("\n".join(lines), "os" if by_os else "logical", notes)


def _location(bound: Bound, numbering: Numbering, by_os: bool) -> str:
    if by_os:
        return hwloc_mask(numbering.os_indices(bound.cores))
    return " ".join(f"pu:{numbering.thread(core).logical}" for core in bound.cores)


def _memory_words(bound: Bound, numbering: Numbering, by_os: bool) -> list[str]:
    """NUMA nodes by OS index after `-p`, else by logical index, which is hwloc's default."""
    if bound.memory is None:
        return []
    if bound.memory.policy == "local":
        return ["--mempolicy", "firsttouch", "--membind", "all"]
    named = bound.memory.nodes
    numbers = numbering.os_of_nodes(named) if by_os else [numbering.node_ids.index(node) for node in named]
    nodes = [f"numa:{number}" for number in numbers]
    policy = [] if bound.memory.policy == "bind" else ["--mempolicy", bound.memory.policy]
    return [*policy, "--membind", *nodes]


def read_hwloc_bind(text: str, numbering: Numbering) -> Binding:
    """`hwloc-bind [--cpubind] LOCATION... [--membind LOCATION...] [--] ...` in each line."""
    return read_lines(text, numbering, "hwloc-bind", lambda words: _read(words, numbering))


def _read(words: list[str], numbering: Numbering) -> Bound:
    line = " ".join(words)
    if not words or words[0].rpartition("/")[2] != "hwloc-bind":
        raise not_understood("hwloc-bind", line, "the line does not begin so", "hwloc-bind LOCATION -- COMMAND")
    locations: dict[str, list[str]] = {"--cpubind": [], "--membind": []}
    kind, policy, physical, at = "--cpubind", "bind", False, 1
    while at < len(words) and words[at] != "--":
        word, at = words[at], at + 1
        if word in locations:
            kind = word
        elif word == "--mempolicy" and at < len(words) and words[at] in _POLICIES:
            policy, at = words[at], at + 1
        elif word in ("-p", "--physical", "-l", "--logical"):
            physical = word in ("-p", "--physical")
        elif word.startswith("-") and word not in _OPTIONS:
            raise not_understood("hwloc-bind", line, f"{word!r} is an option that is not understood", ACCEPTED)
        elif word not in _OPTIONS and not _is_location(word):
            break
        elif word not in _OPTIONS:
            locations[kind].append(word)
    cores = read_locations(locations["--cpubind"], numbering, physical)
    if not cores:
        raise not_understood("hwloc-bind", line, "no CPU is bound", ACCEPTED)
    return Bound("", cores, _memory(locations["--membind"], policy, numbering, physical, line))


def _is_location(word: str) -> bool:
    bare = word.lstrip("~x^") if word[:1] in "~x^" and word[:2] != "0x" else word
    lowered = bare.lower()
    return lowered in ("all", "root") or bool(_MASK.fullmatch(bare)) or bool(_STEP.fullmatch(lowered))


def _memory(locations: Sequence[str], policy: str, numbering: Numbering, physical: bool, line: str) -> Memory | None:
    if not locations:
        return None
    if policy == "firsttouch":
        return Memory("local")
    nodes: set[int] = set()
    for location in locations:
        kind, _, pick = location.lower().partition(":")
        if not _is_node(kind) or not pick:
            accepted = "NUMA nodes such as numa:0"
            raise not_understood("hwloc-bind", line, f"memory is bound to {location!r}", accepted)
        at = _picked(pick, len(numbering.node_ids), location) if not physical else None
        named = [numbering.node_ids[one] for one in at] if at is not None else _nodes_by_os(pick, numbering, location)
        nodes.update(named)
    return Memory("interleave" if policy == "interleave" else "bind", tuple(sorted(nodes)))


def read_locations(locations: Sequence[str], numbering: Numbering, physical: bool = False) -> tuple[int, ...]:
    """The cores that locations name together: each adds its own, `~` takes away, `x` intersects, `^` toggles.

    `physical` takes pu and numa by OS index; other objects have no OS index of their own.
    """
    chosen: set[int] = set()
    for location in locations:
        prefix = location[0] if location[0] in "~^" or (location[0] == "x" and location[:2] != "xn") else ""
        named = set(_cores_at(location[len(prefix) :], numbering, physical))
        if prefix == "~":
            chosen -= named
        elif prefix == "x":
            chosen &= named
        elif prefix == "^":
            chosen ^= named
        else:
            chosen |= named
    return tuple(sorted(chosen))


def _cores_at(location: str, numbering: Numbering, physical: bool) -> tuple[int, ...]:
    if location.lower() in ("all", "root"):
        return numbering.cores
    if _MASK.fullmatch(location):
        return numbering.at_os(read_mask(location, "hwloc-bind"), "hwloc-bind")
    parents: list[set[int]] = [set(numbering.cores)]
    for step in location.lower().split("."):
        kind, _, pick = step.partition(":")
        parents = [child for one in parents for child in _children(one, kind, pick, numbering, physical, location)]
    return tuple(sorted(set().union(*parents)))


def _children(
    parent: set[int], kind: str, pick: str, numbering: Numbering, physical: bool, location: str
) -> list[set[int]]:
    """The picked objects of a kind, counted among those that lie within the parent."""
    if physical and pick != "all":
        return [parent & set(_by_os_index(kind, pick, numbering, location))]
    objects = [parent & set(group) for group in _objects(kind, numbering, location) if parent & set(group)]
    return [objects[at] for at in _picked(pick, len(objects), location)]


def _objects(kind: str, numbering: Numbering, location: str) -> Sequence[tuple[int, ...]]:
    """The objects of a type in logical order, each as its cores."""
    if kind == "pu":
        return [(core,) for core in numbering.cores]
    if kind == "core":
        return numbering.physical_cores
    if kind == "socket" or (len(kind) >= 2 and "package".startswith(kind)):
        return numbering.packages
    if _is_node(kind):
        return [numbering.nodes.get(node, ()) for node in numbering.node_ids]
    level = re.fullmatch(r"l([1-5])[du]?(?:cache)?", kind, re.ASCII)
    if level and int(level[1]) in numbering.caches:
        return numbering.caches[int(level[1])]
    return _refuse(location, f"{numbering.machine} has no objects of the type {kind[:20]!r}")


def _is_node(kind: str) -> bool:
    return kind == "node" or (len(kind) >= 2 and "numanode".startswith(kind))


def _by_os_index(kind: str, pick: str, numbering: Numbering, location: str) -> Sequence[int]:
    if kind == "pu":
        return numbering.at_os(_picked(pick, None, location), "hwloc-bind")
    if _is_node(kind):
        return [core for node in _nodes_by_os(pick, numbering, location) for core in numbering.nodes.get(node, ())]
    return _refuse(location, f"the OS index of a {kind[:20]!r} is not unique on a machine, pu and numa have their own")


def _nodes_by_os(pick: str, numbering: Numbering, location: str) -> Sequence[int]:
    if pick == "all":
        return numbering.node_ids
    return numbering.nodes_at_os(_picked(pick, None, location), "hwloc-bind")


def _picked(pick: str, count: int | None, location: str) -> Sequence[int]:
    """Indexes by `N`, `a-b`, `a-`, `a:n` (n from a on, around the end), `all`, `odd` or `even`; None: no end."""
    if count is not None and pick in ("all", "odd", "even"):
        return range(pick == "odd", count, 1 if pick == "all" else 2)
    match = _PICK.fullmatch(pick)
    if match is None or (count is None and match[2] and not match[3]):
        return _refuse(location, f"{pick[:30]!r} picks no objects")
    first = int(match[1])
    if match[4] is not None:
        return _run(first, int(match[4]), count, location)
    last = int(match[3]) if match[3] else first if not match[2] else (count or 0) - 1
    if last < first or last - first > 100_000 or (count is not None and last >= count):
        return _refuse(location, f"{pick!r} does not lie within the {count if count is not None else 'OS'} indexes")
    return range(first, last + 1)


def _run(first: int, length: int, count: int | None, location: str) -> Sequence[int]:
    if not 0 < length <= (count if count is not None else 100_000) or (count is not None and first >= count):
        return _refuse(location, f"{first}:{length} does not lie within the {count} indexes")
    return [(first + at) % count if count is not None else first + at for at in range(length)]


def _refuse(location: str, reason: str) -> NoReturn:
    raise not_understood("hwloc-bind", location, reason, ACCEPTED)
