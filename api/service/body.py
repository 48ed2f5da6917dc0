"""Bodies of requests: JSON in the strict sense, refused with a reason before anything is made of it."""

import json
from collections.abc import Callable, Coroutine
from math import isfinite
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool

from api.service.problems import BodyRefused

LARGEST_INTEGER = 2**64
MOST_DIGITS = 20
DEEPEST = 100
MOST_KEYS = 1000


def read_document(data: bytes) -> Any:
    """The JSON document in UTF-8 bytes.

    Raises BodyRefused for what readers would understand differently or not at all: another encoding, a byte
    order mark, a key twice in one object, NaN and infinities, integers beyond 64 bits, lone surrogates, nesting
    beyond `DEEPEST`.
    """
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _refuse("not_utf8", f"byte {error.start} of the body is no UTF-8; UTF-8 is accepted") from error
    if text.startswith("\ufeff"):
        raise _refuse("byte_order_mark", "the body starts with a byte order mark; JSON without one is accepted")
    try:
        document = json.loads(
            text,
            object_pairs_hook=_object,
            parse_int=_integer,
            parse_float=_number,
            parse_constant=_constant,
        )
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise _refuse("bad_json", f"the body is no JSON ({place}: {error.msg})") from error
    except RecursionError as error:
        raise _too_deep() from error
    _check(document)
    return document


class StrictRequest(Request):
    """A request whose JSON is read by `read_document`, beside the event loop: other requests go on meanwhile."""

    async def json(self) -> Any:
        return await run_in_threadpool(read_document, await self.body())


class StrictRoute(APIRoute):
    """A route that takes plain JSON bodies only, where it takes one."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()
        expects_json = self.body_field is not None

        async def handle_strictly(request: Request) -> Response:
            if expects_json:
                _check_headers(request)
            return await handle(StrictRequest(request.scope, request.receive))

        return handle_strictly


def check_encoding(request: Request) -> None:
    """BodyRefused (415) for a compressed body."""
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("", "identity"):
        raise BodyRefused("content_encoding", "the body is compressed; an uncompressed one is accepted", 415)


def _check_headers(request: Request) -> None:
    check_encoding(request)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise BodyRefused("content_type", "the body's content type is not application/json, which is accepted", 415)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(pairs) > MOST_KEYS:
        raise _refuse("too_many_keys", f"an object of the body has {len(pairs)} keys; up to {MOST_KEYS} are accepted")
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _refuse("duplicate_key", "an object of the body has a key twice; each key once is accepted")
    return found


def _integer(digits: str) -> int:
    value = int(digits) if len(digits) <= MOST_DIGITS + 1 else LARGEST_INTEGER
    if not -LARGEST_INTEGER < value < LARGEST_INTEGER:
        raise _refuse("integer_range", "an integer of the body has more than 64 bits; those that fit are accepted")
    return value


def _number(digits: str) -> float:
    value = float(digits)
    if not isfinite(value):
        raise _refuse("number_range", "a number of the body is beyond what a float holds")
    return value


def _constant(name: str) -> float:
    raise _refuse("not_finite", f"the body holds {name}; finite numbers are accepted")


def _check(document: Any) -> None:
    """Depth and characters, without recursion."""
    level, depth = [document], 0
    while level:
        depth += 1
        if depth > DEEPEST:
            raise _too_deep()
        following: list[Any] = []
        for value in level:
            if isinstance(value, str):
                _check_text(value)
            elif isinstance(value, dict):
                following += value.keys()
                following += value.values()
            elif isinstance(value, list):
                following += value
        level = following


def _check_text(text: str) -> None:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise _refuse(
            "lone_surrogate", "a text of the body holds half a surrogate pair; whole characters are accepted"
        ) from error


def _too_deep() -> BodyRefused:
    return _refuse("too_deep", f"the body nests deeper than {DEEPEST} levels; that many are accepted")


def _refuse(code: str, message: str) -> BodyRefused:
    return BodyRefused(code, message)
