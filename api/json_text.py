"""Answers as JSON text that every reader accepts: no NaN, no infinity, no bare surrogates."""

import json
from collections.abc import Mapping
from math import isfinite
from typing import Any


def write_json(document: Any, *, indent: int | None = None) -> str:
    """Plain ASCII JSON; a number that is not finite becomes null, a tuple an array, a key its text."""
    return json.dumps(plain(document), indent=indent, allow_nan=False)


def plain(value: Any) -> Any:
    """The value in JSON's own kinds."""
    if isinstance(value, float):
        return value if isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item) for item in value]
    if value is None or isinstance(value, (str, int)):
        return value
    return plain(value.item()) if hasattr(value, "item") else str(value)
