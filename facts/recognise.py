"""Which reader a source belongs to, told by its content."""

from __future__ import annotations

import os
import re
import socket
from functools import partial
from importlib.resources import files as resources
from pathlib import Path

from facts.bitmap import from_members
from facts.hwloc.reader import read_hwloc
from facts.linux.file_tree import BZIP2, GZIP, ArchiveTree, FolderTree
from facts.linux.lscpu import is_lscpu, read_lscpu
from facts.linux.reader import read_linux
from facts.pairs.matrix import read_latencies
from facts.pairs.mctop import HEADER, read_mctop
from facts.pairs.printed import printed_cells
from facts.pairs.smelt import is_smelt, read_smelt
from facts.reading import ReadError, Reading
from facts.synthetic.reader import read_synthetic

MAX_BYTES = 64 * 1024 * 1024
MAX_FACT_BYTES = 256 * 1024 * 1024
"""Of Prolog facts: some five million with their provenance."""

SYNTHETIC = "synthetic:"

_PROLOG = re.compile(r"""(?:[a-z]\w*\s*(?:\(|\.|:-)|[a-z]\w*\{|'[^'\n]*'\s*[(.]|:-|\?-)""")
_COMMENTS = re.compile(r"(?:\s|%[^\n]*+|/\*.*?\*/)*+", re.DOTALL)
_GLANCE = 10_000
_FACT_SUFFIXES = frozenset({".pl", ".facts", ".skb", ".ecl"})
_ACCEPTED = (
    "an hwloc XML, a core-to-core latency CSV, an MCTOP .mct, a Smelt folder, the table of lscpu -p or -J -e, "
    "Prolog facts, a folder or .tar.gz/.tar.bz2 with sys/, "
    "'host', 'synthetic:pack:2 core:4 pu:2', or a bundled name ({}) is accepted"
)


def bundled() -> tuple[str, ...]:
    """Return the names of the machines that ship with the project, sorted."""
    machines = resources("facts").joinpath("machines")
    return tuple(sorted(entry.name.removesuffix(".facts") for entry in machines.iterdir() if _is_facts(entry.name)))


def read(source: str | Path | bytes, *, name: str | None = None) -> Reading:
    """Return what a source says about a machine.

    `source` is a bundled name, `host`, `synthetic:...` or a path (a `Path` is always a path); bytes are the content
    itself, or a bundled name, or `synthetic:...`, never `host`. `name` overrides the machine's name, which is else the
    bundled name, the host's name, or the file's stem. CPUs of this host that this process may not use are `disallowed`.

    Raises ReadError for a source that cannot be found, recognised or used.
    """
    if isinstance(source, bytes):
        return _read_bytes(source, name)
    if isinstance(source, Path):
        return _read_path(source, name)
    if source in bundled():
        return _read_bundled(source, name)
    if source == "host":
        return _read_host(name)
    if source.startswith(SYNTHETIC):
        return read_synthetic(source.removeprefix(SYNTHETIC), name=name or "synthetic")
    return _read_path(Path(source), name)


def _is_facts(file: str) -> bool:
    return file.endswith(".facts")


def _read_bundled(machine: str, name: str | None) -> Reading:
    text = resources("facts").joinpath("machines", f"{machine}.facts").read_text("utf-8")
    return Reading(name or machine, (), text, "static", f"bundled: {machine}", None)


