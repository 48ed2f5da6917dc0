"""The schedules of everything that is admitted, one combination of phases after the other, each handed on at once."""

from collections.abc import Iterator

from planner.admission.reservations import Schedule
from planner.admission.schedules import combine
from planner.control.submissions import Submission
from planner.verify.schedule import check_decision


def derive(known: tuple[Submission, ...]) -> Iterator[Schedule]:
    """Each combination's schedule as it is asked for, checked, the running one first (dissertation, section 3.6.1).

    None is derived before the one before it was taken, so whoever transmits them need not wait for the last of
    p1 x p2 x ... Raises ViolationError for one that cannot be kept.
    """
    promises = {(one.manifest.name, phase): own for one in known for phase, own in enumerate(one.reservations)}
    for schedule in combine(promises, {one.manifest.name: one.phase for one in known}):
        check_decision((schedule,))
        yield schedule
