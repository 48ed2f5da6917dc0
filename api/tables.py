"""Aligned tables and plain quantities for people to read."""

from collections.abc import Iterable, Sequence

WIDEST_CELL = 100


def table(headers: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Columns two spaces apart; a column of numbers stands right.

    >>> print(table(["core", "isa"], [[0, "x86_64"], [12, None]]))
    core  isa
       0  x86_64
      12  -
    """
    shown = [[cell(value) for value in row] for row in rows]
    numeric = [all(_is_numeric(row[at]) for row in shown) and bool(shown) for at in range(len(headers))]
    widths = [max(len(row[at]) for row in [list(headers), *shown]) for at in range(len(headers))]

    def line(row: Sequence[str]) -> str:
        cells = (
            text.rjust(width) if right else text.ljust(width)
            for text, width, right in zip(row, widths, numeric, strict=True)
        )
        return "  ".join(cells).rstrip()

    return "\n".join([line(headers), *map(line, shown)])


def cell(value: object) -> str:
    """One value: `-` for what nobody says, thousands apart in a float, control characters made visible."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:,.1f}"
    text = "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in str(value))
    return text if len(text) <= WIDEST_CELL else text[: WIDEST_CELL - 3] + "..."


def size(count: int | None) -> str:
    """Bytes in the largest binary unit that divides them well.

    >>> size(6 * 1024 * 1024), size(1536), size(None)
    ('6 MiB', '1.5 KiB', '-')
    """
    if count is None:
        return "-"
    value, units = float(count), ["B", "KiB", "MiB", "GiB", "TiB"]
    while value >= 1024 and len(units) > 1:
        value, units = value / 1024, units[1:]
    return f"{value:.1f}".removesuffix(".0") + f" {units[0]}"


def seconds(value: float) -> str:
    """A duration in the unit that fits."""
    return f"{value * 1000:.1f} ms" if value < 1 else f"{value:.2f} s"


def count(number: int, noun: str, plural: str | None = None) -> str:
    """`1 row`, `2 rows`, `1,234 rows`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def _is_numeric(text: str) -> bool:
    return text == "-" or text.replace(",", "").replace(".", "", 1).removeprefix("-").isdigit()
