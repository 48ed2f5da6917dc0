"""The limits of one question, counted while it is evaluated."""

from skb.query.answer import Limits
from skb.stopwatch import Stopwatch

BATCH = 65_536


class Stopped(Exception):  # noqa: N818
    """A limit was reached; `limit` is its name in `Limits`."""

    def __init__(self, limit: str) -> None:
        super().__init__(limit)
        self.limit = limit


class Budget:
    """What is left of the limits; a step calls `tick` for every batch of frames that it makes."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._watch = Stopwatch()
        self.derived = 0

    def tick(self, derived: int = 0) -> None:
        """Counts derived rows and looks at the clock. Raises Stopped."""
        self.derived += derived
        if self.derived > self.limits.max_derived:
            raise Stopped("max_derived")
        if not self.seconds_left():
            raise Stopped("time_ms")

    def seconds_left(self) -> float:
        return max(0.0, self.limits.time_ms / 1000 - self._watch.seconds)
