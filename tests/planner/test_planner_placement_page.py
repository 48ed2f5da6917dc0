"""Every example of docs/placement.md is placed on the machine that the page names."""

import re
from pathlib import Path

import pytest

import facts
import skb
from api.cli.planning.place_command import placement_text
from planner import Application, Topology, place
from planner.applications.constraints import KINDS
from planner.applications.traffic import PATTERNS

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE = (DOCS / "placement.md").read_text()
EXAMPLES = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
MACHINE = Topology.of(skb.load(facts.read(str(DOCS / "examples" / "hybrid.facts"))))


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_every_example_is_placed_or_refused_as_the_page_says(number: int) -> None:
    plan = place(Application.from_toml(EXAMPLES[number]), MACHINE, iterations=200)
    if number < len(EXAMPLES) - 1:
        assert plan.status in ("optimal", "feasible")
    else:
        (refusal,) = re.findall(r"```text\n(.*?)\n```", PAGE, re.DOTALL)
        assert placement_text(plan) == refusal


def test_the_page_names_every_kind_of_constraint_and_every_pattern() -> None:
    missing = [word for word in (*KINDS, *PATTERNS) if not re.search(rf"\b{re.escape(word)}\b", PAGE)]
    assert missing == []
