"""Open MPI's rankfiles, one line for each rank: logical `package:core`, or flat numbers of cores or hardware threads.

A core stands for all its hardware threads. Version 4 separates by comma or semicolon and wants a package before each
core; version 5 counts a package's cores on from as many as every earlier package of the same size has. One number or
range between semicolons is read alike by both. Version 4 reads a comment only where a line end follows, so none
stands beside a rank. Checked with Open MPI 4.1.4; version 5 by PRRTE's sources.
"""

import re
from typing import NoReturn

from planner.binding.binding import Binding, Bound, Written, not_expressible, not_understood
from planner.binding.legend import legend, names_in, without_comments
from planner.binding.numbering import Numbering
from planner.cpu_list import format_cpu_list, parse_cpu_list

ACCEPTED = "rank 0=HOST slot=0:1 or slot=0:0-3;1:2, logical package and core"
_RANK = re.compile(r"rank\s+(\d{1,6})\s*=\s*([\w.+-]+)\s+slot\s*=\s*(\S+)", re.ASCII)
_PHYSICAL = re.compile(r"rmaps_rank_file_physical\W+(?:1|true)\b", re.ASCII)
_THREADS = re.compile(r"--use-hwthread-cpus|:HWTCPUS\b", re.ASCII | re.IGNORECASE)
_RANGE = re.compile(r"\d{1,6}(?:-\d{1,6})?", re.ASCII)
_HOST = "localhost"


def write_rankfile_v4(binding: Binding, numbering: Numbering) -> Written:
    """For `mpirun -rf FILE`."""
    return _write(binding, numbering, 4)


def write_rankfile_v5(binding: Binding, numbering: Numbering) -> Written:
    """For `mpirun --map-by rankfile:file=FILE`."""
    return _write(binding, numbering, 5)


def _write(binding: Binding, numbering: Numbering, version: int) -> Written:
    """Whole cores as package:core; where a rank has a part of a core, all as flat numbers of hardware threads."""
    names = "rankfile" if version == 4 else "rankfile-v5"
    whole = all(_is_whole(bound, numbering) for bound in binding.members)
    option = {4: "mpirun{} -rf FILE", 5: "mpirun --map-by rankfile:file=FILE{}"}[version]
    switch = "" if whole else {4: " --use-hwthread-cpus", 5: ":HWTCPUS"}[version]
    numbers = "logical package:core" if whole else "logical hardware threads (hwloc's PU L#)"
    lines = [
        f"# Open MPI {version}: {option.format(switch)}",
        f"# slots are {numbers}, all the core's threads if a core",
    ]
    if not whole:
        lines[1] = f"# slots are {numbers}, which only this option says"
    lines.append(legend(binding, numbering).rstrip("\n"))
    for rank, bound in enumerate(binding.members):
        slots = _core_slots(bound, numbering, version, names) if whole else _thread_slots(bound, numbering)
        lines.append(f"rank {rank}={_HOST} slot={';'.join(slots)}")
    return Written("\n".join(lines), "logical", (f"put your host's name for {_HOST}",))


def _is_whole(bound: Bound, numbering: Numbering) -> bool:
    own = set(bound.cores)
    return all(own.issuperset(numbering.physical_cores[numbering.thread(core).physical]) for core in own)


def _core_slots(bound: Bound, numbering: Numbering, version: int, name: str) -> list[str]:
    by_package: dict[int, set[int]] = {}
    for core in bound.cores:
        thread = numbering.thread(core)
        if thread.package is None:
            raise not_expressible(name, bound.name, f"core {core} has no package in the facts", "core/2 facts")
        by_package.setdefault(thread.package, set()).add(thread.physical)
    slots = []
    for package, physical in sorted(by_package.items()):
        own = numbering.package_cores[package]
        if version == 5 and not _counts_on(package, numbering):
            slots += _runs(sorted(physical))
        else:
            slots += [f"{package}:{run}" for run in _runs([own.index(core) for core in sorted(physical)])]
    return slots


