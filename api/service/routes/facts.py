"""Facts of a machine: reading them with their provenance, asserting, retracting."""

from collections import Counter
from typing import Annotated, Any

from fastapi import APIRouter, Query

from api.service.answers import Json, refusals
from api.service.body import StrictRoute
from api.service.messages import FactsBody
from api.service.stored import ExpectedRevision, KnowledgeHere
from api.term_json import facts_from_json
from skb.snapshot import StoredFact
from skb.terms import to_json

router = APIRouter(prefix="/v1/machines/{machine}/facts", tags=["facts"], route_class=StrictRoute)


@router.get("", response_class=Json, responses=refusals(404, 503))
def read(
    knowledge: KnowledgeHere,
    relation: Annotated[str | None, Query(max_length=200)] = None,
    revision: Annotated[int | None, Query(ge=0, le=2**62)] = None,
    everything: Annotated[bool, Query(alias="all")] = False,
    limit: Annotated[int, Query(ge=1, le=200_000)] = 10_000,
) -> Json:
    """The facts that goals see, each with layer, source and revision; with `all` also those that are hidden."""
    snapshot = knowledge.snapshot(revision)
    found = [fact for fact in snapshot.facts(relation) if everything or fact.wins]
    document = {
        "machine": snapshot.machine,
        "revision": snapshot.revision,
        "total": len(found),
        "relations": dict(sorted(Counter(fact.relation for fact in found).items())),
        "facts": [_document(fact) for fact in found[:limit]],
    }
    return Json(document, headers={"etag": f'"{snapshot.revision}"'})


@router.post("", response_class=Json, status_code=201, responses=refusals(400, 404, 412, 415, 503))
def tell(knowledge: KnowledgeHere, body: FactsBody, expected: ExpectedRevision) -> Json:
    """Assert facts in one revision; they are `measured` unless `layer` says otherwise."""
    said = facts_from_json(body.facts)
    layer = body.layer or "measured"
    revision = knowledge.tell(said, layer=layer, source=body.source, expected_revision=expected)
    return Json({"machine": knowledge.machine, "revision": revision, "asserted": len(said)}, 201)


@router.delete("", response_class=Json, responses=refusals(400, 404, 412, 415, 503))
def retract(knowledge: KnowledgeHere, body: FactsBody, expected: ExpectedRevision) -> Json:
    """Retract facts from `layer`, or from all; the revision stays where nothing was there."""
    said = facts_from_json(body.facts)
    revision = knowledge.retract(said, layer=body.layer, expected_revision=expected)
    return Json({"machine": knowledge.machine, "revision": revision})


def _document(fact: StoredFact) -> dict[str, Any]:
    return {
        "f": fact.relation,
        "args": [to_json(arg) for arg in fact.args],
        "layer": fact.layer,
        "source": fact.source,
        "revision": fact.revision,
        "wins": fact.wins,
    }
