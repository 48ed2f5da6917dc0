"""The line on which each key of a TOML text stands, which Python's TOML reader does not tell."""

import re
from collections.abc import Mapping

_HEADER = re.compile(r"\s*(\[\[?)([^\[\]]+)\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"""\s*([A-Za-z0-9_-]+|"[^"]*"|'[^']*')\s*(?:\.\s*[A-Za-z0-9_-]+\s*)*=\s*(.*)$""")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*(?:"|\\?$)|' + r"'[^']*(?:'|$)")


def key_lines(text: str) -> Mapping[str, int]:
    """Lines (from 1) by path, as in `application[1].threads`; a table's own path is its header's line.

    Keys inside inline tables have the line of the key that they belong to.
    """
    found: dict[str, int] = {}
    counts: dict[str, int] = {}
    prefix, open_brackets, quote = "", 0, ""
    for number, line in enumerate(text.splitlines(), start=1):
        if quote:
            quote = "" if quote in line else quote
            continue
        if open_brackets == 0 and (header := _HEADER.match(line)):
            prefix = _table_path(header[1] == "[[", header[2], counts)
            found.setdefault(prefix, number)
            continue
        value = line
        if open_brackets == 0 and (key := _KEY.match(line)):
            name = key[1].strip("\"'")
            found[f"{prefix}.{name}" if prefix else name] = number
            value = key[2]
        quote = _left_open(value)
        bare = _QUOTED.sub("", value).split("#", 1)[0]
        open_brackets = 0 if quote else max(0, open_brackets + _balance(bare))
    return found


def line_of(lines: Mapping[str, int], path: str) -> int | None:
    """The line of a key, else of the nearest table or list around it; None where neither is known."""
    while path:
        if path in lines:
            return lines[path]
        path = path[: path.rfind("[")] if path.endswith("]") else path.rpartition(".")[0]
    return None


def _table_path(is_array: bool, name: str, counts: dict[str, int]) -> str:
    """The path of a header; a table below an array belongs to the array's last element."""
    parts = [part.strip().strip("\"'") for part in name.split(".")]
    path = ""
    for index, part in enumerate(parts):
        path = f"{path}.{part}" if path else part
        if is_array and index == len(parts) - 1:
            counts[path] = counts.get(path, -1) + 1
        if path in counts:
            path = f"{path}[{counts[path]}]"
    return path


def _left_open(value: str) -> str:
    """The triple quote that a line opens and does not close."""
    for quote in ('"""', "'''"):
        if value.count(quote) % 2:
            return quote
    return ""


def _balance(bare: str) -> int:
    return bare.count("[") + bare.count("{") - bare.count("]") - bare.count("}")
