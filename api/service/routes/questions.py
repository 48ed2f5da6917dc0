"""Questions to a machine's facts: short ones are answered here, the others by a worker."""

from dataclasses import replace

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

import skb.asking
from api.json_text import write_json
from api.service.answers import ACCEPTED, Json, refusals
from api.service.body import StrictRoute
from api.service.messages import QueryBody
from api.service.stored import HoldingsHere, KnowledgeHere
from api.service.work.attendance import answered, attend, patience_of
from api.service.work.jobs import Reply
from api.service.work.pool import Assignment
from api.service.work.tasks import LARGEST_ANSWER
from skb.evaluation.extent import clipped
from skb.finite.statement import is_finite
from skb.knowledge import KnowledgeBase
from skb.query.answer import Limits
from skb.query.program import read_question

DEFAULT_S = 10.0
DEFAULT_WORKERS = 2
LARGEST_TERM = 100_000
MOST_MODEL_VARIABLES = 50_000
AT_ONCE = {"time_ms": 200, "max_rows": 10_000, "max_derived": 200_000}
"""What a question may cost in this process; beyond, a worker is asked, which can be limited and killed."""

router = APIRouter(prefix="/v1/machines/{machine}/query", tags=["query"], route_class=StrictRoute)


@router.post("", response_class=Json, responses={**ACCEPTED, **refusals(400, 404, 415, 503)})
async def ask(request: Request, holdings: HoldingsHere, knowledge: KnowledgeHere, body: QueryBody) -> Response:
    """Ask a goal, with rules if need be; `infeasible` and `unknown` are answers, too."""
    cost = holdings.cost(body.limits, default_s=DEFAULT_S, workers=DEFAULT_WORKERS)
    limits = Limits(
        time_ms=round(cost.seconds * 1000),
        max_rows=body.limits.max_rows,
        max_derived=body.limits.max_derived,
        max_depth=body.limits.max_depth,
        max_term_size=LARGEST_TERM,
        max_model_vars=MOST_MODEL_VARIABLES,
        workers=cost.workers,
        seed=body.limits.seed,
    )
    patience = patience_of(request.headers, None)
    if patience.seconds is None:
        found = await run_in_threadpool(_answer_at_once, knowledge, body, limits)
        if found is not None:
            return answered(found)

    def work(assignment: Assignment[Reply]) -> Reply:
        machine = holdings.machine(knowledge.machine)
        return Reply(200, assignment.ask("ask", [machine], goal=body.goal, rules=body.rules, limits=limits))

    return await attend(request, holdings.pool, holdings.jobs, "query", work, cost, patience)


def _answer_at_once(knowledge: KnowledgeBase, body: QueryBody, limits: Limits) -> Reply | None:
    """The answer to a plain question that takes little; None for what a worker is to answer."""
    if is_finite(read_question(body.goal, body.rules).goal):
        return None
    small = {name: min(most, getattr(limits, name)) for name, most in AT_ONCE.items()}
    answer = skb.asking.ask(knowledge.snapshot(), body.goal, rules=body.rules, limits=replace(limits, **small))
    if answer.stopped_by in small and small[answer.stopped_by] < getattr(limits, answer.stopped_by):
        return None
    return Reply(200, write_json(clipped(answer, LARGEST_ANSWER).to_json()).encode("ascii"))
