"""Manifests: admitting them for good, listing, withdrawing, changing phase; and the schedules that hold."""

from typing import Annotated, Any

from fastapi import APIRouter, Path

from api.service.answers import Json, refusals
from api.service.body import StrictRoute
from api.service.messages import ManifestBody, PhaseBody
from api.service.stored import KnowledgeHere
from planner.controller import change_phase, consider, find_submission, submissions, submit, withdraw
from planner.manifests.manifest import Manifest

router = APIRouter(prefix="/v1/machines/{machine}", tags=["manifests"], route_class=StrictRoute)

Number = Annotated[int, Path(ge=0, le=2**32 - 1)]


@router.get("/manifests", response_class=Json, responses=refusals(404, 503))
def list_all(knowledge: KnowledgeHere) -> Json:
    """The manifests that are admitted, oldest first."""
    return Json({"machine": knowledge.machine, "manifests": [one.to_json() for one in submissions(knowledge)]})


@router.post("/manifests", response_class=Json, status_code=201, responses=refusals(400, 404, 409, 415, 503))
def admit(knowledge: KnowledgeHere, body: ManifestBody) -> Json:
    """Admit a manifest for good (201, with its id); a refusal or a dry run is 200 with `id` null."""
    manifest = Manifest.parse(body.text, name=body.application, dispatchers=body.dispatchers)
    asked: dict[str, Any] = {
        "policy": body.policy,
        "cores": {body.application: body.cores} if body.cores else None,
        "time_limit": body.time_limit,
    }
    if body.dry_run:
        return Json({"id": None, **consider(knowledge, [manifest], **asked).to_json()}, 200)
    accepted, decision = submit(knowledge, manifest, text=body.text, **asked)
    if accepted is None:
        return Json({"id": None, **decision.to_json()}, 200)
    return Json({"id": accepted.id, **decision.to_json()}, 201)


@router.get("/manifests/{number}", response_class=Json, responses=refusals(404, 503))
def read(knowledge: KnowledgeHere, number: Number) -> Json:
    """One admitted manifest with its text, phase and cores."""
    return Json(find_submission(knowledge, number).to_json())


@router.delete("/manifests/{number}", response_class=Json, responses=refusals(404, 503))
def take_back(knowledge: KnowledgeHere, number: Number) -> Json:
    """Withdraw a manifest; the others keep cores and offsets."""
    gone = withdraw(knowledge, number)
    return Json({"withdrawn": gone.to_json(), "revision": knowledge.revision})


@router.post("/manifests/{number}/phase", response_class=Json, responses=refusals(400, 404, 415, 503))
def enter_phase(knowledge: KnowledgeHere, number: Number, body: PhaseBody) -> Json:
    """Let an application enter one of its phases; answers with the schedule that then holds."""
    changed = change_phase(knowledge, number, body.phase)
    running = consider(knowledge).schedules[0]
    return Json({**changed.to_json(), "schedule": running.to_json(), "revision": knowledge.revision})


@router.get("/schedules", response_class=Json, responses=refusals(404, 409, 503))
def schedules(knowledge: KnowledgeHere) -> Json:
    """The schedule of each combination of phases of all that is admitted, the running one first."""
    return Json(consider(knowledge).to_json())
