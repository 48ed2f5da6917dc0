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
    "near",
    "isa",
    "features",
    "core_kind",
    "package",
    "node",
    "memory",
    "gang",
    "isolated",
    "tickless",
)
ISOLATION = ("avoid", "only", "allow")
LOCAL_DISTANCE = 10
FASTEST, SLOWEST = "fastest", "slowest"


@dataclass(frozen=True, slots=True)
class Constraint:
    """One named demand on the cores of `members` (dispatcher names).

    distinct: different hardware threads. cpu: their shares add up to at most one core. share / not_share: all in one,
    no two in one object of `level`; with `each`, every so many members in order share one. smt: no two on one physical
    core. pin: only on `numbers` (cores); forbid: not on them. separate: nobody of `members` in one object of `level`
    with anybody of `others`. near: within `within` (SLIT distance) or `hops` (package hops, where not negative) of
    `device`. isa: cores of `isa`. features: cores that have all of `words`. core_kind: cores of the kinds in `words`.
    package, node: only in `numbers` of them. memory: `size_bytes` for each member on the core's NUMA node, as far as
    the node's size is known. gang: different hardware threads, and at most nine tenths of a core for all gangs
    together. isolated: away from isolated CPUs (`words` is avoid) or on them (only). tickless: on CPUs without the
    kernel's tick. Fields that a kind does not use are empty. `key` is where the demand was read, with its line where
    that was text.
    """

    name: str
    kind: str
    members: tuple[str, ...]
    others: tuple[str, ...] = ()
    level: str = ""
    numbers: tuple[int, ...] = ()
    isa: str = ""
    size_bytes: int = 0
    words: tuple[str, ...] = ()
    device: str = ""
    within: int = LOCAL_DISTANCE
    hops: int = -1
    each: int = 0
    key: str = ""
    line: int | None = None

    @property
    def teams(self) -> tuple[tuple[str, ...], ...]:
        """Who shares with whom: everybody, or so many members in order at a time."""
        size = self.each or len(self.members)
        return tuple(self.members[start : start + size] for start in range(0, len(self.members), size))


def read_constraint(fields: Fields, members: Mapping[str, Sequence[str]], everyone: Sequence[str]) -> Constraint:
    """One `[[constraint]]` table. `members` defaults to everybody; without a name it has its kind's."""
    kind = fields.choice("kind", KINDS)
    name = fields.text("name", kind)
    chosen = _resolve(fields, "members", members) if "members" in fields else tuple(everyone)
    details = _read_details(fields, kind, members)
    fields.close()
    return Constraint(name=name, kind=kind, members=chosen, key=fields.key, **details)


def _read_details(fields: Fields, kind: str, members: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    if kind == "share":
        each = fields.count("each", most=1024) if "each" in fields else 0
        return {"level": fields.choice("level", LEVELS), "each": each}
    if kind == "not_share":
        return {"level": fields.choice("level", LEVELS)}
    if kind == "separate":
        return {"others": _resolve(fields, "from", members), "level": fields.choice("level", LEVELS, "core")}
    if kind in ("pin", "forbid"):
        return {"numbers": _numbers(fields, "cores")}
    if kind in ("package", "node"):
        return {"numbers": _numbers(fields, kind)}
    if kind == "near":
        return _read_near(fields)
    if kind == "isa":
        return {"isa": fields.text("isa")}
    if kind == "features":
        return {"words": fields.names("features")}
    if kind == "core_kind":
        return {"words": read_core_kinds(fields)}
    if kind == "isolated":
        return {"words": (fields.choice("isolated", ISOLATION[:2], "only"),)}
    if kind == "memory":
        size_bytes = fields.size_bytes("memory")
        if size_bytes is None:
            raise fields.refuse("memory", "is missing", 'a size such as "2 GiB" for each member')
        return {"size_bytes": size_bytes}
    if kind == "smt" and fields.flag("smt", False):
        raise fields.refuse("smt", "is true", "false, or no such constraint: siblings are allowed without it")
    return {}


def _read_near(fields: Fields) -> dict[str, Any]:
    """`device` with `within` (10: its own nodes) or `hops` (0: its own packages)."""
    if "hops" in fields and "within" in fields:
        raise fields.refuse("hops", "stands beside within", "one of them")
    hops = fields.count("hops", least=0, most=1024) if "hops" in fields else -1
    return {
        "device": fields.text("device"),
        "within": fields.count("within", LOCAL_DISTANCE, least=LOCAL_DISTANCE, most=255),
        "hops": hops,
    }


def read_core_kinds(fields: Fields) -> tuple[str, ...]:
    """`core_kind`: ranks as the machine states them, or `fastest` or `slowest`; as texts."""
    value = fields.take("core_kind")
    given = value if isinstance(value, list) else [value]
    if given and all(
        one in (FASTEST, SLOWEST) or (isinstance(one, int) and not isinstance(one, bool) and one >= 0) for one in given
    ):
        return tuple(dict.fromkeys(str(one) for one in given))
    raise fields.refuse(
        "core_kind", f"is {value!r}"[:80], f'a rank from 0 on, "{FASTEST}", "{SLOWEST}" or a list of these'
    )


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
