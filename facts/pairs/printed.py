"""Core-to-core matrices as tools print them for people, or with labels around them, brought into bare cells."""

from __future__ import annotations

import re

Cells = list[list[str]]

MAX_CORES = 1024
MAX_CHARACTERS = 16 * 1024 * 1024

_RESULT = re.compile(r"(?ms)^Showing latency=round-trip-time/2 in nanoseconds:[ \t]*\r?\n(.*?)(?:^Min\b|\Z)")
_TOP = re.compile(r"\d{1,6}(?:[ \t]+\d{1,6})*[ \t]*\r?\n")
_CPU = re.compile(r"CPU(?:[ \t]+\d{1,6})+[ \t]*\r?\n")
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\Z", re.ASCII)
_UNKNOWN = frozenset({"", "nan", "na", "n/a", "null", "none", "-"})
_GLANCE = 4_000


def printed_cells(text: str) -> Cells | None:
    """Return the cells of what core-to-core-latency or c2clat print, None for any other text.

    Both number rows and columns; a row may stop at its diagonal. A cell of the first one is `mean±deviation`.

        >>> printed_cells(" CPU    0    1\\n   0    0   26\\n   1   26    0\\n")
        [['0', '26'], ['26', '0']]
    """
    if len(text) > MAX_CHARACTERS:
        return None
    result = _RESULT.search(text[:_GLANCE]) and _RESULT.search(text)
    body = (result[1] if result else text).lstrip()
    if not (_TOP if result else _CPU).match(body):
        return None
    first, *rest = (line for line in body.splitlines() if line.strip())
    width = len(first.removeprefix("CPU").split())
    rows = [line.split()[1:] for line in rest[: MAX_CORES + 1]]
    return [row + [""] * (min(width, MAX_CORES) - len(row)) for row in rows]


def labels_around(rows: Cells) -> tuple[bool, bool]:
    """Tell whether the first row and the first column only name the cores: by text, or as 0, 1, 2, ...

    >>> labels_around([["", "a", "b"], ["a", "", "7"], ["b", "7", ""]])
    (True, True)
    """
    width = len(rows[0]) if rows else 0
    if len(rows) < 2 or not width or any(len(row) != width for row in rows):
        return False, False
    column = [row[0] for row in rows]
    if width == len(rows):
        is_framed = width > 2 and _are_labels(rows[0][1:]) and _are_labels(column[1:]) and not _is_number(column[0])
        return is_framed, is_framed
    return width == len(rows) - 1 and _are_labels(rows[0]), width == len(rows) + 1 and _are_labels(column)


def is_unknown(cell: str) -> bool:
    """Tell the ways of writing that a value was not measured."""
    return cell.strip().lower() in _UNKNOWN


def _is_number(cell: str) -> bool:
    return _NUMBER.match(cell.strip()) is not None


def _are_labels(cells: list[str]) -> bool:
    """Tell names, each different and none of them a number, and the numbers from 0 up."""
    names = [cell.strip() for cell in cells]
    if names == [str(number) for number in range(len(names))]:
        return True
    return len(set(names)) == len(names) and not any(_is_number(name) or is_unknown(name) for name in names)