def _counts_on(package: int, numbering: Numbering) -> bool:
    """Whether the package's first core follows on `package` packages of its own size, as version 5 reckons."""
    own = numbering.package_cores[package]
    return own == tuple(range(package * len(own), (package + 1) * len(own)))


def _thread_slots(bound: Bound, numbering: Numbering) -> list[str]:
    return _runs([numbering.thread(core).logical for core in bound.cores])


def _runs(numbers: list[int]) -> list[str]:
    return format_cpu_list(numbers).split(",")


def read_rankfile(text: str, numbering: Numbering) -> Binding:
    """Ranks from 0 without a gap, on one host.

    Comments that hold `--use-hwthread-cpus`, `:HWTCPUS` or `rmaps_rank_file_physical 1` say how mpirun is called;
    without them flat numbers are logical cores.
    """
    by_threads, by_os = bool(_THREADS.search(text)), bool(_PHYSICAL.search(text))
    ranks: dict[int, tuple[int, ...]] = {}
    hosts: set[str] = set()
    for line in without_comments(text):
        match = _RANK.fullmatch(line)
        if match is None or int(match[1]) in ranks:
            _refuse(line, "a rank is expected, each once")
        hosts.add(match[2])
        ranks[int(match[1])] = _cores_of(match[3].strip('"'), numbering, by_threads, by_os)
    if len(hosts) != 1:
        _refuse(text.strip(), f"ranks run on {len(hosts)} hosts, and {numbering.machine} is one machine")
    if set(ranks) != set(range(len(ranks))):
        _refuse(text.strip(), "the ranks have gaps")
    names = names_in(text, len(ranks))
    return Binding(tuple(Bound(name, ranks[rank]) for rank, name in enumerate(names)))


def _cores_of(slots: str, numbering: Numbering, by_threads: bool, by_os: bool) -> tuple[int, ...]:
    chosen: set[int] = set()
    for item in slots.split(";"):
        package: str | None = None
        for part in item.split(","):
            before, colon, cores = part.rpartition(":")
            package = before if colon else package
            if package is not None:
                chosen |= _of_package(package, cores, slots, numbering, by_os)
            else:
                chosen |= _flat(part, slots, numbering, by_threads, by_os)
    return tuple(sorted(chosen))


def _of_package(package: str, cores: str, slots: str, numbering: Numbering, by_os: bool) -> set[int]:
    number = package.lstrip("sSpP")
    bare = cores.lstrip("cC")
    if by_os:
        _refuse(slots, "packages and cores have no OS index that is unique on a machine")
    if not number.isdecimal() or int(number[:9]) >= len(numbering.packages):
        _refuse(slots, f"{numbering.machine} has {len(numbering.packages)} packages")
    if bare == "*":
        return set(numbering.packages[int(number)])
    own = numbering.package_cores[int(number)]
    return {core for at in _numbers(bare, slots, len(own)) for core in numbering.physical_cores[own[at]]}


def _flat(part: str, slots: str, numbering: Numbering, by_threads: bool, by_os: bool) -> set[int]:
    if by_os:
        found = numbering.at_os(_numbers(part, slots, None), "rankfile")
    elif by_threads:
        found = numbering.at_logical(_numbers(part, slots, len(numbering.threads)), "rankfile")
    else:
        physical = numbering.physical_cores
        return {core for at in _numbers(part, slots, len(physical)) for core in physical[at]}
    whole = (numbering.physical_cores[numbering.thread(core).physical] for core in found)
    return set(found) if by_threads else {core for group in whole for core in group}


def _numbers(text: str, slots: str, count: int | None) -> tuple[int, ...]:
    if not _RANGE.fullmatch(text):
        _refuse(slots, f"{text[:20]!r} is no number or range; a p before it is read as 0 by Open MPI 4")
    found = parse_cpu_list(text, "rankfile")
    if count is not None and found[-1] >= count:
        _refuse(slots, f"{text!r} does not lie within the {count} there")
    return found


def _refuse(found: str, reason: str) -> NoReturn:
    raise not_understood("rankfile", found, reason, ACCEPTED)
