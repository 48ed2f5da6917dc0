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


class SchedulerPanic(RuntimeError):  # noqa: N818 - the kernel's own word
    """The exact RBED rules ran into a state in which Barrelfish's kernel stops."""
