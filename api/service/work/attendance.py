"""A request waits for its work: until the answer is there, its client is gone, or a job is handed out instead."""

import asyncio
import re
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from starlette.datastructures import Headers
from starlette.responses import Response

from api.service.work.caps import Cost
from api.service.work.failures import Busy
from api.service.work.jobs import Job, Jobs, Reply, Work
from api.service.work.pool import RETRY_AFTER_S, Pool

PATIENCE_S = 30.0
_WAIT = re.compile(r"wait=(\d{1,6})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a request waits before it is given a job; None for as long as the work may take."""

    seconds: float | None
    is_asked: bool = False


def patience_of(headers: Headers, default_s: float | None) -> Patience:
    """What `Prefer` asks for: `respond-async` gives a job at once, `wait=N` after N seconds (RFC 7240)."""
    preferences = [one.strip().lower() for one in ",".join(headers.getlist("prefer")).split(",")]
    waits = [int(found[1]) for one in preferences if (found := _WAIT.fullmatch(one))]
    if waits:
        return Patience(float(waits[0]), is_asked=True)
    if "respond-async" in preferences:
        return Patience(0.0, is_asked=True)
    return Patience(default_s)


async def attend(
    request: Request, pool: Pool, jobs: Jobs, kind: str, work: Work, cost: Cost, patience: Patience
) -> Response:
    """The answer of the work, or 202 with a job. A client that leaves while it waits calls the work off."""
    if patience.seconds is not None:
        return await _as_job(request, jobs, jobs.start(kind, work, cost), patience)
    assignment = pool.submit(work, cost)
    outcome: asyncio.Future[Any] = asyncio.wrap_future(assignment.outcome)
    gone: asyncio.Future[Any] = asyncio.ensure_future(_until_gone(request))
    try:
        await asyncio.wait({outcome, gone}, timeout=PATIENCE_S, return_when=asyncio.FIRST_COMPLETED)
        if not gone.done() and not assignment.has_started:
            pool.cancel(assignment)
            raise Busy(f"no worker was free for {PATIENCE_S:g} s; ask later", details={"retry_after_s": RETRY_AFTER_S})
        await asyncio.wait({outcome, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not outcome.done():
            pool.cancel(assignment)
        return answered(await outcome)
    except asyncio.CancelledError:
        pool.cancel(assignment)
        raise
    finally:
        _drop(gone, outcome)


def answered(reply: Reply) -> Response:
    return Response(reply.body, reply.status, media_type="application/json")


def handed_out(job: Job, *, is_asked: bool) -> Response:
    """202: the job, and where to come back for it."""
    headers = {"location": f"/v1/jobs/{job.id}", "retry-after": "1"}
    if is_asked:
        headers["preference-applied"] = "respond-async"
    return Response(job.document(), 202, headers, "application/json")


async def _as_job(request: Request, jobs: Jobs, job: Job, patience: Patience) -> Response:
    assert job.assignment is not None
    if not patience.seconds:
        return handed_out(job, is_asked=patience.is_asked)
    outcome: asyncio.Future[Any] = asyncio.wrap_future(job.assignment.outcome)
    gone: asyncio.Future[Any] = asyncio.ensure_future(_until_gone(request))
    try:
        await asyncio.wait({outcome, gone}, timeout=patience.seconds, return_when=asyncio.FIRST_COMPLETED)
        if not outcome.done() and not gone.done():
            return handed_out(job, is_asked=patience.is_asked)
        if not outcome.done():
            await asyncio.to_thread(jobs.cancel, job)
        jobs.forget(job)
        return answered(await outcome)
    finally:
        _drop(gone, outcome)


def _drop(*waits: "asyncio.Future[Any]") -> None:
    """Nobody waits any more; an outcome that nobody took is no one's fault."""
    for wait in waits:
        if wait.done() and not wait.cancelled():
            wait.exception()
        wait.cancel()


async def _until_gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
