"""The nominal clock of each CPU, from what a Linux root says about frequencies."""

from __future__ import annotations

import re

from facts.bitmap import members
from facts.linux.file_tree import FileTree

_GHZ = re.compile(r"(?m)^model name\s*:.*@ ?(\d{1,2})\.(\d{1,3})GHz")
_MHZ = re.compile(r"(?m)^cpu MHz\s*:\s*(\d{1,6})\.(\d{3})")


def clocks_hz(files: FileTree, cpus: int) -> tuple[tuple[int, int], ...]:
    """Return (CPUs, Hz) pairs that cover every CPU whose clock is known.

    The base frequency of cpufreq is preferred, then the one in the model's name, then the greatest of cpufreq, then
    the current one of `/proc/cpuinfo`.
    """
    found: list[tuple[int, int]] = []
    found += _from_cpufreq(files, cpus, "base_frequency")
    cpuinfo = files.read("proc/cpuinfo") or ""
    named = _GHZ.search(cpuinfo)
    if named:
        found.append((cpus, int(named[1] + named[2].ljust(3, "0")) * 1_000_000))
    found += _from_cpufreq(files, cpus, "cpuinfo_max_freq")
    current = _MHZ.search(cpuinfo)
    if current:
        found.append((cpus, int(current[1] + current[2]) * 1_000))
    return tuple((some, hz) for some, hz in found if hz > 0)


def _from_cpufreq(files: FileTree, cpus: int, file: str) -> list[tuple[int, int]]:
    alike: dict[int, int] = {}
    for cpu in members(cpus):
        text = (files.read(f"sys/devices/system/cpu/cpu{cpu}/cpufreq/{file}") or "").strip()
        if text.isascii() and text.isdigit() and len(text) < 10:
            alike[int(text) * 1000] = alike.get(int(text) * 1000, 0) | 1 << cpu
    return [(some, hz) for hz, some in alike.items()]
