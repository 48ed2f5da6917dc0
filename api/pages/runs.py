"""The addresses of the page of simulations."""

import json
from urllib.parse import parse_qs

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, Response

from api.failures import BadRequest, failure_of
from api.pages.simulations import simulations_page
from api.service.messages import WorkLimits
from api.service.problems import status_of
from api.service.routes.simulations import known_machines
from api.service.stored import HoldingsHere
from api.service.work.attendance import Patience, attend
from api.service.work.jobs import Reply
from api.service.work.pool import Assignment
from experiments.files.scenario import open_scenario, read_scenario

MOST_TEXT = 200_000
MOST_PICTURE_BYTES = 4 * 1024 * 1024
LONGEST_MS = 10_000

router = APIRouter(include_in_schema=False)


@router.get("/simulations")
def show_simulations() -> Response:
    """The form with an example."""
    return HTMLResponse(simulations_page())


@router.post("/simulations")
async def run_simulation(request: Request, holdings: HoldingsHere) -> Response:
    """Run what the form holds, for up to 10 seconds, and show what it came to."""
    text = ""
    try:
        text = _scenario_of(await request.body())
        file = await run_in_threadpool(read_scenario, open_scenario(text))
        machines = await run_in_threadpool(known_machines, holdings, {file.machine})

        def work(assignment: Assignment[Reply]) -> Reply:
            return Reply(200, assignment.ask("picture_run", machines, text=text, most_bytes=MOST_PICTURE_BYTES))

        cost = holdings.cost(WorkLimits(time_ms=LONGEST_MS), is_long=True)
        reply = await attend(request, holdings.pool, holdings.jobs, "simulation", work, cost, Patience(None))
    except Exception as error:  # told on the page, whoever has to mend it
        failure = failure_of(error)
        if failure.fault == "ours":
            raise
        return HTMLResponse(simulations_page(text, refusal=failure.message), status_of(failure))
    document = json.loads(bytes(reply.body))
    return HTMLResponse(simulations_page(text, document["answer"], document["picture"]))


def _scenario_of(body: bytes) -> str:
    """The field of a form. Raises BadRequest for a body that is none."""
    try:
        (text,) = parse_qs(body.decode("ascii"), max_num_fields=8, errors="strict")["scenario"]
    except (KeyError, ValueError) as error:
        raise BadRequest("the form has no field `scenario` of UTF-8 text; one is accepted", code="bad_form") from error
    if len(text) > MOST_TEXT:
        raise BadRequest(f"the scenario has {len(text):,} characters; at most {MOST_TEXT:,} are accepted")
    return text.replace("\r\n", "\n")
