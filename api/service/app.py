"""The service as an ASGI application over one store."""

from fastapi import FastAPI

from api.pages.views import router as pages
from api.service import problems
from api.service.limits import LOOPBACK_HOSTS, BodyLimit, Doorkeeper
from api.service.routes import facts, health, machines, manifests, plans, questions, simulations
from skb.store.store import Store


def create_app(store: Store, *, hosts: tuple[str, ...] = LOOPBACK_HOSTS) -> FastAPI:
    """The application; `hosts` are the names under which it may be addressed. The caller closes the store."""
    app = FastAPI(
        title="System Knowledge Base",
        version="0.1.0",
        description="What is known about machines, questions about it, and plans that follow from it.",
        docs_url=None,
        redoc_url=None,
    )
    app.state.store = store
    problems.install(app)
    for module in (machines, facts, questions, plans, manifests, simulations, health):
        app.include_router(module.router)
    app.include_router(pages)
    app.add_middleware(BodyLimit)
    app.add_middleware(Doorkeeper, hosts=hosts)
    return app
