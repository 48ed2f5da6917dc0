"""The window rule: when two windows fit on one core (DESIGN.md, gang admission)."""

from dataclasses import dataclass
from math import gcd

from planner.admission.requests import Request


@dataclass(frozen=True, slots=True)
class Gap:
    """How far, modulo `modulus_ns`, the second window's offset must lie behind the first one's."""

    modulus_ns: int
    least_ns: int
    most_ns: int

    @property
    def is_empty(self) -> bool:
        """No offsets at all let the two windows share a core."""
        return self.least_ns > self.most_ns

    def admits(self, first_release_ns: int, second_release_ns: int) -> bool:
        distance_ns = (second_release_ns - first_release_ns) % self.modulus_ns
        return self.least_ns <= distance_ns <= self.most_ns


def gap_between(first: Request, second: Request, guard_ns: int) -> Gap:
    """`wcet_i <= (offset_j - offset_i) mod g <= g - wcet_j` with g the periods' gcd; the guard widens both
    windows.

    >>> from planner.admission.requests import Request
    >>> gang = Request("a", "main", (0,), "G", 60, 160, 60, 0, True)
    >>> gap_between(gang, gang, 0)
    Gap(modulus_ns=160, least_ns=60, most_ns=100)
    """
    modulus_ns = gcd(first.period_ns, second.period_ns)
    return Gap(modulus_ns, first.wcet_ns + guard_ns, modulus_ns - second.wcet_ns - guard_ns)


def fits(request: Request, release_ns: int, placed: list[tuple[Request, int]], guard_ns: int) -> bool:
    """Whether a window at this offset keeps clear of those on the core that can hold beside it.

    `gap_between` written out: this is what searches spend their time on.
    """
    least_ns, period_ns = request.wcet_ns + guard_ns, request.period_ns
    for other, other_release_ns in placed:
        modulus_ns = gcd(period_ns, other.period_ns)
        behind_ns = (other_release_ns - release_ns) % modulus_ns
        if least_ns <= behind_ns <= modulus_ns - other.wcet_ns - guard_ns:
            continue
        if other.is_window and request.coexists(other):
            return False
    return True
