"""Boxes with sizes: how the regions of a machine are arranged on paper."""

from dataclasses import dataclass, field
from math import ceil, log

from api.pages.regions import Region, loose_cores
from planner.machine.parts import Core
from planner.machine.topology import Topology

THREAD_WIDTH, THREAD_HEIGHT = 46, 36
WIDEST = 1180
GAPS = {"machine": 16, "package": 10, "die": 8, "numa": 8, "cache": 6, "core": 3}
PADDING = {"machine": 0, "package": 12, "die": 8, "numa": 0, "cache": 0, "core": 3}
HEADERS = {"machine": 0, "package": 24, "die": 20, "numa": 24, "cache": 20, "core": 0}
PROPORTION = {"machine": 1.9, "package": 1.5, "die": 1.4, "numa": 1.5, "cache": 1.5, "core": 1.6}


@dataclass(slots=True)
class Box:
    """A region or a thread, with its size and the place of each child within it."""

    width: float
    height: float
    region: Region | None = None
    thread: Core | None = None
    children: list[tuple[float, float, "Box"]] = field(default_factory=list)


def arrange(region: Region, machine: Topology, widest: float = WIDEST) -> Box:
    """A box for a region: its children in a grid below its header, no wider than `widest` where that can be."""
    padding, header, gap = PADDING[region.kind], HEADERS[region.kind], GAPS[region.kind]
    room = widest - 2 * padding
    boxes = [arrange(child, machine, room) for child in sorted(region.children, key=lambda one: min(one.cores))]
    boxes += [Box(THREAD_WIDTH, THREAD_HEIGHT, thread=core) for core in loose_cores(region, machine)]
    cell_width = max((box.width for box in boxes), default=THREAD_WIDTH)
    cell_height = max((box.height for box in boxes), default=THREAD_HEIGHT)
    columns = _columns(len(boxes), cell_width + gap, cell_height + gap, room + gap, PROPORTION[region.kind])
    made = Box(
        columns * (cell_width + gap) - gap + 2 * padding,
        header + ceil(len(boxes) / columns) * (cell_height + gap) - gap + padding + (padding if not header else 0),
        region=region,
    )
    for at, box in enumerate(boxes):
        row, column = divmod(at, columns)
        top = header if header else padding
        stretched = _stretch(box, cell_width) if box.region else box
        made.children.append((padding + column * (cell_width + gap), top + row * (cell_height + gap), stretched))
    return made


def _stretch(box: Box, width: float) -> Box:
    """Siblings of one row get one width, their contents staying in the middle."""
    spare = width - box.width
    if spare <= 0 or box.region is None:
        return box
    box.children = [(x + spare / 2, y, child) for x, y, child in box.children]
    box.width = width
    return box


def _columns(count: int, width: float, height: float, room: float, proportion: float) -> int:
    """The number of columns whose grid comes closest to a proportion, full rows preferred."""
    if count <= 1:
        return 1
    most = max(1, min(count, int(room // width)))

    def badness(columns: int) -> float:
        rows = ceil(count / columns)
        shape = abs(log(columns * width / (rows * height) / proportion))
        return shape + (0.35 if count % columns else 0.0)

    return min(range(1, most + 1), key=badness)
