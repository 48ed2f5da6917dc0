"""An application to be placed: groups of dispatchers, the traffic between them, constraints by name."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from planner.applications.constraints import Constraint, read_constraint
from planner.applications.traffic import Edge, read_traffic
from planner.key_lines import key_lines
from planner.toml_fields import Fields, read_toml

OBJECTIVES = ("communication",)
RUN_KEYS = ("workload", "threads", "manifest", "workload_options")
"""Keys for who runs the application; kept, not looked at."""

MOST_DISPATCHERS = 1024
MOST_EDGES = 1_100_000
MOST_CONSTRAINTS = 200


@dataclass(frozen=True, slots=True)
class DispatcherGroup:
    """Dispatchers of one kind; each has the share `cpu` of a core and needs `memory_bytes` (0: none)."""

    name: str
    count: int
    cpu: float = 1.0
    memory_bytes: int = 0
    isa: str = ""

    @property
    def dispatchers(self) -> tuple[str, ...]:
        return tuple(f"{self.name}.{index}" for index in range(self.count))


@dataclass(frozen=True)
class Application:
    """What is to be placed. `edges` are (sender, receiver, bytes per second), dispatchers by name."""

    name: str
    groups: tuple[DispatcherGroup, ...]
    edges: tuple[Edge, ...] = ()
    constraints: tuple[Constraint, ...] = ()
    objective: str = "communication"
    run: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def dispatchers(self) -> tuple[str, ...]:
        """`workers.0`, `workers.1`, ... in the order of the groups."""
        return tuple(name for group in self.groups for name in group.dispatchers)

    @property
    def traffic(self) -> tuple[Edge, ...]:
        return self.edges

    @classmethod
    def from_toml(cls, text: str, where: str = "application") -> "Application":
        """Read APP.toml. Raises PlanError with line or key, what was found, what would be accepted."""
        return cls._read(Fields(read_toml(text, where), where, "", key_lines(text)))

    @classmethod
    def from_mapping(cls, document: Mapping[str, Any], where: str = "application") -> "Application":
        """Read the same keys from a mapping, such as the body of an HTTP request."""
        return cls._read(Fields(document, where, "", {}))

    @classmethod
    def _read(cls, fields: Fields) -> "Application":
        name = fields.text("name", "application")
        objective = fields.choice("objective", OBJECTIVES, "communication")
        groups = _read_groups(fields)
        everyone = tuple(one for group in groups for one in group.dispatchers)
        members: dict[str, tuple[str, ...]] = {group.name: group.dispatchers for group in groups}
        members |= {one: (one,) for one in everyone}
        edges: list[Edge] = []
        for table in fields.tables("traffic"):
            edges += read_traffic(table, members)
            if len(edges) > MOST_EDGES:
                raise fields.refuse("traffic", "holds too many edges", f"at most {MOST_EDGES} in all")
        demands = fields.tables("constraint")
        if len(demands) > MOST_CONSTRAINTS:
            raise fields.refuse("constraint", f"holds {len(demands)} tables", f"at most {MOST_CONSTRAINTS}")
        constraints = _own_constraints(groups, everyone, fields.flag("smt", True))
        constraints += [read_constraint(table, members, everyone) for table in demands]
        constraints = _named_apart(fields, constraints)
        run = {key: fields.take(key) for key in RUN_KEYS if key in fields}
        fields.close(RUN_KEYS)
        return cls(name, groups, tuple(edges), tuple(constraints), objective, run)


def _read_groups(fields: Fields) -> tuple[DispatcherGroup, ...]:
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
    )
    if not 0 < group.cpu <= 1:
        raise fields.refuse("cpu", f"is {group.cpu}", "a share of one core, above 0 and at most 1")
    if "." in group.name:
        raise fields.refuse("name", f"is {group.name!r}", "a name without a dot")
    fields.close()
    return group


def _own_constraints(groups: tuple[DispatcherGroup, ...], everyone: tuple[str, ...], smt: bool) -> list[Constraint]:
    """What the groups' own keys demand; distinct cores always."""
    found = [Constraint("distinct", "distinct", everyone)]
    if not smt:
        found.append(Constraint("smt", "smt", everyone))
    for group in groups:
        if group.isa:
            found.append(Constraint(f"isa of {group.name}", "isa", group.dispatchers, isa=group.isa))
        if group.memory_bytes:
            found.append(
                Constraint(f"memory of {group.name}", "memory", group.dispatchers, size_bytes=group.memory_bytes)
            )
    return found


def _named_apart(fields: Fields, constraints: list[Constraint]) -> list[Constraint]:
    """Names that were given must differ; those that default to the kind are numbered from the second on."""
    named: dict[str, Constraint] = {}
    for constraint in constraints:
        name, number = constraint.name, 2
        while name in named:
            if constraint.name != constraint.kind:
                raise fields.refuse("constraint", f"has the name {name!r} twice", "a name of its own for each")
            name, number = f"{constraint.kind} {number}", number + 1
        named[name] = replace(constraint, name=name)
    return list(named.values())
