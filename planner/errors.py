"""The refusal of a request that cannot be planned as it was asked."""

from collections.abc import Mapping

from skb.errors import SkbError


class PlanError(SkbError):
    """Bad input to a plan: what was asked, what was found and where, what would be accepted.

    `details` carries the same as data: `line`, `key`, `found`, `accepted`... as far as they apply.
    """

    code = "bad_plan_request"

    def __init__(self, message: str, *, code: str | None = None, details: Mapping[str, object] | None = None) -> None:
        super().__init__(message, code=code, details=details)
