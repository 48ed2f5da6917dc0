"""Server-sent events: a stream that ends with its client, with its source, or where nobody reads it."""

import asyncio
from collections.abc import AsyncGenerator

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api.json_text import write_json

MEDIA_TYPE = "text/event-stream"
SLOWEST_S = 30.0


class EventStream(Response):
    """Sends blocks as they come. A client that takes none for 30 seconds is left."""

    media_type = MEDIA_TYPE

    def __init__(self, blocks: AsyncGenerator[str]) -> None:
        super().__init__(None, 200)
        del self.headers["content-length"]
        self.headers["x-accel-buffering"] = "no"
        self._blocks = blocks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        pour = asyncio.ensure_future(self._pour(send))
        gone = asyncio.ensure_future(_until_gone(receive))
        try:
            await asyncio.wait({pour, gone}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            pour.cancel()
            gone.cancel()
            outcomes = await asyncio.gather(pour, gone, return_exceptions=True)
            await self._blocks.aclose()  # cancelled while it sent, the source stands at its last block, not at its end
        failure = outcomes[0]
        if isinstance(failure, Exception) and not isinstance(failure, (TimeoutError, OSError)):
            raise failure

    async def _pour(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        async for block in self._blocks:
            async with asyncio.timeout(SLOWEST_S):  # wait_for would swallow a cancellation in Python 3.11
                await send({"type": "http.response.body", "body": block.encode("utf-8"), "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def block(name: str, document: object, number: str | None = None) -> str:
    """One event: its name, its number (to resume after) and its JSON."""
    head = f"event: {name}\n" + (f"id: {number}\n" if number is not None else "")
    return f"{head}data: {write_json(document)}\n\n"


def heartbeat(number: str | None) -> str:
    """A comment, which keeps the connection, and the number to resume after, which is no event."""
    return ": still here\n" + (f"id: {number}\n" if number is not None else "") + "\n"


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
