"""The reader of core-to-core latencies in nanoseconds: square matrices in CSV, or as tools print them."""

from __future__ import annotations

import csv
import io
import re
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from facts.pairs.printed import MAX_CORES, is_unknown, labels_around, printed_cells
from facts.reading import Anomaly, Fact, ReadError, Reading

MAX_BYTES = 32 * 1024 * 1024
MAX_ROWS = MAX_CORES
MAX_VALUE = Decimal(10) ** 15

Lines = list[tuple[int, list[str]]]

_NOTED = re.compile(r"(\d{1,12}(?:\.\d{1,9})?)±(\d{1,12}(?:\.\d{1,9})?)\Z", re.ASCII)
_ACCEPTED = "numbers, or nothing where a value is unknown, are accepted"


def read_latencies(text: str, *, name: str, where: str) -> Reading:
    """Return the one-way latencies of a core-to-core CSV as `message_latency_ps` facts, layer `measured`.

    The matrix is in ns and may hold only one of its triangles: a pair that is given one way stands for both. Labels
    around it are skipped, NaN is unknown, and what core-to-core-latency and c2clat print is read, too. A pair given
    neither way stays unknown; one warning counts them. Core ids are the matrix' own order, which need not be the OS's.
    Raises ReadError, with line and column, for other text in a cell, a negative or endless number, rows of unequal
    length, and a matrix that is not square.
    """
    lines, left = _table(text, where)
    noted = [[_NOTED.match(cell.strip()) for cell in cells] for _, cells in lines]
    means = [
        (
            line,
            [match[1] if match else "" if is_unknown(cell) else cell for cell, match in zip(cells, row, strict=True)],
        )
        for (line, cells), row in zip(lines, noted, strict=True)
    ]
    matrix = _symmetric(_decimals(means, where, left))
    deviations = _symmetric([[Decimal(match[2]) if match else None for match in row] for row in noted])
    source = f"core-to-core CSV: {where}"
    facts = []
    for here, row in enumerate(matrix):
        for there, value in enumerate(row):
            if here != there and value is not None:
                latency_ps, deviation_ps = _picoseconds(value), _picoseconds(deviations[here][there] or Decimal())
                args = (here, there, latency_ps, deviation_ps, latency_ps, latency_ps)
                facts.append(Fact("message_latency_ps", args, "measured", source))
    warnings = _count_missing(matrix, where)
    return Reading(name, tuple(facts), None, "measured", source, {"PU": len(matrix)}, warnings)


def _picoseconds(nanoseconds: Decimal) -> int:
    return int((nanoseconds * 1000).to_integral_value(ROUND_HALF_UP))


def _table(text: str, where: str) -> tuple[Lines, int]:
    """Return the rows of a matrix without labels around it, and how many columns of labels stood before them."""
    printed = printed_cells(text)
    if printed is not None:
        return list(enumerate(printed, start=1)), 0
    first = text.lstrip().split("\n", maxsplit=1)[0]
    delimiter = next((mark for mark in ";,\t" if mark in first), ",")
    lines = _lines(text.replace(",", ".") if delimiter == ";" else text, where, delimiter)
    top, left = labels_around([cells for _, cells in lines])
    return [(line, cells[left:]) for line, cells in lines[top:]], int(left)


def _decimals(lines: Lines, where: str, left: int) -> list[list[Decimal | None]]:
    rows = [
        [_number(cell, line, column, where) for column, cell in enumerate(cells, start=1 + left)]
        for line, cells in lines
    ]
    if not rows:
        raise ReadError("empty", f"{where} holds no row; a square CSV matrix of numbers is accepted.", {"line": 1})
    for line, row in enumerate(rows, start=1):
        if len(row) != len(rows):
            raise ReadError(
                "not_square",
                f"{where} has {len(rows)} rows but {len(row)} cells in row {line}; "
                "as many cells in every row as there are rows are accepted.",
                {"line": line, "rows": len(rows), "cells": len(row)},
            )
    return rows


def _lines(text: str, where: str, delimiter: str) -> Lines:
    """Return (line, cells) of the rows; empty lines at the end are skipped."""
    if len(text) > MAX_BYTES:
        raise ReadError("too_large", f"{where} has more than {MAX_BYTES} characters; at most so many are read.")
    whole = text.rstrip("\r\n ") + "\n" if text.strip() else ""
    reader = csv.reader(io.StringIO(whole, newline=""), delimiter=delimiter)
    found: Lines = []
    try:
        for cells in reader:
            found.append((reader.line_num, cells or [""]))
            if max(len(found), len(cells)) > MAX_ROWS:
                raise ReadError("too_large", f"{where} has over {MAX_ROWS} rows or columns; at most so many are read.")
    except csv.Error as error:
        raise ReadError(
            "bad_csv", f"{where} is no CSV at line {reader.line_num} ({error}); {_ACCEPTED}.", {"line": reader.line_num}
        ) from error
    return found


def _number(cell: str, line: int, column: int, where: str) -> Decimal | None:
    text = cell.strip()
    if not text:
        return None
    try:
        value = Decimal(text) if text.isascii() and "_" not in text and len(text) <= 64 else None
    except InvalidOperation:
        value = None
    if value is None or not value.is_finite() or not 0 <= value <= MAX_VALUE:
        raise ReadError(
            "not_a_number",
            f"{where} has {text[:40]!r} at line {line}, column {column}; {_ACCEPTED} (no header, none below 0).",
            {"line": line, "column": column, "found": text[:40]},
        )
    return value


def _symmetric(rows: list[list[Decimal | None]]) -> list[list[Decimal | None]]:
    return [
        [rows[there][here] if value is None else value for there, value in enumerate(row)]
        for here, row in enumerate(rows)
    ]


def _missing(rows: list[list[Decimal | None]]) -> list[tuple[int, int]]:
    return [
        (here, there)
        for here, row in enumerate(rows)
        for there, value in enumerate(row)
        if value is None and here != there
    ]


def _count_missing(rows: list[list[Decimal | None]], where: str) -> tuple[Anomaly, ...]:
    missing = _missing(rows)
    if not missing:
        return ()
    row, column = missing[0]
    message = f"{len(missing)} of {len(rows) * (len(rows) - 1)} ordered pairs have no latency and stay unknown"
    return (Anomaly("missing_pair", message, f"{where}, line {row + 1}, column {column + 1}"),)
