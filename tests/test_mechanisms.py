"""The page of mechanisms names tests that exist, or gives a reason."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ROW = re.compile(r"^\| ([A-I]\d+) \| (.+?) \| (.+?) \|$", re.MULTILINE)
TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


def rows() -> list[tuple[str, str, str]]:
    return ROW.findall((ROOT / "docs" / "mechanisms.md").read_text())


def test_every_test_that_a_mechanism_names_exists() -> None:
    assert rows()
    for name, _, shown in rows():
        for file, test in TEST.findall(shown):
            assert f"def {test}(" in (ROOT / file).read_text(), f"{name}: {file}::{test}"


def test_every_mechanism_has_a_test_or_a_reason() -> None:
    for name, _, shown in rows():
        assert TEST.search(shown) or len(shown.split()) >= 5, name


def test_mechanisms_stand_once_each_in_order() -> None:
    names = [(name[0], int(name[1:])) for name, _, _ in rows()]
    assert names == sorted(set(names))
