"""The processor-demand test: whether EDF meets every deadline on one core, through every change of phase.

In any interval the jobs that are released and due inside it must not need more time than it has. Phases of
one application exclude each other, so of its jobs released at one instant only one phase's count; jobs of
different instants are all counted, as if the application had changed phase between them each time. That
bounds what any sequence of changes can demand, so a set that passes misses no deadline whatever changes
when; where each application has one guaranteed phase on the core the test is exact.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from math import lcm

from planner.admission.requests import Request

MOST_CHECKPOINTS = 1_000_000
MOST_POINTS = 100_000
"""Interval lengths that the sufficient test looks at before it gives up, which is a no."""


Placed = tuple[Request, int]
"""A request on the core with its release offset, ns."""


@dataclass(frozen=True, slots=True)
class Job:
    """Demand that counts in intervals that hold both its release and its deadline, ns."""

    release_ns: int
    deadline_ns: int
    wcet_ns: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """`exact` is false where a sufficient test stood in; its no may then be a yes."""

    fits: bool
    exact: bool = True


def judge_demand(placed: Sequence[Placed], most_checkpoints: int = MOST_CHECKPOINTS) -> Verdict:
    """Windows alone are settled by the window rule; with laxity on the core every interval is looked at."""
    if all(request.is_window for request, _ in placed):
        return Verdict(True)
    if checkpoint_count([request for request, _ in placed]) > most_checkpoints:
        return Verdict(_passes_whatever_the_offsets(placed, MOST_POINTS), exact=False)
    return Verdict(_passes_every_interval(placed, lcm(*(request.period_ns for request, _ in placed))))


def checkpoint_count(requests: Sequence[Request]) -> int:
    """Releases times deadlines of one hyperperiod: what an exact test has to look at."""
    hyperperiod_ns = lcm(*(request.period_ns for request in requests))
    jobs = sum(hyperperiod_ns // request.period_ns for request in requests)
    return jobs * jobs


def _passes_every_interval(placed: Sequence[Placed], hyperperiod_ns: int) -> bool:
    one_turn = _jobs(placed, hyperperiod_ns)
    demand_ns = sum(job.wcet_ns for job in one_turn)
    if demand_ns > hyperperiod_ns:
        return False
    horizon_ns = _longest_interval(placed, hyperperiod_ns, demand_ns)
    turns = 1 + -(-horizon_ns // hyperperiod_ns)
    jobs: list[tuple[int, ...]] = sorted(
        (job.deadline_ns + shift, job.release_ns + shift, job.wcet_ns)
        for shift in range(0, turns * hyperperiod_ns, hyperperiod_ns)
        for job in one_turn
    )
    starts = sorted({job.release_ns for job in one_turn})
    return all(_passes_from(start_ns, jobs, horizon_ns) for start_ns in starts)


def _passes_from(start_ns: int, jobs: list[tuple[int, ...]], horizon_ns: int) -> bool:
    demand_ns = 0
    for deadline_ns, release_ns, wcet_ns in jobs[bisect_left(jobs, (start_ns,)) :]:
        if release_ns < start_ns:
            continue
        length_ns = deadline_ns - start_ns
        if length_ns > horizon_ns:
            return True
        demand_ns += wcet_ns
        if demand_ns > length_ns:
            return False
    return True


def _longest_interval(placed: Sequence[Placed], hyperperiod_ns: int, demand_ns: int) -> int:
    """No longer interval can fail: demand <= load x length + one burst, and after two turns it repeats."""
    if demand_ns == hyperperiod_ns:
        return 2 * hyperperiod_ns
    by_application: dict[str, list[Request]] = defaultdict(list)
    for request, _ in placed:
        by_application[request.application].append(request)
    burst_ns = 0
    for requests in by_application.values():
        turn_ns = lcm(*(request.period_ns for request in requests))
        burst_ns += sum(turn_ns // request.period_ns * request.wcet_ns for request in requests)
    return min(2 * hyperperiod_ns, burst_ns * hyperperiod_ns // (hyperperiod_ns - demand_ns) + 1)


def _jobs(placed: Sequence[Placed], horizon_ns: int) -> list[Job]:
    """Demand released in [0, horizon): at one instant, one phase of each application."""
    at_instant: dict[tuple[str, int], list[Request]] = defaultdict(list)
    for request, release_ns in placed:
        for instant_ns in range(release_ns % request.period_ns, horizon_ns, request.period_ns):
            at_instant[request.application, instant_ns].append(request)
    return [
        Job(instant_ns, instant_ns + deadline_ns, wcet_ns)
        for (_, instant_ns), requests in at_instant.items()
        for deadline_ns, wcet_ns in _growth(requests)
    ]


def _growth(requests: list[Request]) -> list[tuple[int, int]]:
    """By how much the greatest demand of any one phase grows at each deadline."""
    if len(requests) == 1:
        return [(requests[0].deadline_ns, requests[0].wcet_ns)]
    phases = {phase for request in requests for phase in request.phases}
    steps, counted_ns = [], 0
    for deadline_ns in sorted({request.deadline_ns for request in requests}):
        greatest_ns = max(
            sum(one.wcet_ns for one in requests if phase in one.phases and one.deadline_ns <= deadline_ns)
            for phase in phases
        )
        if greatest_ns > counted_ns:
            steps.append((deadline_ns, greatest_ns - counted_ns))
            counted_ns = greatest_ns
    return steps


def _passes_whatever_the_offsets(placed: Sequence[Placed], most_points: int) -> bool:
    """Sufficient: every request as if sporadic, every phase as if it held at once; windows never need more
    than the interval has."""
    requests = [request for request, _ in placed]
    loose = [request for request in requests if not request.is_window]
    windows = [request for request in requests if request.is_window]
    hyperperiod_ns = lcm(*(request.period_ns for request in requests))
    used_ns = sum(hyperperiod_ns // request.period_ns * request.wcet_ns for request in requests)
    if used_ns >= hyperperiod_ns:
        return False
    burst_ns = sum(request.wcet_ns for request in requests)
    horizon_ns = burst_ns * hyperperiod_ns // (hyperperiod_ns - used_ns) + 1
    if sum(horizon_ns // request.period_ns for request in requests) > most_points:
        return False
    points = {point for request in requests for point in range(request.deadline_ns, horizon_ns, request.period_ns)}
    return all(
        _bound_ns(loose, point) + min(point, _bound_ns(windows, point)) <= point
        for point in points
        if any(request.deadline_ns <= point for request in loose)
    )


def _bound_ns(requests: list[Request], length_ns: int) -> int:
    return sum(
        ((length_ns - request.deadline_ns) // request.period_ns + 1) * request.wcet_ns
        for request in requests
        if length_ns >= request.deadline_ns
    )
