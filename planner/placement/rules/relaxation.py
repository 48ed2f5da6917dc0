"""The nearest weaker form of a constraint that leaves a placement."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from planner.applications.application import Application
from planner.applications.constraints import LEVELS, Constraint
from planner.placement.locations import WHOLE_PPM, class_numbers
from planner.placement.rules.settling import Settling
from planner.placement.rules.translation import suitable_cores

SHOWN = 6
FINENESS = 32
"""Sizes are tried in steps of at least this part of what was asked."""


@dataclass(frozen=True, slots=True)
class Relaxation:
    """What would do in place of constraints that ask the same: `fits` for `asked`, found by solving anew and checked.

    Where it is not enough, other constraints conflict as well, and it resolves this conflict alone. `key` and `line`
    are the first one's.
    """

    constraints: tuple[str, ...]
    asked: str
    fits: str
    is_enough: bool
    key: str = ""
    line: int | None = None

    @property
    def text(self) -> str:
        shown = ", ".join(self.constraints[:SHOWN]) + (", ..." if len(self.constraints) > SHOWN else "")
        where = f" (line {self.line})" if self.line else ""
        rest = "" if self.is_enough else "; other constraints conflict, too"
        return f"{shown}{where}: {self.fits} would do, {self.asked} was asked{rest}"

    def to_json(self) -> dict[str, Any]:
        known = {"key": self.key, "line": self.line}
        return {
            "constraints": list(self.constraints),
            "asked": self.asked,
            "fits": self.fits,
            "enough": self.is_enough,
            "text": self.text,
            **{name: value for name, value in known.items() if value},
        }


def relaxations_of(settle: Settling, conflict: Sequence[Constraint]) -> tuple[Relaxation, ...]:
    """One for each of the conflict's demands, as far as one was found; constraints that ask the same are one demand."""
    demands: dict[Constraint, list[Constraint]] = {}
    for constraint in conflict:
        asked = replace(constraint, name="", members=(), key="", line=None)
        demands.setdefault(asked, []).append(constraint)
    found = (_Relaxing(settle, conflict, alike).nearest() for alike in demands.values())
    return tuple(one for one in found if one is not None)


