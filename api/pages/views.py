"""The addresses of the pages."""

from importlib.resources import files
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from starlette.responses import HTMLResponse, Response

from api.machine_report import describe_machine, list_machines, nodes_of, topology_or_none
from api.pages.documents import machine_page, machines_page, missing_page, operations_page
from api.pages.markup import element
from api.pages.topology_picture import draw_machine
from api.service.stored import KnowledgeHere, StoreHere, store_of
from planner.machine.topology import Topology
from skb.errors import UnknownMachine
from skb.store.store import Store

router = APIRouter(include_in_schema=False)


@router.get("/")
def show_machines(store: StoreHere) -> Response:
    """The machines of the store."""
    return HTMLResponse(machines_page(list_machines(store)))


@router.get("/machines/{machine}")
def show_machine(machine: str, store: Annotated[Store, Depends(store_of)]) -> Response:
    """One machine with its drawing."""
    try:
        knowledge = store.knowledge(machine)
    except (UnknownMachine, UnicodeEncodeError):
        return HTMLResponse(missing_page("The store holds no machine of this name."), 404)
    snapshot = knowledge.snapshot()
    topology = topology_or_none(snapshot)
    drawing = None if topology is None else draw_machine(topology, nodes_of(snapshot))
    return HTMLResponse(machine_page(describe_machine(knowledge), drawing, topology))


@router.get("/machines/{machine}/topology.svg")
def draw(knowledge: KnowledgeHere) -> Response:
    """The drawing alone, as `skb show M --svg FILE` writes it."""
    snapshot = knowledge.snapshot()
    return Response(draw_machine(Topology.of(snapshot), nodes_of(snapshot)), media_type="image/svg+xml")


@router.get("/docs")
def show_operations(request: Request) -> Response:
    """The operations of the service."""
    schema: dict[str, Any] = request.app.openapi()
    return HTMLResponse(operations_page(schema))


@router.get("/style.css")
def style() -> Response:
    """The one style sheet."""
    text = files("api.pages").joinpath("style.css").read_text("utf-8")
    return Response(text, media_type="text/css")


@router.get("/icon.svg")
def icon() -> Response:
    """Four cores in a package."""
    squares = [
        element("rect", {"x": x, "y": y, "width": 9, "height": 9, "rx": 2, "fill": "#1b5e54"})
        for x in (5, 18)
        for y in (5, 18)
    ]
    drawing = element("svg", {"xmlns": "http://www.w3.org/2000/svg", "viewBox": "0 0 32 32"}, *squares)
    return Response(drawing, media_type="image/svg+xml")
