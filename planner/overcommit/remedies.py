"""What would have to give where manifests are refused: one of them, or a part of all of them; each tried."""

from collections.abc import Sequence
from dataclasses import replace

from planner.admission.reservations import Refusal, Remedy
from planner.manifests.manifest import Manifest
from planner.overcommit.reduction import Try, reduce_to_fit

REDUCIBLE_RULES = ("utilisation", "windows", "demand", "transition")


def with_remedies(refusal: Refusal, manifests: Sequence[Manifest], quick: Try, thorough: Try) -> Refusal:
    """The refusal with what was found to help. `quick` may miss an allocation, so its factor is one that does, not
    always the largest."""
    if refusal.rule == "limit":
        return refusal
    remedies = [
        Remedy(withdraw=name)
        for name in dict.fromkeys(cause.application for cause in refusal.causes)
        if len(manifests) > 1 and thorough([one for one in manifests if one.name != name]) is not None
    ]
    if refusal.rule in REDUCIBLE_RULES:
        found = reduce_to_fit(manifests, quick)
        if found is not None:
            remedies.append(Remedy(reduce_to_ppm=min(found[2].values())))
    words = " or ".join(_say(remedy) for remedy in remedies)
    message = f"{refusal.message}; what would do: {words}" if words else refusal.message
    return replace(refusal, remedies=tuple(remedies), message=message)


def _say(remedy: Remedy) -> str:
    if remedy.withdraw is not None:
        return f"leave {remedy.withdraw} out"
    return f"cut every WCET to {remedy.reduce_to_ppm} ppm (policy reduce)"
