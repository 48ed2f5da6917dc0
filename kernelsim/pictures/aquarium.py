"""A trace as a picture in the manner of Aquarium: time across, cores down, a coloured box for who has the core."""

from kernelsim.errors import ScenarioError
from kernelsim.machine.hardware import Machine
from kernelsim.pictures.boxes import Box, boxes
from kernelsim.pictures.colours import colours
from kernelsim.pictures.frame import Axis, Frame, axis, duration, frame, packages
from kernelsim.pictures.legend import ALARM, FAINT, INK, legend, note, plain
from kernelsim.trace import Mark, Message, Trace

_LEFT, _WIDTH, _TOP, _MARGIN = 104.0, 1120.0, 112.0, 24.0
_MOST_LINES = 3_000
_STYLE = (
    "text{font-family:'Inter','Helvetica Neue',Helvetica,Arial,'DejaVu Sans',sans-serif;fill:#1b1f24}"
    ".soft{fill:#5b6470}.end{text-anchor:end}.mid{text-anchor:middle}"
)


def svg(trace: Trace, machine: Machine, *, start_ps: int | None = None, end_ps: int | None = None) -> str:
    """An SVG document of what happened from `start_ps` to `end_ps`, by default from the first record to the last.

    Boxes are coloured by application, lines are messages from sender to receiver, black diamonds the ends of slices,
    crosses missed deadlines. Slices too short to see are drawn as shares of a strip, and the picture says so. Raises
    ScenarioError for an empty window. Source: dissertation, section 3.5.4, Fig 3.3.
    """
    start, end = _window(trace, start_ps, end_ps)
    at = frame(machine, start, end, _LEFT, _WIDTH, _TOP)
    drawn, grain = boxes(trace.slices, start, end, max(1, (end - start) // int(_WIDTH)))
    messages = [each for each in trace.messages if each.arrived_ps >= start and each.sent_ps < end]
    marks = [each for each in trace.marks if start <= each.time_ps < end]
    palette = colours(trace.slices)
    lines = _lines(messages, at)
    parts = [
        *_rows(machine, at),
        *_axis(axis(start, end), at),
        *_boxes(drawn, palette, at),
        *lines,
        *_diamonds(drawn, at),
        *_marks(marks, at),
        *legend(palette, at, messages=bool(messages), marks={mark.kind for mark in marks}),
        *note(drawn, grain, at),
    ]
    return _document(machine, at, parts)


def _window(trace: Trace, start_ps: int | None, end_ps: int | None) -> tuple[int, int]:
    starts = [each[0] for record in (trace.slices, trace.messages, trace.marks) for each in record]
    ends = [each.end_ps for each in trace.slices] + [each.arrived_ps for each in trace.messages]
    start = start_ps if start_ps is not None else min(starts, default=0)
    end = end_ps if end_ps is not None else max([*ends, *(each.time_ps + 1 for each in trace.marks)], default=start + 1)
    if end <= start:
        raise ScenarioError(
            "bad_scenario",
            f"a picture from {start} ps to {end} ps; accepted: an end after the start",
            start_ps=start,
            end_ps=end,
        )
    return start, end


# -- the paper -------------------------------------------------------------------------------------------------


def _document(machine: Machine, at: Frame, parts: list[str]) -> str:
    width, height = at.right + _MARGIN, at.bottom + 84
    span = f"{duration(at.start_ps)} to {duration(at.end_ps)}"
    title = f"Execution trace of {machine.name}, {machine.cores} cores"
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:.1f}" width="{width:g}" '
        f'height="{height:.1f}" role="img" aria-labelledby="t d">'
        f'<title id="t">{plain(title)}</title>'
        f'<desc id="d">Time from {span} across, cores down; a box shows which application had the core.</desc>'
        f'<style>{_STYLE}</style><rect width="100%" height="100%" fill="#ffffff"/>'
        f'<text x="{_MARGIN:g}" y="36" font-size="19" font-weight="600">{plain(title)}</text>'
        f'<text class="soft" x="{_MARGIN:g}" y="57" font-size="12.5">{plain(span)}</text>'
        f'<clipPath id="c"><rect x="{at.left:g}" y="0" width="{at.width:g}" height="{height:.1f}"/></clipPath>'
    )
    return "\n".join([head, *parts, "</svg>\n"])


