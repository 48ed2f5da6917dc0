"""Simulations and batches of them: long work, which is given out as jobs."""

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.service.answers import ACCEPTED, Json, refusals
from api.service.body import StrictRoute
from api.service.holdings import Holdings
from api.service.messages import ExperimentBody, SimulationBody
from api.service.stored import HoldingsHere
from api.service.work.attendance import attend, patience_of
from api.service.work.jobs import Reply
from api.service.work.orders import MachineAt
from api.service.work.pool import Assignment
from experiments.files.scenario import open_scenario, read_scenario
from experiments.files.spec import read_spec

SHORT_S = 10.0
"""A simulation that takes no longer is answered at once."""

router = APIRouter(prefix="/v1", tags=["simulations"], route_class=StrictRoute)


@router.post("/simulations", response_class=Json, responses={**ACCEPTED, **refusals(400, 404, 415, 503)})
async def simulate(request: Request, holdings: HoldingsHere, body: SimulationBody) -> Response:
    """Boot the machine of a scenario and run it: the answer after up to 10 seconds, else a job (202)."""
    file = await run_in_threadpool(read_scenario, open_scenario(body.scenario))
    machines = await run_in_threadpool(known_machines, holdings, {file.machine})

    def work(assignment: Assignment[Reply]) -> Reply:
        return Reply(200, assignment.ask("simulate", machines, scenario=body.scenario))

    cost, patience = holdings.cost(body.limits, is_long=True), patience_of(request.headers, SHORT_S)
    return await attend(request, holdings.pool, holdings.jobs, "simulation", work, cost, patience)


@router.post("/experiments", response_class=Json, status_code=202, responses=refusals(400, 404, 415, 503))
async def experiment(request: Request, holdings: HoldingsHere, body: ExperimentBody) -> Response:
    """Run a batch of experiments as a job; its events are the rows as they come."""
    batch = await run_in_threadpool(read_spec, body.spec)
    machines = await run_in_threadpool(known_machines, holdings, set(batch.axes["machine"]))

    def work(assignment: Assignment[Reply]) -> Reply:
        return Reply(200, assignment.ask("run_batch", machines, spec=body.spec))

    cost, patience = holdings.cost(body.limits, is_long=True), patience_of(request.headers, 0.0)
    return await attend(request, holdings.pool, holdings.jobs, "experiment", work, cost, patience)


def known_machines(holdings: Holdings, names: set[str]) -> list[MachineAt]:
    """Those of the machines that the store holds, all at one revision; the others are bundled or synthetic."""
    revision = holdings.store.revision
    held = {one.name for one in holdings.store.machines()}
    return [holdings.machine(name, revision) for name in sorted(names & held)]
