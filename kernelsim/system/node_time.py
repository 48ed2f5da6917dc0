"""The node time protocol: monitors learn how far their timers are apart from messages there and back, as ntp does.

A request carries the client's time, the reply the server's times of receipt and answer. Half the difference of the two
ways is how far the client is behind; it is wrong by no more than half the round trip, and by half of what one way took
longer than the other (Mills 1991; dissertation, section 3.6.3 and Fig 3.5).

A booted run resets its timers once (`timesync`); as they do not drift in it, it needs none of this.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kernelsim.errors import ScenarioError
from kernelsim.machine.timer import BILLION, LocalTimer


@dataclass(frozen=True, slots=True)
class Exchange:
    """The four times of one exchange: `sent` and `returned` by the client's timer, the others by the server's."""

    sent_ps: int
    received_ps: int
    answered_ps: int
    returned_ps: int

    @property
    def behind_ps(self) -> int:
        """How far the client's timer is behind the server's."""
        return (self.received_ps - self.sent_ps + self.answered_ps - self.returned_ps) // 2

    @property
    def round_trip_ps(self) -> int:
        """Time under way; the estimate is wrong by half of it at most."""
        return self.returned_ps - self.sent_ps - (self.answered_ps - self.received_ps)


def best(exchanges: Iterable[Exchange]) -> Exchange:
    """The exchange to believe: that of the shortest round trip, since the least can have gone wrong on its way."""
    return min(exchanges, key=lambda one: one.round_trip_ps)


def exchange(client: LocalTimer, server: LocalTimer, now: int, there_ps: int, work_ps: int, back_ps: int) -> Exchange:
    """One exchange that begins at global time `now`; either way takes what it takes."""
    received, answered = now + there_ps, now + there_ps + work_ps
    return Exchange(client.read(now), server.read(received), server.read(answered), client.read(answered + back_ps))


def interval_ps(bound_ps: int, residual_ps: int, drift_ppb: int) -> int | None:
    """How often timers that drift apart by `drift_ppb` have to be put right to stay within `bound_ps` of each other.

    `residual_ps` is what a synchronisation leaves. None: never. Raises ScenarioError where no interval would do.
    """
    if residual_ps >= bound_ps:
        raise ScenarioError(
            "bad_scenario",
            f"a skew of {bound_ps} ps cannot be kept where a synchronisation leaves {residual_ps} ps; "
            f"accepted: a bound above {residual_ps} ps",
        )
    return None if drift_ppb == 0 else (bound_ps - residual_ps) * BILLION // abs(drift_ppb)


def largest_skew_ps(timers: Sequence[LocalTimer], now: int) -> int:
    """How far apart the timers of a gang are."""
    shown = [timer.read(now) for timer in timers]
    return max(shown) - min(shown)
