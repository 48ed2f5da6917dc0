"""The boxes that stand for slices: one each while they are wide enough to see, else their shares of a strip."""

from collections.abc import Iterable
from dataclasses import dataclass

from kernelsim.pictures.colours import application_of
from kernelsim.trace import Slice

MOST_BOXES = 20_000


@dataclass(frozen=True, slots=True)
class Box:
    """`application` on `core` from `start_ps` to `end_ps`, in the part `low` to `high` (0 to 1) of the row's height.

    `slices` is how many slices it stands for; `who` names the dispatcher.
    """

    core: int
    start_ps: int
    end_ps: int
    application: str
    who: str
    low: float = 0.0
    high: float = 1.0
    slices: int = 1


def boxes(slices: Iterable[Slice], start_ps: int, end_ps: int, grain_ps: int) -> tuple[list[Box], int]:
    """Boxes for what happened between `start_ps` and `end_ps`, and the grain at which they were drawn.

    A slice of at least a grain is a box of its own. Shorter ones that begin in the same grain of time share a strip,
    stacked by application, each with a height in proportion to its time. Where that would be more than `MOST_BOXES`
    the grain is made four times as long until it is not.
    """
    seen = [each for each in sorted(slices) if each.end_ps > start_ps and each.start_ps < end_ps]
    clipped = [each._replace(start_ps=max(each.start_ps, start_ps), end_ps=min(each.end_ps, end_ps)) for each in seen]
    while True:
        drawn = _drawn(clipped, start_ps, grain_ps)
        if len(drawn) <= MOST_BOXES or grain_ps >= end_ps - start_ps:
            return drawn, grain_ps
        grain_ps *= 4


def _drawn(slices: list[Slice], start_ps: int, grain_ps: int) -> list[Box]:
    drawn: list[Box] = []
    strips: dict[tuple[int, int], list[Slice]] = {}
    for each in slices:
        if each.end_ps - each.start_ps >= grain_ps:
            drawn.append(Box(each.core, each.start_ps, each.end_ps, application_of(each.who), each.who))
        else:
            strips.setdefault((each.core, (each.start_ps - start_ps) // grain_ps), []).append(each)
    for strip in strips.values():
        drawn.extend(_stack(strip))
    drawn.sort(key=lambda box: (box.core, box.start_ps, box.low))
    return drawn


def _stack(strip: list[Slice]) -> list[Box]:
    start_ps, end_ps = strip[0].start_ps, max(each.end_ps for each in strip)
    share: dict[str, int] = {}
    count: dict[str, int] = {}
    who: dict[str, str] = {}
    for each in strip:
        name = application_of(each.who)
        share[name] = share.get(name, 0) + each.end_ps - each.start_ps
        count[name] = count.get(name, 0) + 1
        who[name] = each.who
    stacked, low = [], 0.0
    for name in sorted(share):
        high = low + share[name] / max(1, end_ps - start_ps)
        stacked.append(Box(strip[0].core, start_ps, end_ps, name, who[name], low, high, count[name]))
        low = high
    return stacked
