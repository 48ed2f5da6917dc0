"""OpenMP's environment: OMP_PLACES, and GOMP_CPU_AFFINITY of GCC; hardware threads by OS index."""

import re
from collections.abc import Iterable, Sequence
from typing import NoReturn

from planner.binding.binding import Binding, Bound, Written, not_expressible, not_understood
from planner.binding.legend import legend, names_in, without_comments
from planner.binding.numbering import Numbering
from planner.cpu_list import parse_cpu_order

PLACES = "OMP_PLACES={0},{1}, {0:4}:2:4, !{3}, or one of threads, cores, sockets, ll_caches, numa_domains"
GOMP = 'GOMP_CPU_AFFINITY="0 3 1-2 4-15:2"'
MOST_NUMBERS = 65_536
_SETTING = re.compile(r"(?:export\s+)?([A-Z][A-Z0-9_]*)=(?:\"([^\"]*)\"|'([^']*)'|([^\s\"']*))\s*", re.ASCII)
_INTERVAL = re.compile(r"(\d{1,9})(?::(\d{1,9})(?::([+-]?\d{1,9}))?)?", re.ASCII)
_PLACE = re.compile(r"(!?)(?:\{([^{}]*)\}|(\d{1,9}))(?::(\d{1,9})(?::([+-]?\d{1,9}))?)?\s*(?:,|$)\s*", re.ASCII)


def read_settings(text: str, notation: str, known: Iterable[str]) -> dict[str, str]:
    """Environment settings, with or without `export`, several in a line too; others than `known` are refused."""
    accepted = tuple(known)
    found: dict[str, str] = {}
    for line in without_comments(text):
        at = 0
        while at < len(line):
            match = _SETTING.match(line, at)
            if match is None or match[1] not in accepted or match[1] in found:
                raise not_understood(
                    notation, line[at:], "a setting is expected", f"each once of {', '.join(accepted)}"
                )
            found[match[1]] = (match[2] or match[3] or match[4] or "").strip()
            at = match.end()
    return found


def write_omp_places(binding: Binding, numbering: Numbering) -> Written:
    """A place for each thread, in order; `close` gives thread i place i."""
    places = ",".join(_place(numbering.os_indices(bound.cores)) for bound in binding.members)
    quoted = f'"{places}"' if re.search(r"\{[^}]*,", places) else places
    settings = f"export OMP_NUM_THREADS={len(binding.members)}\nexport OMP_PLACES={quoted}\nexport OMP_PROC_BIND=close"
    return Written(legend(binding, numbering) + settings, "os")


def _place(os_indices: Sequence[int]) -> str:
    ascending = sorted(os_indices)
    low, count = ascending[0], len(ascending)
    if count > 1 and ascending[-1] - low == count - 1:
        return f"{{{low}:{count}}}"
    return f"{{{','.join(map(str, ascending))}}}"


def read_omp_places(text: str, numbering: Numbering) -> Binding:
    """Threads to places in order, as many as OMP_NUM_THREADS or as there are places."""
    known = ("OMP_PLACES", "OMP_NUM_THREADS", "OMP_PROC_BIND")
    settings = {"OMP_PLACES": text.strip()} if _is_bare(text) else read_settings(text, "omp-places", known)
    if settings.get("OMP_PROC_BIND", "true").lower() not in ("true", "close", "spread"):
        reason = "threads are not bound one to each place"
        raise not_understood("omp-places", f"OMP_PROC_BIND={settings['OMP_PROC_BIND']}", reason, "close, spread, true")
    value = settings.get("OMP_PLACES", "")
    places = _abstract(value, numbering) if value[:1].isalpha() else _read_places(value, numbering)
    return _threads(places, settings.get("OMP_NUM_THREADS"), text, "omp-places")


def _is_bare(text: str) -> bool:
    return text.lstrip()[:1] in ("{", "!") or text.strip().isalpha()


def _threads(places: Sequence[tuple[int, ...]], wanted: str | None, text: str, notation: str) -> Binding:
    """A member for each thread; more threads than places would share them by rules of the runtime's own."""
    if wanted is not None and not (wanted.isdecimal() and len(wanted) < 7 and 0 < int(wanted) <= len(places)):
        accepted = f"1 to {len(places)} threads"
        raise not_understood(notation, f"OMP_NUM_THREADS={wanted}", f"there are {len(places)} places", accepted)
    used = places[: int(wanted)] if wanted is not None else places
    if not used:
        raise not_understood(notation, text.strip(), "no place is given", PLACES)
    names = names_in(text, len(used))
    return Binding(tuple(Bound(name, place) for name, place in zip(names, used, strict=True)))


