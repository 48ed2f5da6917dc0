"""Who said what of a machine, and when: contradictions and how they were resolved."""

from typing import Annotated

from fastapi import APIRouter, Query

from api.service.answers import Json, refusals
from api.service.body import StrictRoute
from api.service.stored import KnowledgeHere
from api.testimony import MOST_KEYS, report_statements

router = APIRouter(prefix="/v1/machines/{machine}", tags=["facts"], route_class=StrictRoute)


@router.get("/why", response_class=Json, responses=refusals(404, 503))
def why(
    knowledge: KnowledgeHere,
    fact: Annotated[str | None, Query(max_length=10_000)] = None,
    limit: Annotated[int, Query(ge=1, le=100_000)] = MOST_KEYS,
) -> Json:
    """Who said a fact, who said otherwise, and when; without `fact`, every contradiction of the machine."""
    document = report_statements(knowledge, fact, limit)
    return Json(document, headers={"etag": f'"{document["revision"]}"'})
