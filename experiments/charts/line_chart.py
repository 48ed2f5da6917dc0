"""Curves as an SVG line chart with labelled axes, plain or logarithmic."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, floor, log10

WIDTH_PX, HEIGHT_PX = 720, 420
LEFT_PX, RIGHT_PX, TOP_PX, BOTTOM_PX = 84, 190, 40, 56
COLOURS = ("#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377", "#555555", "#ee9944")
"""Tol's bright scheme, grey and an orange; readable for colour-blind readers."""

Points = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Axis:
    """A label, and whether it is logarithmic: then only positive values are drawn."""

    label: str
    log: bool = False


def line_chart(title: str, x: Axis, y: Axis, lines: Mapping[str, Points]) -> str:
    """An SVG text of `lines` by name. A plain axis begins at 0 unless there are negative values."""
    drawn = {name: [point for point in points if _is_drawn(point, x, y)] for name, points in lines.items()}
    xs = _Scale(x, [point[0] for points in drawn.values() for point in points], LEFT_PX, WIDTH_PX - RIGHT_PX)
    ys = _Scale(y, [point[1] for points in drawn.values() for point in points], HEIGHT_PX - BOTTOM_PX, TOP_PX)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH_PX}" height="{HEIGHT_PX}" '
        'font-family="sans-serif" font-size="12">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{WIDTH_PX}" height="{HEIGHT_PX}" fill="white"/>',
        f'<text x="{LEFT_PX}" y="22" font-weight="bold">{escape(title)}</text>',
        *_frame(xs, ys),
    ]
    for index, (name, points) in enumerate(drawn.items()):
        parts += _line(name, [(xs.at(a), ys.at(b)) for a, b in points], index)
    return "\n".join([*parts, "</svg>", ""])


class _Scale:
    """From values to pixels, and the ticks of an axis."""

    def __init__(self, axis: Axis, values: Sequence[float], first_px: float, last_px: float) -> None:
        self.axis = axis
        low, high = min(values, default=1.0), max(values, default=1.0)
        if axis.log:
            self.ticks = [10.0**power for power in range(floor(log10(low)), ceil(log10(high)) + 1)]
            low, high = min(low, self.ticks[0]), max(high, self.ticks[-1])
        else:
            self.ticks = _round_ticks(min(low, 0.0), high)
            low, high = min(low, self.ticks[0]), max(high, self.ticks[-1])
        self._low, self._span = self._raw(low), (self._raw(high) - self._raw(low)) or 1.0
        self._first_px, self._last_px = first_px, last_px

    def at(self, value: float) -> float:
        share = (self._raw(value) - self._low) / self._span
        return round(self._first_px + share * (self._last_px - self._first_px), 1)

    def _raw(self, value: float) -> float:
        return log10(value) if self.axis.log else value


def _round_ticks(low: float, high: float) -> list[float]:
    """Between four and ten ticks, at 1, 2 or 5 times a power of ten."""
    span = (high - low) or 1.0
    step = 10.0 ** floor(log10(span / 4))
    step *= next((factor for factor in (1, 2, 5) if span / (step * factor) <= 10), 5)
    return [float(f"{index * step:.12g}") for index in range(floor(low / step), ceil(high / step) + 1)]


def _is_drawn(point: tuple[float, float], x: Axis, y: Axis) -> bool:
    return (point[0] > 0 or not x.log) and (point[1] > 0 or not y.log)


def _frame(xs: _Scale, ys: _Scale) -> list[str]:
    bottom, right = HEIGHT_PX - BOTTOM_PX, WIDTH_PX - RIGHT_PX
    parts = []
    for tick in ys.ticks:
        at = ys.at(tick)
        parts.append(f'<path d="M{LEFT_PX} {at}H{right}" stroke="#dddddd"/>')
        parts.append(f'<text x="{LEFT_PX - 8}" y="{at + 4}" text-anchor="end">{_text(tick)}</text>')
    for tick in xs.ticks:
        at = xs.at(tick)
        parts.append(f'<path d="M{at} {bottom}v5" stroke="#333333"/>')
        parts.append(f'<text x="{at}" y="{bottom + 18}" text-anchor="middle">{_text(tick)}</text>')
    middle = (TOP_PX + bottom) / 2
    return [
        *parts,
        f'<path d="M{LEFT_PX} {TOP_PX}V{bottom}H{right}" fill="none" stroke="#333333"/>',
        f'<text x="{(LEFT_PX + right) / 2}" y="{HEIGHT_PX - 14}" text-anchor="middle">{escape(xs.axis.label)}</text>',
        f'<text transform="translate(18 {middle}) rotate(-90)" text-anchor="middle">{escape(ys.axis.label)}</text>',
    ]


def _line(name: str, points: Points, index: int) -> list[str]:
    colour = COLOURS[index % len(COLOURS)]
    legend_x, legend_y = WIDTH_PX - RIGHT_PX + 14, TOP_PX + 10 + 20 * index
    path = " ".join(f"{x},{y}" for x, y in points)
    return [
        f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.8"/>',
        *(f'<circle cx="{x}" cy="{y}" r="2.6" fill="{colour}"/>' for x, y in points),
        f'<path d="M{legend_x} {legend_y}h18" stroke="{colour}" stroke-width="3"/>',
        f'<text x="{legend_x + 24}" y="{legend_y + 4}">{escape(name)}</text>',
    ]


def _text(value: float) -> str:
    return f"{value:,.0f}" if 1 <= abs(value) < 1e6 and value == round(value) else f"{value:g}"
