"""The drawing of a machine: packages, NUMA nodes, caches, cores and threads as nested boxes in SVG."""

from api.pages.layout import WIDEST, Box, arrange
from api.pages.markup import Attribute, Markup, element, joined
from api.pages.regions import Nodes, Region, nest
from planner.cpu_list import format_cpu_list
from planner.machine.parts import Core
from planner.machine.topology import Topology

FONT = "system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif"
INK, FAINT = "#1f2937", "#6b7280"
PAPER = "#ffffff"
PANELS = {"package": ("#fbfbf9", "#cfcabd"), "die": ("#f6f5f0", "#d8d4c8"), "core": ("#eceff6", "#c6cede")}
NUMA = ("#f6e7c8", "#6d4d12")
CACHES = {1: ("#e6f1ee", "#2b5d54"), 2: ("#d3e6e1", "#234f47"), 3: ("#b9d7cf", "#1b423b")}
THREAD = ("#ffffff", "#aab4ca")
HATCH = "not-to-be-used"
MARGIN = 16
MANY_THREADS, WIDEST_OF_MANY = 128, 1400
LEGEND_WIDTH = 470
LEGEND_HEIGHT = 52


def draw_machine(machine: Topology, nodes: Nodes | None = None) -> str:
    """A complete SVG document; every thread bears its core id and its OS index, and all its numbers as a title.

    `nodes` are the cores of each NUMA node, where a core may be local to several.
    """
    nodes = machine.nodes if nodes is None else nodes
    root, crossing = nest(machine, nodes)
    box = arrange(root, machine, WIDEST if len(machine.cores) <= MANY_THREADS else WIDEST_OF_MANY)
    notes = _notes(machine, nodes, crossing)
    width = max(box.width, 560) + 2 * MARGIN
    height = box.height + LEGEND_HEIGHT + 18 * len(notes) + 2 * MARGIN + (8 if notes else 0)
    lines = [
        _text(MARGIN, MARGIN + box.height + LEGEND_HEIGHT + 18 * at + 20, note, 12, FAINT)
        for at, note in enumerate(notes)
    ]
    title = f"{machine.name}: {len(machine.packages)} packages, {len(machine.cores)} hardware threads"
    return element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "viewBox": f"0 0 {width:g} {height:g}",
            "width": width,
            "height": height,
            "role": "img",
            "font_family": FONT,
        },
        element("title", None, title),
        _hatch(),
        element("rect", {"width": width, "height": height, "fill": PAPER}),
        _draw(box, MARGIN + max(0, (560 - box.width) / 2), MARGIN),
        _legend(machine, max(MARGIN, (width - max(box.width, LEGEND_WIDTH)) / 2), MARGIN + box.height + 16),
        *lines,
    )


def _draw(box: Box, x: float, y: float) -> Markup:
    if box.thread is not None:
        return _thread(box.thread, x, y, box.width, box.height)
    assert box.region is not None
    inside = [_draw(child, x + left, y + top) for left, top, child in box.children]
    return joined(_region(box.region, box, x, y), *inside)


def _region(region: Region, box: Box, x: float, y: float) -> Markup:
    if region.kind in PANELS:
        return _panel(region, box, x, y)
    if region.kind == "numa":
        return _bars(region, box, NUMA, x, y, 18, 11.5)
    if region.kind == "cache":
        return _bars(region, box, CACHES[min(max(region.level, 1), 3)], x, y, 16, 10)
    return joined()


def _panel(region: Region, box: Box, x: float, y: float) -> Markup:
    fill, stroke = PANELS[region.kind]
    radius = 4 if region.kind == "core" else 8
    frame = element(
        "rect",
        {"x": x, "y": y, "width": box.width, "height": box.height, "rx": radius, "fill": fill, "stroke": stroke},
        *([element("title", None, region.labels[0])] if region.labels[0] else []),
    )
    if region.kind == "core":
        return frame
    return joined(frame, _text(x + 12, y + 17, region.labels[0], 12.5, INK, weight=600))


def _bars(region: Region, box: Box, colours: tuple[str, str], x: float, y: float, height: float, font: float) -> Markup:
    """One bar for each label, side by side."""
    wide = box.width / len(region.labels)
    return joined(
        *(
            _bar(label, colours, x + at * wide, y, wide - (2 if at + 1 < len(region.labels) else 0), height, font)
            for at, label in enumerate(region.labels)
        )
    )


