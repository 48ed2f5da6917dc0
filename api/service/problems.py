"""Errors over HTTP as RFC 9457 problem documents, which never repeat what was sent."""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import compile_path

from api.failures import Failure, TimeIsUp, failure_of
from api.json_text import write_json
from skb.errors import SkbError

MEDIA_TYPE = "application/problem+json"
STATUS_BY_CODE = {
    "unknown_machine": 404,
    "unknown_manifest": 404,
    "unknown_revision": 404,
    "unknown_job": 404,
    "revision_conflict": 412,
    "duplicate_application": 409,
    "stale_manifest": 409,
    "busy": 409,
    "too_large": 413,
    "store": 503,
    "busy_workers": 503,
    "too_many_watchers": 503,
    "worker_died": 503,
    "worker_crashed": 500,
    "cancelled": 503,
}
LONGEST_PLACE = 120
MOST_ERRORS = 20

_log = logging.getLogger(__name__)


class BodyRefused(HTTPException):
    """A body that is not read at all, with the reason."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(status, message)
        self.code = code


class Problem(Response):
    """A problem document."""

    media_type = MEDIA_TYPE

    def __init__(self, status: int, failure: Failure, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(write_json(problem_document(status, failure)), status, headers)


def problem_document(status: int, failure: Failure) -> dict[str, Any]:
    """`code` and `details` are those of the command line's errors."""
    return {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": failure.message,
        "code": failure.code,
        "details": dict(failure.details),
    }


def install(app: FastAPI) -> None:
    """Let every error of the app leave as a problem document."""
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(Exception, _on_any)
    for kind in _refusals():
        app.add_exception_handler(kind, _on_any)


def problem_of(failure: Failure) -> Problem:
    """A failure's problem document, with Retry-After where asking again later helps."""
    wait_s = failure.details.get("retry_after_s")
    return Problem(status_of(failure), failure, None if wait_s is None else {"Retry-After": str(wait_s)})


def status_of(failure: Failure) -> int:
    if failure.fault == "ours":
        return 500
    return STATUS_BY_CODE.get(failure.code, 422)


def _refusals() -> tuple[type[Exception], ...]:
    from facts.reading import ReadError

    return SkbError, ReadError, TimeIsUp, MemoryError


def _on_any(_request: Request, error: Exception) -> Problem:
    failure = failure_of(error)
    if failure.fault == "ours":
        _log.error("fault %s", failure.details.get("id"), exc_info=error)
    return problem_of(failure)


def _on_http(request: Request, error: Exception) -> Problem:
    assert isinstance(error, HTTPException)
    code = getattr(error, "code", HTTPStatus(error.status_code).phrase.lower().replace(" ", "_"))
    message = error.detail or HTTPStatus(error.status_code).phrase
    headers = error.headers
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers = {**(headers or {}), **_allowed(request)}
    return Problem(error.status_code, Failure(code, str(message)), headers)


def _allowed(request: Request) -> dict[str, str]:
    """The methods of all operations at a path; the router names those of the first alone."""
    paths: Mapping[str, Mapping[str, Any]] = request.app.openapi()["paths"]
    path = request.scope["path"]
    found = {method.upper() for known, at in paths.items() if compile_path(known)[0].match(path) for method in at}
    return {"Allow": ", ".join(sorted(found))} if found else {}


def _on_invalid(_request: Request, error: Exception) -> Problem:
    assert isinstance(error, RequestValidationError)
    found = [_place(one) for one in error.errors()[:MOST_ERRORS]]
    first = f"{found[0]['where']}: {found[0]['message']}" if found else "it cannot be read"
    return Problem(422, Failure("invalid", f"the request is not as documented: {first}", {"errors": found}))


def _place(one: Mapping[str, Any]) -> dict[str, str]:
    """Where and what, without the value that was found there."""
    where = ".".join(map(str, one["loc"]))[:LONGEST_PLACE]
    return {"where": where, "message": str(one["msg"]), "kind": str(one["type"])}
