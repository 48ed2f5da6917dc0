"""What a Linux root says of each CPU itself: its hardware number, its instruction set, and how its cores count."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from facts.bitmap import MAX_NUMBER
from facts.linux.file_tree import FileTree
from facts.linux.values import number

CPU = "sys/devices/system/cpu"

_PROCESSOR = re.compile(r"(?m)^processor[ \t]*:[ \t]*(\d{1,6})[ \t]*$")
_HARDWARE = re.compile(r"(?m)^(?:apicid|hart)[ \t]*:[ \t]*(\d{1,10})[ \t]*$")
_FEATURES = re.compile(r"(?m)^(?:flags|[Ff]eatures)[ \t]*:[ \t]*(.*)$")
_FEATURE = re.compile(r"[a-z][a-z0-9_]{0,40}")
MOST_FEATURES = 400
_X86 = re.compile(r"x86_64|i\d86|k1om")
_KNIGHTS_LANDING = ("GenuineIntel", "6", {"87", "133"})
_WITH_COMPUTE_UNITS = ("AuthenticAMD", {"21", "22"})


def processors(files: FileTree) -> dict[int, str]:
    """Return what `/proc/cpuinfo` says of each processor that it numbers."""
    pieces = _PROCESSOR.split(files.read("proc/cpuinfo") or "")
    found = zip(pieces[1::2], pieces[2::2], strict=True)
    return {int(cpu): text for cpu, text in found if int(cpu) <= MAX_NUMBER}


def features(described: Mapping[int, str], cpus: Iterable[int]) -> dict[int, tuple[str, ...]]:
    """Return the features that `/proc/cpuinfo` lists of each CPU: x86's flags, the Features of ARM and s390.

    Some kernels print them once, below all processors: they are everybody's then.
    """
    listed = {cpu: words for cpu, text in described.items() if (words := _words(text))}
    common = next(iter(listed.values())) if len(listed) == 1 else ()
    found = {cpu: listed.get(cpu, common) for cpu in cpus}
    return {cpu: words for cpu, words in found.items() if words}


def _words(text: str) -> tuple[str, ...]:
    match = _FEATURES.search(text)
    words = match[1].split()[:MOST_FEATURES] if match else []
    return tuple(dict.fromkeys(word for word in words if _FEATURE.fullmatch(word)))


def hardware_ids(files: FileTree, described: Mapping[int, str], cpus: Iterable[int]) -> dict[int, int]:
    """Return the hardware's number of each CPU for which the root has one.

    That is the APIC id on x86, the hart on RISC-V, the CPU address on s390 and the physical id on POWER.
    """
    found = {}
    for cpu in cpus:
        match = _HARDWARE.search(described.get(cpu, ""))
        stated = (number(files, f"{CPU}/cpu{cpu}/{file}") for file in ("address", "physical_id"))
        hardware = int(match[1]) if match else next((value for value in stated if value is not None), None)
        if hardware is not None and hardware >= 0:
            found[cpu] = hardware
    return found


def saved_architecture(files: FileTree) -> str | None:
    """Return the instruction set that hwloc's tool for gathering a root has noted beside it."""
    match = re.search(r"(?m)^Architecture: *(\S+)$", files.read("proc/hwloc-nofile-info") or "")
    return match.group(1) if match else None


def has_compute_units(described: Mapping[int, str], architecture: str | None) -> bool:
    """Tell AMD's families 21 and 22, whose kernels call the two cores of a unit threads, with ids of their own."""
    vendor, family, _ = _model(described, architecture)
    return vendor == _WITH_COMPUTE_UNITS[0] and family in _WITH_COMPUTE_UNITS[1]


def is_knights_landing(described: Mapping[int, str], architecture: str | None) -> bool:
    """Tell Intel's Xeon Phi 7200, whose near memory may be a cache that the kernel does not describe."""
    vendor, family, model = _model(described, architecture)
    return (vendor, family) == _KNIGHTS_LANDING[:2] and model in _KNIGHTS_LANDING[2]


def _model(described: Mapping[int, str], architecture: str | None) -> tuple[str, str, str]:
    if architecture is None or _X86.fullmatch(architecture) is None or not described:
        return "", "", ""
    text = described[next(iter(described))]
    found = (re.search(rf"(?m)^{key}[ \t]*:[ \t]*(.*?)[ \t]*$", text) for key in ("vendor_id", "cpu family", "model"))
    vendor, family, model = (match[1] if match else "" for match in found)
    return vendor, family, model
