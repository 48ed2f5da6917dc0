"""Sets of CPU numbers in the three ways that hwloc and the kernel write them.

A set is a Python int whose bit n stands for CPU (or memory node) number n.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

MAX_WORDS = 4096
MAX_NUMBER = 32 * MAX_WORDS - 1
EVERYTHING = (1 << (MAX_NUMBER + 1)) - 1

_INFINITE = "0xf...f"
_WORD = re.compile(r"(?:0[xX])?([0-9a-fA-F]{0,8})\Z")
_LONG = re.compile(rf"(?:0[xX])?([0-9a-fA-F]{{1,{8 * MAX_WORDS}}})\Z")
_RANGE = re.compile(r"(\d{1,7})(?:-(\d{1,7})(?::(\d{1,7})(?:/(\d{1,7}))?)?)?\Z", re.ASCII)


def parse_mask(text: str) -> int:
    """Return the set that hwloc's or the kernel's hexadecimal notation stands for.

    Words of 32 bits, most significant first, are separated by commas; an empty word is 0 and any word may carry
    its own `0x`. The infinite set `0xf...f` reaches up to `MAX_NUMBER`.

        >>> bits = parse_mask("0x00000001,,0x0")
        >>> members(bits)
        (64,)

    Raises ValueError for anything else and for more than `MAX_WORDS` words.
    """
    text = text.strip()
    if text.startswith(_INFINITE):
        lower = text.removeprefix(_INFINITE).removeprefix(",")
        if not lower:
            return EVERYTHING
        width = 32 * (lower.count(",") + 1)
        return EVERYTHING >> width << width | parse_mask(lower)
    if not text:
        raise ValueError("an empty mask")
    if "," not in text:
        whole = _LONG.match(text)
        if whole is None:
            raise ValueError(f"{text[:40]!r} is no hexadecimal mask")
        return int(whole.group(1), 16)
    words = text.split(",")
    if len(words) > MAX_WORDS:
        raise ValueError(f"a mask of {len(words)} words, at most {MAX_WORDS} are read")
    digits = []
    for word in words:
        match = _WORD.match(word.strip())
        if match is None:
            raise ValueError(f"{word[:40]!r} is no hexadecimal word of 32 bits")
        digits.append(match.group(1).rjust(8, "0"))
    return int("".join(digits), 16)


def format_mask(bits: int) -> str:
    """Return hwloc's notation of a set: 32-bit words, the most significant one first.

    >>> format_mask(1 << 64 | 5)
    '0x00000001,0x00000000,0x00000005'
    """
    words: list[str] = []
    while bits or not words:
        words.append(f"0x{bits & 0xFFFFFFFF:08x}")
        bits >>= 32
    return ",".join(reversed(words))


def parse_list(text: str) -> int:
    """Return the set that a CPU list such as `0-3,8,10-15:2` stands for; an empty text is the empty set.

    `:2` is a stride, `0-31:2/4` takes the first 2 of every 4. Raises ValueError for anything else.

        >>> members(parse_list("0-2,8,10-15:2"))
        (0, 1, 2, 8, 10, 12, 14)
    """
    bits = 0
    for item in text.strip().split(","):
        if not item.strip():
            continue
        match = _RANGE.match(item.strip())
        if match is None:
            raise ValueError(f"{item[:40]!r} is no CPU number or range")
        first = int(match.group(1))
        last = int(match.group(2) or first)
        if last < first or last > MAX_NUMBER:
            raise ValueError(f"{item[:40]!r} is no rising range of numbers up to {MAX_NUMBER}")
        bits |= _strided(first, last, match.group(3), match.group(4))
    return bits


def _strided(first: int, last: int, stride: str | None, group: str | None) -> int:
    if group is not None:
        used, step = int(stride or 1), int(group)
    else:
        used, step = 1, int(stride or 1)
    if not 0 < used <= step:
        raise ValueError(f"a stride of {used}/{step}")
    if step == 1:
        return ((1 << (last - first + 1)) - 1) << first
    starts = range(first, last + 1, step)
    return from_members(n for start in starts for n in range(start, min(start + used, last + 1)))


def from_members(numbers: Iterable[int]) -> int:
    """Return the set of these numbers."""
    bits = 0
    for number in numbers:
        bits |= 1 << number
    return bits


def members(bits: int) -> tuple[int, ...]:
    """Return the numbers in a set, ascending."""
    if not bits:
        return ()
    first = lowest(bits)
    bits >>= first
    if bits.bit_count() > 8:
        return tuple(first + place for place, digit in enumerate(reversed(f"{bits:b}")) if digit == "1")
    found = []
    while bits:
        found.append(first + lowest(bits))
        bits &= bits - 1
    return tuple(found)


def lowest(bits: int) -> int:
    """Return the least number of a set that is not empty."""
    return (bits & -bits).bit_length() - 1
