"""The nearest weaker form of a constraint that leaves a placement."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from planner.applications.application import Application
from planner.applications.constraints import LEVELS, Constraint
from planner.machine.topology import Topology
from planner.placement.locations import class_numbers
from planner.placement.rules.settling import settle
from planner.placement.rules.translation import suitable_cores

SHOWN_MEMBERS = 6
FINENESS = 32
"""Sizes are tried in steps of at least this part of what was asked."""


@dataclass(frozen=True, slots=True)
class Relaxation:
    """What of one constraint would do: `fits` in place of `asked`, found by solving anew and checked.

    Where it is not enough, other constraints conflict as well, and it resolves this conflict alone.
    """

    constraint: str
    asked: str
    fits: str
    is_enough: bool
    key: str = ""
    line: int | None = None

    @property
    def text(self) -> str:
        where = f" (line {self.line})" if self.line else ""
        rest = "" if self.is_enough else "; other constraints conflict, too"
        return f"{self.constraint}{where}: {self.fits} would do, {self.asked} was asked{rest}"

    def to_json(self) -> dict[str, Any]:
        known = {"key": self.key, "line": self.line}
        return {
            "constraint": self.constraint,
            "asked": self.asked,
            "fits": self.fits,
            "enough": self.is_enough,
            "text": self.text,
            **{name: value for name, value in known.items() if value},
        }


def relaxations_of(
    app: Application, machine: Topology, conflict: Sequence[Constraint], seed: int
) -> tuple[Relaxation, ...]:
    """One for each constraint of a conflict, as far as one was found."""
    found = (_Relaxing(app, machine, conflict, constraint, seed).nearest() for constraint in conflict)
    return tuple(one for one in found if one is not None)


class _Relaxing:
    """One constraint to be weakened, beside the others that are to stay."""

    def __init__(
        self, app: Application, machine: Topology, conflict: Sequence[Constraint], constraint: Constraint, seed: int
    ) -> None:
        self._app = app
        self._machine = machine
        self._constraint = constraint
        self._seed = seed
        self._rest = [other for other in app.constraints if other is not constraint]
        self._is_enough = self._leaves(())
        if not self._is_enough:
            self._rest = [other for other in conflict if other is not constraint]

    def nearest(self) -> Relaxation | None:
        if not self._is_enough and not self._leaves(()):
            return None
        kind = self._constraint.kind
        for attempt in _ATTEMPTS.get(kind, (_Relaxing._fewest_outside,)):
            found = attempt(self)
            if found is not None:
                return self._relaxation(*found)
        return self._relaxation(_shown(self._constraint), "no such constraint")

    def _relaxation(self, asked: str, fits: str) -> Relaxation:
        constraint = self._constraint
        return Relaxation(constraint.name, asked, fits, self._is_enough, constraint.key, constraint.line)

    def _leaves(self, instead: Sequence[Constraint], app: Application | None = None) -> bool:
        return settle(app or self._app, self._machine, [*self._rest, *instead], self._seed).status == "feasible"

    def _largest(self, most: int, fits: Callable[[int], bool]) -> int:
        """The largest number of steps below `most` that fits, 0 for none; found by halving."""
        low, high = 0, most
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if fits(middle) else (low, middle)
        return low

    def _smaller_memory(self) -> tuple[str, str] | None:
        asked = self._constraint.size_bytes
        step = 1 << max(0, (asked // FINENESS).bit_length() - 1)

        def fits(steps: int) -> bool:
            return self._leaves([replace(self._constraint, size_bytes=steps * step)])

        steps = self._largest(-(-asked // step), fits)
        return (_size(asked), _size(steps * step)) if steps else None

    def _other_level(self) -> tuple[str, str] | None:
        """Sharing a larger object, or keeping apart in a smaller one: the next one first."""
        constraint = self._constraint
        for level in self._levels(constraint.level, is_coarser=constraint.kind == "share"):
            if self._leaves([replace(constraint, level=level)]):
                return _shown(constraint), _shown(replace(constraint, level=level))
        return None

    def _levels(self, level: str, *, is_coarser: bool) -> Iterator[str]:
        cores = self._machine.allowed_ids
        own = class_numbers(self._machine, level, cores)
        sizes = {}
        for other in LEVELS:
            classes = class_numbers(self._machine, other, cores)
            inner, outer = (own, classes) if is_coarser else (classes, own)
            if -1 not in classes and classes != own and _is_within(inner, outer):
                sizes[other] = len(set(classes))
        yield from sorted(sizes, key=lambda other: -sizes[other] if is_coarser else sizes[other])

    def _smaller_teams(self) -> tuple[str, str] | None:
        constraint = self._constraint
        most = constraint.each or len(constraint.members)
        each = self._largest(most, lambda size: self._leaves([replace(constraint, each=size)]))
        return (_shown(constraint), _shown(replace(constraint, each=each))) if each > 1 else None

    def _shares_of_cores(self) -> tuple[str, str] | None:
        if min(self._app.cpu_ppm) == max(self._app.cpu_ppm) == 1_000_000:
            return None
        instead = Constraint("cpu", "cpu", self._constraint.members)
        fits = self._leaves([instead])
        return ("a core for each alone", "sharing cores as their cpu adds up (distinct = false)") if fits else None

    def _fewer_alone(self) -> tuple[str, str] | None:
        members = self._constraint.members

        def fits(count: int) -> bool:
            return self._leaves([replace(self._constraint, members=members[:count])])

        count = self._largest(len(members), fits)
        return (f"{len(members)} on cores of their own", f"{count}") if count else None

    def _smaller_shares(self) -> tuple[str, str] | None:
        """CPU shares reduced by one factor."""

        def fits(steps: int) -> bool:
            part = steps / FINENESS
            groups = tuple(replace(group, cpu=group.cpu * part) for group in self._app.groups)
            return self._leaves([self._constraint], replace(self._app, groups=groups))

        steps = self._largest(FINENESS, fits)
        return ("the CPU shares", f"{steps / FINENESS:.0%} of the CPU shares") if steps else None

    def _further_away(self) -> tuple[str, str] | None:
        constraint, machine = self._constraint, self._machine
        device = machine.device(constraint.device)
        by_hops = constraint.hops >= 0
        measure = machine.device_hops if by_hops else machine.device_distance
        limit = constraint.hops if by_hops else constraint.within
        far = sorted(
            {far for core in machine.allowed_ids if (far := measure(device, core)) is not None and far > limit}
        )
        for distance in far:
            wider = replace(constraint, hops=distance) if by_hops else replace(constraint, within=distance)
            if self._leaves([wider]):
                return _shown(constraint), _shown(wider)
        return None

    def _one_more_object(self) -> tuple[str, str] | None:
        constraint = self._constraint
        known = self._machine.packages if constraint.kind == "package" else self._machine.nodes
        for number in known:
            wider = replace(constraint, numbers=tuple(sorted({*constraint.numbers, number})))
            if wider.numbers != constraint.numbers and self._leaves([wider]):
                return _shown(constraint), _shown(wider)
        return None

    def _fewest_outside(self) -> tuple[str, str] | None:
        """Let as few members as possible be where the constraint does not let them."""
        constraint = self._constraint
        found = settle(self._app, self._machine, self._rest, self._seed, avoided=constraint)
        if found.status != "feasible":
            return None
        suits = suitable_cores(constraint, self._machine)
        outside = [name for name in constraint.members if found.cores[name] not in suits]
        shown = ", ".join(outside[:SHOWN_MEMBERS]) + (", ..." if len(outside) > SHOWN_MEMBERS else "")
        return _shown(constraint), f"all but {len(outside)} of {len(constraint.members)} ({shown})"


_Attempt = Callable[[_Relaxing], tuple[str, str] | None]

_ATTEMPTS: Mapping[str, tuple[_Attempt, ...]] = {
    "memory": (_Relaxing._smaller_memory,),
    "share": (_Relaxing._other_level, _Relaxing._smaller_teams),
    "not_share": (_Relaxing._other_level,),
    "separate": (_Relaxing._other_level,),
    "smt": (),
    "distinct": (_Relaxing._shares_of_cores, _Relaxing._fewer_alone),
    "gang": (_Relaxing._fewer_alone,),
    "cpu": (_Relaxing._smaller_shares,),
    "near": (_Relaxing._further_away, _Relaxing._fewest_outside),
    "package": (_Relaxing._one_more_object, _Relaxing._fewest_outside),
    "node": (_Relaxing._one_more_object, _Relaxing._fewest_outside),
}


def _is_within(inner: Sequence[int], outer: Sequence[int]) -> bool:
    """Whether each class of the one lies in one class of the other; locations in none do not count."""
    home: dict[int, int] = {}
    return all(home.setdefault(a, b) == b for a, b in zip(inner, outer, strict=True) if a >= 0)


def _shown(constraint: Constraint) -> str:
    kind, numbers = constraint.kind, ", ".join(map(str, constraint.numbers))
    teams = f" by groups of {constraint.each}" if constraint.each else ""
    words = ", ".join(constraint.words)
    shown = {
        "share": f"sharing {constraint.level}{teams}",
        "not_share": f"no two in one {constraint.level}",
        "separate": f"apart in each {constraint.level}",
        "smt": "no SMT siblings",
        "near": f"hops = {constraint.hops}" if constraint.hops >= 0 else f"within = {constraint.within}",
        "package": f"package {numbers}",
        "node": f"node {numbers}",
        "pin": f"core {numbers}",
        "forbid": f"not core {numbers}",
        "isa": f"isa {constraint.isa}",
        "features": f"features {words}",
        "core_kind": f"core kind {words}",
        "isolated": "away from isolated CPUs" if constraint.words == ("avoid",) else "isolated CPUs only",
        "tickless": "CPUs without the tick",
        "memory": _size(constraint.size_bytes),
    }
    return shown.get(kind, kind)


def _size(size_bytes: int) -> str:
    for unit, factor in (("TiB", 2**40), ("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
        if size_bytes >= factor and size_bytes * 100 % factor == 0:
            return f"{size_bytes / factor:g} {unit}"
    return f"{size_bytes} B"
