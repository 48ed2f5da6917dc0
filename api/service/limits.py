"""What a request may be before anything looks into it: size on arrival, Host, Origin; and headers on all answers."""

import asyncio
from collections.abc import Mapping
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.failures import Failure
from api.service.problems import Problem

MOST_BYTES = 16 * 1024 * 1024
LONGEST_BODY_S = 60.0
LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "::1")
SECURITY_HEADERS: Mapping[str, str] = {
    "content-security-policy": (
        "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}


class Doorkeeper:
    """Refuses foreign hosts (DNS rebinding) and foreign origins (cross-site writes)."""

    def __init__(self, app: ASGIApp, hosts: tuple[str, ...] = LOOPBACK_HOSTS) -> None:
        self._app = app
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        problem = self._problem(Headers(scope=scope))
        if problem is not None:
            await problem(scope, receive, _with_headers(send))
        else:
            await self._app(scope, receive, _with_headers(send))

    def _problem(self, headers: Headers) -> Problem | None:
        if _name(f"//{headers.get('host', '')}") not in self._hosts:
            accepted = ", ".join(self._hosts)
            message = f"the Host header names another host; {accepted} are accepted"
            return Problem(421, Failure("host", message))
        origin = headers.get("origin")
        is_foreign = origin is not None and _name(origin) not in self._hosts
        if is_foreign or headers.get("sec-fetch-site") == "cross-site":
            return Problem(403, Failure("cross_site", "the request comes from another site; this one's are accepted"))
        return None


class BodyLimit:
    """Takes in a body up to a size, counted as it arrives, whatever Content-Length says, and in a limited time.

    A client that leaves before its body is there whole has asked for nothing.
    """

    def __init__(self, app: ASGIApp, most_bytes: int = MOST_BYTES, longest_s: float = LONGEST_BODY_S) -> None:
        self._app = app
        self._most_bytes, self._longest_s = most_bytes, longest_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        stated = Headers(scope=scope).get("content-length", "0")
        try:
            if stated.isdigit() and self._is_too_much(stated):
                raise _BodyRefusal
            async with asyncio.timeout(self._longest_s):
                body = await self._take_in(receive)
        except (_BodyRefusal, TimeoutError) as refusal:
            await self._problem(refusal)(scope, receive, send)
            return
        if body is not None:
            await self._app(scope, _replay(body, receive), send)

    def _is_too_much(self, digits: str) -> bool:
        return len(digits) > 18 or int(digits) > self._most_bytes

    async def _take_in(self, receive: Receive) -> bytes | None:
        parts: list[bytes] = []
        size = 0
        while True:
            message = await receive()
            if message["type"] != "http.request":
                return None
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            if size > self._most_bytes:
                raise _BodyRefusal
            if not message.get("more_body", False):
                return b"".join(parts)

    def _problem(self, refusal: Exception) -> Problem:
        if isinstance(refusal, TimeoutError):
            message = f"the body did not arrive within {self._longest_s:g} s; send it faster"
            return Problem(408, Failure("slow_body", message), {"connection": "close"})
        message = f"the body has more than {self._most_bytes} bytes; at most so many are accepted"
        return Problem(413, Failure("too_large", message), {"connection": "close"})


class _BodyRefusal(Exception):  # noqa: N818
    """A body that is not taken in."""


def _replay(body: bytes, receive: Receive) -> Receive:
    """Gives the body once, then what the connection says."""
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return waiting.pop() if waiting else await receive()

    return replay


def _with_headers(send: Send) -> Send:
    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in SECURITY_HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return send_with_headers


def _name(address: str) -> str | None:
    """The host of an address, without port and brackets."""
    try:
        return urlsplit(address).hostname
    except ValueError:
        return None
