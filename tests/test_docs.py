"""The reference pages that are written from the code are those in the repository."""

from pathlib import Path

from docs.build import relations_page

REFERENCE = Path(__file__).resolve().parents[1] / "docs" / "reference"


def test_the_page_of_relations_is_what_the_registry_says() -> None:
    assert (REFERENCE / "relations.md").read_text() == relations_page(), "run `make docs`"
