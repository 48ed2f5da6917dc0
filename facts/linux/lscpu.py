"""The reader of lscpu's table of CPUs: `lscpu -p`, `lscpu -e` or `lscpu -J -e`."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping

from facts.anomalies import AnomalyLog
from facts.bitmap import MAX_NUMBER, from_members
from facts.inventory import Inventory, Part, in_tree_order, tree_order
from facts.inventory_facts import facts_of
from facts.reading import ReadError, Reading

_PARSABLE = re.compile(r"(?m)^# ?CPU,.*$")
_TABLE = re.compile(r"CPU[ \t]+[A-Z].*\n")
_JSON = re.compile(r'\s*\{\s*"(?:cpus|lscpu)"\s*:')
_SUMMARY = re.compile(r"(?:Architecture|CPU op-mode\(s\)|CPU\(s\)):\s")
_TITLE = re.compile(r"# The following is the parsable format|lscpu\s+-")
_CACHE_TYPES = {"": ("", "unified"), "d": ("", "data"), "i": ("i", "instruction")}
_ABSENT = {"", "-", "none", "null"}
_GLANCE = 4_000

Row = Mapping[str, str]


def is_lscpu(text: str) -> bool:
    """Tell whether a text begins as one of lscpu's outputs."""
    start = text[:_GLANCE]
    return any(pattern.match(start) for pattern in (_TITLE, _TABLE, _JSON, _SUMMARY)) or (
        start.startswith("#") and _PARSABLE.search(start) is not None
    )


def read_lscpu(text: str, *, name: str, where: str) -> Reading:
    """Return the cores, packages, caches and memory nodes that the table names, layer `discovered`.

    Columns that it lacks are unknown. Core numbers are taken within their socket (some versions repeat them), cache
    numbers within their level. A CPU that is offline is `unavailable_pu`. Raises ReadError for lscpu's summary, which
    says nothing of single CPUs, and where no CPU is online.
    """
    log = AnomalyLog()
    rows = list(_checked(_rows(text, where), log))
    inventory = _inventory(rows, log)
    if not inventory.pus:
        raise ReadError("no_cpu", f"{where} names no online CPU; the output of lscpu -p or -J -e is accepted.")
    source = f"lscpu: {where}"
    facts = facts_of(inventory, machine=name, layer="discovered", source=source)
    return Reading(name, facts, None, "discovered", source, inventory.counts, log.all())


def _rows(text: str, where: str) -> Iterator[tuple[str, Row]]:
    """Yield where each row stands, and its cells by lower-case column name."""
    header = _PARSABLE.search(text)
    if header is not None:
        columns = _columns(header.group().lstrip("# "))
        first = text.count("\n", 0, header.end()) + 2
        for line, row in enumerate(text[header.end() + 1 :].splitlines(), start=first):
            if _PARSABLE.match(row):
                return
            if row.strip() and not row.startswith("#"):
                yield f"line {line}", _named(columns, row.strip().split(","))
    elif _TABLE.match(text):
        lines = text.splitlines()
        for line, row in enumerate(lines[1:], start=2):
            if row.strip():
                yield f"line {line}", dict(zip(lines[0].lower().split(), row.split(), strict=False))
    elif _JSON.match(text):
        yield from _json_rows(text, where)
    else:
        raise _no_table(where)


def _named(columns: list[str], cells: list[str]) -> dict[str, str]:
    """Return the cells by column; lscpu leaves out a cache that a CPU lacks, so a short row does not tell which."""
    named = dict(zip(columns, cells, strict=False))
    first = columns.index("") + 1 if "" in columns else len(columns)
    if first < len(cells) < len(columns):
        return {column: named[column] for column in columns[: first - 1]} | {"": "short"}
    return named


def _columns(header: str) -> list[str]:
    """Return lower-case names; the caches follow an empty column and are separate."""
    return [column.strip().lower() for column in header.split(",")]


def _json_rows(text: str, where: str) -> Iterator[tuple[str, Row]]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ReadError("bad_json", f"{where} is no whole JSON ({error}); lscpu -J -e is accepted.") from error
    cpus = document.get("cpus")
    if not isinstance(cpus, list):
        raise _no_table(where)
    for number, cpu in enumerate(cpus):
        cells = cpu if isinstance(cpu, dict) else {}
        yield f"cpus[{number}]", {str(key).lower(): _cell(value) for key, value in cells.items()}


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value) if isinstance(value, str | int | float) else ""


