"""Who sends how much to whom: patterns over groups of dispatchers, or explicit edges."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from math import isqrt, prod
from typing import Any

from planner.toml_fields import Fields

Edge = tuple[str, str, float]
"""Sender, receiver, bytes per second."""

PATTERNS = ("ring", "stencil", "all-to-all", "pairs", "edges", "matrix")
ACCEPTED_PATTERNS = "ring, stencil, all-to-all, pairs, edges or matrix"


def read_traffic(fields: Fields, members: Mapping[str, Sequence[str]]) -> list[Edge]:
    """Edges of one `[[traffic]]` table; `members` lists each group's dispatchers, and each dispatcher itself.

    `bytes_per_second` is what one edge carries. `ring`: each to the next. `stencil`: each to its neighbours
    in a grid (`grid = [rows, columns]` or up to four sides; two, nearly square, by default). `all-to-all`: each to
    every other, between two groups each to all of the other and back. `pairs`: two groups, i with i and back. `edges`:
    `[sender, receiver, bytes per second]`. `matrix`: one row a sender, times `bytes_per_second` where that
    is given.
    """
    if "edges" in fields and "pattern" not in fields:
        pattern = "edges"
    else:
        pattern = fields.choice("pattern", PATTERNS, "matrix" if "matrix" in fields else None)
    if pattern == "edges":
        edges = list(_explicit(fields, members))
    else:
        groups = [_members(fields, "between", name, members) for name in fields.names("between")]
        edges = list(_matrix(fields, groups)) if pattern == "matrix" else _pattern(fields, pattern, groups)
    fields.close()
    return edges


def _pattern(fields: Fields, pattern: str, groups: list[Sequence[str]]) -> list[Edge]:
    rate = fields.number("bytes_per_second")
    if len(groups) == 2 and pattern in ("all-to-all", "pairs"):
        pairs = _across(fields, pattern, groups[0], groups[1])
    elif len(groups) == 1 and pattern != "pairs":
        own = groups[0]
        pairs = (
            {"ring": _ring, "all-to-all": _all_to_all}[pattern](own) if pattern != "stencil" else _stencil(fields, own)
        )
    else:
        wanted = "two groups" if pattern == "pairs" else "one group (two for all-to-all and pairs)"
        raise fields.refuse("between", f"names {len(groups)} groups for {pattern}", wanted)
    return [(sender, receiver, rate) for sender, receiver in pairs]


def _ring(own: Sequence[str]) -> list[tuple[str, str]]:
    following = [*own[1:], own[0]]
    return [(a, b) for a, b in zip(own, following, strict=True) if a != b]


def _all_to_all(own: Sequence[str]) -> list[tuple[str, str]]:
    return [(a, b) for a in own for b in own if a != b]


def _stencil(fields: Fields, own: Sequence[str]) -> list[tuple[str, str]]:
    """Each to the members one step away along any side of the grid, the last side counting fastest."""
    sides = _grid(fields, len(own))
    places = list(product(*(range(side) for side in sides)))
    name = dict(zip(places, own, strict=True))
    steps = [(axis, step) for axis in range(len(sides)) for step in (-1, 1)]
    neighbours = (
        (place, (*place[:axis], place[axis] + step, *place[axis + 1 :])) for place in places for axis, step in steps
    )
    return [(name[place], name[other]) for place, other in neighbours if other in name]


def _grid(fields: Fields, count: int) -> tuple[int, ...]:
    given = fields.take("grid")
    if given is None:
        rows = next(rows for rows in range(isqrt(count), 0, -1) if count % rows == 0)
        return rows, count // rows
    sides = given if isinstance(given, list) and 1 <= len(given) <= 4 else []
    are_sides = bool(sides) and all(isinstance(one, int) and not isinstance(one, bool) and one > 0 for one in sides)
    if not are_sides or prod(sides) != count:
        raise fields.refuse("grid", f"is {given!r}"[:80], f"[rows, columns] or up to four sides, together {count}")
    return tuple(sides)


def _across(fields: Fields, pattern: str, a: Sequence[str], b: Sequence[str]) -> list[tuple[str, str]]:
    if pattern == "pairs" and len(a) != len(b):
        raise fields.refuse("between", f"names groups of {len(a)} and {len(b)}", "two groups of equal size")
    forth = list(zip(a, b, strict=True)) if pattern == "pairs" else [(one, other) for one in a for other in b]
    return [*forth, *((other, one) for one, other in forth)]


def _explicit(fields: Fields, members: Mapping[str, Sequence[str]]) -> Iterator[Edge]:
    fields.take("pattern")
    given = fields.take("edges")
    accepted = "[sender, receiver, bytes per second] for each edge"
    if not isinstance(given, list):
        raise fields.refuse("edges", "is no list", accepted)
    for index, edge in enumerate(given):
        key = f"edges[{index}]"
        if not isinstance(edge, list) or len(edge) != 3 or not all(isinstance(end, str) for end in edge[:2]):
            raise fields.refuse(key, f"is {edge!r}", accepted)
        ends = [_members(fields, key, name, members) for name in edge[:2]]
        if any(len(end) != 1 for end in ends):
            raise fields.refuse(key, f"names a group of several in {edge[:2]}", "one dispatcher at each end")
        yield ends[0][0], ends[1][0], fields.check_number(key, edge[2])


def _matrix(fields: Fields, groups: list[Sequence[str]]) -> Iterator[Edge]:
    own = [name for group in groups for name in group]
    scale = fields.number("bytes_per_second", 1.0)
    rows: Any = fields.take("matrix")
    accepted = f"{len(own)} rows of {len(own)} numbers"
    if not isinstance(rows, list) or len(rows) != len(own):
        raise fields.refuse("matrix", f"has {len(rows) if isinstance(rows, list) else 'no'} rows", accepted)
    for index, row in enumerate(rows):
        key = f"matrix[{index}]"
        if not isinstance(row, list) or len(row) != len(own):
            raise fields.refuse(key, f"has {len(row) if isinstance(row, list) else 'no'} numbers", accepted)
        for column, value in enumerate(row):
            rate = fields.check_number(key, fields.check_number(key, value) * scale)
            if rate and column != index:
                yield own[index], own[column], rate


def _members(fields: Fields, key: str, name: str, members: Mapping[str, Sequence[str]]) -> Sequence[str]:
    if name not in members:
        raise fields.refuse(key, f"names {name!r}, which is neither group nor dispatcher", ", ".join(members))
    return members[name]
