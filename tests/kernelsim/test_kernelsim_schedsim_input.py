"""Scenarios that are no scenarios: each is refused with its line and what would be accepted."""

import pytest

from kernelsim import ScenarioError
from kernelsim.schedsim import chart

ELEVEN = "0 B 1\n" * 11


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        pytest.param("0 B 1\nhello\n", 2, "'hello'", id="no event"),
        pytest.param("0 B 1\n\n# c\n1 X 1\n", 4, "'1 X 1'", id="an unknown operation, blank lines counted"),
        pytest.param("0 B\n", 1, "B WEIGHT", id="an argument too few"),
        pytest.param("0 B 1 2\n", 1, "B WEIGHT", id="an argument too many"),
        pytest.param("0 H 4 10\n", 1, "BLOCKTIME", id="no block time"),
        pytest.param("0 H 4 ten 0\n", 1, "WCET", id="a word for a number"),
        pytest.param("0 H 4 -10 0\n", 1, "WCET", id="a negative number"),
        pytest.param("-1 B 1\n", 1, "TIME", id="a negative time"),
        pytest.param("0 B 1.5\n", 1, "whole numbers", id="a fraction"),
        pytest.param(" \n", 1, "no scheduler event", id="blanks"),
        pytest.param(ELEVEN, 11, "at most 10 tasks", id="eleven tasks"),
        pytest.param("0 B 4294\n", 1, "0 to 4293", id="a weight beyond 32 bits of share"),
        pytest.param("0 B 70000\n", 1, "weight 4464", id="a weight beyond them modulo 65536"),
        pytest.param("0 H 1 0 0\n", 1, "at least 1 tick", id="no period"),
        pytest.param("0 d 0\n", 1, "no task has been created", id="a removal before all tasks"),
        pytest.param("0 B 1\n3 r 1\n", 2, "0 to 0", id="a release of an unknown task"),
        pytest.param("0 B 1\n3 y 7\n", 2, "task 7", id="a yield of an unknown task"),
        pytest.param("0 B 1\n3 c 1\n", 2, "task 1", id="a switch to an unknown task"),
    ],
)
def test_what_is_no_scenario_is_refused_with_its_line(text: str, line: int, says: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        chart(text, 10)
    error = caught.value
    assert error.details["line"] == line
    assert str(error).startswith(f"line {line}: ")
    assert says in error.message
    assert "; accepted: " in error.message
    assert error.code == "bad_scenario"


def test_a_weight_counts_modulo_65536_and_0_counts_as_1() -> None:
    assert chart("0 B 65537\n0 B 2\n", 300) == chart("0 B 1\n0 B 2\n", 300)
    assert chart("0 B 0\n0 B 2\n", 300) == chart("0 B 1\n0 B 2\n", 300)


def test_what_lies_behind_the_end_of_the_run_is_not_read() -> None:
    assert chart("0 B 1\n50 B 1\nnonsense\n", 10) == chart("0 B 1\n", 10)


@pytest.mark.parametrize(("runtime", "quantum"), [(-1, 1), (10, 0), (10, -3)])
def test_a_run_of_negative_length_or_without_a_quantum_is_refused(runtime: int, quantum: int) -> None:
    with pytest.raises(ScenarioError, match="accepted: runtime >= 0, quantum >= 1"):
        chart("0 B 1\n", runtime, quantum)
