"""Sets of CPUs are read as hwloc and the kernel write them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facts.bitmap import EVERYTHING, MAX_WORDS, format_mask, from_members, members, parse_list, parse_mask

SETS = st.sets(st.integers(0, 2000), max_size=60)


@settings(derandomize=True, max_examples=100)
@given(SETS)
def test_a_written_mask_reads_back_as_the_same_set(numbers: set[int]) -> None:
    assert members(parse_mask(format_mask(from_members(numbers)))) == tuple(sorted(numbers))


@settings(derandomize=True, max_examples=100)
@given(SETS)
def test_a_written_list_reads_back_as_the_same_set(numbers: set[int]) -> None:
    assert members(parse_list(",".join(map(str, numbers)))) == tuple(sorted(numbers))


@settings(derandomize=True, max_examples=200)
@given(st.text(alphabet="0x123abcf,. -:/", max_size=20))
def test_any_text_is_a_set_or_a_value_error(text: str) -> None:
    for parse in (parse_mask, parse_list):
        try:
            bits = parse(text)
        except ValueError:
            continue
        assert bits >= 0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0x0000000f", (0, 1, 2, 3)),
        ("ff,ffffc000,000fffff", (*range(20), *range(46, 72))),
        ("0xffffffff,,0x0", tuple(range(64, 96))),
        ("0x00000001,,,,,,0x0", (192,)),
        ("0x0", ()),
    ],
)
def test_masks_of_hwloc_and_kernel(text: str, expected: tuple[int, ...]) -> None:
    assert members(parse_mask(text)) == expected


def test_an_infinite_mask_reaches_to_the_limit() -> None:
    assert parse_mask("0xf...f") == EVERYTHING
    assert parse_mask("0xf...f,0x00000001") == EVERYTHING & ~0xFFFFFFFE


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0-3,8,10-15:2", (0, 1, 2, 3, 8, 10, 12, 14)),
        ("0-9:2/4", (0, 1, 4, 5, 8, 9)),
        ("7\n", (7,)),
        ("", ()),
    ],
)
def test_cpu_lists_with_stride_and_groups(text: str, expected: tuple[int, ...]) -> None:
    assert members(parse_list(text)) == expected


@pytest.mark.parametrize("text", ["3-1", "a", "1-", "0-9:0", "0-9:5/2", "9999999"])
def test_a_list_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_list(text)


@pytest.mark.parametrize("text", ["", "0xg", "0x1,0x123456789", "," * MAX_WORDS])
def test_a_mask_that_is_none_or_too_long_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_mask(text)