def _rows(machine: Machine, at: Frame) -> list[str]:
    size = min(12.0, at.row * 0.82)
    parts = [
        f'<rect x="{at.left:g}" y="{top:.1f}" width="{at.width:g}" height="{at.row:.1f}" fill="{FAINT}"/>'
        f'<text class="end" x="{at.left - 10:g}" y="{top + at.row / 2 + size * 0.36:.1f}" font-size="{size:.1f}">'
        f"{core}</text>"
        for core, top in enumerate(at.tops)
    ]
    for package, first, last in packages(machine):
        upper, lower = at.tops[first], at.tops[last] + at.row
        middle = (upper + lower) / 2
        label = f"package {package}" if lower - upper > 62 else f"{package}"
        parts.append(
            f'<path d="M{at.left - 37:g} {upper + 1:.1f}h-5V{lower - 1:.1f}h5" fill="none" stroke="#b4bac3"/>'
            f'<text class="soft mid" font-size="11.5" transform="translate({at.left - 52:g} {middle:.1f}) '
            f'rotate(-90)">{plain(label)}</text>'
        )
    parts.append(f'<text class="soft end" x="{at.left - 10:g}" y="{at.tops[0] - 9:.1f}" font-size="11.5">core</text>')
    return parts


def _axis(marks: Axis, at: Frame) -> list[str]:
    parts = []
    for tick, label in zip(marks.ticks_ps, marks.labels, strict=True):
        x = at.x(tick)
        parts.append(
            f'<path d="M{x:.2f} {at.tops[0] - 4:.1f}V{at.bottom + 6:.1f}" stroke="#d9dde3" stroke-width="1"/>'
            f'<text class="soft mid" x="{x:.2f}" y="{at.bottom + 21:.1f}" font-size="12">{label}</text>'
        )
    parts.append(
        f'<text class="mid" x="{at.left + at.width / 2:g}" y="{at.bottom + 42:.1f}" font-size="12.5">'
        f"{plain(marks.title)}</text>"
    )
    return parts


# -- what happened ---------------------------------------------------------------------------------------------


def _boxes(drawn: list[Box], palette: dict[str, str], at: Frame) -> list[str]:
    """Thin ones last, so that a short visit between two long slices is seen."""
    thin_ps = 1.5 * (at.end_ps - at.start_ps) / at.width
    parts = []
    for is_thin in (False, True):
        for application, colour in palette.items():
            same = [
                _box(box, at)
                for box in drawn
                if box.application == application and (box.end_ps - box.start_ps < thin_ps) is is_thin
            ]
            if same:
                parts.extend([f'<g fill="{colour}" clip-path="url(#c)">', *same, "</g>"])
    return parts


def _box(box: Box, at: Frame) -> str:
    x, top = at.x(box.start_ps), at.tops[box.core]
    width = max(0.8, at.x(box.end_ps) - x)
    y, height = top + at.row * (1 - box.high), at.row * (box.high - box.low)
    if box.slices == 1:
        told = f"{box.who} on core {box.core}: {duration(box.end_ps - box.start_ps)} from {duration(box.start_ps)}"
    else:
        told = f"{box.who} on core {box.core}: {box.slices} slices from {duration(box.start_ps)}"
    return (
        f'<rect x="{x:.2f}" y="{y:.2f}" width="{width:.2f}" height="{height:.2f}"><title>{plain(told)}</title></rect>'
    )


