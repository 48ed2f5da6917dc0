"""One reproduced result: its claims with expected and measured values, its parameters, its ablations, its verdict."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from experiments.parameters import Parameter


@dataclass(frozen=True, slots=True)
class Claim:
    """One statement that was put to the test."""

    claim: str
    expected: str
    got: object
    holds: bool

    def to_json(self) -> dict[str, Any]:
        """With the measured values."""
        return {"claim": self.claim, "expected": self.expected, "got": self.got, "holds": self.holds}


@dataclass(frozen=True, slots=True)
class Ablation:
    """A change that must break the result; if it does not, the result did not emerge from the mechanism."""

    change: str
    got: object
    breaks: bool

    def to_json(self) -> dict[str, Any]:
        """As INTERFACE's `ablation`."""
        return {"change": self.change, "got": self.got, "breaks": self.breaks}


@dataclass(frozen=True, slots=True)
class Row:
    """All about one id of `reproduce.md`. `series` holds the measured curves by name, for tables and pictures."""

    id: str
    source: str
    claim: str
    claims: tuple[Claim, ...]
    tolerance: str
    parameters: tuple[Parameter, ...]
    ablations: tuple[Ablation, ...]
    series: Mapping[str, object]
    notes: tuple[str, ...] = ()

    @property
    def verdict(self) -> str:
        """The worst of its claims; an ablation that changes nothing counts as a failed claim."""
        holds = all(claim.holds for claim in self.claims) and all(ablation.breaks for ablation in self.ablations)
        return "reproduced" if holds else "not_reproduced"

    def to_json(self) -> dict[str, Any]:
        """INTERFACE's document for one row; the first ablation is the one that the catalogue names first."""
        return {
            "id": self.id,
            "source": self.source,
            "claim": self.claim,
            "expected": [claim.expected for claim in self.claims],
            "got": [claim.to_json() for claim in self.claims],
            "tolerance": self.tolerance,
            "verdict": self.verdict,
            "parameters": [parameter.to_json() for parameter in self.parameters],
            "ablation": self.ablations[0].to_json() if self.ablations else None,
            "ablations": [ablation.to_json() for ablation in self.ablations],
            "series": dict(self.series),
            "notes": list(self.notes),
        }
