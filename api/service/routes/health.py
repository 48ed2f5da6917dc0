"""Whether the service lives, and whether it can answer."""

from fastapi import APIRouter

from api.service.answers import Json, refusals
from api.service.stored import StoreHere

router = APIRouter(prefix="/v1", tags=["health"])


@router.get("/healthz", response_class=Json, responses=refusals())
async def healthz() -> Json:
    """The process answers."""
    return Json({"status": "ok"})


@router.get("/readyz", response_class=Json, responses=refusals(503))
def readyz(store: StoreHere) -> Json:
    """The store can be read; its revision."""
    return Json({"status": "ready", "revision": store.revision})
