"""Small text files under a root: a folder on disk, or an archive read into memory."""

from __future__ import annotations

import bz2
import gzip
import io
import os
import re
import struct
import tarfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from facts.reading import ReadError

MAX_FILE_BYTES = 4 * 1024 * 1024
MAX_ARCHIVE_BYTES = 128 * 1024 * 1024
GZIP, BZIP2 = b"\x1f\x8b", b"BZh"

# tarfile lets more than its own errors out of a damaged stream, TypeError and IndexError of a cut header among them.
_BROKEN = (tarfile.TarError, EOFError, OSError, zlib.error, struct.error, ValueError, TypeError, LookupError)
_END_BYTES = 1024
_WANTED = re.compile(r"(?:[^/]+/)?(proc/[^/]+|sys/devices/(?:system/(?:cpu|node)/.+|cpu_[a-z]+/cpus))\Z")


class FileTree(Protocol):
    """What a reader of `/sys` and `/proc` needs of a root."""

    def read(self, path: str) -> str | None:
        """Return a file's text, None where there is none or it cannot be read."""

    def names(self, path: str) -> list[str]:
        """Return the names in a folder, sorted; none where there is no such folder."""


class FolderTree:
    """The files under a folder on disk."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def read(self, path: str) -> str | None:
        try:
            with (self._root / path).open("rb") as file:
                return _text(file.read(MAX_FILE_BYTES))
        except (OSError, ValueError):
            return None

    def names(self, path: str) -> list[str]:
        try:
            return sorted(os.listdir(self._root / path))
        except OSError:
            return []


class ArchiveTree:
    """The files of `/proc` and of the CPU and memory folders of `/sys` in an archive; nothing is unpacked to disk."""

    def __init__(self, files: Mapping[str, str]) -> None:
        self._files = dict(files)
        self._names: dict[str, set[str]] = {}
        for path in files:
            while path:
                path, _, name = path.rpartition("/")
                self._names.setdefault(path, set()).add(name)

    @classmethod
    def of(cls, data: bytes, where: str) -> ArchiveTree:
        """Return the tree in a `.tar`, `.tar.gz` or `.tar.bz2` of a root folder or of one folder that holds it.

        Links are skipped. Raises ReadError for a broken or cut archive and for one beyond `MAX_ARCHIVE_BYTES`.
        """
        try:
            with tarfile.open(fileobj=io.BytesIO(_unpacked(data, where)), mode="r:") as archive:
                return cls(_wanted_files(archive))
        except _BROKEN as error:
            raise ReadError(
                "broken_archive",
                f"{where} is no whole archive ({error}); a .tar.gz or .tar.bz2 of a folder with sys/ is accepted.",
            ) from error

    def read(self, path: str) -> str | None:
        return self._files.get(path)

    def names(self, path: str) -> list[str]:
        return sorted(self._names.get(path, ()))


def _text(data: bytes) -> str:
    """Return what a file of the kernel says; copies of such files may end in NUL bytes."""
    return data.decode("utf-8", "replace").replace("\0", "")


def _unpacked(data: bytes, where: str) -> bytes:
    """Return the plain tar that the bytes hold; ValueError where its end is missing."""
    file = io.BytesIO(data)
    if data.startswith(GZIP):
        plain = gzip.GzipFile(fileobj=file).read(MAX_ARCHIVE_BYTES + 1)
    elif data.startswith(BZIP2):
        plain = bz2.BZ2File(file).read(MAX_ARCHIVE_BYTES + 1)
    else:
        plain = data
    if len(plain) > MAX_ARCHIVE_BYTES:
        raise ReadError(
            "too_large",
            f"{where} unpacks to more than {MAX_ARCHIVE_BYTES} bytes; at most so many are accepted.",
            {"limit": MAX_ARCHIVE_BYTES},
        )
    if plain[-_END_BYTES:].strip(b"\0"):
        raise ValueError("its end is missing")
    return plain


def _wanted_files(archive: tarfile.TarFile) -> dict[str, str]:
    files: dict[str, str] = {}
    for member in archive:
        match = _WANTED.match(member.name.removeprefix("./"))
        if match is None or not member.isfile() or member.size > MAX_FILE_BYTES:
            continue
        file = archive.extractfile(member)
        if file is not None:
            files[match.group(1)] = _text(file.read())
    return files
