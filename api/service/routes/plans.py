"""Plans that leave no trace in the store: placements of applications, multicast trees."""

from typing import Any, TypeAlias

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.bindings import check_format
from api.service.answers import ACCEPTED, Json, refusals
from api.service.body import StrictRoute
from api.service.holdings import Holdings
from api.service.messages import DriverBody, MemoryBody, PlacementBody, SchemeBody, TreeBody
from api.service.stored import HoldingsHere, KnowledgeHere
from api.service.work.attendance import attend, patience_of
from api.service.work.jobs import Reply
from api.service.work.pool import Assignment

LONGEST_SEARCH_S = 20.0

PlannedBody: TypeAlias = PlacementBody | DriverBody | MemoryBody | SchemeBody | TreeBody

router = APIRouter(prefix="/v1/machines/{machine}", tags=["plans"], route_class=StrictRoute)


@router.post("/placements", response_class=Json, responses={**ACCEPTED, **refusals(400, 404, 415, 503)})
async def place_application(
    request: Request, holdings: HoldingsHere, knowledge: KnowledgeHere, body: PlacementBody
) -> Response:
    """Cores for the dispatchers of an application; `infeasible` with its conflict is an answer, too."""
    if body.emit is not None:
        check_format(body.emit)
    asked = {
        "app": body.app,
        "emit": body.emit,
        "seed": body.seed,
        "time_limit": _longest(holdings, body.time_limit, body.iterations),
        "iterations": body.iterations,
    }
    return await _plan(request, holdings, knowledge.machine, body, "place", asked)


@router.post("/multicast-trees", response_class=Json, responses={**ACCEPTED, **refusals(400, 404, 415, 503)})
async def build_tree(request: Request, holdings: HoldingsHere, knowledge: KnowledgeHere, body: TreeBody) -> Response:
    """The tree by which `root` reaches `members` soonest, with a lower bound."""
    asked = {
        "root": body.root,
        "members": body.members,
        "method": body.method,
        "objective": body.objective,
        "send_share": body.send_share,
        "max_fanout": body.max_fanout,
        "max_depth": body.max_depth,
        "previous": body.previous,
        "cost": body.cost,
        "iterations": body.iterations,
        "time_limit": _longest(holdings, body.time_limit, body.iterations),
        "seed": body.seed,
    }
    return await _plan(request, holdings, knowledge.machine, body, "build_tree", asked)


@router.post("/drivers", response_class=Json, responses={**ACCEPTED, **refusals(400, 404, 415, 503)})
async def choose_driver_core(
    request: Request, holdings: HoldingsHere, knowledge: KnowledgeHere, body: DriverBody
) -> Response:
    """The core for a device's driver and its interrupts."""
    asked = {"device": body.device, "clients": body.clients}
    return await _plan(request, holdings, knowledge.machine, body, "place_driver", asked)


@router.post("/memory", response_class=Json, responses={**ACCEPTED, **refusals(400, 404, 415, 503)})
async def choose_memory(
    request: Request, holdings: HoldingsHere, knowledge: KnowledgeHere, body: MemoryBody
) -> Response:
    """The memory nodes for what a group of cores uses."""
    asked = {"cores": body.cores, "size_bytes": body.size_bytes, "is_private": body.private}
    return await _plan(request, holdings, knowledge.machine, body, "place_memory", asked)


@router.post("/schemes", response_class=Json, responses={**ACCEPTED, **refusals(400, 404, 415, 503)})
async def choose_sharing(
    request: Request, holdings: HoldingsHere, knowledge: KnowledgeHere, body: SchemeBody
) -> Response:
    """How a set of cores should keep common state."""
    asked = {"cores": body.cores, "lines": body.lines, "read_share": body.read_share}
    return await _plan(request, holdings, knowledge.machine, body, "choose_scheme", asked)


async def _plan(
    request: Request, holdings: Holdings, name: str, body: PlannedBody, task: str, asked: dict[str, Any]
) -> Response:
    def work(assignment: Assignment[Reply]) -> Reply:
        return Reply(200, assignment.ask(task, [holdings.machine(name)], **asked))

    cost = holdings.cost(body.limits)
    patience = patience_of(request.headers, None)
    return await attend(request, holdings.pool, holdings.jobs, task, work, cost, patience)


def _longest(holdings: Holdings, time_limit: float | None, iterations: int | None) -> float | None:
    """The seconds of a search; one that is given iterations ends in time, too."""
    if time_limit is not None:
        holdings.caps.allow("time_limit", round(time_limit), round(holdings.caps.time_limit_s))
        return time_limit
    return min(LONGEST_SEARCH_S, holdings.caps.time_limit_s) if iterations else None
