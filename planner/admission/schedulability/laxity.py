"""Release offsets for the tasks with laxity of one core, beside the windows that are already placed there."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import gcd

from planner.admission.requests import Request
from planner.admission.schedulability.demand import Placed, checkpoint_count, judge_demand

MOST_TRIALS = 400
"""Demand tests for one core before the search says that it has not seen everything."""

MOST_LOOKED_AT = 5_000_000
"""Checkpoints of all these tests together."""

FINEST_GRID = 64
"""Offsets tried for one task: all of them up to this many, else those that line up with something."""


@dataclass(frozen=True, slots=True)
class Offsets:
    """What was found for one core.

    `releases` is None where nothing fits; `is_final` then says whether every offset was tried. `is_exact` is
    false where a sufficient demand test answered.
    """

    releases: Mapping[Request, int] | None
    is_final: bool = True
    is_exact: bool = True


def choose_offsets(loose: Sequence[Request], windows: Sequence[Placed], fixed: Mapping[Request, int]) -> Offsets:
    """Depth first over offsets, one task after the other; a set that fails fails with every further task."""
    search = _Search(windows, fixed)
    order = sorted(loose, key=lambda one: (one not in fixed, one.deadline_ns, one.application, one.phases))
    return search.run(order)


class _Search:
    def __init__(self, windows: Sequence[Placed], fixed: Mapping[Request, int]) -> None:
        self._windows = list(windows)
        self._fixed = fixed
        self._trials = 0
        self._checkpoints = 0
        self._is_final = True
        self._is_exact = True

    def run(self, order: list[Request]) -> Offsets:
        """All of them at 0, or where they were settled, is tried before anything else."""
        together = [(request, self._fixed.get(request, 0)) for request in order]
        verdict = judge_demand([*self._windows, *together])
        if verdict.fits:
            return Offsets(dict(together), is_exact=verdict.exact)
        found = self._extend(order, [])
        releases = None if found is None else dict(found)
        return Offsets(releases, self._is_final and self._is_exact, self._is_exact)

    def _extend(self, order: list[Request], chosen: list[Placed]) -> list[Placed] | None:
        if len(chosen) == len(order):
            return chosen
        request = order[len(chosen)]
        for release_ns in self._candidates(request, order, chosen):
            if self._trials == MOST_TRIALS or self._checkpoints > MOST_LOOKED_AT:
                self._is_final = False
                return None
            self._trials += 1
            placed = [*self._windows, *chosen, (request, release_ns)]
            self._checkpoints += checkpoint_count([one for one, _ in placed])
            verdict = judge_demand(placed)
            self._is_exact &= verdict.exact
            if verdict.fits:
                found = self._extend(order, [*chosen, (request, release_ns)])
                if found is not None:
                    return found
            elif not verdict.exact:
                return None
        return None

    def _candidates(self, request: Request, order: list[Request], chosen: list[Placed]) -> Iterator[int]:
        """Aligned offsets first; the common unit's grid is complete: flooring to it keeps a solution."""
        if request in self._fixed:
            yield self._fixed[request]
            return
        if not self._windows and not chosen:
            yield 0
            return
        beside = [*self._windows, *chosen]
        aligned = [other_ns % request.period_ns for other, other_ns in beside]
        aligned += [(other_ns + other.wcet_ns) % request.period_ns for other, other_ns in beside]
        firsts = dict.fromkeys([*self._sibling_offsets(request, beside), 0, *aligned])
        yield from firsts
        unit_ns = _unit(order, self._windows)
        if request.period_ns // unit_ns > FINEST_GRID:
            self._is_final = False
            return
        yield from (offset for offset in range(0, request.period_ns, unit_ns) if offset not in firsts)

    def _sibling_offsets(self, request: Request, beside: list[Placed]) -> list[int]:
        """Where the application's other phases start: equal offsets let demand of several phases coincide."""
        return [ns % request.period_ns for other, ns in beside if other.application == request.application]


def _unit(loose: Sequence[Request], windows: Sequence[Placed]) -> int:
    times = [ns for _, ns in windows]
    for request in [*loose, *(request for request, _ in windows)]:
        times += [request.wcet_ns, request.period_ns, request.deadline_ns]
    return gcd(*times)
