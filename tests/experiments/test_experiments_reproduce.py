"""The published results again, with few seeds by default and the dissertation's 20 at full scale."""

import pytest

from experiments.errors import ExperimentError
from experiments.reproduce import reproduce


@pytest.mark.parametrize("name", ["REP-12", "REP-13"])
def test_every_claim_holds_and_every_ablation_breaks(name: str, full_scale: bool) -> None:
    (row,) = reproduce([name], seeds=20 if full_scale else 2)
    assert [claim.claim for claim in row.claims if not claim.holds] == []
    assert [ablation.change for ablation in row.ablations if not ablation.breaks] == []
    assert row.verdict == "reproduced"


def test_every_parameter_says_where_it_comes_from() -> None:
    (row,) = reproduce(["REP-13"], seeds=1)
    kinds = ("printed", "derived", "external", "free", "estimated", "stated")
    assert [one.name for one in row.parameters if not one.provenance.startswith(kinds)] == []


def test_an_unknown_result_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(ExperimentError, match="REP-12, REP-13"):
        reproduce(["REP-99"])
