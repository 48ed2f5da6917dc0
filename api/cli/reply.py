"""What a command hands back: a document for programs, a text for people, an exit code."""

import os
import shlex
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from api.failures import Failure, failure_of

INTERRUPTED = 130
"""The exit code of what an interrupt ended."""


@dataclass(frozen=True, slots=True)
class Reply:
    """`text` is worked out only for people; exit code 1 says that the answer is no, 4 that a limit came first."""

    document: Any
    text: Callable[[], str]
    exit_code: int = 0


def deliver(reply: Reply, as_json: bool) -> int:
    """Print a reply on stdout and give its exit code."""
    if as_json:
        from api.json_text import write_json

        _print(write_json(reply.document))
    else:
        text = reply.text()
        if text:
            _print(text)
    return reply.exit_code


def deliver_error(error: BaseException, as_json: bool) -> int:
    """Tell of an error in one sentence on stderr, or as one JSON document on stdout."""
    if os.environ.get("SKB_DEBUG") == "1":
        traceback.print_exception(error, file=sys.stderr)
    return deliver_failure(_with_remedy(failure_of(error)), as_json)


def _with_remedy(failure: Failure) -> Failure:
    """The failure with the command that mends it, where one is known."""
    if failure.code != "unknown_machine" or "known" not in failure.details:
        return failure
    from facts.recognise import bundled

    name = str(failure.details.get("machine", ""))
    remedy = f"skb load {name}" if name in bundled() else f"skb load SOURCE --machine {shlex.quote(name)}"
    return replace(failure, message=f"{failure.message}; `{remedy}` loads it")


def deliver_failure(failure: Failure, as_json: bool) -> int:
    if as_json:
        from api.json_text import write_json

        _print(write_json(failure.to_json()))
    else:
        print(f"skb: {failure.message}", file=sys.stderr)  # noqa: T201
    return failure.exit_code


def _print(text: str) -> None:
    print(text)  # noqa: T201
