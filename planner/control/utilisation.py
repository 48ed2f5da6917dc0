"""What runs measured, held against what was promised: reservations that are larger than what is used of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from planner.admission.releases import microseconds
from planner.admission.reservations import Reservation
from planner.control.submissions import Submission
from planner.machine.topology import Topology

MARGIN_PPM = 100_000
"""How far use must stay below the promise to be worth a word, and what is left above use in the suggestion."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A smaller WCET for a phase, by what was measured while the application was in it. ppm of a core."""

    application: str
    phase: int
    reserved_ppm: int
    measured_ppm: int
    suggested_wcet_ns: int

    def to_json(self) -> dict[str, Any]:
        return {
            "application": self.application,
            "phase": self.phase,
            "reserved_ppm": self.reserved_ppm,
            "measured_ppm": self.measured_ppm,
            "suggested_wcet_us": microseconds(self.suggested_wcet_ns),
        }

    @property
    def sentence(self) -> str:
        return (
            f"{self.application} phase {self.phase} reserves {self.reserved_ppm} ppm of its cores and was measured to "
            f"use {self.measured_ppm}: if the run was all in that phase, a WCET of {self.suggested_wcet_ns / 1e6:g} ms "
            "would do"
        )


def suggest(known: Sequence[Submission], machine: Topology) -> tuple[Suggestion, ...]:
    """For each application's phase of now whose every dispatcher was measured: one suggestion by the busiest."""
    found = [_for_phase(one, machine) for one in known]
    return tuple(one for one in found if one is not None)


def _for_phase(one: Submission, machine: Topology) -> Suggestion | None:
    held = [own for own in one.reservations[one.phase] if own.period_ns]
    measured = [(own, machine.measured_load_ppm.get((own.application, own.core))) for own in held]
    known = [(own, ppm) for own, ppm in measured if ppm is not None]
    if not held or len(known) < len(held):
        return None
    busiest, used_ppm = max(known, key=lambda pair: pair[1] / pair[0].share_ppm if pair[0].share_ppm else 0)
    if used_ppm > busiest.share_ppm * (1_000_000 - MARGIN_PPM) // 1_000_000:
        return None
    return Suggestion(one.manifest.name, one.phase, busiest.share_ppm, used_ppm, _enough_ns(busiest, used_ppm))


def _enough_ns(own: Reservation, used_ppm: int) -> int:
    """What was used and the margin of it, in whole microseconds."""
    wcet_ns = own.period_ns * used_ppm * (1_000_000 + MARGIN_PPM) // 10**12
    return max(1000, -(-wcet_ns // 1000) * 1000)
