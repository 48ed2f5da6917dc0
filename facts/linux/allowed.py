"""The CPUs and memory nodes that the control group of a Linux root's own process leaves to it."""

from __future__ import annotations

import posixpath
import re

from facts.anomalies import AnomalyLog
from facts.linux.file_tree import FileTree
from facts.linux.values import listed

_OCTAL = re.compile(r"\\([0-7]{3})")
_PATTERNS = {"cgroup2": "cpuset.{}.effective", "cgroup": "cpuset.{}", "cpuset": "{}"}


def allowed_sets(files: FileTree, log: AnomalyLog) -> tuple[int | None, int | None]:
    """Return the sets of CPUs and of memory nodes (by OS index) that may be used, None for no restriction.

    The first mounted hierarchy with a cpuset controller counts: of version 2 by its effective sets, of version 1, or
    the older cpuset file system, by the sets themselves.
    """
    found = _hierarchy(files)
    group = _group(files)
    if found is None or group is None:
        return None, None
    kind, top = found
    folder = posixpath.normpath(f"{top}/{group}").lstrip("/")
    cpus, nodes = (listed(files, log, f"{folder}/{_PATTERNS[kind].format(each)}") for each in ("cpus", "mems"))
    return cpus or None, nodes or None


def _hierarchy(files: FileTree) -> tuple[str, str] | None:
    """Return how a hierarchy with cpusets names its files, and where it is mounted."""
    for line in (files.read("proc/mounts") or "").splitlines():
        fields = line.split()
        if len(fields) < 4:
            continue
        folder, kind, options = _OCTAL.sub(lambda match: chr(int(match[1], 8)), fields[1]), fields[2], fields[3]
        if kind == "cgroup2":
            path = posixpath.normpath(f"{folder}/cgroup.controllers").lstrip("/")
            if "cpuset" in (files.read(path) or "").split():
                return kind, folder
        elif kind == "cpuset" or (kind == "cgroup" and {"cpuset", "noprefix"} <= set(options.split(","))):
            return "cpuset", folder
        elif kind == "cgroup" and "cpuset" in options.split(","):
            return kind, folder
    return None


def _group(files: FileTree) -> str | None:
    """Return the process' own group, from `/proc/self/cpuset`, else from `/proc/self/cgroup`."""
    stated = (files.read("proc/self/cpuset") or "").strip()
    if stated:
        return stated.splitlines()[0]
    match = re.search(r"(?m)^\d*:(?:cpuset|):(/.*)$", files.read("proc/self/cgroup") or "")
    return match[1] if match else None
