"""What a phase's numbers must satisfy, whichever form of manifest they were written in."""

from decimal import Decimal

from planner.errors import PlanError
from planner.manifests.phases import KINDS, LARGEST_WEIGHT, MOST_PHASES, Kind, Phase

NS_PER_MS = 1_000_000
LONGEST_MS = 86_400_000
"""One day; keeps every product of two times within 64 bits."""

DERIVED_RELEASE = "auto"
"""A release that admission is to find."""

ACCEPTED_LINES = "`B weight` or `H|S|G wcet period [deadline [release]]` in milliseconds"


class Spot:
    """Where a phase was written, for messages: manifest, and its line or key."""

    def __init__(self, manifest: str, **details: object) -> None:
        self._manifest = manifest
        self._details = details

    @property
    def place(self) -> str:
        return ", ".join([f"manifest {self._manifest}", *(f"{key} {value}" for key, value in self._details.items())])

    def refuse(self, found: str, accepted: str) -> PlanError:
        return PlanError(
            f"{self.place}: {found}; {accepted}",
            code="bad_manifest",
            details={"manifest": self._manifest, **self._details, "found": found, "accepted": accepted},
        )


def make_kind(word: object, spot: Spot) -> Kind:
    for kind in KINDS:
        if word == kind:
            return kind
    raise spot.refuse(f"{word!r} is no kind of phase", f"B, S, H or G is accepted: {ACCEPTED_LINES}")


def make_best_effort(weight: Decimal, spot: Spot) -> Phase:
    """A weight is a whole number from 1: RBED has no weight 0."""
    if weight != weight.to_integral_value() or not 1 <= weight <= LARGEST_WEIGHT:
        raise spot.refuse(f"the weight is {weight}", f"a whole number from 1 to {LARGEST_WEIGHT} is accepted")
    return Phase("B", weight=int(weight))


def make_reserved(
    kind: Kind, wcet: Decimal, period: Decimal, deadline: Decimal | None, release: Decimal | None, spot: Spot
) -> Phase:
    """Times in milliseconds; deadline None is the period, release None is to be derived."""
    wcet_ns = _nanoseconds("WCET", wcet, spot)
    period_ns = _nanoseconds("period", period, spot)
    deadline_ns = period_ns if deadline is None else _nanoseconds("deadline", deadline, spot)
    release_ns = 0 if release is None else _nanoseconds("release", release, spot, least=0)
    if deadline is not None and wcet_ns > deadline_ns:
        raise spot.refuse(f"WCET {wcet} ms is over the deadline {deadline} ms", "WCET <= deadline is accepted")
    if wcet_ns > period_ns:
        raise spot.refuse(f"WCET {wcet} ms is over the period {period} ms", "WCET <= period is accepted")
    return Phase(kind, 0, wcet_ns, period_ns, deadline_ns, release_ns, release is None)


def check_phases(phases: tuple[Phase, ...], spot: Spot) -> tuple[Phase, ...]:
    if not 1 <= len(phases) <= MOST_PHASES:
        raise spot.refuse(f"{len(phases)} phases", f"1 to {MOST_PHASES} phases are accepted: {ACCEPTED_LINES}")
    return phases


def _nanoseconds(what: str, value_ms: Decimal, spot: Spot, *, least: int = 1) -> int:
    if not value_ms.is_finite() or abs(value_ms) > LONGEST_MS:
        raise spot.refuse(f"the {what} is {value_ms} ms", f"at most {LONGEST_MS} ms (one day) is accepted")
    value_ns = value_ms * NS_PER_MS
    if value_ns != value_ns.to_integral_value():
        raise spot.refuse(f"the {what} {value_ms} ms is finer than 1 ns", "up to six decimals are accepted")
    if value_ns < least:
        wanted = "0 or more" if least == 0 else "more than 0"
        raise spot.refuse(f"the {what} is {value_ms} ms", f"a time of {wanted} is accepted")
    return int(value_ns)


def as_milliseconds(value_ns: int) -> str:
    """Exact decimal text, without trailing zeros."""
    whole, rest = divmod(value_ns, NS_PER_MS)
    return f"{whole}.{rest:06d}".rstrip("0").rstrip(".") if rest else str(whole)
