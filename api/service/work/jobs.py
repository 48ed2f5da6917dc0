"""Long work that a client comes back for: its progress, its events, its answer; kept in this process."""

import logging
import secrets
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Lock
from typing import Any

from api.failures import BadRequest, Failure, failure_of
from api.json_text import write_json
from api.service.work.caps import Cost
from api.service.work.failures import Cancelled
from api.service.work.pool import Assignment, Pool

MOST_FINISHED = 500
MOST_FINISHED_BYTES = 256 * 1024 * 1024
MOST_EVENTS = 10_000


_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer of work: the status and the JSON that a request would have got."""

    status: int
    body: bytes


Work = Callable[[Assignment[Reply]], Reply]


@dataclass(slots=True)
class Job:
    """One piece of long work. `events` are numbered from 1; the oldest are forgotten."""

    id: str
    kind: str
    created_s: float
    finished_s: float | None = None
    progress: Mapping[str, int] | None = None
    event_count: int = 0
    events: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=MOST_EVENTS))
    reply: Reply | None = None
    failure: Failure | None = None
    assignment: Assignment[Reply] | None = None

    @property
    def status(self) -> str:
        """queued, running, succeeded, failed or cancelled."""
        if self.reply is not None:
            return "succeeded"
        if self.failure is not None:
            return "cancelled" if self.failure.code == Cancelled.code else "failed"
        return "running" if self.assignment is not None and self.assignment.has_started else "queued"

    @property
    def is_finished(self) -> bool:
        return self.finished_s is not None

    def hear(self, event: Mapping[str, Any]) -> None:
        """An event of the work; `done` and `total` in it are progress."""
        self.event_count += 1
        self.events.append({"number": self.event_count, "at": _moment(time.time()), **event})
        if "done" in event and "total" in event:
            self.progress = {"done": event["done"], "total": event["total"]}

    def events_after(self, number: int) -> list[dict[str, Any]]:
        return [event for event in list(self.events) if event["number"] > number]

    def document(self, after: int = 0) -> bytes:
        """The job as JSON, with its events after a number and, once it is there, its result or problem."""
        document = {
            "id": self.id,
            "kind": self.kind,
            "status": self.status,
            "created": _moment(self.created_s),
            "finished": None if self.finished_s is None else _moment(self.finished_s),
            "seconds": round((self.finished_s or time.time()) - self.created_s, 3),
            "progress": self.progress,
            "events": self.events_after(after),
            "error": None if self.failure is None else self.failure.to_json()["error"],
        }
        text = write_json(document).encode("ascii")
        result = b"null" if self.reply is None else self.reply.body
        return text[:-1] + b', "result": ' + result + b"}"


class Jobs:
    """The jobs of a service by id; finished ones are kept until they are deleted or newer ones need the room."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._lock = Lock()

    def start(self, kind: str, work: Work, cost: Cost) -> Job:
        """Raises Busy where too many wait already."""
        job = Job(secrets.token_hex(8), kind, time.time())
        job.assignment = self._pool.submit(work, cost, is_long=True, hear=job.hear)
        with self._lock:
            self._jobs[job.id] = job
        job.assignment.outcome.add_done_callback(lambda outcome: self._finish(job, outcome))
        return job

    def find(self, number: str) -> Job:
        """Raises BadRequest with code unknown_job."""
        with self._lock:
            found = self._jobs.get(number)
        if found is None:
            raise BadRequest("there is no such job, or it is forgotten; POST the work again", code="unknown_job")
        return found

    def all(self) -> list[Job]:
        """Oldest first."""
        with self._lock:
            return list(self._jobs.values())

    def cancel(self, job: Job) -> None:
        """Call off what runs and wait for its end."""
        if job.assignment is not None and not job.is_finished:
            self._pool.cancel(job.assignment)
            job.assignment.outcome.exception()

    def forget(self, job: Job) -> None:
        with self._lock:
            self._jobs.pop(job.id, None)

    def close(self) -> None:
        """Call off all that is not finished."""
        for job in self.all():
            self.cancel(job)

    def counts(self) -> Mapping[str, int]:
        """Jobs by status."""
        found = dict.fromkeys(("queued", "running", "succeeded", "failed", "cancelled"), 0)
        for job in self.all():
            found[job.status] += 1
        return found

    def _finish(self, job: Job, outcome: "Future[Reply]") -> None:
        error = outcome.exception()
        if error is None:
            job.reply = outcome.result()
        else:
            job.failure = failure_of(error)
            if job.failure.fault == "ours":
                _log.error("fault %s", job.failure.details.get("id"), exc_info=error)
        job.finished_s = time.time()
        self._make_room()

    def _make_room(self) -> None:
        with self._lock:
            finished = [job for job in self._jobs.values() if job.is_finished]
            held_bytes = sum(_size(job) for job in finished)
            while finished and (len(finished) > MOST_FINISHED or held_bytes > MOST_FINISHED_BYTES):
                oldest = finished.pop(0)
                held_bytes -= _size(oldest)
                del self._jobs[oldest.id]


def _size(job: Job) -> int:
    return 0 if job.reply is None else len(job.reply.body)


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
