"""What is odd in a file of facts: repeats and contradictions, and the dirt that real Barrelfish files hold."""

from collections import Counter
from collections.abc import Callable, Iterator
from operator import itemgetter
from typing import NamedTuple, TypeAlias

from skb.notation.factlines import FactText
from skb.schema import key_of
from skb.terms import Compound, Row, Term

MAX_AUDITED = 100_000
"""Relations with more rows are taken as they are: such lists are made by programs."""

MEMORY_REGION_CODES = range(9)
MODULE_REGION = 5


class Oddity(NamedTuple):
    """Something that a file states and that cannot be meant; `at` is where in the text the fact begins."""

    code: str
    message: str
    at: int


class Stated(NamedTuple):
    """The rows of one relation with the place of each."""

    rows: list[Row]
    places: list[int]


Relations: TypeAlias = dict[tuple[str, int], Stated]


def audit(read: FactText) -> list[Oddity]:
    """Every oddity, in the order of the file. The facts are kept as they are stated.

    Takes about a microsecond a fact, of relations with over `MAX_AUDITED` rows none.
    """
    relations = _by_relation(read)
    found = [oddity for key, stated in relations.items() for oddity in _repeats(key, stated)]
    for (name, arity), check in _CHECKS.items():
        if (name, arity) in relations:
            found += check(relations[name, arity], relations)
    found += _unknown_cores(relations)
    return sorted(found, key=lambda oddity: oddity.at)


def _by_relation(read: FactText) -> Relations:
    sizes: Counter[tuple[str, int]] = Counter()
    for run in read.runs:
        sizes[run.name, run.arity] += len(run.rows)
    found: dict[tuple[str, int], list[tuple[int, Row]]] = {}
    for run in read.runs:
        if sizes[run.name, run.arity] <= MAX_AUDITED:
            found.setdefault((run.name, run.arity), []).extend(zip(read.starts(run), run.rows, strict=True))
    relations = {}
    for key, placed in found.items():
        placed.sort(key=itemgetter(0))
        relations[key] = Stated([row for _, row in placed], [at for at, _ in placed])
    return relations


def _repeats(relation: tuple[str, int], stated: Stated) -> Iterator[Oddity]:
    positions = key_of(*relation)
    first: dict[Row, Row] = {}
    for row, at in zip(*stated, strict=True):
        key = row if positions is None else tuple(row[position] for position in positions)
        before = first.setdefault(key, row)
        if before is row:
            continue
        if before == row:
            yield Oddity("duplicate_fact", f"{relation[0]}/{relation[1]} states the same fact a second time", at)
        else:
            yield Oddity("conflicting_facts", f"{relation[0]}/{relation[1]} has said otherwise of the same key", at)


def _rootbridges(stated: Stated, relations: Relations) -> Iterator[Oddity]:
    for row, at in zip(*stated, strict=True):
        window = _numbers(row[2], "mem", 2)
        if window is not None and window[0] > window[1]:
            yield Oddity("inverted_window", f"the memory window runs from {window[0]} down to {window[1]}", at)
    buses = [buses for row in stated.rows if (buses := _numbers(row[1], "childbus", 2)) is not None]
    for key in (("device", 8), ("device", 5), ("bridge", 8)):
        for row, at in zip(*relations.get(key, Stated([], [])), strict=True):
            address = _numbers(row[1], "addr", 3)
            if buses and address is not None and not any(low <= address[0] <= high for low, high in buses):
                yield Oddity("bus_outside_bridges", f"no root bridge of the file covers bus {address[0]}", at)


def _memory_regions(stated: Stated, relations: Relations) -> Iterator[Oddity]:
    named = {row[0] for row in relations.get(("mem_region_type", 2), Stated([], [])).rows}
    known = named or set(MEMORY_REGION_CODES)
    types: dict[Term, Term] = {}
    for (base, bits, size, kind, _), at in zip(*stated, strict=True):
        if kind not in known:
            yield Oddity("unknown_region_type", f"the type {kind} of a memory region is none of the known ones", at)
        yield from _size_oddities(bits, size, kind, at)
        if kind != MODULE_REGION and types.setdefault(base, kind) != kind:
            yield Oddity("region_of_two_types", f"the region at {base} is of type {types[base]} and of type {kind}", at)


def _size_oddities(bits: Term, size: Term, kind: Term, at: int) -> Iterator[Oddity]:
    """Bits are the size's binary logarithm; newer files always say 0 or 12 there."""
    if not isinstance(bits, int) or not isinstance(size, int) or bits in (0, 12) or size == 1 << min(max(bits, 0), 64):
        return
    if 32 <= bits <= 64 and size == (1 << bits) % (1 << 32):
        yield Oddity("size_overflow", f"a region of 2^{bits} bytes is said to have {size}; 32 bits are too few", at)
    else:
        yield Oddity("inconsistent_bits", f"a region of type {kind} has {bits} bits but {size} bytes", at)


def _caches(stated: Stated, _: Relations) -> Iterator[Oddity]:
    for row, at in zip(*stated, strict=True):
        if row[4] == 0:
            yield Oddity("zero_size_cache", f"the {row[0]} cache of core {row[1]} has 0 bytes: it has none", at)


def _links(stated: Stated, _: Relations) -> Iterator[Oddity]:
    links = set(stated.rows)
    for row, at in zip(*stated, strict=True):
        is_between_cpus = all(isinstance(end, str) and end.startswith("cpu") for end in row)
        if is_between_cpus and (row[1], row[0]) not in links:
            yield Oddity("one_way_link", f"the link from {row[0]} to {row[1]} has no way back", at)


def _old_devices(stated: Stated, relations: Relations) -> Iterator[Oddity]:
    beside = "beside device/8" if ("device", 8) in relations else "the older form of device/8"
    yield Oddity(
        "two_arities",
        f"device/5 is {beside}; its {len(stated.rows)} facts keep their class word whole",
        stated.places[0],
    )


def _unknown_cores(relations: Relations) -> Iterator[Oddity]:
    """Rows about cores that the file, which does name its cores, does not have."""
    naming = (("cpu", 2), ("corename", 3))
    cores = {row[0] for key in naming if key in relations for row in relations[key].rows}
    for key, column in _CORE_COLUMNS.items():
        for row, at in zip(*relations.get(key, Stated([], [])), strict=True):
            if cores and row[column] not in cores:
                yield Oddity("unknown_core", f"{key[0]}/{key[1]} is about core {row[column]}, which is not there", at)


def _numbers(term: Term, functor: str, count: int) -> tuple[int, ...] | None:
    """The integers of a compound such as `mem(Low, High)`, None for any other term."""
    if not isinstance(term, Compound) or term.functor != functor or len(term.args) != count:
        return None
    numbers = tuple(arg for arg in term.args if isinstance(arg, int))
    return numbers if len(numbers) == count else None


_CORE_COLUMNS = {("cache", 8): 1, ("tlb", 6): 0, ("maxstdcpuid", 2): 0, ("vendor", 2): 0}

_CHECKS: dict[tuple[str, int], Callable[[Stated, Relations], Iterator[Oddity]]] = {
    ("rootbridge", 3): _rootbridges,
    ("memory_region", 5): _memory_regions,
    ("cache", 8): _caches,
    ("ht_link", 2): _links,
    ("device", 5): _old_devices,
}
