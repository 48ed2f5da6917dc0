"""What the simulator says when it cannot go on: input that no machine can run, and a scheduler's own
panic.
"""


class ScenarioError(ValueError):
    """A scenario that cannot be run; `details` says where, what was found and what would be accepted."""

    def __init__(self, code: str, message: str, **details: object) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.details = details


def clock_error(what: str, now_ps: int, core: int) -> ScenarioError:
    """Something that would happen before now, at `now_ps` on `core`."""
    message = f"{what}, though it is {now_ps} ps on core {core}; accepted: times from then on"
    return ScenarioError("clock_backwards", message, core=core, time_ps=now_ps)


class SchedulerPanic(RuntimeError):  # noqa: N818 - the kernel's own word
    """The exact RBED rules ran into a state in which Barrelfish's kernel stops."""
