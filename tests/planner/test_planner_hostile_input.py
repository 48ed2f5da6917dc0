"""Whatever is asked, the answer is a plan or a refusal."""

import json
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from planner_machines import opteron

from planner import Application, Manifest, PlanError, Topology, multicast_matrix, place, place_matrix
from planner.applications.constraints import KINDS, LEVELS
from planner.applications.traffic import PATTERNS
from planner.cpu_list import format_cpu_list, parse_cpu_list
from planner.matrix_text import read_matrix, read_qaplib

MACHINE = Topology.of(opteron(2, 2))
WORDS = ["group", "name", "count", "traffic", "between", "pattern", "bytes_per_second", "constraint", "kind", "level"]
WORDS += ["members", "cores", "from", "memory", "edges", "matrix", "grid", "smt", "isa", "node", "package", "cpu"]
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.sampled_from([2**70, -(2**70), 1e308, float("inf"), float("nan"), 0.5, 1e15]),
    st.sampled_from(["w", "w.0", "L3", "0-3", "2 GiB", "", "9" * 400, *KINDS, *LEVELS, *PATTERNS]),
)
anything = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(WORDS), inner, max_size=4)),
    max_leaves=12,
)


@st.composite
def documents(draw: st.DrawFn) -> dict:
    """Nearly sound applications: sound tables with a few keys replaced by anything."""
    traffic = {"between": "w", "pattern": draw(st.sampled_from(PATTERNS)), "bytes_per_second": 5}
    constraint = {"kind": draw(st.sampled_from(KINDS)), "level": "L3", "cores": [0], "members": ["w"], "from": "w.0"}
    group = {"name": "w", "count": 3}
    tables = {"group": [group], "traffic": [traffic], "constraint": [constraint]}
    for _ in range(draw(st.integers(0, 3))):
        draw(st.sampled_from([tables, group, traffic, constraint]))[draw(st.sampled_from(WORDS))] = draw(anything)
    return tables


@settings(derandomize=True, max_examples=300, deadline=None)
@given(documents())
def test_an_application_is_placed_or_refused(document: dict) -> None:
    with suppress(PlanError):
        plan = place(Application.from_mapping(document), MACHINE, iterations=20)
        json.dumps(plan.to_json(), allow_nan=False)


@settings(derandomize=True, max_examples=300, deadline=None)
@given(st.one_of(st.text(max_size=40), st.text("BSHG 0123456789.\n#-eE+", max_size=40)))
def test_a_manifest_is_read_or_refused(text: str) -> None:
    for read in (Manifest.from_text, Manifest.from_toml, Manifest.parse):
        with suppress(PlanError):
            assert read(text, name="m").groups


@settings(derandomize=True, max_examples=200, deadline=None)
@given(st.text(", .0123456789enaif\n-", max_size=40))
def test_a_matrix_is_read_or_refused(text: str) -> None:
    for read in (read_matrix, read_qaplib):
        with suppress(PlanError):
            assert read(text)


@pytest.mark.parametrize("value", [1e300, float("nan"), float("inf"), -1.0])
def test_matrices_beyond_reason_are_refused(value: float) -> None:
    rows = [[0.0, value], [1.0, 0.0]]
    with pytest.raises(PlanError, match="row 0, column 1"):
        multicast_matrix(rows)
    with pytest.raises(PlanError, match="row 0, column 1"):
        place_matrix(rows, [[0.0, 1.0], [1.0, 0.0]])


@settings(derandomize=True, max_examples=100, deadline=None)
@given(st.sets(st.integers(0, 300), min_size=1))
def test_a_cpu_list_reads_back_what_it_wrote(numbers: set[int]) -> None:
    assert set(parse_cpu_list(format_cpu_list(numbers))) == numbers


@pytest.mark.parametrize("text", ["", "a", "1-", "3-1", "1-4:0", "1,,2", "0-99999999", "-1", "1:2"])
def test_what_is_no_cpu_list_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(PlanError, match="0-3,8,10-15:2 is accepted"):
        parse_cpu_list(text)