def _no_table(where: str) -> ReadError:
    return ReadError(
        "no_table",
        f"{where} is the summary output of lscpu, which says nothing of single CPUs; "
        "the output of 'lscpu -p', 'lscpu -e' or 'lscpu -J -e' is accepted.",
    )


def _checked(rows: Iterator[tuple[str, Row]], log: AnomalyLog) -> Iterator[tuple[int, str, Row]]:
    """Yield CPU number, place and cells of the rows that name a CPU of their own."""
    seen = set()
    for where, row in rows:
        cpu = _number(row.get("cpu", ""))
        if cpu is None:
            log.add(
                "unreadable_line", f"the CPU number {row.get('cpu', '')[:20]!r} is none; the row is left out", where
            )
        elif cpu in seen:
            log.add("repeated_pu", f"CPU {cpu} has a second row; it is left out", where)
        else:
            seen.add(cpu)
            if row.get("") == "short":
                log.add("short_row", f"CPU {cpu} lacks a cache, but not which one; its caches are left out", where)
            yield cpu, where, row


def _inventory(rows: list[tuple[int, str, Row]], log: AnomalyLog) -> Inventory:
    online = [(cpu, where, row) for cpu, where, row in rows if row.get("online", "yes").lower() not in ("no", "n")]
    every = from_members(cpu for cpu, _, _ in rows)
    present = from_members(cpu for cpu, _, _ in online)
    sets: dict[tuple[str, str], int] = {}
    for cpu, where, row in online:
        for key in _memberships(row, where, log):
            sets[key] = sets.get(key, 0) | 1 << cpu
    parts = [Part("Machine", present), *(_part(kind, number, cpus) for (kind, number), cpus in sets.items())]
    pus = tree_order([cpu for cpu, _, _ in online], parts)
    parts += [Part("PU", 1 << pu, pu) for pu in pus]
    return Inventory(
        pus=pus,
        parts=in_tree_order(pus, parts),
        counts=Counter(part.type for part in parts),
        unavailable=every & ~present,
        clocks=tuple(_clocks(online)),
    )


def _memberships(row: Row, where: str, log: AnomalyLog) -> Iterator[tuple[str, str]]:
    """Yield (type, number) of each object that a row puts its CPU in."""
    socket = row.get("socket", "")
    for column, kind, number in (
        ("socket", "Package", socket),
        ("node", "NUMANode", row.get("node", "")),
        ("core", "Core", row.get("core", "")),
    ):
        if number.lower() in _ABSENT:
            continue
        if _number(number) is None:
            log.add("bad_number", f"{column} {number[:20]!r} is no number; it is left out", where)
            continue
        yield kind, f"{socket}:{number}" if kind == "Core" else number
    for title, number in _cache_cells(row):
        if number.lower() not in _ABSENT:
            yield f"L{title[1]}{_CACHE_TYPES[title[2:]][0]}Cache:{title[2:]}", number


def _cache_cells(row: Row) -> Iterator[tuple[str, str]]:
    """Yield (l1d, number) and the like from columns of their own or from one such as `l1d:l1i:l2`."""
    for column, cell in row.items():
        titles, numbers = column.split(":"), cell.split(":")
        if all(re.fullmatch(r"l[1-9][di]?", title) for title in titles) and len(titles) == len(numbers):
            yield from zip(titles, numbers, strict=True)


def _part(kind: str, number: str, cpus: int) -> Part:
    kind, _, letter = kind.partition(":")
    return Part(kind, cpus, int(number) if kind == "NUMANode" else None, cache_type=_CACHE_TYPES[letter][1])


def _clocks(rows: list[tuple[int, str, Row]]) -> Iterator[tuple[int, int]]:
    for cpu, _, row in rows:
        match = re.fullmatch(r"(\d{1,6})(?:[.,](\d{1,6}))?", row.get("maxmhz", ""), re.ASCII)
        hz = int(match[1] + (match[2] or "").ljust(6, "0")) if match else 0
        if hz:
            yield 1 << cpu, hz


def _number(text: str) -> int | None:
    return int(text) if re.fullmatch(r"\d{1,6}", text.strip(), re.ASCII) and int(text) <= MAX_NUMBER else None
