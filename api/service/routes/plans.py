"""Plans that leave no trace in the store: placements of applications, multicast trees."""

from typing import Any

from fastapi import APIRouter

from api.bindings import check_format, emitted
from api.service.answers import Json, refusals
from api.service.body import StrictRoute
from api.service.messages import PlacementBody, TreeBody
from api.service.stored import KnowledgeHere
from planner.applications.application import Application
from planner.machine.topology import Topology
from planner.placement import place
from planner.trees.tree import multicast

LONGEST_SEARCH_S = 20.0

router = APIRouter(prefix="/v1/machines/{machine}", tags=["plans"], route_class=StrictRoute)


@router.post("/placements", response_class=Json, responses=refusals(400, 404, 415, 503))
def place_application(knowledge: KnowledgeHere, body: PlacementBody) -> Json:
    """Cores for the dispatchers of an application; `infeasible` with its conflict is an answer, too."""
    if body.emit is not None:
        check_format(body.emit)
    application = Application.from_mapping(body.app, "app")
    time_limit = _longest(body.time_limit, body.iterations)
    machine = Topology.of(knowledge)
    placement = place(application, machine, seed=body.seed, time_limit=time_limit, iterations=body.iterations)
    if body.emit is None or not placement.seats:
        return Json(placement.to_json())
    return Json({**placement.to_json(), "emit": emitted(body.emit, placement, application, machine)})


@router.post("/multicast-trees", response_class=Json, responses=refusals(400, 404, 415, 503))
def build_tree(knowledge: KnowledgeHere, body: TreeBody) -> Json:
    """The tree by which `root` reaches `members` soonest, with a lower bound."""
    share: dict[str, Any] = {} if body.send_share is None else {"send_share": body.send_share}
    tree = multicast(
        Topology.of(knowledge),
        body.root,
        body.members,
        method=body.method,
        iterations=body.iterations,
        time_limit=_longest(body.time_limit, body.iterations),
        seed=body.seed,
        **share,
    )
    return Json(tree.to_json())


def _longest(time_limit: float | None, iterations: int | None) -> float | None:
    """The seconds of a search; one that is given iterations ends in time, too."""
    return LONGEST_SEARCH_S if time_limit is None and iterations else time_limit
