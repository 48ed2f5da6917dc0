"""An application to be placed: groups of dispatchers, the traffic between them, constraints by name."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from planner.applications.constraints import ISOLATION, Constraint, read_constraint
from planner.applications.groups import DispatcherGroup, group_constraints, isolation_constraints, read_groups
from planner.applications.objective import Objective, read_current, read_objective
from planner.applications.traffic import Edge, read_traffic
from planner.key_lines import key_lines
from planner.toml_fields import Fields, read_toml

RUN_KEYS = ("workload", "threads", "manifest", "workload_options")
"""Keys for who runs the application; kept, not looked at."""

MOST_EDGES = 1_100_000
MOST_CONSTRAINTS = 200


@dataclass(frozen=True)
class Application:
    """What is to be placed. `edges` are (sender, receiver, bytes per second), dispatchers by name.

    Everybody has a hardware thread alone where a constraint of kind distinct names them; one of kind cpu lets CPU
    shares on one add up to 1 instead. `current` is where dispatchers run now, as far as that is told.
    """

    name: str
    groups: tuple[DispatcherGroup, ...]
    edges: tuple[Edge, ...] = ()
    constraints: tuple[Constraint, ...] = ()
    objective: Objective = field(default_factory=Objective)
    current: Mapping[str, int] = field(default_factory=dict)
    run: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def dispatchers(self) -> tuple[str, ...]:
        """`workers.0`, `workers.1`, ... in the order of the groups."""
        return tuple(name for group in self.groups for name in group.dispatchers)

    @cached_property
    def cpu_ppm(self) -> tuple[int, ...]:
        """Each dispatcher's share of a core in parts per million, in order."""
        return tuple(group.cpu_ppm for group in self.groups for _ in range(group.count))

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
        groups = read_groups(fields)
        everyone = tuple(one for group in groups for one in group.dispatchers)
        members: dict[str, tuple[str, ...]] = {group.name: group.dispatchers for group in groups}
        members |= {one: (one,) for one in everyone}
        objective, current = read_objective(fields), read_current(fields, members)
        if objective.migration and not current:
            raise fields.refuse("current", "is missing", "a table [current] of cores, which migration is counted from")
        found = cls(
            name=name,
            groups=groups,
            edges=_read_edges(fields, members),
            constraints=_read_constraints(fields, groups, members, everyone),
            objective=objective,
            current=current,
            run={key: fields.take(key) for key in RUN_KEYS if key in fields},
        )
        fields.close(RUN_KEYS)
        return found


def _read_edges(fields: Fields, members: Mapping[str, tuple[str, ...]]) -> tuple[Edge, ...]:
    edges: list[Edge] = []
    for table in fields.tables("traffic"):
        edges += read_traffic(table, members)
        if len(edges) > MOST_EDGES:
            raise fields.refuse("traffic", "holds too many edges", f"at most {MOST_EDGES} in all")
    return tuple(edges)


def _read_constraints(
    fields: Fields,
    groups: tuple[DispatcherGroup, ...],
    members: Mapping[str, tuple[str, ...]],
    everyone: tuple[str, ...],
) -> tuple[Constraint, ...]:
    """What the application and its groups demand by keys of their own, then the `[[constraint]]` tables."""
    demands = fields.tables("constraint")
    if len(demands) > MOST_CONSTRAINTS:
        raise fields.refuse("constraint", f"holds {len(demands)} tables", f"at most {MOST_CONSTRAINTS}")
    stated = [read_constraint(table, members, everyone) for table in demands]
    pinned = frozenset(one for constraint in stated if constraint.kind == "pin" for one in constraint.members)
    is_distinct, smt = fields.flag("distinct", True), fields.flag("smt", True)
    isolated = fields.choice("isolated", ISOLATION) if "isolated" in fields else None
    own = [Constraint("distinct", "distinct", everyone, key="distinct")]
    if not is_distinct:
        own = [Constraint("cpu", "cpu", everyone, key="distinct")]
    if not smt:
        own.append(Constraint("smt", "smt", everyone, key="smt"))
    own += [*group_constraints(groups), *isolation_constraints(groups, isolated, pinned)]
    return _named_apart(fields, [*own, *stated])


def _named_apart(fields: Fields, constraints: list[Constraint]) -> tuple[Constraint, ...]:
    """Names that were given must differ; those that default to the kind are numbered from the second on."""
    named: dict[str, Constraint] = {}
    for constraint in constraints:
        name, number = constraint.name, 2
        while name in named:
            if constraint.name != constraint.kind:
                raise fields.refuse("constraint", f"has the name {name!r} twice", "a name of its own for each")
            name, number = f"{constraint.kind} {number}", number + 1
        named[name] = replace(constraint, name=name, line=fields.line(constraint.key))
    return tuple(named.values())
