"""A batch's results as a bar chart: one bar a row, labelled by the axes that vary."""

from collections.abc import Sequence
from html import escape
from pathlib import Path

from experiments.batches.results_file import read_whole_lines
from experiments.errors import ExperimentError

BAR_PX = 16
GAP_PX = 6
LABEL_PX = 380
WIDTH_PX = 900
MOST_BARS = 500


def plot_results(results: Path, *, column: str | None = None) -> str:
    """An SVG of one column of a results file; by default the mean latency, else the first progress.

    Raises ExperimentError where the file holds no rows, or the column is not there or no number.
    """
    lines, _ = read_whole_lines(results)
    if len(lines) < 2:
        raise ExperimentError(
            f"{results} holds no results; accepted: a file that `skb experiment run` wrote",
            code="no_results",
            details={"output": str(results)},
        )
    header, rows = lines[0], [row for row in lines[1:] if len(row) == len(lines[0])]
    chosen = _column(header, rows, column, results)
    place = header.index(chosen)
    bars = [(_label(header, rows, row), float(row[place])) for row in rows if _is_number(row[place])]
    return _svg(chosen, bars[:MOST_BARS])


def _column(header: Sequence[str], rows: Sequence[Sequence[str]], asked: str | None, results: Path) -> str:
    numeric = [name for place, name in enumerate(header) if any(_is_number(row[place]) for row in rows)]
    if asked is None:
        wanted = [name for name in numeric if name == "mean_latency_ns" or name.startswith("progress:")]
        asked = min(wanted, key=lambda name: name != "mean_latency_ns", default=None)
    if asked is None or asked not in numeric:
        raise ExperimentError(
            f"{results} has no column of numbers {asked!r}; accepted: {', '.join(numeric) or 'none'}",
            code="unknown_column",
            details={"found": asked, "accepted": numeric},
        )
    return asked


def _label(header: Sequence[str], rows: Sequence[Sequence[str]], row: Sequence[str]) -> str:
    """The values of the columns before the results that differ between rows."""
    last = min((place for place, name in enumerate(header) if name == "repeat"), default=len(header) - 1)
    keys = [place for place in range(last + 2) if place <= last or header[place] == "plan"]
    varying = [place for place in keys if len({each[place] for each in rows}) > 1]
    return ", ".join(row[place] for place in varying)


def _svg(title: str, bars: Sequence[tuple[str, float]]) -> str:
    height = 40 + len(bars) * (BAR_PX + GAP_PX)
    most = max((abs(value) for _, value in bars), default=0.0) or 1.0
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH_PX}" height="{height}" '
        'font-family="sans-serif" font-size="12">',
        f"<title>{escape(title)}</title>",
        f'<text x="{LABEL_PX}" y="20" font-weight="bold">{escape(title)}</text>',
    ]
    for index, (label, value) in enumerate(bars):
        y = 32 + index * (BAR_PX + GAP_PX)
        length = round((WIDTH_PX - LABEL_PX - 110) * abs(value) / most, 1)
        text_y = y + BAR_PX - 4
        parts.append(f'<text x="{LABEL_PX - 8}" y="{text_y}" text-anchor="end">{escape(label)}</text>')
        parts.append(f'<rect x="{LABEL_PX}" y="{y}" width="{length}" height="{BAR_PX}" fill="#4477aa"/>')
        parts.append(f'<text x="{LABEL_PX + length + 6}" y="{text_y}">{value:g}</text>')
    return "\n".join([*parts, "</svg>", ""])


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
