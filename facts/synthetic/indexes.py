"""The OS indices that an `indexes=` attribute of a synthetic description gives to a level's objects."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from facts.bitmap import MAX_NUMBER
from facts.synthetic.notation import Level, refuse

MAX_LOOPS = 64

_LOOP = re.compile(r"(\d{1,6})\*(\d{1,6})\Z", re.ASCII)
_OTHER_NAMES = {"Package": ("package", "socket"), "NUMANode": ("numanode", "node")}

Loop = tuple[int, int]


def numbered(indexes: str | None, count: int, text: str, levels: Sequence[Level] = ()) -> list[int]:
    """Return one OS index for each of `count` objects in tree order.

    `indexes` is None (0, 1, 2, ...), a list `0,2,1,3`, loops `2*8:1*2`, or an interleaving of the types of `levels`
    such as `numa:core`, by which the first type's objects are counted through first. Raises ReadError for anything
    else and where an object would be left without an index of its own.
    """
    if indexes is None:
        return list(range(count))
    if re.fullmatch(r"[\d,]+", indexes, re.ASCII):
        return _listed(indexes, count, text)
    return _looped(_loops(indexes, count, text, levels), indexes, count, text)


def _listed(indexes: str, count: int, text: str) -> list[int]:
    numbers = [int(item) for item in indexes.split(",") if item and len(item) <= 6]
    if len(numbers) != count or len(set(numbers)) != count or max(numbers) > MAX_NUMBER:
        raise refuse(text, indexes, f"a list of {len(set(numbers))} indexes", f"{count} different ones are accepted")
    return numbers


def _loops(indexes: str, count: int, text: str, levels: Sequence[Level]) -> list[Loop]:
    """Return (step, times) of every loop."""
    items = indexes.split(":")[: MAX_LOOPS + 1]
    loops = [(int(match[1]), int(match[2])) for item in items if (match := _LOOP.match(item))]
    if not loops:
        loops = _interleaved([_depth_named(levels, item, text) for item in items], count, levels)
    if not len(loops) == len(items) <= MAX_LOOPS or any(step * times == 0 for step, times in loops):
        raise refuse(text, indexes, "a mixed or empty index loop", "either types or STEP*TIMES above 0 are accepted")
    return loops


def _depth_named(levels: Sequence[Level], item: str, text: str) -> int:
    lower = item.lower()
    for depth, level in enumerate(levels[:-1]):
        names = _OTHER_NAMES.get(level.type, (level.type.lower(),))
        if depth and len(lower) >= 2 and any(name.startswith(lower) for name in names):
            return depth
    raise refuse(
        text, item or ":", "an unknown index loop", "a type above pu in this description, or STEP*TIMES, is accepted"
    )


def _interleaved(depths: list[int], count: int, levels: Sequence[Level]) -> list[Loop]:
    """Return the loop of each named level: its objects are counted within the next named one above."""
    loops = []
    for depth in depths:
        above = max((other for other in depths if other < depth), default=0)
        times = math.prod(level.arity for level in levels[above + 1 : depth + 1])
        loops.append((count // math.prod(level.arity for level in levels[: depth + 1]), times))
    return loops


def _looped(loops: list[Loop], indexes: str, count: int, text: str) -> list[int]:
    width = math.prod(times for _, times in loops)
    rest = count // width
    if rest > 1 and width * rest == count and min(step for step, _ in loops) == rest:
        loops = [*loops, (1, rest)]
    numbers = [0] * count
    factor = 1
    for step, times in loops:
        numbers = [number + place // step % times * factor for place, number in enumerate(numbers)]
        factor *= times
    if sorted(numbers) != list(range(count)):
        raise refuse(
            text, indexes, "loops that do not number every object once", f"loops over {count} objects are accepted"
        )
    return numbers
