"""A machine's relations as typed values; read for Topology and for nobody else."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any, Protocol, cast

from planner.machine.barrelfish import barrelfish_cores
from planner.machine.latency import NOMINAL_CLOCK_HZ, Certainty, Pair, PairLatency, certainty_of, half_round_trip_ps
from planner.machine.parts import Cache, Core

Row = tuple[Any, ...]

LAYER_RANK = {"static": 0, "discovered": 1, "measured": 2, "quirk": 3}


class Snapshot(Protocol):
    """What the planner needs of a machine's knowledge: winners by relation, and each one's origin."""

    @property
    def machine(self) -> str: ...
    @property
    def revision(self) -> int: ...
    def rows(self, name: str, arity: int) -> tuple[Row, ...]: ...
    def source_of(self, relation: str, args: Row) -> tuple[str, str]: ...


def snapshot_of(knowledge: Any) -> Snapshot:
    """The current snapshot of a knowledge base, or the snapshot itself."""
    take = getattr(knowledge, "snapshot", None)
    found: Snapshot = take() if callable(take) else knowledge
    return found


def integer(value: Any) -> int | None:
    """The integer, or None for an atom such as `unknown` or `none`."""
    return value if isinstance(value, int) else None


def text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def column(snapshot: Snapshot, name: str, arity: int, take: Callable[[Row], Any]) -> dict[int, Any]:
    """`take(row)` by the row's first argument, a core."""
    return {row[0]: take(row) for row in snapshot.rows(name, arity) if isinstance(row[0], int)}


def said(snapshot: Snapshot, name: str, arity: int) -> Iterable[tuple[str, str, Sequence[Row]]]:
    """Layer, source and rows, one after another or in bulk where the snapshot can."""
    in_bulk = getattr(snapshot, "said", None)
    if callable(in_bulk):
        return cast(Iterable[tuple[str, str, Sequence[Row]]], in_bulk(name, arity))
    return [(*snapshot.source_of(name, row), (row,)) for row in snapshot.rows(name, arity)]


def read_core_ids(snapshot: Snapshot) -> list[int]:
    for name, arity, ends in (
        ("core", 2, 1),
        ("pu", 3, 1),
        ("message_latency_ps", 6, 2),
        ("message_rtt", 6, 2),
    ):
        ids = {value for row in snapshot.rows(name, arity) for value in row[:ends] if isinstance(value, int)}
        if ids:
            return sorted(ids)
    return []


def read_cores(snapshot: Snapshot) -> tuple[Core, ...]:
    """The cores of the SKB's own relations; of Barrelfish's where those name none."""
    package = column(snapshot, "core", 2, lambda row: integer(row[1]))
    pu = column(snapshot, "pu", 3, lambda row: (integer(row[1]), integer(row[2])))
    physical = column(snapshot, "physical_core", 2, lambda row: integer(row[1]))
    node = column(snapshot, "core_node", 2, lambda row: integer(row[1]))
    die = column(snapshot, "die", 2, lambda row: integer(row[1]))
    clock_hz = column(snapshot, "clock_hz", 2, lambda row: integer(row[1]))
    isa = column(snapshot, "isa", 2, lambda row: text(row[1]))
    kind = column(snapshot, "core_kind", 2, lambda row: integer(row[1]))
    disallowed, isolated, tickless = (
        {row[0] for row in snapshot.rows(name, 1)} for name in ("disallowed", "isolated", "tickless")
    )
    features = read_features(snapshot)
    return tuple(
        Core(
            id=core_id,
            os_index=pu.get(core_id, (None, None))[0],
            hw_id=pu.get(core_id, (None, None))[1],
            package=package.get(core_id),
            physical_core=physical.get(core_id),
            node=node.get(core_id),
            die=die.get(core_id),
            clock_hz=clock_hz.get(core_id),
            isa=isa.get(core_id),
            kind=kind.get(core_id),
            allowed=core_id not in disallowed,
            isolated=core_id in isolated,
            tickless=core_id in tickless,
            features=features.get(core_id, frozenset()) if features else None,
        )
        for core_id in read_core_ids(snapshot)
    ) or barrelfish_cores(snapshot.rows)


def read_features(snapshot: Snapshot) -> dict[Any, frozenset[str]]:
    """The features of each core that has any; a machine that states some states all of them."""
    found: dict[Any, set[str]] = {}
    for core, feature in snapshot.rows("cpu_feature", 2):
        found.setdefault(core, set()).add(str(feature))
    same: dict[frozenset[str], frozenset[str]] = {}
    return {core: same.setdefault(frozenset(own), frozenset(own)) for core, own in found.items()}


def read_caches(snapshot: Snapshot) -> tuple[Cache, ...]:
    members: dict[tuple[Any, ...], list[int]] = {}
    for cache_id, core, level, kind, size_bytes, line_bytes in snapshot.rows("cache", 6):
        if isinstance(core, int) and isinstance(level, int):
            members.setdefault((cache_id, level, str(kind), size_bytes, line_bytes), []).append(core)
    return tuple(
        Cache(cache_id, level, kind, integer(size_bytes), integer(line_bytes), tuple(sorted(cores)))
        for (cache_id, level, kind, size_bytes, line_bytes), cores in sorted(
            members.items(), key=lambda item: item[0][0]
        )
    )


def read_latencies(snapshot: Snapshot, clock_hz: Mapping[int, int | None]) -> dict[Pair, PairLatency]:
    """The winning fact of each ordered pair: of the higher layer, and one-way before round trip."""
    statements = [
        (LAYER_RANK.get(layer, 0), order, name, certainty_of(layer, source), rows)
        for order, name in enumerate(("message_rtt", "message_latency_ps"))
        for layer, source, rows in said(snapshot, name, 6)
    ]
    found: dict[Pair, PairLatency] = {}
    for _, _, name, certainty, rows in sorted(statements, key=itemgetter(0, 1)):
        convert = _PairConverter(name, certainty)
        found.update({row[:2]: convert(row[2], clock_hz.get(row[0])) for row in rows})
    return found


class _PairConverter:
    """Makes one value for equal facts, since large machines repeat a few latencies."""

    def __init__(self, relation: str, certainty: Certainty) -> None:
        self._is_one_way = relation == "message_latency_ps"
        self._certainty = certainty
        self._known: dict[tuple[int, int | None], PairLatency] = {}

    def __call__(self, value: int, clock_hz: int | None) -> PairLatency:
        key = (value, clock_hz)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._convert(value, clock_hz)
        return found

    def _convert(self, value: int, clock_hz: int | None) -> PairLatency:
        if self._is_one_way:
            return PairLatency(value, self._certainty)
        if clock_hz is None:
            return PairLatency(half_round_trip_ps(value, NOMINAL_CLOCK_HZ), "estimated")
        return PairLatency(half_round_trip_ps(value, clock_hz), self._certainty)
