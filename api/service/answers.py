"""Answers over HTTP: the documents of the command line, and the refusals that each route declares."""

from typing import Any

from starlette.responses import JSONResponse

from api.json_text import write_json
from api.service.problems import MEDIA_TYPE


class Json(JSONResponse):
    """A JSON document."""

    def render(self, content: Any) -> bytes:
        return write_json(content).encode("ascii")


_MEANINGS = {
    400: "The body is not the JSON that is accepted, or the request is cross-site",
    403: "The request comes from another site",
    404: "There is no such machine, manifest, revision or job",
    409: "The request contradicts what is stored",
    412: "Another write came first",
    413: "The body is too large",
    415: "The body's content type or encoding is not accepted",
    421: "The Host header names another host than this one",
    422: "The request cannot be carried out as it stands",
    503: "The store cannot be reached, or all workers are taken",
}
_PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string"},
        "details": {"type": "object"},
    },
}


ACCEPTED: dict[int | str, dict[str, Any]] = {
    202: {"description": "A job: the work goes on, and is found at Location", "content": {"application/json": {}}}
}


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What a route may answer instead, for its OpenAPI entry."""
    return {
        status: {"description": _MEANINGS[status], "content": {MEDIA_TYPE: {"schema": _PROBLEM}}}
        for status in sorted({403, 413, 421, 422, *statuses})
    }
