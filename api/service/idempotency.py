"""`Idempotency-Key`: a write that is sent again with its key is answered as the first time, and not done again."""

import hashlib
import re
import time
from collections import OrderedDict
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.failures import Failure
from api.service.problems import Problem

METHODS = ("POST", "PUT", "PATCH", "DELETE")
KEPT_S = 24 * 3600.0
MOST_KEYS = 10_000
MOST_BYTES = 64 * 1024 * 1024
_KEY = re.compile(r"[\x21-\x7e]{1,255}", re.ASCII)
_MATTERS = ("if-match", "prefer")


@dataclass(slots=True)
class _Answer:
    """What was asked under a key; `messages` are () while it is being answered."""

    fingerprint: bytes
    since_s: float
    messages: tuple[Message, ...] = ()

    @property
    def size_bytes(self) -> int:
        return sum(len(message.get("body", b"")) for message in self.messages)


class Remembered:
    """Answers by key, in this process, for a day; the oldest make room. Used by one event loop."""

    def __init__(self) -> None:
        self._answers: OrderedDict[str, _Answer] = OrderedDict()
        self._bytes = 0

    def find(self, key: str) -> _Answer | None:
        found = self._answers.get(key)
        if found is not None and found.messages and found.since_s < time.monotonic() - KEPT_S:
            self.forget(key)
            return None
        return found

    def begin(self, key: str, fingerprint: bytes) -> None:
        self._answers[key] = _Answer(fingerprint, time.monotonic())

    def keep(self, key: str, messages: list[Message]) -> None:
        answer = self._answers[key]
        answer.messages = tuple(messages)
        self._bytes += answer.size_bytes
        while self._bytes > MOST_BYTES or len(self._answers) > MOST_KEYS:
            oldest = next((each for each, found in self._answers.items() if found.messages), None)
            if oldest is None:
                break
            self.forget(oldest)

    def forget(self, key: str) -> None:
        gone = self._answers.pop(key, None)
        self._bytes -= 0 if gone is None else gone.size_bytes


class Idempotency:
    """Looks at writes with a key. What succeeded is remembered; a refusal changed nothing and may be asked again."""

    def __init__(self, app: ASGIApp, remembered: Remembered) -> None:
        self._app = app
        self._remembered = remembered

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope) if scope["type"] == "http" else Headers()
        key = headers.get("idempotency-key")
        if key is None or scope["method"] not in METHODS:
            await self._app(scope, receive, send)
            return
        first = await receive()
        fingerprint = _fingerprint(scope, headers, first.get("body", b""))
        problem = self._problem(key, fingerprint)
        known = self._remembered.find(key)
        if problem is not None:
            await problem(scope, receive, send)
        elif known is not None:
            for message in known.messages:
                await send(message)
        else:
            await self._answer(key, fingerprint, scope, _again(first, receive), send)

    def _problem(self, key: str, fingerprint: bytes) -> Problem | None:
        if _KEY.fullmatch(key) is None:
            message = "the Idempotency-Key is not 1 to 255 visible ASCII characters, which are accepted"
            return Problem(400, Failure("bad_idempotency_key", message))
        known = self._remembered.find(key)
        if known is None:
            return None
        if known.fingerprint != fingerprint:
            message = "the Idempotency-Key was used for another request; a new key is accepted"
            return Problem(422, Failure("idempotency_key_reused", message))
        if not known.messages:
            message = "the first request with this Idempotency-Key is still being answered; ask again"
            return Problem(409, Failure("idempotency_in_progress", message), {"Retry-After": "1"})
        return None

    async def _answer(self, key: str, fingerprint: bytes, scope: Scope, receive: Receive, send: Send) -> None:
        self._remembered.begin(key, fingerprint)
        messages: list[Message] = []

        async def send_and_note(message: Message) -> None:
            messages.append(message)
            if message["type"] == "http.response.body" and not message.get("more_body", False):
                if 200 <= messages[0]["status"] < 300:
                    self._remembered.keep(key, [_marked(messages[0]), *messages[1:]])
                else:
                    self._remembered.forget(key)
            await send(message)

        try:
            await self._app(scope, receive, send_and_note)
        finally:
            known = self._remembered.find(key)
            if known is not None and not known.messages:
                self._remembered.forget(key)


def _marked(start: Message) -> Message:
    return {**start, "headers": [*start["headers"], (b"idempotency-replayed", b"true")]}


def _fingerprint(scope: Scope, headers: Headers, body: bytes) -> bytes:
    """A digest of all that the answer depends on."""
    digest = hashlib.sha256()
    parts = (scope["method"], scope["path"], *(headers.get(name, "") for name in _MATTERS))
    for part in (*(part.encode("utf-8", "surrogateescape") for part in parts), scope["query_string"], body):
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.digest()


def _again(first: Message, receive: Receive) -> Receive:
    """Gives the message that was looked at, then what comes."""
    waiting = [first]

    async def receive_again() -> Message:
        return waiting.pop() if waiting else await receive()

    return receive_again
