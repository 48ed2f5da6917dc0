"""All questions about many cores, by id."""

from collections.abc import Callable, Iterable, Mapping

from experiments.beyond.channels import channels
from experiments.beyond.congestion import congestion
from experiments.beyond.finding import Finding
from experiments.beyond.gang_starts import gang_starts
from experiments.beyond.monitor_turns import monitor_turns
from experiments.beyond.phase_changes import phase_changes
from experiments.errors import ExperimentError

FINDINGS: Mapping[str, Callable[[], Finding]] = {
    "BEY-01": phase_changes,
    "BEY-02": channels,
    "BEY-03": monitor_turns,
    "BEY-04": gang_starts,
    "BEY-05": congestion,
}


def find(ids: Iterable[str] = ()) -> tuple[Finding, ...]:
    """The findings of `ids`, all if there are none. Raises ExperimentError for an id that does not exist."""
    wanted = tuple(ids) or tuple(FINDINGS)
    for name in wanted:
        if name not in FINDINGS:
            raise ExperimentError(
                f"there is no question {name!r}; accepted: {', '.join(FINDINGS)}",
                code="unknown_result",
                details={"found": name, "accepted": list(FINDINGS)},
            )
    return tuple(FINDINGS[name]() for name in wanted)
