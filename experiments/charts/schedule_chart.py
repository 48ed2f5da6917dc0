"""The RBED chart of a Barrelfish scheduler scenario, for the command line."""

import kernelsim
from experiments.errors import ExperimentError
from kernelsim.schedsim import chart


class SchedulerPanicked(ExperimentError):  # noqa: N818
    """The simulated kernel stopped, as Barrelfish's would: `message` is its panic (exit code 1)."""

    code = "scheduler_panic"


def schedule_chart(text: str, runtime: int, quantum: int = 1) -> str:
    """What Barrelfish's scheduler simulator prints for the same file.

    Raises SchedulerPanicked, and ExperimentError with `details["line"]` where the file is wrong.
    """
    try:
        return chart(text, runtime, quantum)
    except kernelsim.SchedulerPanic as error:
        raise SchedulerPanicked(str(error)) from error
    except kernelsim.ScenarioError as error:
        raise ExperimentError(error.message, code=error.code, details=error.details) from error
