"""Machines: reading one into the store, listing them, looking at one."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool

import facts
from api.failures import BadRequest
from api.machine_report import describe_machine, list_machines
from api.service.answers import Json, refusals
from api.service.body import StrictRoute, check_encoding
from api.service.stored import ExpectedRevision, KnowledgeHere, StoreHere

router = APIRouter(prefix="/v1/machines", tags=["machines"], route_class=StrictRoute)

_BYTES = {"schema": {"type": "string", "format": "binary"}}


@router.get("", response_class=Json, responses=refusals(503))
def list_all(store: StoreHere) -> Json:
    """Every machine with its revision, facts by relation, packages and cores."""
    return Json(list_machines(store))


@router.post(
    "",
    response_class=Json,
    status_code=201,
    responses=refusals(400, 412, 415, 503),
    openapi_extra={"requestBody": {"required": True, "content": {"application/octet-stream": _BYTES}}},
)
async def load(
    request: Request,
    store: StoreHere,
    expected: ExpectedRevision,
    name: Annotated[str | None, Query(max_length=200)] = None,
) -> Json:
    """Read a machine from the source's bytes: hwloc XML, latency CSV, Prolog facts, a bundled name, `synthetic:...`."""
    check_encoding(request)
    _check_name(name)
    data = await request.body()

    def take_in() -> Json:
        report = store.load(facts.read(data, name=name), name, expected_revision=expected)
        return Json(report.to_json(), 201, {"etag": f'"{report.revision}"'})

    return await run_in_threadpool(take_in)


@router.get("/{machine}", response_class=Json, responses=refusals(404, 503))
def describe(knowledge: KnowledgeHere) -> Json:
    """One machine: facts by relation and by layer, packages, NUMA nodes, caches, cores under all their numbers."""
    document = describe_machine(knowledge)
    return Json(document, headers={"etag": f'"{document["revision"]}"'})


def _check_name(name: str | None) -> None:
    if name is not None and any(0xD800 <= ord(letter) < 0xE000 for letter in name):
        raise BadRequest("the machine's name is no text", code="bad_name")
