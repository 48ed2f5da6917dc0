"""The policy that over-commitment is shared: every application keeps the same part of its guaranteed time."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from planner.admission.allocation import Allocation
from planner.admission.reservations import Refusal
from planner.manifests.manifest import Manifest
from planner.manifests.phases import Group, Phase

WHOLE_PPM = 1_000_000

Decide = Callable[[Sequence[Manifest]], Allocation | Refusal]


def reduce_to_fit(
    manifests: Sequence[Manifest], decide: Decide, refusal: Refusal
) -> tuple[Sequence[Manifest], Allocation | Refusal, Mapping[str, int]]:
    """The largest factor in parts per million that bisection finds admitted, on every WCET.

    A deadline that equals its WCET shrinks with it. Returns the reduced manifests, their allocation, what each
    application keeps; or the refusal as it was where no factor helps. About 20 decisions; where a smaller factor is
    refused though a larger one was admitted (windows of unlike periods), the larger one may be passed over.
    """
    low, high = 0, WHOLE_PPM
    best: Allocation | None = None
    while high - low > 1:
        factor_ppm = (low + high) // 2
        answer = decide([reduced(manifest, factor_ppm) for manifest in manifests])
        if isinstance(answer, Allocation):
            low, best = factor_ppm, answer
        else:
            high = factor_ppm
    if best is None:
        return manifests, refusal, {}
    kept = {manifest.name: low for manifest in manifests if not manifest.is_best_effort_only}
    return [reduced(manifest, low) for manifest in manifests], best, kept


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
