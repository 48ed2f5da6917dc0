"""What a placement is to minimise: communication, the largest load, moves from where things run now, or a mix."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from planner.cpu_list import parse_cpu_order
from planner.toml_fields import Fields

OBJECTIVES = ("communication", "load", "migration", "mix")


@dataclass(frozen=True, slots=True)
class Objective:
    """A weighted sum: byte ns/s of communication, the largest share of any core, dispatchers that move."""

    communication: float = 1.0
    load: float = 0.0
    migration: float = 0.0

    @property
    def name(self) -> str:
        """The one term that counts, or `mix`."""
        named = {"communication": self.communication, "load": self.load, "migration": self.migration}
        used = [name for name, weight in named.items() if weight]
        return used[0] if len(used) == 1 and named[used[0]] == 1.0 else "mix"

    @property
    def unit(self) -> str:
        units = {"communication": "byte ns/s", "load": "share of a core", "migration": "moved dispatchers"}
        return units.get(self.name, "weighted sum")


def read_objective(fields: Fields) -> Objective:
    """`objective`, and `[weights]` where it is a mix."""
    name = fields.choice("objective", OBJECTIVES, "mix" if "weights" in fields else "communication")
    if name != "mix":
        if "weights" in fields:
            raise fields.refuse("weights", f"stands beside objective {name!r}", 'weights with objective "mix" alone')
        return Objective(**{one: float(one == name) for one in ("communication", "load", "migration")})
    table = fields.table("weights")
    objective = Objective(*(table.number(one, 0.0) for one in ("communication", "load", "migration")))
    if not objective.communication + objective.load + objective.migration:
        raise fields.refuse("weights", "has no weight above 0", "communication, load and migration, each from 0 on")
    table.close()
    return objective


def read_current(fields: Fields, members: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """`[current]`: the core of a dispatcher, or the cores of a group's members in order."""
    if "current" not in fields:
        return {}
    found: dict[str, int] = {}
    table = fields.table("current")
    for name in table:
        if name not in members:
            known = ", ".join(members)
            raise table.refuse(
                name, "is neither group nor dispatcher", known if len(known) < 400 else known[:397] + "..."
            )
        cores = _cores(table, name)
        if len(cores) != len(members[name]):
            raise table.refuse(name, f"names {len(cores)} cores", f"{len(members[name])}, one for each member")
        found.update(zip(members[name], cores, strict=True))
    return found


def _cores(table: Fields, name: str) -> tuple[int, ...]:
    value = table.take(name)
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return (value,)
    if isinstance(value, str):
        return parse_cpu_order(value, where=f"key current.{name}")
    if isinstance(value, list) and all(
        isinstance(one, int) and not isinstance(one, bool) and one >= 0 for one in value
    ):
        return tuple(value)
    raise table.refuse(name, f"is {value!r}"[:80], "a core, a list of cores in the members' order, or text such as 0-7")
