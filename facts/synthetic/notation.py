"""hwloc's synthetic notation, `pack:2 [numa(memory=16GB)] l3:1(size=8MB) core:4 pu:2`, as a list of levels."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from facts.reading import ReadError

MAX_PUS = 65_536
MAX_LEVELS = 64
MAX_TEXT = 1_000_000

_TOKEN = re.compile(r"\s*(?:(?P<attached>\[)|(?P<name>[A-Za-z][A-Za-z0-9]*)\s*:\s*|(?P<root>\()|(?=\d))")
_COUNT = re.compile(r"(\d{1,9})(?!\w)", re.ASCII)
_ATTRIBUTES = re.compile(r"\(([^()\[\]]*)\)")
_ATTACHED = re.compile(r"\s*([A-Za-z]+)\s*(?:\(([^()\[\]]*)\))?\s*\]")
_SIZE = re.compile(r"(\d{1,18})\s*(?:([kmgt])(i?)b)?\Z", re.ASCII | re.IGNORECASE)
_CACHE = re.compile(r"l([1-5])([udi]?)(c|ca|cac|cach|cache)?\Z")
_GROUP = re.compile(r"(gr|gro|grou|group)\d{0,3}\Z")
_NAMES = (("package", "Package"), ("socket", "Package"), ("die", "Die"), ("core", "Core"), ("pu", "PU"))
_NODE_NAMES = ("numanode", "node")
_UNTYPED = (
    ("NUMANode",),
    ("Package", "NUMANode"),
    ("Package", "NUMANode", "Core"),
    ("Package", "NUMANode", "L2Cache", "Core"),
    ("Package", "NUMANode", "L2Cache", "L1Cache", "Core"),
    ("Package", "NUMANode", "L3Cache", "L2Cache", "L1Cache", "Core"),
    ("Package", "NUMANode", "L3Cache", "L2Cache", "L1Cache", "L1iCache", "Core"),
)


@dataclass(frozen=True, slots=True)
class Memory:
    """A memory node in brackets: one is attached to every object of the level before it."""

    size_bytes: int | None = None
    indexes: str | None = None


@dataclass(frozen=True, slots=True)
class Level:
    """One item: so many objects of a type in each object of the level before; `type` is "" for a bare arity."""

    type: str
    arity: int
    size_bytes: int | None = None
    indexes: str | None = None
    memories: tuple[Memory, ...] = ()


def parse(text: str) -> tuple[Level, ...]:
    """Return the levels from the machine (arity 1) down to the PUs.

    Type names may be cut to two letters. A NUMANode level stays one here. Raises ReadError naming the token that is
    unknown, and for what hwloc does not accept either: no PU level, typed mixed with bare levels, a type twice, memory
    nodes both as a level and in brackets, or more than `MAX_PUS` PUs.
    """
    if len(text) > MAX_TEXT:
        raise ReadError("too_large", f"The synthetic description has more than {MAX_TEXT} characters.")
    bare = tuple(_levels(text))
    if len(bare) > MAX_LEVELS:
        raise ReadError(
            "too_large", f"The synthetic description has {len(bare)} levels; at most {MAX_LEVELS} are accepted."
        )
    levels = _typed(bare, text)
    _check(levels, text)
    return levels


def refuse(text: str, token: str, found: str, accepted: str) -> ReadError:
    """Return the error for one token of a synthetic description."""
    column = text.find(token) + 1 if token else len(text)
    return ReadError(
        "bad_synthetic",
        f"The synthetic description has {found} at {token[:40]!r} (column {column}); {accepted}.",
        {"token": token[:40], "column": column},
    )


def _levels(text: str) -> Iterator[Level]:
    level = Level("Machine", 1)
    at = 0
    while text[at:].strip():
        match = _TOKEN.match(text, at)
        if match is None:
            raise refuse(text, _next(text, at), "something unknown", "items such as pack:2 or [numa] are accepted")
        if match["attached"]:
            level, at = _attach(level, text, match.end())
        elif match["root"]:
            if level.type != "Machine":
                raise refuse(text, _next(text, at), "attributes", "a level such as pack:2 before them is accepted")
            _, at = _attributes(text, match.end() - 1, frozenset({"memory", "indexes", "size"}))
        else:
            yield level
            level, at = _level(text, match["name"], match.end())
    yield level


def _level(text: str, name: str | None, at: int) -> tuple[Level, int]:
    kind = "" if name is None else _type_named(text, name)
    match = _COUNT.match(text, at)
    if match is None or not 0 < int(match.group(1)) <= MAX_PUS:
        token = _next(text, at) or text.strip()
        raise refuse(text, token, "no count", f"a number from 1 to {MAX_PUS} is accepted")
    values, end = _attributes(text, match.end(), frozenset({"memory", "indexes", "size"}))
    size = values.get("memory" if kind == "NUMANode" else "size")
    level = Level(kind, int(match.group(1)), _size(text, size), values.get("indexes"))
    return level, end


def _attach(level: Level, text: str, at: int) -> tuple[Level, int]:
    match = _ATTACHED.match(text, at)
    if match is None or not _is_node(match.group(1)):
        token = _next(text, at) or "["
        raise refuse(text, token, "something unknown in brackets", "[numa] or [numa(memory=16GB)] is accepted")
    if len(level.memories) >= MAX_LEVELS:
        raise ReadError("too_large", f"The synthetic description attaches over {MAX_LEVELS} memory nodes to one level.")
    values = _pairs(text, match.group(2) or "", frozenset({"memory", "indexes"}))
    memory = Memory(_size(text, values.get("memory")), values.get("indexes"))
    return replace(level, memories=(*level.memories, memory)), match.end()


def _next(text: str, at: int) -> str:
    return "".join(text[at:].split()[:1])


def _attributes(text: str, at: int, known: frozenset[str]) -> tuple[dict[str, str], int]:
    if text[at : at + 1] != "(":
        return {}, at
    match = _ATTRIBUTES.match(text, at)
    if match is None:
        raise refuse(text, _next(text, at), "an open bracket", "attributes such as (size=8MB) are accepted")
    return _pairs(text, match.group(1), known), match.end()


def _pairs(text: str, inside: str, known: frozenset[str]) -> dict[str, str]:
    values = {}
    for item in inside.split():
        key, equals, value = item.partition("=")
        if key not in known or not equals or not value:
            raise refuse(text, item, "an unknown attribute", f"{', '.join(sorted(known))} with =VALUE are accepted")
        values[key] = value
    return values


def _size(text: str, value: str | None) -> int | None:
    if value is None:
        return None
    match = _SIZE.match(value)
    if match is None:
        raise refuse(text, value, "no size", "bytes, or kB MB GB TB (1000) or KiB MiB GiB TiB (1024), are accepted")
    digits, unit, binary = match.groups()
    power = " kmgt".index(unit.lower()) if unit else 0
    return int(digits) * int((1024 if binary else 1000) ** power)


def _is_node(name: str) -> bool:
    lower = name.lower()
    return len(lower) >= 2 and any(full.startswith(lower) for full in _NODE_NAMES)


def _type_named(text: str, name: str) -> str:
    lower = name.lower()
    cache = _CACHE.match(lower)
    if cache:
        return f"L{cache.group(1)}{'i' if cache.group(2) == 'i' else ''}Cache"
    if _GROUP.match(lower):
        return "Group"
    if _is_node(name):
        return "NUMANode"
    for full, kind in _NAMES:
        if len(lower) >= 2 and full.startswith(lower):
            return kind
    raise refuse(
        text,
        name,
        "an unknown type",
        "package, die, group, numanode, l1 to l5 (with d or i), core and pu, or their first two letters, are accepted",
    )


def _typed(levels: tuple[Level, ...], text: str) -> tuple[Level, ...]:
    """Give bare arities the types that hwloc gives them; the last one is PU."""
    bare = [level for level in levels[1:] if not level.type]
    if not bare:
        return levels
    if len(bare) < len(levels) - 1:
        raise refuse(
            text, str(bare[0].arity), "a bare arity beside typed levels", "types on all levels or on none are accepted"
        )
    above = len(bare) - 1
    attached = any(level.memories for level in levels)
    longest = len(_UNTYPED) - attached
    names = list(_UNTYPED[min(above, longest) - (not attached)]) if above else []
    if attached and above:
        names.remove("NUMANode")
    names = ["Group"] * (above - len(names)) + names
    kinds = [*names, "PU"]
    return (levels[0], *(replace(level, type=kind) for level, kind in zip(bare, kinds, strict=True)))


def _check(levels: tuple[Level, ...], text: str) -> None:
    kinds = [level.type for level in levels]
    if kinds[-1] != "PU":
        raise refuse(text, "".join(text.split()[-1:]), "no PU level", "a last item such as pu:2 is accepted")
    for kind in set(kinds) - {"Group"}:
        if kinds.count(kind) > 1:
            raise refuse(
                text, _next(text, 0), f"more than one {kind} level", "each type once is accepted (Group apart)"
            )
    if "NUMANode" in kinds and any(level.memories for level in levels):
        raise refuse(text, "[", "memory nodes both as a level and in brackets", "one of both is accepted")
    if levels[-1].memories:
        raise refuse(text, "[", "a memory node beneath a PU", "one after an item above pu is accepted")
    if math.prod(level.arity for level in levels) > MAX_PUS:
        raise ReadError(
            "too_large",
            f"The synthetic description {text.strip()[:60]!r} has {math.prod(level.arity for level in levels)} PUs; "
            f"at most {MAX_PUS} are accepted.",
            {"limit": MAX_PUS},
        )
