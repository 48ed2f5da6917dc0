"""The published results again, with few seeds by default and the dissertation's 20 at full scale."""

from pathlib import Path

import pytest

from experiments.errors import ExperimentError
from experiments.reproduce import Ablation, Claim, Row, reproduce, write_page
from experiments.reproduce.contention import parameters as contention_parameters


@pytest.mark.parametrize(("name", "few"), [("REP-03", 1), ("REP-12", 2), ("REP-13", 2), ("REP-17", 1)])
def test_every_claim_holds_and_every_ablation_breaks(name: str, few: int, full_scale: bool) -> None:
    (row,) = reproduce([name], seeds=20 if full_scale else few)
    assert [claim.claim for claim in row.claims if not claim.holds] == []
    assert [ablation.change for ablation in row.ablations if not ablation.breaks] == []
    assert row.verdict == "reproduced"


@pytest.mark.parametrize("name", ["REP-04"])
def test_a_fitted_result_says_so_and_its_ablations_break(name: str, full_scale: bool) -> None:
    (row,) = reproduce([name], seeds=20 if full_scale else 1)
    assert [claim.claim for claim in row.claims if not claim.holds] == []
    assert [ablation.change for ablation in row.ablations if not ablation.breaks] == []
    assert row.verdict == "fitted"


@pytest.mark.parametrize("name", ["REP-01", "REP-02", "REP-06"])
def test_an_identity_echoes_what_is_printed_and_has_nothing_to_take_away(name: str) -> None:
    document = reproduce([name])[0].to_json()
    assert (document["verdict"], document["identity"], document["ablation"]) == ("reproduced", True, None)


def test_numbers_that_conflict_are_not_reproduced_and_the_row_says_why() -> None:
    (row,) = reproduce(["REP-30"], seeds=2)
    assert row.verdict == "not_reproduced"
    assert all(ablation.breaks for ablation in row.ablations)
    assert "7.95 s, not 3 s" in row.notes[0]


def test_every_parameter_says_where_it_comes_from() -> None:
    parameters = [*contention_parameters(), *(one for row in reproduce(["REP-01", "REP-17"]) for one in row.parameters)]
    kinds = ("printed", "derived", "external", "free", "estimated", "stated")
    assert [one.name for one in parameters if not one.provenance.startswith(kinds)] == []


def test_an_unknown_result_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(ExperimentError, match="REP-12, REP-13"):
        reproduce(["REP-99"])


def row(*claims: Claim, ablations: tuple[Ablation, ...] = (), name: str = "REP-98") -> Row:
    return Row(name, "Fig 0", "a claim", claims, "exact", (), ablations, {})


def test_the_verdict_of_a_row_is_that_of_its_worst_claim() -> None:
    good, fitted = Claim("a", "1", 1, holds=True), Claim("b", "2", 2, holds=True, fitted=True)
    assert row(good).verdict == "reproduced"
    assert row(good, fitted).verdict == "fitted"
    assert row(good, fitted, Claim("c", "3", 4, holds=False)).verdict == "not_reproduced"
    assert row(good, ablations=(Ablation("nothing", 1, breaks=False),)).verdict == "not_reproduced"


def test_the_page_keeps_earlier_rows_and_replaces_those_that_ran_again(tmp_path: Path) -> None:
    write_page([row(Claim("a", "1", 1, holds=True)), row(Claim("b", "2", 3, holds=False), name="REP-99")], tmp_path)
    write_page([row(Claim("b", "2", 2, holds=True, fitted=True), name="REP-99")], tmp_path)
    page = (tmp_path / "reproduction.md").read_text()
    assert "2 results: 1 reproduced, 1 fitted, 0 not reproduced." in page
    assert "| b: 2 | 2 | fitted |" in page


def test_a_folder_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ExperimentError, match="is no folder"):
        write_page([], tmp_path / "absent")


def test_kept_results_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    (tmp_path / "reproduction.json").write_text("[{]")
    with pytest.raises(ExperimentError, match="does not hold kept results"):
        write_page([], tmp_path)
    assert (tmp_path / "reproduction.json").read_text() == "[{]"
