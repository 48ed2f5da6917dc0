"""Watching a machine: its changes as server-sent events, from any revision that is kept."""

import re
from collections.abc import AsyncGenerator, Sequence
from itertools import groupby
from typing import Annotated

from fastapi import APIRouter, Header, Query
from starlette.concurrency import run_in_threadpool

from api.failures import BadRequest, failure_of
from api.service.answers import refusals
from api.service.body import StrictRoute
from api.service.holdings import Holdings
from api.service.problems import problem_document, status_of
from api.service.stored import HoldingsHere, KnowledgeHere
from api.service.streams import EventStream, block, heartbeat
from skb.errors import SkbError
from skb.watching.bookkeeping import Change
from skb.watching.changes import Changes

_EVENT_ID = re.compile(r"(\d{1,18})(?:\.(\d{1,9}))?", re.ASCII)

router = APIRouter(prefix="/v1/machines/{machine}", tags=["watch"], route_class=StrictRoute)


@router.get("/watch", response_class=EventStream, status_code=200, responses=refusals(400, 404, 503))
async def watch(
    holdings: HoldingsHere,
    knowledge: KnowledgeHere,
    from_revision: Annotated[int | None, Query(alias="from", ge=0, le=2**62)] = None,
    pattern: Annotated[str, Query(max_length=10_000)] = "_",
    heartbeat_s: Annotated[float, Query(alias="heartbeat", ge=0.05, le=300)] = 15.0,
    last_event_id: Annotated[str | None, Header()] = None,
) -> EventStream:
    """The changes after a revision of facts that match `pattern`, as server-sent events, until the client leaves.

    Each `change` is told once and in order. Last-Event-ID goes before `from`; without either it begins now.
    """
    after, told = from_revision, 0
    if last_event_id is not None and last_event_id.strip():
        after, told = _read_event_id(last_event_id)
    holdings.watchers.check()
    cursor = await run_in_threadpool(holdings.store.changes, pattern, after, machine=knowledge.machine)
    return EventStream(_blocks(holdings, cursor, told, heartbeat_s))


def _read_event_id(text: str) -> tuple[int, int]:
    """Where to go on: after a revision, and how many changes of the next one were told. Raises BadRequest."""
    found = _EVENT_ID.fullmatch(text.strip())
    if found is None or (found[2] is not None and int(found[1]) == 0):
        raise BadRequest(
            "the Last-Event-ID is none of this stream; a revision such as 7, or 7.2, is accepted", code="bad_event_id"
        )
    return (int(found[1]), 0) if found[2] is None else (int(found[1]) - 1, int(found[2]))


async def _blocks(holdings: Holdings, cursor: Changes, told: int, heartbeat_s: float) -> AsyncGenerator[str]:
    with holdings.watchers.joined() as watcher:
        yield f"retry: 2000\n: after revision {cursor.revision}\n\n"
        while not holdings.watchers.is_closed:
            before = cursor.revision
            try:
                changes = await run_in_threadpool(cursor.read)
            except SkbError as error:
                failure = failure_of(error)
                yield block("problem", problem_document(status_of(failure), failure))
                return
            for number, change in _numbered(changes, before + 1, told):
                yield block("change", change.to_json(), number)
            if cursor.revision != before:
                told = 0
            elif not await watcher.wait(heartbeat_s):
                yield heartbeat(str(cursor.revision) if not told else None)


def _numbered(changes: Sequence[Change], first: int, told: int) -> list[tuple[str, Change]]:
    """Changes with what to resume after: the last of revision 7 is `7`, those before it `7.1`, `7.2`, ..."""
    found: list[tuple[str, Change]] = []
    for revision, group in groupby(changes, key=lambda change: change.revision):
        own = list(group)
        skipped = told if revision == first else 0
        for at, change in enumerate(own[skipped:], start=skipped + 1):
            found.append((str(revision) if at == len(own) else f"{revision}.{at}", change))
    return found