def _bar(label: str, colours: tuple[str, str], x: float, y: float, width: float, height: float, font: float) -> Markup:
    fill, ink = colours
    shown = _as_fits(label, width / (font * 0.58))
    return joined(
        element(
            "rect",
            {"x": x, "y": y, "width": width, "height": height, "rx": 3, "fill": fill},
            element("title", None, label),
        ),
        _text(x + width / 2, y + height / 2 + font * 0.36, shown, min(font, width / 3), ink, anchor="middle"),
    )


def _as_fits(label: str, letters: float) -> str:
    """The label, or the most telling part of it that a bar holds."""
    name = label.partition(" · ")[0]
    parts = (label, name, name.removeprefix("NUMA "))
    return next((part for part in parts if len(part) <= letters), label.partition(" ")[0])


def _thread(core: Core, x: float, y: float, width: float, height: float) -> Markup:
    fill, stroke = THREAD
    place: dict[str, Attribute] = {"x": x, "y": y, "width": width, "height": height, "rx": 4}
    cover = [] if core.allowed else [element("rect", {**place, "fill": f"url(#{HATCH})"})]
    os_index = "no OS index" if core.os_index is None else f"OS {core.os_index}"
    ink, faint = (INK, FAINT) if core.allowed else ("#77736a", "#8c887f")
    return element(
        "g",
        None,
        element("title", None, _numbers(core)),
        element("rect", {**place, "fill": fill, "stroke": stroke}),
        *cover,
        _text(x + width / 2, y + 16, str(core.id), 13.5, ink, weight=600, anchor="middle"),
        _text(x + width / 2, y + 29, os_index if core.os_index is not None else "–", 9.5, faint, anchor="middle"),
    )


def _numbers(core: Core) -> str:
    said = {
        "OS index": core.os_index,
        "hardware id": core.hw_id,
        "physical core": core.physical_core,
        "NUMA node": core.node,
        "package": core.package,
        "kind": core.kind,
    }
    known = [f"{name} {value}" for name, value in said.items() if value is not None]
    return ", ".join([f"core {core.id}", *known, *([] if core.allowed else ["not to be used"])])


def _text(x: float, y: float, text: str, size: float, fill: str, *, weight: int = 400, anchor: str = "start") -> Markup:
    return element(
        "text",
        {"x": x, "y": y, "font_size": size, "fill": fill, "font_weight": weight, "text_anchor": anchor},
        text,
    )


def _hatch() -> Markup:
    line = element("path", {"d": "M0 6 L6 0", "stroke": "#b9b3a5", "stroke_width": 1.4})
    attributes: dict[str, Attribute] = {"id": HATCH, "width": 6, "height": 6, "patternUnits": "userSpaceOnUse"}
    return element(
        "defs",
        None,
        element("pattern", attributes, element("rect", {"width": 6, "height": 6, "fill": "#efece4"}), line),
    )


def _legend(machine: Topology, x: float, y: float) -> Markup:
    usual, spared = Core(3, os_index=7), Core(4, os_index=8, allowed=False)
    is_whole = len(machine.allowed_ids) == len(machine.cores)
    return joined(
        _thread(usual, x, y, 46, 36),
        _text(x + 56, y + 16, "core id of the knowledge base", 12, FAINT),
        _text(x + 56, y + 31, "index of the operating system", 12, FAINT),
        *([] if is_whole else [_thread(spared, x + 262, y, 46, 36)]),
        *([] if is_whole else [_text(x + 318, y + 23, "present, not to be used", 12, FAINT)]),
    )


def _notes(machine: Topology, nodes: Nodes, crossing: list[Region]) -> list[str]:
    """What the boxes cannot show: memory without cores, regions that cut across others."""
    bare = [node for node in sorted(machine.node_bytes) if not nodes.get(node)]
    notes = [f"NUMA nodes without cores of their own: {format_cpu_list(bare)}"] if bare else []
    for region in crossing[:5]:
        label = ", ".join(region.labels) or region.kind
        notes.append(f"not drawn, for it cuts across other boxes: {label} over cores {format_cpu_list(region.cores)}")
    return notes
