"""Simulations: a scenario run in a process of its own, ended where it takes too long."""

from typing import Any

from fastapi import APIRouter

from api.service.answers import Json, refusals
from api.service.body import StrictRoute
from api.service.child import run_in_child
from api.service.messages import SimulationBody
from api.service.stored import StoreHere
from experiments.scenario_file import open_scenario, read_scenario
from skb.store.store import Store

LONGEST_S = 30.0

router = APIRouter(prefix="/v1/simulations", tags=["simulations"], route_class=StrictRoute)


@router.post("", response_class=Json, responses=refusals(400, 404, 415, 503))
def simulate(store: StoreHere, body: SimulationBody) -> Json:
    """Boot the machine of a scenario and run it; 422 with code `time_limit` after 30 seconds of work."""
    file = read_scenario(open_scenario(body.scenario))
    known = _knowledge(store, file.machine)
    return Json(run_in_child("simulate", (body.scenario, known), LONGEST_S))


def _knowledge(store: Store, machine: str) -> tuple[str, int, list[tuple[Any, ...]]] | None:
    """The facts of a machine of the store as plain tuples, which can travel."""
    if all(one.name != machine for one in store.machines()):
        return None
    snapshot = store.snapshot(machine)
    facts = [(fact.relation, fact.args, fact.layer, fact.source) for fact in snapshot.facts()]
    return machine, snapshot.revision, facts
