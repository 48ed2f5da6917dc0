"""Groups of dispatchers: what each member needs of its core, and the constraints that follow from the group's keys."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from planner.applications.constraints import ISOLATION, Constraint, read_core_kinds
from planner.toml_fields import Fields

MOST_DISPATCHERS = 1024


@dataclass(frozen=True, slots=True)
class DispatcherGroup:
    """Dispatchers of one kind; each has the share `cpu` of a core and needs `memory_bytes` (0: none).

    Empty fields ask for nothing; `isolated` is empty where the application's own key decides.
    """

    name: str
    count: int
    cpu: float = 1.0
    memory_bytes: int = 0
    isa: str = ""
    features: tuple[str, ...] = ()
    core_kinds: tuple[str, ...] = ()
    isolated: str = ""
    key: str = ""

    @property
    def dispatchers(self) -> tuple[str, ...]:
        return tuple(f"{self.name}.{index}" for index in range(self.count))

    @property
    def cpu_ppm(self) -> int:
        return max(1, round(self.cpu * 1_000_000))


def read_groups(fields: Fields) -> tuple[DispatcherGroup, ...]:
    """The `[[group]]` tables. Raises PlanError for none, for equal names and for too many dispatchers."""
    groups = tuple(_read_group(table) for table in fields.tables("group"))
    names = [group.name for group in groups]
    if not groups:
        raise fields.refuse("group", "is missing", "[[group]] tables with name and count")
    if len(set(names)) < len(names):
        raise fields.refuse("group", f"has the names {names}", "a name of its own for each group")
    total = sum(group.count for group in groups)
    if total > MOST_DISPATCHERS:
        raise fields.refuse("group", f"holds {total} dispatchers", f"at most {MOST_DISPATCHERS} in all")
    return groups


def _read_group(fields: Fields) -> DispatcherGroup:
    group = DispatcherGroup(
        name=fields.text("name"),
        count=fields.count("count", 1, most=MOST_DISPATCHERS),
        cpu=fields.number("cpu", 1.0),
        memory_bytes=fields.size_bytes("memory") or 0,
        isa=fields.text("isa") if "isa" in fields else "",
        features=fields.names("features") if "features" in fields else (),
        core_kinds=read_core_kinds(fields) if "core_kind" in fields else (),
        isolated=fields.choice("isolated", ISOLATION) if "isolated" in fields else "",
        key=fields.key,
    )
    if not 0 < group.cpu <= 1:
        raise fields.refuse("cpu", f"is {group.cpu}", "a share of one core, above 0 and at most 1")
    if "." in group.name:
        raise fields.refuse("name", f"is {group.name!r}", "a name without a dot")
    fields.close()
    return group


def group_constraints(groups: Sequence[DispatcherGroup]) -> Iterator[Constraint]:
    """What the groups' own keys demand of each member's core, isolation aside."""
    for group in groups:
        who, of, key = group.dispatchers, f"of {group.name}", group.key
        if group.isa:
            yield Constraint(f"isa {of}", "isa", who, isa=group.isa, key=f"{key}.isa")
        if group.features:
            yield Constraint(f"features {of}", "features", who, words=group.features, key=f"{key}.features")
        if group.core_kinds:
            yield Constraint(f"core kind {of}", "core_kind", who, words=group.core_kinds, key=f"{key}.core_kind")
        if group.memory_bytes:
            yield Constraint(f"memory {of}", "memory", who, size_bytes=group.memory_bytes, key=f"{key}.memory")


def isolation_constraints(
    groups: Sequence[DispatcherGroup], default: str | None, pinned: frozenset[str]
) -> Iterator[Constraint]:
    """Isolated CPUs are left alone unless someone asks for them; who is pinned goes where it is pinned.

    `default` is the application's own key, None where it says nothing.
    """
    everyone: list[str] = []
    for group in groups:
        if not group.isolated:
            everyone += [one for one in group.dispatchers if default is not None or one not in pinned]
        elif group.isolated != "allow":
            name = f"isolated of {group.name}"
            yield Constraint(name, "isolated", group.dispatchers, words=(group.isolated,), key=f"{group.key}.isolated")
    if everyone and default != "allow":
        yield Constraint("isolated", "isolated", tuple(everyone), words=(default or "avoid",), key="isolated")
