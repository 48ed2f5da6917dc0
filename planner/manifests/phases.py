"""The phases that a manifest is made of, for each group of dispatchers."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from planner.errors import PlanError

Kind: TypeAlias = Literal["B", "S", "H", "G"]

KINDS: tuple[Kind, ...] = ("B", "S", "H", "G")
MOST_PHASES = 8
MOST_DISPATCHERS = 4096
LARGEST_WEIGHT = 4293
"""RBED asserts weights below 4294 (its 32-bit product)."""


@dataclass(frozen=True, slots=True)
class Phase:
    """What one dispatcher of a group asks for: best effort (B), soft (S), hard (H) or gang (G), times in ns.

    Best effort has a weight and times of 0; the others have times and a weight of 0. `release_ns` is the
    least delay between activation and first release; with `is_release_derived` admission finds it.
    """

    kind: Kind
    weight: int = 0
    wcet_ns: int = 0
    period_ns: int = 0
    deadline_ns: int = 0
    release_ns: int = 0
    is_release_derived: bool = False

    @property
    def is_reserved(self) -> bool:
        """Whether it asks for guaranteed time rather than for a share of what is left."""
        return self.kind != "B"

    @property
    def promised_deadline_ns(self) -> int:
        """The deadline that a schedule keeps: one past the period is promised at the period's end."""
        return min(self.deadline_ns, self.period_ns)


@dataclass(frozen=True, slots=True)
class Group:
    """Dispatchers that ask for the same; `phases[i]` holds while the application is in phase i."""

    name: str
    dispatchers: int
    phases: tuple[Phase, ...]

    def phase(self, number: int) -> Phase:
        """A group with a single phase stays in it, whatever the application's phase is."""
        return self.phases[number] if len(self.phases) > 1 else self.phases[0]

    def is_gang(self, number: int) -> bool:
        """G always; H of several dispatchers, too, as in the dissertation."""
        phase = self.phase(number)
        return phase.kind == "G" or (phase.kind == "H" and self.dispatchers > 1)


def check_dispatchers(count: int, where: str) -> int:
    if not 1 <= count <= MOST_DISPATCHERS:
        raise PlanError(
            f"{where}: {count} dispatchers were asked for; 1 to {MOST_DISPATCHERS} are accepted",
            code="bad_manifest",
            details={"where": where, "found": count, "accepted": f"1 to {MOST_DISPATCHERS}"},
        )
    return count
