"""likwid-pin's lists: hardware threads by OS index, or counted within a domain such as S0, M1, C0 or N."""

import re
from typing import NoReturn

from planner.binding.binding import Binding, Bound, Written, not_expressible, not_understood
from planner.binding.legend import legend, names_in, shell_words, without_comments
from planner.binding.numbering import Numbering
from planner.cpu_list import parse_cpu_order

ACCEPTED = "likwid-pin -c 0,3,1, -c S0:0-3@S1:0-3 or -c E:M0:8:1:2"
_DOMAIN = re.compile(r"N|[SMC]\d{1,6}", re.ASCII)
_MOST_THREADS = 65_536
_NOTES = ("inside a restricted cpuset likwid counts within that cpuset, not by OS index",)


def write_likwid_pin(binding: Binding, numbering: Numbering) -> Written:
    """One hardware thread for each software thread, in order: OS indexes, or `N:` where the machine states none."""
    for bound in binding.members:
        if len(bound.cores) > 1:
            reason = f"it may run on {len(bound.cores)} CPUs and each thread is pinned to one"
            raise not_expressible("likwid-pin", bound.name, reason, "a single CPU for each")
    cores = [bound.cores[0] for bound in binding.members]
    by_os = all(numbering.thread(core).os_index is not None for core in cores)
    if by_os:
        listed = ",".join(map(str, numbering.os_indices(cores)))
    else:
        order = _physical_first(numbering.cores, numbering)
        listed = "N:" + ",".join(str(order.index(core)) for core in cores)
    return Written(f"{legend(binding, numbering)}likwid-pin -c {listed}", "os" if by_os else "logical", _NOTES)


def read_likwid_pin(text: str, numbering: Numbering) -> Binding:
    """Software thread i on the i-th hardware thread of the list."""
    lines = without_comments(text)
    if len(lines) != 1:
        _refuse(text, f"{len(lines)} lines hold a command")
    words = shell_words(lines[0], "likwid-pin")
    cores = [core for part in _argument(words, lines[0]).split("@") for core in _part(part, numbering)]
    if len(cores) > _MOST_THREADS:
        _refuse(lines[0], f"{len(cores)} threads are pinned, at most {_MOST_THREADS}")
    names = names_in(text, len(cores))
    return Binding(tuple(Bound(name, (core,)) for name, core in zip(names, cores, strict=True)))


def _argument(words: list[str], line: str) -> str:
    if not words or words[0].rpartition("/")[2] != "likwid-pin":
        _refuse(line, "the line does not begin with likwid-pin")
    for at, word in enumerate(words[1:], start=1):
        if word in ("-c", "-C") and at + 1 < len(words):
            return words[at + 1]
        if word in ("-m", "-i", "-S", "--sweep"):
            _refuse(line, f"{word} binds memory for all threads together")
        if word not in ("-q", "--quiet", "-p"):
            break
    return _refuse(line, "no list of threads follows -c")


def _part(part: str, numbering: Numbering) -> tuple[int, ...]:
    fields = part.split(":")
    if len(fields) == 1:
        return numbering.at_os(parse_cpu_order(part, "likwid-pin"), "likwid-pin")
    if fields[0] == "E" and 3 <= len(fields) <= 5:
        return _expression(fields[1], fields[2:], part, numbering)
    named = fields[1:] if fields[0] == "L" else fields
    if len(named) != 2:
        _refuse(part, "a domain and a list are expected")
    domain = _physical_first(_domain(named[0], part, numbering), numbering)
    wanted = parse_cpu_order(named[1], "likwid-pin")
    if max(wanted) >= len(domain):
        _refuse(part, f"{named[0]} has {len(domain)} hardware threads")
    return tuple(domain[at] for at in wanted)


def _expression(domain: str, numbers: list[str], part: str, numbering: Numbering) -> tuple[int, ...]:
    """`E:domain:count[:chunk:stride]`: compact order, siblings side by side; not more threads than there are."""
    if len(numbers) == 2 or not all(number.isdecimal() and 0 < len(number) < 7 for number in numbers):
        _refuse(part, "a count, or a count with chunk and stride, is expected")
    cores = _domain(domain, part, numbering)
    count, chunk, stride = (int(number) for number in (*numbers, "1", "1")[:3])
    if not 0 < chunk <= stride:
        _refuse(part, "the chunk is between 1 and the stride")
    offered = [core for at, core in enumerate(cores) if at % stride < chunk]
    if not 0 < count <= len(offered):
        _refuse(part, f"{domain} offers {len(offered)} hardware threads so")
    return tuple(offered[:count])


def _domain(name: str, part: str, numbering: Numbering) -> tuple[int, ...]:
    """A domain's hardware threads in topology order: N all, S a package, M a NUMA node, C a last-level cache."""
    if not _DOMAIN.fullmatch(name):
        _refuse(part, f"{name!r} is no thread domain (N, S0, M0, C0), and scattering is likwid's own choice")
    if name == "N":
        return numbering.cores
    nodes = tuple(numbering.nodes.values())
    caches = numbering.caches[max(numbering.caches)] if numbering.caches else ()
    domains = {"S": numbering.packages, "M": nodes, "C": caches}[name[0]]
    at = int(name[1:])
    return domains[at] if at < len(domains) else _refuse(part, f"{numbering.machine} has no domain {name}")


def _physical_first(cores: tuple[int, ...], numbering: Numbering) -> tuple[int, ...]:
    """Likwid's logical order within a domain: the first thread of every physical core, then the second, ..."""
    return tuple(sorted(cores, key=lambda core: (numbering.thread(core).sibling, numbering.thread(core).logical)))


def _refuse(found: str, reason: str) -> NoReturn:
    raise not_understood("likwid-pin", found, reason, ACCEPTED)
