"""What is known about the least cost of a problem: a bound, the method that gave it, and what proves it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """`bound` is below every assignment's cost; `assignment` is the best one met.

    `certificate` is what a checker recomputes, `rounding` the cost that scaling to whole numbers may have dropped,
    `nodes` how many partial assignments a branch and bound went through.
    """

    bound: float
    method: str
    assignment: tuple[int, ...]
    certificate: Any = None
    rounding: float = 0.0
    nodes: int | None = None

    def to_json(self, *, is_rounded: bool, is_checked: bool) -> Mapping[str, Any]:
        nodes = {} if self.nodes is None else {"nodes": self.nodes}
        return {
            "method": self.method,
            "model": "rounded" if is_rounded else "exact",
            "rounding": self.rounding,
            "checked": is_checked,
            **nodes,
        }
