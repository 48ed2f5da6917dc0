"""The best placement by trying every map: what the solver's answer is held against where there are few."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import permutations, product
from math import perm
from typing import Any

from planner.applications.application import Application
from planner.errors import PlanError
from planner.machine.topology import Topology
from planner.verify.errors import ViolationError
from planner.verify.placement import check_rules, terms_of, value_of

MOST_MAPS = 200_000
SHOWN = 100


@dataclass(frozen=True, slots=True)
class Tried:
    """`best` holds the maps of least value, each the cores of the dispatchers in order; none where no map is kept."""

    maps: int
    kept: int
    cost: float | None
    best: tuple[tuple[int, ...], ...]

    def to_json(self) -> dict[str, Any]:
        best = [list(cores) for cores in self.best[:SHOWN]]
        return {"maps": self.maps, "kept": self.kept, "cost": self.cost, "equals": len(self.best), "best": best}


def try_every_map(app: Application, machine: Topology, most: int = MOST_MAPS) -> Tried:
    """Raises PlanError (code "too_many_maps") where there are more than `most`."""
    cores, count = machine.allowed_ids, len(app.dispatchers)
    is_distinct = any(one.kind == "distinct" and len(one.members) == count for one in app.constraints)
    maps = perm(len(cores), count) if is_distinct else len(cores) ** count
    if maps > most:
        raise PlanError(
            f"{count} dispatchers on {len(cores)} cores have {maps:.3g} maps; at most {most} are tried",
            code="too_many_maps",
            details={"found": str(maps), "accepted": most},
        )
    every: Iterator[tuple[int, ...]] = permutations(cores, count) if is_distinct else product(cores, repeat=count)
    kept, cost = 0, None
    best: list[tuple[int, ...]] = []
    for chosen in every:
        here = dict(zip(app.dispatchers, chosen, strict=True))
        try:
            check_rules(app, machine, here)
        except ViolationError:
            continue
        kept += 1
        value = value_of(app, terms_of(app, machine, here))
        if cost is None or value < cost * (1 - 1e-12):
            cost, best = value, [chosen]
        elif value <= cost * (1 + 1e-12):
            best.append(chosen)
    return Tried(maps, kept, cost, tuple(best))
