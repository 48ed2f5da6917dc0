"""Sets of CPUs as hexadecimal masks: taskset's plain form, and words of 32 bits as the kernel and hwloc write them."""

import re
from collections.abc import Iterable

from planner.binding.binding import not_understood

MOST_BITS = 262_144
ACCEPTED = f"a hexadecimal mask such as 0xf0 or 00000001,000000f0 of at most {MOST_BITS} bits"
_WORD = re.compile(r"(?:0[xX])?[0-9a-fA-F]*", re.ASCII)


def read_mask(text: str, notation: str) -> tuple[int, ...]:
    """The numbers of the bits that are set, ascending. Words after a comma are of 32 bits; an empty one is 0.

    >>> read_mask("0xf0", "taskset"), read_mask("0x2,,0x0", "hwloc-bind"), read_mask("1,00000001", "cpuset")
    ((4, 5, 6, 7), (65,), (0, 32))
    """
    if len(text) > MOST_BITS:
        raise not_understood(notation, text, f"the mask has {len(text)} characters", ACCEPTED)
    words = text.strip().split(",")
    digits = ""
    for at, word in enumerate(words):
        bare = word[2:] if word[:2] in ("0x", "0X") else word
        if not _WORD.fullmatch(word) or (at and len(bare) > 8) or (len(words) == 1 and not bare):
            raise not_understood(notation, text, f"{word[:40]!r} is no word of a mask", ACCEPTED)
        digits += bare.rjust(8, "0") if at else bare
    if len(digits.lstrip("0")) * 4 > MOST_BITS:
        raise not_understood(notation, text, "the mask is too wide", ACCEPTED)
    bits = bin(int(digits or "0", 16))[:1:-1]
    return tuple(at for at, bit in enumerate(bits) if bit == "1")


def plain_mask(numbers: Iterable[int]) -> str:
    """One hexadecimal number of any length, as taskset and Slurm take it.

    >>> plain_mask([0, 65])
    '0x20000000000000001'
    """
    return hex(_bits(numbers))


def kernel_mask(numbers: Iterable[int]) -> str:
    """Words of 32 bits without 0x, the most significant first, as /proc and /sys show them.

    >>> kernel_mask([0, 65])
    '00000002,00000000,00000001'
    """
    return ",".join(f"{word:08x}" for word in _words(numbers))


def hwloc_mask(numbers: Iterable[int]) -> str:
    """Words of 32 bits with 0x each, the most significant first, as hwloc's tools print and take them.

    >>> hwloc_mask([3]), hwloc_mask([33])
    ('0x00000008', '0x00000002,0x00000000')
    """
    return ",".join(f"0x{word:08x}" for word in _words(numbers))


def _bits(numbers: Iterable[int]) -> int:
    at = set(numbers)
    length = max(at, default=0) + 1
    return int("".join("1" if bit in at else "0" for bit in range(length - 1, -1, -1)), 2)


def _words(numbers: Iterable[int]) -> list[int]:
    bits = _bits(numbers)
    count = max(1, (bits.bit_length() + 31) // 32)
    return [bits >> 32 * at & 0xFFFFFFFF for at in range(count - 1, -1, -1)]
