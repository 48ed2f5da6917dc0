"""The page of mechanisms has a row for every id of the list, with tests that exist or a reason."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LAST = {"A": 6, "B": 16, "C": 8, "D": 14, "E": 7, "F": 4, "G": 29, "H": 11, "I": 7}
"""The number of the last id of each letter; the first is 1."""
MISSED_SERVICES = (
    "storage system",
    "complex workloads",
    "more dispatchers than cores",
    "heterogeneous cores",
    "generic capability consistency",
    "adaptive polling",
    "routing layer",
    "multicast phase change",
)
LEAST_WORDS_OF_A_REASON = 5
ROW = re.compile(r"^\| ([A-I]\d+) \| (.+?) \| (.+?) \|$", re.MULTILINE)
TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


def rows() -> list[tuple[str, str, str]]:
    return ROW.findall((ROOT / "docs" / "mechanisms.md").read_text())


def is_shown_or_explained(cell: str) -> bool:
    return bool(TEST.search(cell)) or len(cell.split()) >= LEAST_WORDS_OF_A_REASON


def test_every_mechanism_of_the_list_has_a_row_in_order() -> None:
    assert [name for name, _, _ in rows()] == [
        f"{letter}{n}" for letter, last in LAST.items() for n in range(1, last + 1)
    ]


def test_every_mechanism_has_a_test_or_a_reason() -> None:
    assert [name for name, _, shown in rows() if not is_shown_or_explained(shown)] == []


def test_every_test_that_a_mechanism_names_exists() -> None:
    named = [(name, file, test) for name, _, shown in rows() for file, test in TEST.findall(shown)]
    texts = {file: (ROOT / file).read_text() if (ROOT / file).is_file() else "" for _, file, _ in named}
    assert [one for one in named if not re.search(rf"^def {one[2]}\(", texts[one[1]], re.MULTILINE)] == []


def test_nothing_is_named_like_a_test_that_is_not_read_as_one() -> None:
    for name, _, shown in rows():
        assert shown.count("::") == shown.count("tests/") == len(TEST.findall(shown)), name


def test_every_service_that_the_authors_missed_has_a_test_or_a_reason() -> None:
    (parts,) = (shown.split("<br>") for name, _, shown in rows() if name == "I6")
    services = dict(part.split(": ", 1) for part in parts)
    assert tuple(services) == MISSED_SERVICES
    assert [service for service, shown in services.items() if not is_shown_or_explained(shown)] == []
