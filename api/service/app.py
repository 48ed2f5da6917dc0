"""The service as an ASGI application over one store."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool

from api.pages.runs import router as runs
from api.pages.views import router as pages
from api.service import problems
from api.service.holdings import Holdings
from api.service.idempotency import Idempotency
from api.service.limits import LOOPBACK_HOSTS, BodyLimit, Doorkeeper
from api.service.metrics import Measuring
from api.service.routes import facts, health, jobs, machines, manifests, plans, questions, simulations, watch, why
from api.service.watchers import Watchers
from api.service.work.caps import Caps
from api.service.work.jobs import Jobs
from api.service.work.pool import Pool
from skb.store.store import Store


def create_app(
    store: Store, *, hosts: tuple[str, ...] = LOOPBACK_HOSTS, caps: Caps | None = None, pool: Pool | None = None
) -> FastAPI:
    """The application; `hosts` are the names under which it may be addressed. The caller closes the store.

    Its lifespan ends the workers, unless the caller brings a `pool`, which may serve several applications.
    """
    allowed = caps or Caps()
    workers = pool or Pool(allowed)
    holdings = Holdings(store, allowed, workers, Jobs(workers), Watchers(store))

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        try:
            yield
        finally:
            holdings.watchers.close()
            await run_in_threadpool(holdings.jobs.close)
            if pool is None:
                await run_in_threadpool(workers.close)

    app = FastAPI(
        title="System Knowledge Base",
        version="0.1.0",
        description="What is known about machines, questions about it, and plans that follow from it.",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    app.state.holdings = holdings
    problems.install(app)
    for module in (machines, facts, questions, plans, manifests, watch, simulations, jobs, why, health):
        app.include_router(module.router)
    app.include_router(pages)
    app.include_router(runs)
    app.add_middleware(Idempotency, remembered=holdings.remembered)
    app.add_middleware(BodyLimit)
    app.add_middleware(Doorkeeper, hosts=hosts)
    app.add_middleware(Measuring, meter=holdings.meter)
    return app
