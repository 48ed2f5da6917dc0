"""Whether the service lives, whether it can answer, and its figures."""

from fastapi import APIRouter
from starlette.responses import PlainTextResponse

from api.service import metrics
from api.service.answers import Json, refusals
from api.service.stored import HoldingsHere, StoreHere

router = APIRouter(tags=["health"])


@router.get("/v1/healthz", response_class=Json, responses=refusals())
async def healthz() -> Json:
    """The process answers."""
    return Json({"status": "ok"})


@router.get("/v1/readyz", response_class=Json, responses=refusals(503))
def readyz(store: StoreHere) -> Json:
    """The store can be read; its revision."""
    return Json({"status": "ready", "revision": store.revision})


@router.get("/metrics", response_class=PlainTextResponse, responses=refusals(503))
def read_metrics(holdings: HoldingsHere) -> PlainTextResponse:
    """Requests, workers, jobs, watchers and the store's revision, in the text format of Prometheus."""
    workers = holdings.pool.state()
    gauges = {
        "skb_workers": ("Workers that may be used in all.", holdings.pool.workers),
        "skb_workers_used": ("Workers in use.", workers["used"]),
        "skb_worker_processes_idle": ("Worker processes that wait for work.", workers["idle"]),
        "skb_work_waiting": ("Requests that wait for a worker.", workers["waiting"]),
        "skb_jobs": ("Jobs by status.", holdings.jobs.counts()),
        "skb_watchers": ("Clients that watch.", len(holdings.watchers)),
        "skb_store_revision": ("The store's revision.", holdings.store.revision),
    }
    counters = {"skb_work_total": ("Work by how it ended.", dict(holdings.pool.ended))}
    text = metrics.metrics_text(holdings.meter, gauges, counters)
    return PlainTextResponse(text, media_type=metrics.MEDIA_TYPE)
