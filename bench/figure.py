"""One measured figure: a name, the median of several runs with its spread, and the goal."""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Figure:
    """CPU seconds of each run; `goal_s` is what the median should stay under."""

    name: str
    seconds: tuple[float, ...]
    goal_s: float

    def __str__(self) -> str:
        middle = median(self.seconds)
        verdict = "reached" if middle < self.goal_s else "not reached"
        spread = f"{min(self.seconds):.4f}-{max(self.seconds):.4f}"
        return f"{self.name:<52} {middle:.4f} s ({spread}, {len(self.seconds)} runs)  goal < {self.goal_s} s: {verdict}"


def measure(name: str, cost: Callable[[], float], goal_s: float, runs: int) -> Figure:
    """`cost()` is one run's CPU seconds; the first run is a warm-up and not counted."""
    cost()
    return Figure(name, tuple(cost() for _ in range(runs)), goal_s)
