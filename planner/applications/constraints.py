"""What a placement must respect, by name: which dispatchers, and what about their cores."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from planner.cpu_list import ACCEPTED, parse_cpu_list
from planner.toml_fields import Fields

LEVELS = ("core", "L1", "L2", "L3", "L4", "die", "node", "package")
KINDS = (
    "distinct",
    "share",
    "not_share",
    "smt",
    "pin",
    "forbid",
    "separate",
    "isa",
    "package",
    "node",
    "memory",
)


@dataclass(frozen=True, slots=True)
class Constraint:
    """One named demand on the cores of `members` (dispatcher names).

    distinct: different hardware threads. share / not_share: all in one, no two in one object of `level`.
    smt: no two on one physical core. pin: only on `numbers` (cores); forbid: not on them. separate: nobody
    of `members` in one object of `level` with anybody of `others`. isa: cores of `isa`. package, node: only
    in `numbers` of them. memory: `size_bytes` for each member on the core's NUMA node, as far as the node's
    size is known. Fields that a kind does not use are empty.
    """

    name: str
    kind: str
    members: tuple[str, ...]
    others: tuple[str, ...] = ()
    level: str = ""
    numbers: tuple[int, ...] = ()
    isa: str = ""
    size_bytes: int = 0


def read_constraint(fields: Fields, members: Mapping[str, Sequence[str]], everyone: Sequence[str]) -> Constraint:
    """One `[[constraint]]` table. `members` defaults to everybody; without a name it has its kind's."""
    kind = fields.choice("kind", KINDS)
    name = fields.text("name", kind)
    chosen = _resolve(fields, "members", members) if "members" in fields else tuple(everyone)
    details = _read_details(fields, kind, members)
    fields.close()
    return Constraint(name=name, kind=kind, members=chosen, **details)


def _read_details(fields: Fields, kind: str, members: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    if kind in ("share", "not_share"):
        return {"level": fields.choice("level", LEVELS)}
    if kind == "separate":
        return {"others": _resolve(fields, "from", members), "level": fields.choice("level", LEVELS, "core")}
    if kind in ("pin", "forbid"):
        return {"numbers": _numbers(fields, "cores")}
    if kind in ("package", "node"):
        return {"numbers": _numbers(fields, kind)}
    if kind == "isa":
        return {"isa": fields.text("isa")}
    if kind == "memory":
        size_bytes = fields.size_bytes("memory")
        if size_bytes is None:
            raise fields.refuse("memory", "is missing", 'a size such as "2 GiB" for each member')
        return {"size_bytes": size_bytes}
    if kind == "smt" and fields.flag("smt", False):
        raise fields.refuse("smt", "is true", "false, or no such constraint: siblings are allowed without it")
    return {}


def _resolve(fields: Fields, key: str, members: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    found: list[str] = []
    for name in fields.names(key):
        if name not in members:
            raise fields.refuse(key, f"names {name!r}, which is neither group nor dispatcher", ", ".join(members))
        found.extend(members[name])
    return tuple(dict.fromkeys(found))


def _numbers(fields: Fields, key: str) -> tuple[int, ...]:
    value = fields.take(key)
    if isinstance(value, bool):
        value = None
    if isinstance(value, int) and value >= 0:
        return (value,)
    if isinstance(value, str):
        return parse_cpu_list(value, where=f"key {key}")
    if isinstance(value, list) and value and all(isinstance(one, int) and one >= 0 for one in value):
        return tuple(sorted(set(value)))
    raise fields.refuse(key, "is missing" if value is None else f"is {value!r}", f"a number, a list or {ACCEPTED}")
