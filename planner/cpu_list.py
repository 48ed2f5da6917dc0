"""CPU-list text such as `0-3,8,10-15:2`, as taskset and cpusets write it."""

import re
from collections.abc import Iterable

from planner.errors import PlanError

_PART = re.compile(r"(\d{1,9})(?:-(\d{1,9})(?::(\d{1,9}))?)?", re.ASCII)
_MOST_NUMBERS = 1_000_000
ACCEPTED = "a CPU list such as 0-3,8,10-15:2"


def parse_cpu_list(text: str, where: str = "CPU list") -> tuple[int, ...]:
    """Ascending numbers without repeats. `a-b:s` is every s-th from a on.

    Raises PlanError naming the part that is not understood.

    >>> parse_cpu_list("0-3,8,10-15:2")
    (0, 1, 2, 3, 8, 10, 12, 14)
    """
    return tuple(sorted(set(parse_cpu_order(text, where))))


def parse_cpu_order(text: str, where: str = "CPU list") -> tuple[int, ...]:
    """The same numbers as they are written, with order and repeats.

    >>> parse_cpu_order("3,0-1,3")
    (3, 0, 1, 3)
    """
    numbers: list[int] = []
    for part in text.split(","):
        run = _parse_part(part.strip(), text, where)
        if len(numbers) + len(run) > _MOST_NUMBERS:
            raise _refusal(where, text, f"it holds more than {_MOST_NUMBERS} numbers")
        numbers += run
    return tuple(numbers)


def format_cpu_list(numbers: Iterable[int]) -> str:
    """The shortest text without strides; `none` for no number, which is not a CPU list.

    >>> format_cpu_list([0, 1, 2, 3, 8])
    '0-3,8'
    """
    runs: list[list[int]] = []
    for number in sorted(set(numbers)):
        if runs and runs[-1][1] + 1 == number:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ",".join(str(low) if low == high else f"{low}-{high}" for low, high in runs) or "none"


def _parse_part(part: str, text: str, where: str) -> range:
    match = _PART.fullmatch(part)
    if match is None:
        raise _refusal(where, text, f"{part!r} is no number, range or range with stride")
    low = int(match[1])
    high = int(match[2]) if match[2] else low
    stride = int(match[3]) if match[3] else 1
    if high < low:
        raise _refusal(where, text, f"the range {part!r} ends before it starts")
    if stride == 0:
        raise _refusal(where, text, f"the stride of {part!r} is 0")
    if high - low >= _MOST_NUMBERS:
        raise _refusal(where, text, f"the range {part!r} holds more than {_MOST_NUMBERS} numbers")
    return range(low, high + 1, stride)


def _refusal(where: str, text: str, reason: str) -> PlanError:
    shown = text if len(text) <= 60 else text[:57] + "..."
    return PlanError(
        f"{where}: {reason} (in {shown!r}); {ACCEPTED} is accepted",
        code="bad_cpu_list",
        details={"where": where, "found": shown, "accepted": ACCEPTED},
    )
