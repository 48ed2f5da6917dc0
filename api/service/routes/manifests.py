"""Manifests: admitting them for good, listing, withdrawing, changing phase; and the schedules that hold."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.json_text import write_json
from api.service.answers import ACCEPTED, Json, refusals
from api.service.body import StrictRoute
from api.service.holdings import Holdings
from api.service.messages import ManifestBody, PhaseBody, WorkLimits
from api.service.stored import ExpectedRevision, HoldingsHere, KnowledgeHere
from api.service.work.attendance import attend, patience_of
from api.service.work.jobs import Reply
from api.service.work.pool import Assignment
from planner.admission.reservations import Decision
from planner.controller import change_phase, find_submission, running_schedule, submissions, submit, withdraw
from planner.manifests.manifest import Manifest
from planner.overcommit.shares import Rules
from skb.snapshot import Snapshot

DEFAULT_SEARCH_S = 10.0

router = APIRouter(prefix="/v1/machines/{machine}", tags=["manifests"], route_class=StrictRoute)

Number = Annotated[int, Path(ge=0, le=2**32 - 1)]


@router.get("/manifests", response_class=Json, responses=refusals(404, 503))
def list_all(knowledge: KnowledgeHere) -> Json:
    """The manifests that are admitted, oldest first."""
    return Json({"machine": knowledge.machine, "manifests": [one.to_json() for one in submissions(knowledge)]})


@router.post(
    "/manifests", response_class=Json, status_code=201, responses={**ACCEPTED, **refusals(400, 404, 409, 412, 415, 503)}
)
async def admit(
    request: Request, holdings: HoldingsHere, knowledge: KnowledgeHere, body: ManifestBody, expected: ExpectedRevision
) -> Response:
    """Admit a manifest for good (201, with its id); a refusal or a dry run is 200 with `id` null."""
    manifest = await run_in_threadpool(Manifest.parse, body.text, name=body.application, dispatchers=body.dispatchers)
    asked: dict[str, Any] = {
        "policy": body.policy if body.rules is None else Rules(body.rules),
        "cores": {body.application: body.cores} if body.cores else None,
        "time_limit": _longest(holdings, body.time_limit),
    }

    def work(assignment: Assignment[Reply]) -> Reply:
        def decide(snapshot: Snapshot) -> Decision:
            machine = holdings.machine(knowledge.machine, snapshot.revision)
            decision: Decision = assignment.ask("consider", [machine], manifests=[manifest], **asked)
            return decision

        if body.dry_run:
            return _reply(200, None, decide(knowledge.snapshot()))
        accepted, decision = submit(knowledge, manifest, text=body.text, expected_revision=expected, decide=decide)
        return _reply(200, None, decision) if accepted is None else _reply(201, accepted.id, decision)

    cost, patience = holdings.cost(body.limits), patience_of(request.headers, None)
    return await attend(request, holdings.pool, holdings.jobs, "admit", work, cost, patience)


@router.get("/manifests/{number}", response_class=Json, responses=refusals(404, 503))
def read(knowledge: KnowledgeHere, number: Number) -> Json:
    """One admitted manifest with its text, phase and cores."""
    return Json(find_submission(knowledge, number).to_json())


@router.delete("/manifests/{number}", response_class=Json, responses=refusals(400, 404, 412, 503))
def take_back(knowledge: KnowledgeHere, number: Number, expected: ExpectedRevision) -> Json:
    """Withdraw a manifest; the others keep cores and offsets."""
    gone = withdraw(knowledge, number, expected_revision=expected)
    return Json({"withdrawn": gone.to_json(), "revision": knowledge.revision})


@router.post("/manifests/{number}/phase", response_class=Json, responses=refusals(400, 404, 412, 415, 503))
def enter_phase(knowledge: KnowledgeHere, number: Number, body: PhaseBody, expected: ExpectedRevision) -> Json:
    """Let an application enter one of its phases; answers with the schedule that then holds."""
    changed = change_phase(knowledge, number, body.phase, expected_revision=expected)
    snapshot = knowledge.snapshot()
    running = running_schedule(snapshot)
    release = changed.release()
    return Json(
        {
            **changed.to_json(),
            "schedule": running.to_json(),
            "release": None if release is None else release.to_json(),
            "revision": snapshot.revision,
        }
    )


@router.get("/schedules", response_class=Json, responses=refusals(404, 409, 503))
async def schedules(request: Request, holdings: HoldingsHere, knowledge: KnowledgeHere) -> Response:
    """The schedule of each combination of phases of all that is admitted, the running one first."""

    def work(assignment: Assignment[Reply]) -> Reply:
        decision: Decision = assignment.ask("consider", [holdings.machine(knowledge.machine)], manifests=[])
        return Reply(200, write_json(decision.to_json()).encode("ascii"))

    cost, patience = holdings.cost(WorkLimits()), patience_of(request.headers, None)
    return await attend(request, holdings.pool, holdings.jobs, "schedules", work, cost, patience)


def _longest(holdings: Holdings, time_limit: float | None) -> float:
    most = holdings.caps.time_limit_s
    holdings.caps.allow("time_limit", round(time_limit or 0), round(most))
    return time_limit or min(DEFAULT_SEARCH_S, most)


def _reply(status: int, number: int | None, decision: Decision) -> Reply:
    return Reply(status, write_json({"id": number, **decision.to_json()}).encode("ascii"))
