"""A core's local timer: it starts somewhere, runs a little fast or slow, and can be reset or put right."""

from dataclasses import dataclass

from kernelsim.errors import ScenarioError

BILLION = 10**9


@dataclass(frozen=True, slots=True)
class LocalTimer:
    """At global time `since_ps` it showed `shown_ps`; since then it has gained `drift_ppb` parts per billion.

    Raises ScenarioError for a timer that would not go on.
    """

    shown_ps: int = 0
    since_ps: int = 0
    drift_ppb: int = 0

    def __post_init__(self) -> None:
        if self.drift_ppb <= -BILLION:
            raise ScenarioError(
                "clock_backwards",
                f"a timer that drifts by {self.drift_ppb} parts per billion stands still or runs backwards; accepted: "
                f"more than {-BILLION}",
                found=self.drift_ppb,
            )

    def read(self, now: int) -> int:
        """What it shows; a whole number, rounded down."""
        return self.shown_ps + (now - self.since_ps) * (BILLION + self.drift_ppb) // BILLION

    def put_right(self, now: int, by_ps: int) -> "LocalTimer":
        """The timer, showing `by_ps` more from `now` on."""
        return LocalTimer(self.read(now) + by_ps, now, self.drift_ppb)
