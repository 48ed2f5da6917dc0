"""Small text files under a root: a folder on disk, or an archive read into memory."""

from __future__ import annotations

import bz2
import gzip
import io
import os
import posixpath
import re
import struct
import tarfile
import zlib
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from stat import S_ISREG
from typing import Protocol

from facts.reading import ReadError

MAX_FILE_BYTES = 4 * 1024 * 1024
MAX_ARCHIVE_BYTES = 128 * 1024 * 1024
MAX_ENTRIES = 200_000
GZIP, BZIP2 = b"\x1f\x8b", b"BZh"

# tarfile lets more than its own errors out of a damaged stream, TypeError and IndexError of a cut header among them.
_BROKEN = (tarfile.TarError, EOFError, OSError, zlib.error, struct.error, ValueError, TypeError, LookupError)
_END_BYTES = 1024
_WANTED = re.compile(
    r"(?:[^/]+/)?(proc/(?:[^/]+|self/(?:cpuset|cgroup)|driver/nvidia/gpus/[^/]+/numa_status)"
    r"|var/run/hwloc/knl_memoryside_cache"
    r"|(?:[^/]+/)+(?:cgroup\.controllers|(?:cpuset\.)?(?:cpus|mems)(?:\.effective)?)"
    r"|sys/devices/(?:system/(?:cpu|node)/.+|cpu_[a-z]+/cpus)"
    r"|sys/(?:devices/pci.+|bus/pci/devices/[^/]+)/"
    r"(?:class|vendor|device|config|local_cpus|local_cpulist|numa_node|max_link_speed|(?:secondary|subordinate)_bus_number"
    r"|[^/]+:pcie[^/]*/uevent|pci_bus/[^/]+/[^/]+))\Z"
)
_WANTED_LINKS = re.compile(
    r"(?:[^/]+/)?(sys/(?:bus/pci/devices|class/(?:net|block|infiniband|drm|dma|ve)"
    r"|devices/system/node/node\d{1,6}/access\d/initiators)/[^/]+)\Z"
)
_BINARY = re.compile(r"sys/(?:devices/pci|bus/pci/).+/config\Z")


class FileTree(Protocol):
    """What a reader of `/sys` and `/proc` needs of a root."""

    def read(self, path: str) -> str | None:
        """Return a file's text, None where there is none or it cannot be read."""

    def names(self, path: str) -> list[str]:
        """Return the names in a folder, sorted; none where there is no such folder."""

    def link(self, path: str) -> str | None:
        """Return the path from the root that a symbolic link leads to, None for what is no link within the root."""


class FolderTree:
    """The files under a folder on disk; pipes, devices and what lies outside the folder are taken as absent."""

    def __init__(self, root: Path) -> None:
        self._top = os.path.realpath(root)
        self._real: dict[str, str | None] = {"": self._top}

    def read(self, path: str) -> str | None:
        folder, _, name = path.rpartition("/")
        above = self._inside(folder)
        place = None if above is None else f"{above}/{name}"
        if place is not None and os.path.islink(place):
            place = self._inside(path)
        return None if place is None else _regular(place, path)

    def names(self, path: str) -> list[str]:
        found = self._inside(path)
        if found is None:
            return []
        try:
            with os.scandir(found) as entries:
                return sorted(entry.name for entry in islice(entries, MAX_ENTRIES))
        except OSError:
            return []

    def _inside(self, path: str) -> str | None:
        """Return the real place of a path, None where links lead out of the folder or in a circle."""
        if path not in self._real:
            real = os.path.realpath(f"{self._top}/{path}") if "\0" not in path else self._top
            self._real[path] = real if real.startswith(self._top.rstrip("/") + "/") else None
        return self._real[path]

    def link(self, path: str) -> str | None:
        try:
            return _target(path, os.readlink(f"{self._top}/{path}"))
        except (OSError, ValueError):
            return None


class ArchiveTree:
    """The files of `/proc` and of the CPU and memory folders of `/sys` in an archive; nothing is unpacked to disk."""

    def __init__(self, files: Mapping[str, str], links: Mapping[str, str]) -> None:
        self._files = dict(files)
        self._links = dict(links)
        self._names: dict[str, set[str]] = {}
        for path in (*files, *links):
            while path:
                path, _, name = path.rpartition("/")
                self._names.setdefault(path, set()).add(name)

    @classmethod
    def of(cls, data: bytes, where: str) -> ArchiveTree:
        """Return the tree in a `.tar`, `.tar.gz` or `.tar.bz2` of a root folder or of one folder that holds it.

        Links are not followed. Raises ReadError for a broken or cut archive and for one beyond `MAX_ARCHIVE_BYTES`.
        """
        try:
            with tarfile.open(fileobj=io.BytesIO(_unpacked(data, where)), mode="r:") as archive:
                return cls(*_wanted_files(archive))
        except _BROKEN as error:
            raise ReadError(
                "broken_archive",
                f"{where} is no whole archive ({error}); a .tar.gz or .tar.bz2 of a folder with sys/ is accepted.",
            ) from error

    def read(self, path: str) -> str | None:
        return self._files.get(path)

    def names(self, path: str) -> list[str]:
        return sorted(self._names.get(path, ()))

    def link(self, path: str) -> str | None:
        return self._links.get(path)


def _target(path: str, target: str) -> str | None:
    """Return where a relative link leads, None for an absolute one and for one that leaves the root."""
    found = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
    return None if found.startswith(("/", "..")) else found


def _regular(place: str, path: str) -> str | None:
    """Return the text of a regular file, None for anything else; opening a pipe would wait for its writer."""
    try:
        if not S_ISREG(os.lstat(place).st_mode):
            return None
        with open(place, "rb") as file:
            return _text(file.read(MAX_FILE_BYTES), path)
    except (OSError, ValueError):
        return None


def _text(data: bytes, path: str) -> str:
    """Return what a file of the kernel says; copies of such files may end in NUL bytes.

    Each character of a PCI function's `config`, which is binary, stands for a byte.
    """
    if _BINARY.search(path):
        return data.decode("latin-1")
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


def _wanted_files(archive: tarfile.TarFile) -> tuple[dict[str, str], dict[str, str]]:
    """Return the texts of the files and the targets of the links that a reader asks for."""
    files: dict[str, str] = {}
    links: dict[str, str] = {}
    for member in archive:
        # The archive would keep what it knows of every member.
        archive.members.clear()  # type: ignore[attr-defined]
        name = member.name.removeprefix("./")
        if member.issym():
            found = _WANTED_LINKS.match(name)
            target = _target(found.group(1), member.linkname) if found else None
            if found is not None and target is not None:
                links[found.group(1)] = target
            continue
        match = _WANTED.match(name)
        if match is None or not member.isfile() or member.size > MAX_FILE_BYTES:
            continue
        file = archive.extractfile(member)
        if file is not None:
            files[match.group(1)] = _text(file.read(), match.group(1))
    return files, links