def _diamonds(drawn: list[Box], at: Frame) -> list[str]:
    half = min(5.5, at.row * 0.3)
    ends = sorted(
        (at.x(box.end_ps), at.middle(box.core))
        for box in drawn
        if box.end_ps < at.end_ps and at.x(box.end_ps) - at.x(box.start_ps) >= 3 * half
    )
    if not ends:
        return []
    path = "".join(f"M{x:.2f} {y - half:.2f}l{half:g} {half:g}l-{half:g} {half:g}l-{half:g}-{half:g}z" for x, y in ends)
    return [f'<path d="{path}" fill="#000" stroke="#fff" stroke-width="0.6"/>']


def _lines(messages: list[Message], at: Frame) -> list[str]:
    parts = [f'<g fill="none" stroke="{INK}" stroke-opacity="0.6" stroke-width="0.9" clip-path="url(#c)">']
    for same in _merged(messages, at):
        first = same[0]
        told = f"{first.kind}, core {first.source} to {first.target}, {duration(first.arrived_ps - first.sent_ps)}"
        told += f" and {len(same) - 1} more" if len(same) > 1 else ""
        x, y = at.x(first.arrived_ps), at.middle(first.target)
        parts.append(
            f'<path d="M{at.x(first.sent_ps):.2f} {at.middle(first.source):.1f}L{x:.2f} {y:.1f}"><title>{plain(told)}'
            f'</title></path><circle cx="{x:.2f}" cy="{y:.1f}" r="1.5" fill="{INK}" stroke="none"/>'
        )
    return [*parts, "</g>"]


def _merged(messages: list[Message], at: Frame) -> list[list[Message]]:
    """Messages that would lie on one another are one line; so are neighbours while there are too many."""
    ordered = [(each, at.x(each.sent_ps), at.x(each.arrived_ps)) for each in sorted(messages)]
    grain = 0.5
    while True:
        merged: dict[tuple[int, int, int, int], list[Message]] = {}
        for each, begin, end in ordered:
            place = each.source, each.target, round(begin / grain), round(end / grain)
            merged.setdefault(place, []).append(each)
        if len(merged) <= _MOST_LINES or grain > at.width:
            return list(merged.values())
        grain *= 4


def _marks(marks: list[Mark], at: Frame) -> list[str]:
    parts = [_cross(at.x(mark.time_ps), at.middle(mark.core), mark) for mark in marks if mark.kind == "miss"]
    parts.extend(
        f'<circle cx="{at.x(mark.time_ps):.2f}" cy="{at.middle(mark.core):.1f}" r="3" fill="#fff" stroke="{INK}">'
        f"<title>{plain(mark.text)}</title></circle>"
        for mark in marks
        if mark.kind == "phase"
    )
    steps = sorted({(mark.time_ps, mark.kind) for mark in marks if mark.kind not in ("miss", "phase")})
    written = [at.left - 1.0] * 2
    for time_ps, kind in steps:
        x = at.x(time_ps)
        parts.append(f'<path d="M{x:.2f} {at.tops[0] - 6:.1f}V{at.bottom:.1f}" stroke="{INK}" stroke-dasharray="2 3"/>')
        line = next((number for number, end in enumerate(written) if x >= end), None)
        if line is not None:
            end = ' class="end"' if x > at.right - 150 else ""
            y = at.tops[0] - 9 - 13 * line
            parts.append(f'<text{end} x="{x:.2f}" y="{y:.1f}" font-size="11.5">{plain(kind)}</text>')
            written[line] = x + 6.6 * len(kind) + 8
    return parts


def _cross(x: float, y: float, mark: Mark) -> str:
    return (
        f'<path d="M{x - 4:.2f} {y - 4:.2f}l8 8m0-8l-8 8" stroke="#fff" stroke-width="4"/>'
        f'<path d="M{x - 4:.2f} {y - 4:.2f}l8 8m0-8l-8 8" stroke="{ALARM}" stroke-width="2">'
        f"<title>{plain(mark.text)}</title></path>"
    )
