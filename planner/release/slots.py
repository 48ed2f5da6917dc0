"""The planner's own guaranteed time on each core, as often as fits beside what the applications were promised."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import lcm

from planner.admission.requests import ONE_PPM, Request
from planner.admission.reservations import Reservation
from planner.admission.schedulability.demand import Placed, checkpoint_count, judge_demand
from planner.admission.schedulability.windows import fits

MONITOR = "monitor"
"""Whose reservation it is: the planner is a module of its core's monitor."""

SHARE_PPM = 10_000
"""The part of a core that its planner may take, within the nine tenths that may be promised."""

IDLE_PERIOD_NS = 10_000_000
"""How often a planner looks on a core where nothing else is promised."""

PARTS = (16, 8, 4, 3, 2, 1)
LONGEST_PERIOD_NS = 10_000_000_000
MOST_TRIALS = 64
MOST_LOOKED_AT = 4_000_000
"""Demand tests for one core, and the checkpoints of all of them together."""


@dataclass(frozen=True, slots=True)
class Slot:
    """`wcet_ns` in every period, done `deadline_ns` after each release; counted in ns from the synchronisation."""

    wcet_ns: int
    period_ns: int
    deadline_ns: int
    release_ns: int

    @property
    def response_ns(self) -> int:
        """The longest wait for work that fits the budget: it comes just after the planner looked, and is done in the
        next period."""
        return self.period_ns + self.deadline_ns

    def on(self, core: int) -> Reservation:
        return Reservation(
            MONITOR, core, core, "H", self.wcet_ns, self.period_ns, self.deadline_ns, self.release_ns, 0, 0
        )


def choose_slot(placed: Sequence[Placed], wcet_ns: int, guard_ns: int = 0) -> Slot | None:
    """The slot of the shortest response that fits; None where none was found.

    A slot without a pause is tried first at the ends of the windows, then one with laxity. `placed` is what the
    core's applications have in all of their phases, so the slot holds in every combination and in every change.
    """
    best: Slot | None = None
    trials = _Trials(placed, guard_ns)
    periods = list(_periods([request for request, _ in placed], wcet_ns))
    for period_ns in periods:
        if best is not None and period_ns >= best.response_ns:
            break
        found = trials.at_period(period_ns, wcet_ns)
        if found is not None and (best is None or found.response_ns < best.response_ns):
            best = found
    return best or (_Trials(placed, guard_ns).at_period(periods[-1], wcet_ns) if periods else None)


class _Trials:
    """Demand tests within their limit: beyond it every further slot is left out."""

    def __init__(self, placed: Sequence[Placed], guard_ns: int) -> None:
        self._placed = list(placed)
        self._windows = [(request, ns) for request, ns in placed if request.is_window]
        self._guard_ns = guard_ns
        self._is_loose = len(self._windows) < len(self._placed)
        self._trials = self._looked_at = 0

    def at_period(self, period_ns: int, wcet_ns: int) -> Slot | None:
        for deadline_ns in (wcet_ns, period_ns):
            for release_ns in self._offsets(period_ns, wcet_ns):
                if self._fits(_request(wcet_ns, period_ns, deadline_ns), release_ns):
                    return Slot(wcet_ns, period_ns, deadline_ns, release_ns)
        return None

    def _offsets(self, period_ns: int, wcet_ns: int) -> list[int]:
        ends = [ns + request.wcet_ns + self._guard_ns for request, ns in self._windows]
        starts = [ns - wcet_ns - self._guard_ns for _, ns in self._windows]
        return list(dict.fromkeys(ns % period_ns for ns in [0, *ends, *starts]))

    def _fits(self, request: Request, release_ns: int) -> bool:
        if request.is_window and not fits(request, release_ns, self._windows, self._guard_ns):
            return False
        if request.is_window and not self._is_loose:
            return True
        together = [*self._placed, (request, release_ns)]
        self._trials += 1
        self._looked_at += min(checkpoint_count([one for one, _ in together]), 1_000_000)
        if self._trials > MOST_TRIALS or self._looked_at > MOST_LOOKED_AT:
            return False
        return judge_demand(together).fits


def _request(wcet_ns: int, period_ns: int, deadline_ns: int) -> Request:
    return Request(MONITOR, MONITOR, (0,), "H", wcet_ns, period_ns, deadline_ns, 0, deadline_ns == wcet_ns)


def _periods(requests: Sequence[Request], wcet_ns: int) -> Iterator[int]:
    """Parts of the core's periods and their common multiple, shortest first, where the share allows them."""
    least_ns = -(-wcet_ns * ONE_PPM // SHARE_PPM)
    own = sorted({request.period_ns for request in requests})
    found = {period // part for period in own for part in PARTS if period % part == 0}
    found |= {period * times for period in own for times in (2, 4)}
    found |= {IDLE_PERIOD_NS << doublings for doublings in range(8)}
    common_ns = lcm(*own) if own else IDLE_PERIOD_NS
    found.add(common_ns if common_ns <= LONGEST_PERIOD_NS else own[-1])
    found.add(-(-least_ns // common_ns) * common_ns)
    yield from sorted(period for period in found if least_ns <= period <= max(LONGEST_PERIOD_NS, least_ns))


def slots_by_core(
    placed: Mapping[int, Sequence[Placed]], wcet_ns: Mapping[int, int], guard_ns: int = 0
) -> dict[int, Slot | None]:
    """A slot for each core; cores that hold the same share one search."""
    known: dict[tuple[frozenset[Placed], int], Slot | None] = {}
    found = {}
    for core in sorted(wcet_ns):
        key = (frozenset(placed.get(core, ())), wcet_ns[core])
        if key not in known:
            known[key] = choose_slot(placed.get(core, ()), wcet_ns[core], guard_ns)
        found[core] = known[key]
    return found
