"""What an experiment answers when it cannot be carried out as it was written."""

from collections.abc import Mapping

from skb.errors import SkbError


class ExperimentError(SkbError):
    """A mistake in a scenario or a batch: `details` says where, what was found, what would be accepted."""

    code = "bad_experiment"


class NotAdmitted(ExperimentError):  # noqa: N818
    """The planner refuses: the experiment is sound, the answer is no (exit code 1).

    `details` has `refusal`, the planner's causes as JSON.
    """

    code = "not_admitted"

    def __init__(self, message: str, *, details: Mapping[str, object] | None = None) -> None:
        super().__init__(message, details=details)
