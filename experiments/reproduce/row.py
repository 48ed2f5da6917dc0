"""One reproduced result: its claims with expected and measured values, its parameters, its ablations, its verdict."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from experiments.parameters import Parameter


@dataclass(frozen=True, slots=True)
class Claim:
    """One statement that was put to the test.

    `fitted` marks a value that one of the parameters was chosen for; `identity` one that was an input and is only
    echoed through the model.
    """

    claim: str
    expected: str
    got: object
    holds: bool
    fitted: bool = False
    identity: bool = False

    @property
    def verdict(self) -> str:
        """reproduced, fitted or not_reproduced."""
        return "not_reproduced" if not self.holds else "fitted" if self.fitted else "reproduced"

    def to_json(self) -> dict[str, Any]:
        """With the measured values."""
        return {
            "claim": self.claim,
            "expected": self.expected,
            "got": self.got,
            "holds": self.holds,
            "verdict": self.verdict,
            "identity": self.identity,
        }


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
    """All about one published result. `series` holds the measured curves by name, `pictures` SVG texts by name.

    The result's own id begins a picture's name; there is one for each figure that is reproduced.
    """

    id: str
    source: str
    claim: str
    claims: tuple[Claim, ...]
    tolerance: str
    parameters: tuple[Parameter, ...]
    ablations: tuple[Ablation, ...]
    series: Mapping[str, object]
    notes: tuple[str, ...] = ()
    pictures: Mapping[str, str] = field(default_factory=dict)

    @property
    def verdict(self) -> str:
        """The worst of its claims; an ablation that changes nothing counts as a failed claim."""
        found = {claim.verdict for claim in self.claims}
        if "not_reproduced" in found or not all(ablation.breaks for ablation in self.ablations):
            return "not_reproduced"
        return "fitted" if "fitted" in found else "reproduced"

    @property
    def is_identity(self) -> bool:
        """Nothing but inputs echoed: there is no mechanism to take away."""
        return all(claim.identity for claim in self.claims)

    @property
    def free_parameters(self) -> tuple[str, ...]:
        """The names of those parameters that were chosen by us."""
        return tuple(one.name for one in self.parameters if one.provenance.startswith("free"))

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
            "identity": self.is_identity,
            "parameters": [parameter.to_json() for parameter in self.parameters],
            "free_parameters": list(self.free_parameters),
            "ablation": self.ablations[0].to_json() if self.ablations else None,
            "ablations": [ablation.to_json() for ablation in self.ablations],
            "series": dict(self.series),
            "notes": list(self.notes),
            "pictures": sorted(self.pictures),
        }
