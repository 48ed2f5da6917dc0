"""Questions to a machine's facts."""

from fastapi import APIRouter

from api.service.answers import Json, refusals
from api.service.body import StrictRoute
from api.service.messages import QueryBody
from api.service.stored import KnowledgeHere
from skb.evaluation.extent import clipped
from skb.query.answer import Limits

LARGEST_TERM = 100_000
LARGEST_ANSWER = 16 * 1024 * 1024

router = APIRouter(prefix="/v1/machines/{machine}/query", tags=["query"], route_class=StrictRoute)


@router.post("", response_class=Json, responses=refusals(400, 404, 415, 503))
def ask(knowledge: KnowledgeHere, body: QueryBody) -> Json:
    """Ask a goal, with rules if need be; `infeasible` and `unknown` are answers, too."""
    limits = Limits(**body.limits.model_dump(), max_term_size=LARGEST_TERM, max_model_vars=50_000, workers=2)
    answer = knowledge.ask(body.goal, rules=body.rules, limits=limits)
    return Json(clipped(answer, LARGEST_ANSWER).to_json())
