"""Closures, range joins and ranked columns: the short cuts give what the long way gives."""

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skb.asking import ask
from skb.indexes import Indexed
from skb.snapshot import Snapshot
from skb.terms import Real, Row, sort_rows

NODES = range(6)
RULES = {
    "left": "r(X,Y) :- e(X,Y). r(X,Y) :- r(X,Z), e(Z,Y).",
    "right": "r(X,Y) :- e(X,Y). r(X,Y) :- e(X,Z), r(Z,Y).",
    "both": "r(X,Y) :- e(X,Y). r(X,Y) :- r(X,Z), r(Z,Y).",
}
edge_sets = st.sets(st.tuples(st.sampled_from(NODES), st.sampled_from(NODES)), min_size=1, max_size=12)


def _closure(edges: set[tuple[int, int]]) -> set[tuple[int, int]]:
    reached = set(edges)
    for middle, a, b in product(NODES, repeat=3):
        if (a, middle) in reached and (middle, b) in reached:
            reached.add((a, b))
    return reached


def _snapshot(name: str, rows: set[tuple[int, int]]) -> Snapshot:
    return Snapshot.of_facts((name, row, "static", "") for row in sorted(rows))


@pytest.mark.parametrize("form", RULES)
@given(edges=edge_sets)
@settings(max_examples=15, derandomize=True, deadline=None)
def test_a_closure_is_warshalls_whatever_is_bound(form: str, edges: set[tuple[int, int]]) -> None:
    snapshot, wanted = _snapshot("e", edges), _closure(edges)
    assert list(ask(snapshot, "r(X,Y)", rules=RULES[form]).rows) == sorted(wanted)
    assert list(ask(snapshot, "r(0,Y)", rules=RULES[form]).rows) == sorted((b,) for a, b in wanted if a == 0)
    assert list(ask(snapshot, "r(X,0)", rules=RULES[form]).rows) == sorted((a,) for a, b in wanted if b == 0)
    assert list(ask(snapshot, "r(X,X)", rules=RULES[form]).rows) == sorted((a,) for a, b in wanted if a == b)
    assert len(ask(snapshot, "r(0,1)", rules=RULES[form]).rows) == ((0, 1) in wanted)


@given(edges=edge_sets, low=st.integers(0, 3), high=st.integers(2, 6))
@settings(max_examples=40, derandomize=True, deadline=None)
def test_a_range_of_a_column_is_what_the_tests_leave(edges: set[tuple[int, int]], low: int, high: int) -> None:
    snapshot = _snapshot("e", edges)
    found = ask(snapshot, f"e(X,Y), e(Y,Z), Z > X, Z =< {high}, {low} =< X").rows
    wanted = {(x, y, z) for x, y in edges for w, z in edges if w == y and x < z <= high and x >= low}
    assert list(found) == sorted(wanted)


def test_a_range_over_a_column_with_reals_compares_by_value() -> None:
    snapshot = Snapshot.of_facts(("v", (value,), "static", "") for value in (1, 2.5, 3))
    assert ask(snapshot, "v(X), v(Y), X < Y").rows == ((1, Real(2.5)), (1, 3), (Real(2.5), 3))


@given(rows=edge_sets, count=st.integers(0, 4))
@settings(max_examples=30, derandomize=True, deadline=None)
def test_the_first_rows_are_those_of_the_whole_order(rows: set[tuple[int, int]], count: int) -> None:
    snapshot = _snapshot("e", rows)
    by_second = sorted((y, x) for x, y in rows)
    assert [(y, x) for y, x in ask(snapshot, f"top({count}, Y, e(X,Y))").rows] == by_second[:count]
    descending = sorted(by_second, key=lambda row: -row[0])
    assert [(y, x) for y, x in ask(snapshot, f"top({count}, -Y, e(X,Y))").rows] == descending[:count]


def test_a_projected_index_holds_each_value_once() -> None:
    indexed = Indexed(((1, 2, 3), (1, 2, 4), (5, 6, 7)))
    assert indexed.index((0,), (1,)) == {1: [(2,)], 5: [(6,)]}
    assert indexed.index((), (0,)) == {(): [(1,), (5,)]}
    assert set(indexed.index((0, 1), ())) == {(1, 2), (5, 6)}
    assert indexed.widest((0,), None) == 2


def test_rows_of_mixed_kinds_take_the_standard_order() -> None:
    rows: list[Row] = [("a",), (2,), (Real(1.5),), ((1,),), (1,)]
    assert sort_rows(rows) == [(1,), (Real(1.5),), (2,), ("a",), ((1,),)]
