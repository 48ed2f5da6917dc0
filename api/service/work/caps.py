"""What the service allows at most, and what one piece of work may cost."""

from dataclasses import dataclass

from api.failures import BadRequest

MOST_WORKERS = 8
MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Caps:
    """The upper bounds of a service: `workers` in all, `waiting` requests for them, seconds and bytes of each."""

    workers: int = MOST_WORKERS
    waiting: int = 32
    time_limit_s: float = 60.0
    job_time_limit_s: float = 600.0
    memory_bytes: int = 2048 * MIB

    def allow(self, name: str, asked: int, most: int) -> None:
        """BadRequest where a request asks for more of `limits.name` than the service gives."""
        if asked > most:
            raise BadRequest(
                f"limits.{name} is {asked:,}; this service allows up to {most:,}",
                code="limit_too_high",
                details={"limit": name, "found": asked, "accepted": most},
            )


@dataclass(frozen=True, slots=True)
class Cost:
    """What one piece of work may cost: wall seconds, bytes beyond what its process held before, workers."""

    seconds: float
    memory_bytes: int
    workers: int = 1
