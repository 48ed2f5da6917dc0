"""Single values in the files of a Linux root: sets of CPUs, numbers, numbered folders."""

from __future__ import annotations

import re

from facts.anomalies import AnomalyLog
from facts.bitmap import MAX_NUMBER, parse_list, parse_mask
from facts.linux.file_tree import FileTree


def mask(files: FileTree, log: AnomalyLog, path: str) -> int | None:
    """Return the set in a file, None where there is none or it cannot be read; that is noted."""
    text = files.read(path)
    if text is None or not text.strip():
        return None
    try:
        return parse_mask(text)
    except ValueError as error:
        log.add("bad_mask", f"{error}; it is left out", path)
        return None


def number(files: FileTree, path: str) -> int | None:
    """Return the number in a file, None where there is none."""
    text = (files.read(path) or "").strip()
    return int(text) if re.fullmatch(r"-?\d{1,18}", text, re.ASCII) else None


def listed(files: FileTree, log: AnomalyLog, path: str) -> int | None:
    """Return the set that a file lists, None where it lists none or cannot be read; that is noted."""
    text = files.read(path)
    if text is None or text.strip() in {"", "(null)"}:
        return None
    try:
        return parse_list(text)
    except ValueError as error:
        log.add("bad_list", f"{error}; it is left out", path)
        return None


def numbered(files: FileTree, folder: str, stem: str) -> list[int]:
    """Return the numbers N of the entries called stemN in a folder, ascending."""
    pattern = re.compile(rf"{stem}(\d{{1,6}})\Z", re.ASCII)
    found = [int(match.group(1)) for name in files.names(folder) if (match := pattern.match(name))]
    return sorted(number for number in found if number <= MAX_NUMBER)
