"""How work can end without an answer of its own."""

from api.failures import TimeIsUp
from skb.errors import SkbError


class Busy(SkbError):  # noqa: N818
    """Too much is asked at once; details: retry_after_s."""

    code = "busy_workers"


class Cancelled(SkbError):  # noqa: N818
    """Nobody wants the answer any more."""

    code = "cancelled"


class WorkerDied(SkbError):  # noqa: N818
    """The process of the work was ended by something other than the service."""

    code = "worker_died"


class MemoryIsUp(TimeIsUp):
    """Work that its memory limit ended."""

    code = "memory_limit"
