"""What a scenario file lets happen during its run: cores that stop or are taken back, joins, agreements."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from experiments.files.fields import Fields, shown
from kernelsim.capabilities.kinds import FROM_RAW, TRAVELLING
from kernelsim.scenario import OPERATIONS, ORDERS

LATEST_MS = 1e9
TREES = ("unicast", "multicast")
MOST_HAPPENINGS = 10_000

Tree = str | Mapping[int, tuple[int, ...]]
"""How news travels: a name of `TREES`, or each core's children, by SKB ids."""


@dataclass(frozen=True, slots=True)
class PhaseChangeFile:
    """`application`, or one of its groups, asks for `phase` at `at_ms`."""

    application: str
    phase: int
    at_ms: float
    tree: Tree
    order: str


@dataclass(frozen=True, slots=True)
class JoinFile:
    """`dispatcher` of `application` joins `group` at `at_ms`."""

    application: str
    dispatcher: int
    group: str
    at_ms: float


@dataclass(frozen=True, slots=True)
class DeallocationFile:
    """The system asks `application` for the core of `dispatcher` at `at_ms`, to be left `grace_ms` later."""

    application: str
    dispatcher: int
    at_ms: float
    grace_ms: float


@dataclass(frozen=True, slots=True)
class OperationFile:
    """An agreement of the cores of `application`; `subject` of a join, leave or send is a core's SKB id. `work_us` None
    means: the machine's.
    """

    kind: str
    application: str
    subject: int
    to: str
    at_ms: float
    tree: Tree
    order: str
    work_us: float | None


@dataclass(frozen=True, slots=True)
class HappeningsFile:
    """All of them; `stops_ms` is when a core fails, by SKB id."""

    stops_ms: Mapping[int, float]
    phase_changes: tuple[PhaseChangeFile, ...]
    joins: tuple[JoinFile, ...]
    deallocations: tuple[DeallocationFile, ...]
    operations: tuple[OperationFile, ...]


def read_happenings(fields: Fields, sizes: Mapping[str, int], groups: Mapping[str, Sequence[str]]) -> HappeningsFile:
    """`sizes` are the dispatchers of each application at most, `groups` the names of its groups.

    Raises ExperimentError naming file, line and key.
    """
    phased = [key for name in sizes for key in ([f"{name}/{group}" for group in groups.get(name, ())] or [name])]
    grouped = [name for name in sizes if groups.get(name)]
    return HappeningsFile(
        stops_ms=_read_stops(fields),
        phase_changes=tuple(_read_phase_change(table, phased) for table in _tables(fields, "phase_changes")),
        joins=tuple(_read_join(table, grouped, sizes, groups) for table in _tables(fields, "joins")),
        deallocations=tuple(_read_deallocation(table, sizes) for table in _tables(fields, "deallocations")),
        operations=tuple(_read_operation(table, tuple(sizes)) for table in _tables(fields, "operations")),
    )


def _tables(fields: Fields, key: str) -> list[Fields]:
    tables = fields.tables(key)
    if len(tables) > MOST_HAPPENINGS:
        raise fields.refuse(key, f"found {len(tables)} tables", f"at most {MOST_HAPPENINGS}")
    return tables


def _read_stops(fields: Fields) -> dict[int, float]:
    """`{ core = milliseconds }`."""
    part, found = fields.part("stops_ms"), {}
    for key, after_ms in part.table.items():
        if not str(key).isascii() or not str(key).isdigit() or len(str(key)) > 9:
            raise part.refuse(str(key), "found this key", "the number of a core")
        found[int(key)] = part.check_number(str(key), after_ms, LATEST_MS)
    return found


def _at_ms(fields: Fields) -> float:
    return fields.number("at_ms", 0.0, most=LATEST_MS)


def _read_phase_change(fields: Fields, names: Sequence[str]) -> PhaseChangeFile:
    found = PhaseChangeFile(
        application=fields.choice("application", names),
        phase=fields.count("phase", most=7),
        at_ms=_at_ms(fields),
        tree=_read_tree(fields),
        order=fields.choice("order", ORDERS, "forward first"),
    )
    fields.close()
    return found


def _read_join(
    fields: Fields, names: Sequence[str], sizes: Mapping[str, int], groups: Mapping[str, Sequence[str]]
) -> JoinFile:
    if not names:
        raise fields.refuse("application", "found a join", "one of an application with groups; there is none")
    name = fields.choice("application", names)
    found = JoinFile(
        application=name,
        dispatcher=fields.count("dispatcher", most=sizes[name] - 1),
        group=fields.choice("group", tuple(groups[name])),
        at_ms=_at_ms(fields),
    )
    fields.close()
    return found


def _read_deallocation(fields: Fields, sizes: Mapping[str, int]) -> DeallocationFile:
    name = fields.choice("application", tuple(sizes))
    found = DeallocationFile(
        application=name,
        dispatcher=fields.count("dispatcher", most=sizes[name] - 1),
        at_ms=_at_ms(fields),
        grace_ms=fields.number("grace_ms", 0.0, most=LATEST_MS),
    )
    fields.close()
    return found


def _read_operation(fields: Fields, names: Sequence[str]) -> OperationFile:
    kind = fields.choice("kind", OPERATIONS)
    found = OperationFile(
        kind=kind,
        application=fields.choice("application", names),
        subject=fields.count("subject", 0, most=2**31),
        to=_read_type(fields, kind),
        at_ms=_at_ms(fields),
        tree=_read_tree(fields),
        order=fields.choice("order", ORDERS, "work first"),
        work_us=fields.number("work_us", most=1e9) if "work_us" in fields else None,
    )
    fields.close()
    return found


def _read_type(fields: Fields, kind: str) -> str:
    """The type of the capability that a retype makes, or that is sent."""
    accepted = {"retype": FROM_RAW, "send": TRAVELLING}.get(kind)
    if accepted is None:
        return "frame"
    return fields.choice("to", tuple(sorted(accepted)), "frame" if "frame" in accepted else None)


def _read_tree(fields: Fields) -> Tree:
    value: Any = fields.take("tree", "unicast")
    accepted = f"{' or '.join(TREES)}, or a table from core to the list of its children"
    if isinstance(value, str) and value in TREES:
        return value
    if not isinstance(value, Mapping):
        raise fields.refuse("tree", f"found {shown(value)}", accepted)
    try:
        return {int(core): tuple(int(child) for child in children) for core, children in value.items()}
    except (TypeError, ValueError) as error:
        raise fields.refuse("tree", f"found {shown(dict(value))}", accepted) from error
