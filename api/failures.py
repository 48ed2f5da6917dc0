"""Errors as a user is told of them: a code, one sentence, the causes as data, and whose fault it is."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from skb.errors import SkbError

Fault: TypeAlias = Literal["theirs", "ours", "limit"]

EXIT_CODES: dict[Fault, int] = {"theirs": 2, "ours": 3, "limit": 4}
ROOMS = ("facts", "skb", "planner", "kernelsim", "experiments", "api")
LONGEST_MESSAGE = 600
LONGEST_DETAIL = 300
MOST_DETAILS = 500


class BadRequest(SkbError):  # noqa: N818
    """A request that a door itself refuses: a file that cannot be read, a format that is not written."""

    code = "bad_request"


class TimeIsUp(SkbError):  # noqa: N818
    """Work that a limit ended before there was an answer."""

    code = "time_limit"


@dataclass(frozen=True, slots=True)
class Failure:
    """`fault` says who can mend it: `theirs` by asking otherwise, `limit` by allowing more, `ours` by us."""

    code: str
    message: str
    details: Mapping[str, object] = field(default_factory=dict)
    fault: Fault = "theirs"

    @property
    def exit_code(self) -> int:
        return EXIT_CODES[self.fault]

    def to_json(self) -> dict[str, object]:
        return {"error": {"code": self.code, "message": self.message, "details": dict(self.details)}}


def failure_of(error: BaseException) -> Failure:
    """What to tell a user; anything that no room meant to raise is a fault of ours with a short id."""
    if isinstance(error, MemoryError):
        return Failure("out_of_memory", "the work needed more memory than there is", fault="limit")
    code, message = getattr(error, "code", None), getattr(error, "message", None)
    is_ours = type(error).__module__.partition(".")[0] in ROOMS
    if is_ours and isinstance(code, str) and isinstance(message, str):
        details = getattr(error, "details", None)
        known = {str(key): _clipped(value) for key, value in details.items()} if isinstance(details, Mapping) else {}
        fault: Fault = "limit" if isinstance(error, TimeIsUp) else "theirs"
        return Failure(code, one_sentence(message), known, fault)
    return _fault_of_ours(error)


def one_sentence(message: str) -> str:
    """A message on one line, of a length that can be read."""
    line = " ".join(message.split())
    return line if len(line) <= LONGEST_MESSAGE else line[: LONGEST_MESSAGE - 3] + "..."


def _clipped(value: object) -> object:
    """A detail of a length that can be read; what a user sent is not sent back whole."""
    if isinstance(value, str):
        return value if len(value) <= LONGEST_DETAIL else value[: LONGEST_DETAIL - 3] + "..."
    if isinstance(value, Mapping):
        return {_clipped(str(key)): _clipped(item) for key, item in list(value.items())[:MOST_DETAILS]}
    if isinstance(value, (list, tuple)):
        return [_clipped(item) for item in value[:MOST_DETAILS]]
    return value


def _fault_of_ours(error: BaseException) -> Failure:
    number = secrets.token_hex(4)
    advice = "run it again with SKB_DEBUG=1 for the full report and send that with the id"
    return Failure(
        "internal",
        f"a fault of ours ({type(error).__name__}, id {number}); {advice}",
        {"id": number, "kind": type(error).__name__},
        "ours",
    )
