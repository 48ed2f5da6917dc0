"""The reference pages that are written from the code are those in the repository."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

import facts
import skb
from docs.build import relations_page, rules_page

REFERENCE = Path(__file__).resolve().parents[1] / "docs" / "reference"


def test_the_page_of_rules_is_what_the_library_says_of_itself() -> None:
    assert (REFERENCE / "rules.md").read_text() == rules_page(), "run `make docs`"


def test_the_page_of_relations_is_what_the_registry_says() -> None:
    assert (REFERENCE / "relations.md").read_text() == relations_page(), "run `make docs`"


def examples() -> list[tuple[str, dict[str, Any]]]:
    page = (REFERENCE / "query-language.md").read_text()
    found = re.findall(r"```skb\n(.*?)```\n```json\n(.*?)```", page, re.DOTALL)
    return [(question, json.loads(answer)) for question, answer in found]


@pytest.mark.parametrize(("question", "expected"), examples())
def test_every_example_of_the_query_language_gives_the_answer_that_stands_beside_it(
    question: str, expected: dict[str, Any]
) -> None:
    answer = skb.load(facts.read("amd-4x4")).ask(question).to_json()
    for key, value in expected.items():
        if key == "supports":
            bare = [[{"f": one["f"], "args": one["args"]} for one in support] for support in answer[key]]
            assert bare == value
        else:
            assert answer[key] == value
