"""The reader of MCTOP's `.mct` files: latencies between hardware contexts, to memory nodes and of caches, in cycles."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from facts.anomalies import AnomalyLog
from facts.reading import Argument, Fact, ReadError, Reading

MAX_CONTEXTS = 1024
MAX_NODES = 1024
MAX_CYCLES = 10**12

HEADER = re.compile(r"#(\S{1,200}) #HWCs (\d{1,6}) #Nodes (\d{1,6})(?: SMT (\d{1,3}))?[ \t]*(?:\r?\n|\Z)", re.ASCII)

_SECTION = re.compile(r"#([\w-]+)[ \t]+(\d{1,6})\s*\Z", re.ASCII)
_TRIPLE = re.compile(r"(\d{1,6})\s+(\d{1,6})\s+(\d{1,12}(?:\.\d{1,12})?)\s*\Z", re.ASCII)
_CACHE = re.compile(r"Cache_level\s+(\d)\s+Latency\s+(\d{1,9})\s", re.ASCII)
_GLUED = re.compile(r"(?<=[^\s#])#(?=[A-Z])")
_BYTES_PER_MIB = 1 << 20
_STRUCTURE = frozenset({"machine", "core", "pu", "numa_node"})

Row = tuple[str, tuple[Argument, ...]]


def read_mctop(text: str, *, name: str, where: str) -> Reading:
    """Return an MCTOP description; what is measured is of the layer `measured`, the contexts are `discovered`.

    A context's number is its OS index and the SKB's core id. A latency is the cost of one cache line's move; a round
    trip, `message_rtt`, is two of them. GB/s (10^9) of reading with all of a node's contexts (older files do not say
    that they read) become `numa_bandwidth` in MiB/s. Node latencies of 0 are not measured. Power is left out. Raises
    ReadError where the header is unusable.
    """
    file = _File(text, where)
    source = f"MCTOP: {where}"
    facts = tuple(
        Fact(relation, args, "discovered" if relation in _STRUCTURE else "measured", source)
        for relation, args in file.rows(name)
    )
    objects = {"NUMANode": file.nodes, "PU": file.contexts}
    return Reading(name, facts, None, "measured", source, objects, file.log.all())


class _File:
    """The sections of one file; the pairs of contexts come first, under the header."""

    def __init__(self, text: str, where: str) -> None:
        self.log = AnomalyLog()
        header = HEADER.match(text)
        if header is None or not 0 < int(header[2]) <= MAX_CONTEXTS or int(header[3]) > MAX_NODES:
            raise ReadError(
                "bad_header",
                f"{where} begins with {text[:60].splitlines()[0] if text else ''!r}; an MCTOP header such as "
                f"'#name #HWCs 96 #Nodes 4 SMT 1' with up to {MAX_CONTEXTS} contexts and nodes is accepted.",
                {"line": 1},
            )
        self.contexts, self.nodes = int(header[2]), int(header[3])
        self._triples: dict[str, dict[tuple[int, int], Decimal]] = {}
        self._caches: dict[int, int] = {}
        self._take_lines(text, where)
        if not self._triples.get("pairs"):
            raise ReadError(
                "empty", f"{where} holds no latency of a pair; lines such as '0 1 338' are accepted.", {"line": 2}
            )

    def rows(self, name: str) -> Iterator[Row]:
        """Yield the facts, grouped by relation."""
        yield "machine", (name,)
        yield from (("core", (core, "none")) for core in range(self.contexts))
        yield from (("pu", (core, core, "unknown")) for core in range(self.contexts))
        yield from (("numa_node", (node, node, "unknown")) for node in range(self.nodes))
        for (here, there), cycles in self._section("pairs", self.contexts, self.contexts):
            if here != there:
                both = 2 * round(cycles)
                yield "message_rtt", (here, there, both, 0, both, both)
        for (core, node), cycles in self._section("Mem_latencies", self.contexts, self.nodes):
            if cycles:
                yield "memory_latency", (core, node, round(cycles))
        title = "Mem_bw-READ" if "Mem_bw-READ" in self._triples else "Mem_bw"
        for (here, there), rate in self._section(title, self.nodes, self.nodes):
            yield "numa_bandwidth", (here, there, round(rate * 10**9 / _BYTES_PER_MIB))
        for level, latency in self._caches.items():
            if latency:
                yield "cache_latency", (f"l{level}", latency)

    def _section(self, title: str, rows: int, columns: int) -> Iterator[tuple[tuple[int, int], Decimal]]:
        """Yield the values of a section; pairs that are out of range or missing are noted."""
        values = self._triples.get(title, {})
        inside = {pair: value for pair, value in values.items() if pair[0] < rows and pair[1] < columns}
        if len(inside) < len(values):
            self.log.add("unknown_context", f"{len(values) - len(inside)} values name what the header has not", title)
        if values and len(inside) < rows * columns:
            self.log.add(
                "missing_pair", f"{rows * columns - len(inside)} of {rows * columns} pairs are not given", title
            )
        unmeasured = sum(not value for value in inside.values()) if title == "Mem_latencies" else 0
        if unmeasured:
            self.log.add("not_measured", f"{unmeasured} of {rows * columns} memory latencies are 0: unknown", title)
        yield from inside.items()

    def _take_lines(self, text: str, where: str) -> None:
        section = "pairs"
        for line, written in enumerate(text.splitlines()[1:], start=2):
            for piece, part in enumerate(_GLUED.split(written)):
                if piece:
                    self.log.add("missing_newline", "a section begins in the middle of a line", f"line {line}")
                section = self._take(section, f"#{part}" if piece else part, f"line {line}")

    def _take(self, section: str, text: str, where: str) -> str:
        """Take in one line; return the section that the next one belongs to."""
        heading = _SECTION.match(text)
        if heading is not None:
            return heading[1]
        cache, triple = _CACHE.match(text), _TRIPLE.match(text)
        if section == "Cache_levels" and cache is not None:
            self._caches[int(cache[1])] = int(cache[2])
        elif triple is not None and Decimal(triple[3]) <= MAX_CYCLES:
            self._note(section, (int(triple[1]), int(triple[2])), Decimal(triple[3]), where)
        elif text.strip() and not (section == "Power_measurements" and text.startswith("Power_")):
            self.log.add("unreadable_line", f"{text[:40].strip()!r} is no value of {section}; it is left out", where)
        return section

    def _note(self, section: str, pair: tuple[int, int], value: Decimal, where: str) -> None:
        values = self._triples.setdefault(section, {})
        if pair in values:
            self.log.add("duplicate", f"{pair[0]} to {pair[1]} is given again; the first value is kept", where)
        values.setdefault(pair, value)
