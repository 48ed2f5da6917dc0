"""Checks of derived releases: replayed hop by hop against planners that look at the worst moment."""

from collections.abc import Mapping, Sequence

from planner.admission.releases import Release
from planner.admission.reservations import Reservation
from planner.verify.errors import ViolationError


def check_release(
    release: Release,
    members: Sequence[int],
    planners: Sequence[Reservation],
    latency_ns: Mapping[tuple[int, int], int],
) -> None:
    """The first member tells all others itself; each planner has just looked when its message comes.

    It then looks again a period later and is done by that job's deadline. Raises ViolationError for a release before
    the last of them is done.
    """
    own = {one.core: one for one in planners}
    silent = [core for core in members if core not in own]
    if silent:
        raise ViolationError(f"{release.application}: the planners of cores {silent} have no reservation")
    told_ns = own[members[0]].period_ns + own[members[0]].deadline_ns
    ends = {
        core: told_ns + latency_ns[members[0], core] + own[core].period_ns + own[core].deadline_ns
        for core in members[1:]
    }
    last_ns = max(ends.values(), default=told_ns)
    if release.release_ns < last_ns:
        raise ViolationError(
            f"{release.application} phase {release.phase} is released after {release.release_ns} ns, and its last "
            f"planner may know of it only after {last_ns} ns"
        )