class _Relaxing:
    """Constraints that ask the same, to be weakened alike beside the others that are to stay."""

    def __init__(self, settle: Settling, conflict: Sequence[Constraint], alike: Sequence[Constraint]) -> None:
        self._settle = settle
        self._app = settle.app
        self._machine = settle.machine
        self._conflict = conflict
        self._alike = alike
        self._one = alike[0]
        self._members = tuple(dict.fromkeys(name for constraint in alike for name in constraint.members))
        self._rest = [other for other in settle.app.constraints if other not in alike]

    def nearest(self) -> Relaxation | None:
        is_enough = self._leaves(())
        if not is_enough:
            self._rest = [other for other in self._conflict if other not in self._alike]
            if not self._leaves(()):
                return None
        names = tuple(constraint.name for constraint in self._alike)
        asked, fits = self._found()
        return Relaxation(names, asked, fits, is_enough, self._one.key, self._one.line)

    def _found(self) -> tuple[str, str]:
        for attempt in _ATTEMPTS.get(self._one.kind, (_Relaxing._fewest_outside,)):
            found = attempt(self)
            if found is not None:
                return found
        return _shown(self._one), "no such constraint"

    def _leaves(self, instead: Sequence[Constraint], app: Application | None = None) -> bool:
        return self._settle([*self._rest, *instead], app=app).status == "feasible"

    def _fits(self, **changed: Any) -> bool:
        """Whether all of them, changed in this way, leave a placement."""
        return self._leaves([replace(constraint, **changed) for constraint in self._alike])

    def _changed(self, **changed: Any) -> tuple[str, str]:
        return _shown(self._one), _shown(replace(self._one, **changed))

    def _largest(self, most: int, fits: Callable[[int], bool]) -> int:
        """The largest number below `most` that fits, 0 for none; found by halving."""
        low, high = 0, most
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if fits(middle) else (low, middle)
        return low

    def _smaller_memory(self) -> tuple[str, str] | None:
        asked = self._one.size_bytes
        step = 1 << max(0, (asked // FINENESS).bit_length() - 1)
        steps = self._largest(-(-asked // step), lambda steps: self._fits(size_bytes=steps * step))
        return self._changed(size_bytes=steps * step) if steps else None

    def _other_level(self) -> tuple[str, str] | None:
        """Sharing a larger object, or keeping apart in a smaller one: the next one first."""
        for level in self._levels(self._one.level, is_coarser=self._one.kind == "share"):
            if self._fits(level=level):
                return self._changed(level=level)
        return None

    def _levels(self, level: str, *, is_coarser: bool) -> list[str]:
        cores = self._machine.allowed_ids
        own = class_numbers(self._machine, level, cores)
        sizes = {}
        for other in LEVELS:
            classes = class_numbers(self._machine, other, cores)
            inner, outer = (own, classes) if is_coarser else (classes, own)
            if -1 not in classes and len(set(classes)) != len(set(own)) and _is_within(inner, outer):
                sizes[other] = len(set(classes))
        return sorted(sizes, key=lambda other: -sizes[other] if is_coarser else sizes[other])

    def _smaller_teams(self) -> tuple[str, str] | None:
        most = self._one.each or len(self._one.members)
        each = self._largest(most, lambda size: self._fits(each=size))
        return self._changed(each=each) if each > 1 else None

    def _shares_of_cores(self) -> tuple[str, str] | None:
        if min(self._app.cpu_ppm) == WHOLE_PPM:
            return None
        fits = self._leaves([Constraint("cpu", "cpu", self._app.dispatchers)])
        return ("a core for each alone", "sharing cores as their cpu adds up (distinct = false)") if fits else None

    def _fewer_alone(self) -> tuple[str, str] | None:
        """Who is not named by the rest of the conflict stays alone; of the others as many as can."""
        busy = {name for other in self._conflict if other not in self._alike for name in other.members}
        members = sorted(self._members, key=lambda name: name in busy)
        count = self._largest(
            len(members), lambda count: self._leaves([replace(self._one, members=tuple(members[:count]))])
        )
        return (f"a core of its own for {len(members)}", f"one for {count} of them") if count else None

    def _smaller_shares(self) -> tuple[str, str] | None:
        """CPU shares reduced by one factor."""

        def fits(steps: int) -> bool:
            groups = tuple(replace(group, cpu=group.cpu * steps / FINENESS) for group in self._app.groups)
            return self._leaves(self._alike, replace(self._app, groups=groups))

        steps = self._largest(FINENESS, fits)
        return ("the whole cpu of everybody", f"{steps / FINENESS:.0%} of it") if steps else None

    def _further_away(self) -> tuple[str, str] | None:
        machine, by_hops = self._machine, self._one.hops >= 0
        device = machine.device(self._one.device)
        measure = machine.device_hops if by_hops else machine.device_distance
        key, limit = ("hops", self._one.hops) if by_hops else ("within", self._one.within)
        distances = {far for core in machine.allowed_ids if (far := measure(device, core)) is not None and far > limit}
        return next((self._changed(**{key: far}) for far in sorted(distances) if self._fits(**{key: far})), None)

    def _one_more_object(self) -> tuple[str, str] | None:
        own = self._one.numbers
        known = self._machine.packages if self._one.kind == "package" else self._machine.nodes
        wider = [tuple(sorted((*own, number))) for number in known if number not in own]
        return next((self._changed(numbers=numbers) for numbers in wider if self._fits(numbers=numbers)), None)

    def _fewest_outside(self) -> tuple[str, str] | None:
        """Let as few members as possible be where the constraints do not let them."""
        whole = replace(self._one, members=self._members)
        found = self._settle(self._rest, avoided=whole)
        if found.status != "feasible":
            return None
        suits = suitable_cores(whole, self._machine)
        outside = [name for name in self._members if found.cores[name] not in suits]
        shown = ", ".join(outside[:SHOWN]) + (", ..." if len(outside) > SHOWN else "")
        return _shown(whole), f"all but {len(outside)} of {len(self._members)} ({shown})"


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
