"""TOML as strangers send it: read within limits that Python's reader has not."""

import re
import tomllib
from collections.abc import Callable
from typing import Any

MOST_PARTS = 32
LARGEST_INTEGER = 2**63
_TOKEN = re.compile(r"""(?P<part>[\w-]+|"(?:[^"\\]|\\.)*"?|'[^']*'?)|(?P<dot>[ \t]*\.[ \t]*)|.""", re.DOTALL)
_LONG_NUMBER = re.compile(r"[0-9a-fA-F_]{19,}")


def read_document(text: str, *, parse_float: Callable[[str], Any] = float) -> dict[str, Any]:
    """The document. Raises TOMLDecodeError, which names the line, for what is no TOML or beyond the limits.

    Dotted keys have at most `MOST_PARTS` parts (reading one takes the square of their number), integers 64 bits.
    RecursionError tells of tables that nest too deeply.
    """
    for number, line in enumerate(text.split("\n"), start=1):
        if line.count(".") >= MOST_PARTS and _most_parts(line) > MOST_PARTS:
            raise tomllib.TOMLDecodeError(f"a key has more than {MOST_PARTS} parts (at line {number}, column 1)")
    try:
        document = tomllib.loads(text, parse_float=parse_float)
    except tomllib.TOMLDecodeError:
        raise
    except ValueError:
        raise _beyond(text) from None
    if any(not -LARGEST_INTEGER <= number < LARGEST_INTEGER for number in _integers(document)):
        raise _beyond(text)
    return document


def _most_parts(line: str) -> int:
    """The longest run of names with dots between them, each letter looked at once."""
    most = parts = 0
    for token in _TOKEN.finditer(line):
        if token.lastgroup == "part":
            parts += 1
            most = max(most, parts)
        elif token.lastgroup != "dot":
            parts = 0
    return most


def _integers(document: dict[str, Any]) -> list[int]:
    found: list[int] = []
    waiting: list[Any] = [document]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
        elif isinstance(value, int):
            found.append(value)
    return found


def _beyond(text: str) -> tomllib.TOMLDecodeError:
    number = _LONG_NUMBER.search(text)
    at = 0 if number is None else number.start()
    line, column = text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)
    return tomllib.TOMLDecodeError(f"a number has more than 64 bits (at line {line}, column {column})")
