"""The server: streams end when it is told to, so that nobody waits for those who watch."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI

from api.service.holdings import Holdings

GRACE_S = 5
START_UP_S = 20.0


class Server(uvicorn.Server):
    """Serves one application; an interrupt lets requests end within 5 seconds, then ends their work."""

    def __init__(self, app: FastAPI) -> None:
        holdings = app.state.holdings
        assert isinstance(holdings, Holdings)
        self._holdings = holdings
        super().__init__(
            uvicorn.Config(
                app, log_level="warning", server_header=False, date_header=True, timeout_graceful_shutdown=GRACE_S
            )
        )

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Wakes those who watch, then waits for the others."""
        self._holdings.watchers.close()
        await super().shutdown(sockets)


@contextmanager
def serving(app: FastAPI) -> Iterator[str]:
    """The service on a free port, in a thread of its own; its address."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = Server(app)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        deadline = time.monotonic() + START_UP_S
        while not server.started and thread.is_alive() and time.monotonic() < deadline:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(START_UP_S)
        listener.close()