def _abstract(value: str, numbering: Numbering) -> Sequence[tuple[int, ...]]:
    kinds = {
        "threads": [(core,) for core in numbering.cores],
        "cores": numbering.physical_cores,
        "sockets": numbering.packages,
        "numa_domains": tuple(numbering.nodes.values()),
        "ll_caches": numbering.caches[max(numbering.caches)] if numbering.caches else (),
    }
    if not kinds.get(value):
        raise not_understood("omp-places", value, f"{numbering.machine} gives no such places", PLACES)
    return kinds[value]


def _read_places(value: str, numbering: Numbering) -> list[tuple[int, ...]]:
    places: list[frozenset[int]] = []
    at = read = 0
    while at < len(value):
        match = _PLACE.match(value, at)
        if match is None:
            _refuse(value[at:], "a place is expected")
        one = _numbers(match[2]) if match[2] is not None else frozenset({int(match[3])})
        repeated = _repeated(one, int(match[4] or 1), int(match[5] or len(one) or 1), value)
        if match[1]:
            places = [place for place in places if place not in repeated]
        else:
            places += repeated
        at, read = match.end(), read + sum(map(len, repeated))
        if read > MOST_NUMBERS or (at == len(value) and match[0].rstrip().endswith(",")):
            _refuse(value, f"it ends in a comma or holds more than {MOST_NUMBERS} numbers")
    return [tuple(sorted(set(numbering.at_os(sorted(place), "omp-places")))) for place in places if place]


def _repeated(place: frozenset[int], count: int, stride: int, value: str) -> list[frozenset[int]]:
    if not 0 < count * max(1, len(place)) <= MOST_NUMBERS:
        _refuse(value, f"an interval of {count} places")
    found = [frozenset(number + at * stride for number in place) for at in range(count)]
    if any(number < 0 for one in found for number in one):
        _refuse(value, "an interval that goes below 0")
    return found


def _numbers(inner: str) -> frozenset[int]:
    """The numbers within braces: single ones, `low:length:stride`, and `!number` taken away again."""
    numbers: set[int] = set()
    read = 0
    for part in inner.split(","):
        bare = part.strip()
        match = _INTERVAL.fullmatch(bare.removeprefix("!").strip())
        if match is None:
            _refuse(inner, f"{bare[:20]!r} is no number or interval")
        low, length, stride = int(match[1]), int(match[2] or 1), int(match[3] or 1)
        read += length
        if not 0 < length <= read <= MOST_NUMBERS or low + (length - 1) * stride < 0:
            _refuse(inner, f"an interval of {length} numbers, or more than {MOST_NUMBERS} in all")
        run = range(low, low + length * stride, stride) if stride else [low]
        (numbers.difference_update if bare.startswith("!") else numbers.update)(run)
    return frozenset(numbers)


def _refuse(found: str, reason: str) -> NoReturn:
    raise not_understood("omp-places", found, reason, PLACES)


def write_gomp(binding: Binding, numbering: Numbering) -> Written:
    """One CPU for each thread, in order."""
    for bound in binding.members:
        if len(bound.cores) > 1:
            reason = f"it may run on {len(bound.cores)} CPUs and each thread gets one"
            raise not_expressible("gomp", bound.name, reason, "a single CPU for each, or omp-places")
    cpus = " ".join(str(numbering.os_indices(bound.cores)[0]) for bound in binding.members)
    text = f'export OMP_NUM_THREADS={len(binding.members)}\nexport GOMP_CPU_AFFINITY="{cpus}"'
    return Written(legend(binding, numbering) + text, "os", ("leave OMP_PROC_BIND and OMP_PLACES unset beside it",))


def read_gomp(text: str, numbering: Numbering) -> Binding:
    """Thread i on the i-th CPU of the list, as many as OMP_NUM_THREADS or as the list is long."""
    known = ("GOMP_CPU_AFFINITY", "OMP_NUM_THREADS")
    value = read_settings(text, "gomp", known)
    listed = ",".join(value.get("GOMP_CPU_AFFINITY", "").replace(",", " ").split())
    if not listed:
        raise not_understood("gomp", text.strip(), "GOMP_CPU_AFFINITY is not set", GOMP)
    cores = numbering.at_os(parse_cpu_order(listed, "GOMP_CPU_AFFINITY"), "gomp")
    return _threads([(core,) for core in cores], value.get("OMP_NUM_THREADS"), text, "gomp")
