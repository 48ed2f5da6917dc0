"""Checks of schedules: windows keep apart, loads stay under nine tenths, EDF meets every deadline."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from heapq import heappop, heappush
from itertools import combinations
from math import lcm

from planner.admission.reservations import Reservation, Schedule
from planner.verify.errors import ViolationError

MOST_JOBS = 20_000
"""Jobs simulated on one core; beyond it only the rules that need no simulation are checked."""


def check_decision(schedules: Sequence[Schedule], *, guard_ns: int = 0, planners: Sequence[Reservation] = ()) -> None:
    """Every schedule of a decision: dispatchers stay where they are, each core's reservations hold, its planner's
    beside them.

    Raises ViolationError naming what does not.
    """
    _check_nobody_moves(schedules)
    seen: set[tuple[tuple[int, ...], ...]] = set()
    for schedule in schedules:
        for core, reservations in _by_core([*schedule.reservations, *planners]).items():
            _check_nobody_is_twice(core, reservations)
            times = ((one.period_ns, one.wcet_ns, one.deadline_ns, one.release_ns) for one in reservations)
            key = tuple(sorted(each for each in times if each[0]))
            if key not in seen:
                seen.add(key)
                check_core(core, reservations, guard_ns=guard_ns)


def check_promises(
    promises: Mapping[tuple[str, int], Sequence[Reservation]],
    *,
    guard_ns: int = 0,
    planners: Sequence[Reservation] = (),
) -> None:
    """Every combination at once, listed or not: on no core do windows of two applications overlap in any of their
    phases, and the heaviest phases together stay under nine tenths.
    """
    cores: dict[int, dict[tuple[str, int], list[Reservation]]] = defaultdict(lambda: defaultdict(list))
    for key, own in promises.items():
        for one in own:
            if one.period_ns:
                cores[one.core][key].append(one)
    for one in planners:
        cores[one.core][one.application, 0].append(one)
    for core, held in cores.items():
        _check_heaviest(core, held)
        windows = {(key[0], one) for key, own in held.items() for one in own if one.deadline_ns == one.wcet_ns}
        for (name, one), (other_name, other) in combinations(windows, 2):
            if name != other_name and _overlap(one, other, guard_ns):
                raise ViolationError(f"core {core}: the windows of {one} and {other} overlap in some combination")


def _check_heaviest(core: int, held: Mapping[tuple[str, int], Sequence[Reservation]]) -> None:
    heaviest: dict[str, int] = defaultdict(int)
    for (name, _), own in held.items():
        load_ppm = sum(one.wcet_ns * 10**6 // one.period_ns for one in own)
        heaviest[name] = max(heaviest[name], load_ppm)
    if sum(heaviest.values()) > 900_000:
        raise ViolationError(f"core {core} may promise {sum(heaviest.values())} ppm in some combination")


def check_core(core: int, reservations: Sequence[Reservation], *, guard_ns: int = 0) -> None:
    """One core in one combination of phases; windows that never overlap need no simulation."""
    hard = [one for one in reservations if one.period_ns]
    load_ppm = sum(one.wcet_ns * 10**6 // one.period_ns for one in hard)
    if load_ppm > 900_000:
        raise ViolationError(f"core {core} promises {load_ppm} ppm, more than 900000")
    _check_windows(core, [one for one in hard if one.deadline_ns == one.wcet_ns], guard_ns)
    if all(one.deadline_ns == one.wcet_ns for one in hard):
        return
    if sum(_turns(hard) // one.period_ns for one in hard) * 3 <= MOST_JOBS:
        misses = count_misses(hard)
        if misses:
            raise ViolationError(f"core {core}: EDF misses {misses} deadlines of {hard}")


def count_misses(reservations: Iterable[Reservation]) -> int:
    """Jobs that EDF ends late on one core, over the offsets and two hyperperiods.

    Every reservation releases from its offset on in every period and uses its whole WCET.
    """
    hard = list(reservations)
    end_ns = max((one.release_ns for one in hard), default=0) + 2 * _turns(hard)
    arrivals = sorted(
        (release, release + one.deadline_ns, one.wcet_ns)
        for one in hard
        for release in range(one.release_ns, end_ns, one.period_ns)
    )
    return len(_late_jobs(arrivals))


def _late_jobs(arrivals: Sequence[tuple[int, int, int]]) -> list[int]:
    """Deadlines missed, for jobs (release, deadline, work) in order of release, earliest deadline first."""
    late: list[int] = []
    ready: list[tuple[int, int]] = []
    now = position = 0
    while ready or position < len(arrivals):
        if not ready:
            now = max(now, arrivals[position][0])
        while position < len(arrivals) and arrivals[position][0] <= now:
            heappush(ready, arrivals[position][1:])
            position += 1
        deadline, work = heappop(ready)
        until = now + work
        if position < len(arrivals) and arrivals[position][0] < until:
            until = arrivals[position][0]
            heappush(ready, (deadline, work - (until - now)))
        elif until > deadline:
            late.append(deadline)
        now = until
    return late


def _check_nobody_is_twice(core: int, reservations: Sequence[Reservation]) -> None:
    names = [(one.application, one.dispatcher) for one in reservations]
    if len(set(names)) < len(names):
        raise ViolationError(f"core {core}: a dispatcher is there twice among {names}")


def _check_windows(core: int, windows: Sequence[Reservation], guard_ns: int) -> None:
    """No two windows overlap, however far time runs: their distances repeat with the common period."""
    for index, one in enumerate(windows):
        for other in windows[:index]:
            if _overlap(one, other, guard_ns):
                raise ViolationError(f"core {core}: the windows of {one} and {other} overlap")


def _overlap(one: Reservation, other: Reservation, guard_ns: int) -> bool:
    """Looks at the releases of `other` around each release of `one`, over a common period."""
    if lcm(one.period_ns, other.period_ns) // one.period_ns > MOST_JOBS:
        return _overlap_by_residues(one, other, guard_ns)
    for release in range(one.release_ns, one.release_ns + lcm(one.period_ns, other.period_ns), one.period_ns):
        since_ns = (release - other.release_ns) % other.period_ns
        if since_ns < other.wcet_ns + guard_ns or other.period_ns - since_ns < one.wcet_ns + guard_ns:
            return True
    return False


def _overlap_by_residues(one: Reservation, other: Reservation, guard_ns: int) -> bool:
    """The distances between releases are all numbers of one residue class; the two nearest to 0 decide."""
    a, b = one.period_ns, other.period_ns
    while b:
        a, b = b, a % b
    ahead_ns = (other.release_ns - one.release_ns) % a
    return ahead_ns < one.wcet_ns + guard_ns or a - ahead_ns < other.wcet_ns + guard_ns


def _check_nobody_moves(schedules: Sequence[Schedule]) -> None:
    cores: dict[tuple[str, int], int] = {}
    offsets: dict[tuple[str, int, int], int] = {}
    for schedule in schedules:
        for one in schedule.reservations:
            if cores.setdefault((one.application, one.dispatcher), one.core) != one.core:
                raise ViolationError(f"{one.application} dispatcher {one.dispatcher} moves between combinations")
            key = (one.application, one.dispatcher, schedule.phases[one.application])
            if offsets.setdefault(key, one.release_ns) != one.release_ns:
                raise ViolationError(f"{one.application} dispatcher {one.dispatcher} changes its offset")


def _by_core(reservations: Iterable[Reservation]) -> dict[int, list[Reservation]]:
    found: dict[int, list[Reservation]] = defaultdict(list)
    for one in reservations:
        found[one.core].append(one)
    return found


def _turns(reservations: Sequence[Reservation]) -> int:
    return lcm(*(one.period_ns for one in reservations))