def _read_host(name: str | None) -> Reading:
    host = socket.gethostname().split(".", maxsplit=1)[0] or "host"
    return read_linux(
        FolderTree(Path("/")),
        name=name or host,
        where="this host",
        allowed=from_members(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None,
        architecture=os.uname().machine,
    )


def _read_path(path: Path, name: str | None) -> Reading:
    try:
        if path.is_dir():
            return _read_folder(path, name)
        data = _bounded(path)
    except FileNotFoundError as error:
        raise ReadError(
            "not_found", f"There is no source {str(path)[:200]!r}; {_accepted()}.", {"source": str(path)[:200]}
        ) from error
    except (OSError, ValueError) as error:
        raise ReadError("unreadable", f"{str(path)[:200]!r} cannot be read ({error}); {_accepted()}.") from error
    return _read_content(data, name or _stem(path), path.name, path.suffix.lower())


def _bounded(path: Path) -> bytes:
    """Return the content, of which no more than is accepted is ever read: a device or a pipe may be endless."""
    with path.open("rb") as file:
        data = file.read(MAX_BYTES + 1)
        if len(data) <= MAX_BYTES:
            return data
        _bound(len(data), _may_be_facts(data, path.suffix.lower()), str(path)[:200])
        data += file.read(MAX_FACT_BYTES + 1 - len(data))
    _bound(len(data), True, str(path)[:200])
    return data


def _bound(size_bytes: int, may_be_facts: bool, where: str) -> None:
    limit = MAX_FACT_BYTES if may_be_facts else MAX_BYTES
    if size_bytes > limit:
        what = f"{where} has more than {limit} bytes; at most so many are read"
        raise ReadError("too_large", f"{what}, of Prolog facts {MAX_FACT_BYTES}.", {"limit": limit})


def _may_be_facts(data: bytes, suffix: str) -> bool:
    """Tell whether a fact or clause comes first, or at most comments and the name of a file of facts."""
    return suffix in _FACT_SUFFIXES or _begins_as_prolog(data[: 2 * _GLANCE].decode("utf-8-sig", "replace"))


def _read_folder(path: Path, name: str | None) -> Reading:
    if (path / "sys").is_dir():
        return read_linux(FolderTree(path), name=name or path.resolve().name or "host", where=str(path))
    if is_smelt(path):
        return read_smelt(path, name=name or path.resolve().name or "smelt")
    raise ReadError("unrecognised", f"The folder {str(path)[:200]!r} has no sys/ in it; {_accepted()}.")


def _read_bytes(data: bytes, name: str | None) -> Reading:
    if len(data) > MAX_BYTES:
        _bound(len(data), _may_be_facts(data, ""), "The source")
    word = data.strip().decode("utf-8", "replace") if len(data) < 10_000 else ""
    if word in bundled():
        return _read_bundled(word, name)
    if word.startswith(SYNTHETIC) and "\n" not in word:
        return read_synthetic(word.removeprefix(SYNTHETIC), name=name or "synthetic")
    return _read_content(data, name or "machine", "the given bytes", "")


def _read_content(data: bytes, name: str, where: str, suffix: str) -> Reading:
    if data.startswith((GZIP, BZIP2)) or data[257:262] == b"ustar":
        return read_linux(ArchiveTree.of(data, where), name=name, where=where)
    if suffix == ".xml" or data.lstrip(b"\xef\xbb\xbf\xff\xfe\xfe\xff \t\r\n\0").startswith(b"<"):
        return read_hwloc(data, name=name, where=where)
    text = _decoded(data, where)
    del data
    if HEADER.match(text):
        return read_mctop(text, name=name, where=where)
    if is_lscpu(text):
        return read_lscpu(text, name=name, where=where)
    as_csv = partial(read_latencies, text, name=name, where=where)
    as_prolog = partial(Reading, name, (), text, "static", f"facts: {where}", None)
    if suffix == ".csv":
        return as_csv()
    if suffix in _FACT_SUFFIXES:
        return as_prolog()
    if _begins_as_prolog(text):
        return as_prolog()
    if printed_cells(text) is not None or _begins_as_csv(text):
        return as_csv()
    if text.startswith(SYNTHETIC):
        return read_synthetic(text.removeprefix(SYNTHETIC), name=name)
    raise ReadError(
        "unrecognised", f"{where} begins with {text[:40].strip()!r}, which is no format that is known; {_accepted()}."
    )


def _begins_as_prolog(text: str) -> bool:
    """Tell whether a fact or clause comes first, after white space and Prolog comments."""
    match = _COMMENTS.match(text)
    start = match.end() if match else 0
    return _PROLOG.match(text[start : start + _GLANCE]) is not None


def _begins_as_csv(text: str) -> bool:
    """Tell whether the first line is a number, or has a separator before any parenthesis."""
    line = text.lstrip(" \r\n")[:_GLANCE].split("\n", maxsplit=1)[0]
    return line[:1] in set("+-.0123456789") or any(mark in line.split("(", maxsplit=1)[0] for mark in ",;\t")


def _decoded(data: bytes, where: str) -> str:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ReadError(
            "not_text", f"{where} is no UTF-8 text (byte {error.start} is {data[error.start]:#04x}); {_accepted()}."
        ) from error
    if not text.strip():
        raise ReadError("empty", f"{where} is empty; {_accepted()}.")
    return text


def _stem(path: Path) -> str:
    name = re.sub(r"\.tar(\.\w+)?\Z|\.t[gb]z2?\Z", "", path.name)
    return path.stem if name == path.name else name


def _accepted() -> str:
    return _ACCEPTED.format(", ".join(bundled()))
