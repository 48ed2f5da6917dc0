"""Over-commitment shared out: every application keeps the same part of its guaranteed time, or what its rules say."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

from planner.admission.allocating.allocation import Allocation
from planner.admission.requests import MOST_HARD_PPM, ONE_PPM
from planner.manifests.manifest import Manifest
from planner.manifests.phases import Group, Phase
from planner.overcommit.shares import EQUAL, WHOLE_PPM, Shares

Try = Callable[[Sequence[Manifest]], Allocation | None]
Reduction = tuple[Sequence[Manifest], Allocation, Mapping[str, int]]


def reduce_to_fit(manifests: Sequence[Manifest], attempt: Try, shares: Shares = EQUAL) -> Reduction | None:
    """The largest factor in parts per million that bisection finds admitted, on every WCET of a level.

    A deadline that equals its WCET shrinks with it. Levels give way one after the other: a higher one only once the
    lower ones are down to what they keep at least. Returns the reduced manifests, their allocation, what each
    application keeps; None where no factor helps. About 20 decisions a level; where a smaller
    factor is refused though a larger one was admitted (windows of unlike periods), the larger one may be passed over.
    """
    reducible = [manifest.name for manifest in manifests if not manifest.is_best_effort_only]
    kept = {name: shares.kept(name, WHOLE_PPM) for name in reducible}
    if shares.exactly:
        answer = attempt(_cut(manifests, kept))
        if answer is not None:
            return _cut(manifests, kept), answer, kept
    for level in shares.levels(reducible):
        best, factor_ppm = _bisect(manifests, attempt, shares, level, kept)
        kept |= {name: shares.kept(name, factor_ppm) for name in level}
        if best is not None:
            return _cut(manifests, kept), best, kept
    return None


def _bisect(
    manifests: Sequence[Manifest], attempt: Try, shares: Shares, level: Sequence[str], kept: Mapping[str, int]
) -> tuple[Allocation | None, int]:
    """The largest factor for the applications of one level, the others as they are; 0 with None where none helps."""

    def at(factor_ppm: int) -> Allocation | None:
        answer = attempt(_cut(manifests, {**kept, **{name: shares.kept(name, factor_ppm) for name in level}}))
        return answer if answer is not None and leaves_a_tenth(answer) else None

    low, high = 0, WHOLE_PPM
    best = at(0)
    if best is None:
        return None, 0
    while high - low > 1:
        factor_ppm = (low + high) // 2
        answer = at(factor_ppm)
        if answer is None:
            high = factor_ppm
        else:
            low, best = factor_ppm, answer
    return best, low


def leaves_a_tenth(allocation: Allocation) -> bool:
    """Whether every core's load is at most nine tenths before each share is cut to parts per million, as RBED does."""
    heaviest: dict[tuple[int, str], dict[int, Fraction]] = {}
    for request, core in allocation.releases:
        own = heaviest.setdefault((core, request.application), {})
        for phase in request.phases:
            own[phase] = own.get(phase, Fraction(0)) + Fraction(request.wcet_ns, request.period_ns)
    loads: dict[int, Fraction] = {}
    for (core, _), own in heaviest.items():
        loads[core] = loads.get(core, Fraction(0)) + max(own.values())
    return all(load <= Fraction(MOST_HARD_PPM, ONE_PPM) for load in loads.values())


def _cut(manifests: Sequence[Manifest], kept: Mapping[str, int]) -> list[Manifest]:
    return [reduced(manifest, kept.get(manifest.name, WHOLE_PPM)) for manifest in manifests]


def reduced(manifest: Manifest, factor_ppm: int) -> Manifest:
    """The manifest with every WCET times the factor, cut to whole nanoseconds, at least one."""
    groups = tuple(
        Group(group.name, group.dispatchers, tuple(_reduce(phase, factor_ppm) for phase in group.phases))
        for group in manifest.groups
    )
    return Manifest(manifest.name, groups)


def _reduce(phase: Phase, factor_ppm: int) -> Phase:
    if not phase.is_reserved:
        return phase
    wcet_ns = max(1, phase.wcet_ns * factor_ppm // WHOLE_PPM)
    deadline_ns = wcet_ns if phase.deadline_ns == phase.wcet_ns else phase.deadline_ns
    return replace(phase, wcet_ns=wcet_ns, deadline_ns=deadline_ns)
