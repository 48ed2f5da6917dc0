"""The near memory of Intel's Xeon Phi 7200 where it is a cache: no file of the kernel describes it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from facts.inventory import Part
from facts.linux.file_tree import FileTree

MCDRAM_BYTES = 16 * 1024**3
LINE_BYTES = 64

_DUMP = "var/run/hwloc/knl_memoryside_cache"


def near_memory_caches(files: FileTree, nodes: Iterable[tuple[int, bool]]) -> Iterator[Part]:
    """Yield one L3 cache for each memory node with CPUs of its own, given as (its CPUs, whether they are its own).

    Modes and size come from what hwloc's `hwloc-dump-hwdata` has left in the root. Without it the nodes tell: one
    without CPUs is near memory that is addressed, so it caches nothing; else all 16 GiB do.
    """
    listed = list(nodes)
    with_cpus = [cpus for cpus, is_own in listed if is_own and cpus]
    text = files.read(_DUMP) or ""
    size = _dumped(text, "cache_size", r"\d{1,15}")
    mode = _dumped(text, "memory_mode", r"\w+")
    if mode is None and len(with_cpus) == len(listed):
        mode = "Cache"
    if mode in (None, "Flat") or not with_cpus:
        share = int(size or 0) if mode is None else 0
    else:
        part = {"Hybrid25": 4, "Hybrid50": 2}.get(mode or "", 1)
        share = int(size or 0) or MCDRAM_BYTES // part // len(with_cpus)
    if share > 0:
        yield from (Part("L3Cache", cpus, size_bytes=share, line_bytes=LINE_BYTES) for cpus in with_cpus)


def _dumped(text: str, key: str, pattern: str) -> str | None:
    match = re.search(rf"(?m)^{key}: ({pattern})\s*$", text, re.ASCII)
    return match[1] if match else None
