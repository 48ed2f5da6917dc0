"""Jobs: how far long work is, what it told so far, calling it off."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Annotated

from fastapi import APIRouter, Header, Path, Query
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.service.answers import Json, refusals
from api.service.body import StrictRoute
from api.service.holdings import Holdings
from api.service.stored import HoldingsHere
from api.service.streams import EventStream, block, heartbeat
from api.service.work.jobs import Job

LOOK_S = 0.1
HEARTBEAT_S = 15.0

router = APIRouter(prefix="/v1/jobs", tags=["jobs"], route_class=StrictRoute)

Number = Annotated[str, Path(max_length=64)]
After = Annotated[int, Query(ge=0, le=2**53)]


@router.get("", response_class=Json, responses=refusals())
async def list_all(holdings: HoldingsHere) -> Json:
    """All jobs that are still known, oldest first, without their results."""
    return Json({"jobs": [{"id": job.id, "kind": job.kind, "status": job.status} for job in holdings.jobs.all()]})


@router.get("/{number}", response_class=Json, responses=refusals(404))
async def read(holdings: HoldingsHere, number: Number, after: After = 0) -> Response:
    """A job: status, progress, events (those after a number), and its result or error once it is finished."""
    return _described(holdings.jobs.find(number), after)


@router.delete("/{number}", response_class=Json, responses=refusals(404))
async def cancel(holdings: HoldingsHere, number: Number) -> Response:
    """Call off a job that is not finished, which then is `cancelled`; forget one that is."""
    job = holdings.jobs.find(number)
    if job.is_finished:
        holdings.jobs.forget(job)
    else:
        await run_in_threadpool(holdings.jobs.cancel, job)
    return _described(job, 0)


@router.get("/{number}/events", response_class=EventStream, status_code=200, responses=refusals(404, 503))
async def follow(
    holdings: HoldingsHere, number: Number, after: After = 0, last_event_id: Annotated[str | None, Header()] = None
) -> EventStream:
    """The events of a job as server-sent events, then `finished`; resumable by Last-Event-ID."""
    job = holdings.jobs.find(number)
    holdings.watchers.check()
    said = (last_event_id or "").strip()
    return EventStream(_blocks(holdings, job, int(said) if said.isdecimal() and len(said) < 16 else after))


def _described(job: Job, after: int) -> Response:
    return Response(job.document(after), media_type="application/json")


async def _blocks(holdings: Holdings, job: Job, after: int) -> AsyncGenerator[str]:
    with holdings.watchers.joined():
        yield "retry: 2000\n\n"
        silent_s = 0.0
        while not holdings.watchers.is_closed:
            is_finished = job.is_finished
            for event in job.events_after(after):
                after, silent_s = event["number"], 0.0
                yield block("progress", event, str(after))
            if is_finished:
                yield block("finished", {"id": job.id, "status": job.status})
                return
            await asyncio.sleep(LOOK_S)
            silent_s += LOOK_S
            if silent_s >= HEARTBEAT_S:
                silent_s = 0.0
                yield heartbeat(None)
