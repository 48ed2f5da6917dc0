"""Questions that ask for too much: each is answered within its limits, or refused in a sentence."""

from dataclasses import replace
from time import perf_counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import skb
from skb.asking import ask
from skb.errors import SkbError, UnsupportedGoal
from skb.evaluation.extent import clipped
from skb.notation.parser import read_clauses
from skb.query.answer import Answer, Limits
from skb.snapshot import Snapshot
from skb.solving.constraints import Domain
from skb.store.store import Store

SOON = Limits(time_ms=1000, max_rows=1000, max_term_size=10_000)


@pytest.fixture(scope="module")
def snapshot() -> Snapshot:
    return skb.load("core(0, p0). core(1, p0). core(2, p1).", machine="m").snapshot()


def answer(snapshot: Snapshot, goal: str, rules: str = "") -> Answer:
    started = perf_counter()
    found = ask(snapshot, goal, rules=rules, limits=SOON)
    assert perf_counter() - started < 10
    return found


@pytest.mark.parametrize(
    ("goal", "rules"),
    [
        ("p(X)", "p(a). p(f(X, X)) :- p(X)."),
        ("p(X)", "p([]). p([X | X]) :- p(X)."),
        ("p(X)", "p(a). p(Y) :- p(X), Y = f(X, X)."),
        ("p(X)", "p(a). p(Y) :- p(X), Y =.. [f, X, X]."),
        (", ".join(["A0 = f(a, a)", *(f"A{at + 1} = f(A{at}, A{at})" for at in range(60))]), ""),
        (", ".join(["A0 = f(a, a)", *(f"A{at + 1} =.. [f, A{at}, A{at}]" for at in range(60))]), ""),
        ("p(L)", "q(f(A, B)) :- between(1, 300, A), between(1, 300, B). p(L) :- findall(X, q(X), L)."),
    ],
)
def test_terms_that_double_are_stopped_by_their_size(snapshot: Snapshot, goal: str, rules: str):
    found = ask(snapshot, goal, rules=rules, limits=replace(SOON, time_ms=60_000))
    assert found.status == "truncated"
    assert found.stopped_by == "max_term_size"


def test_a_relation_of_a_thousand_arguments_is_ordered_like_any_other(snapshot: Snapshot):
    wide = ", ".join(f"X{at}" for at in range(1000))
    found = answer(snapshot, f"p({wide})", f"p({', '.join('a' * 1000)}).")
    assert found.rows == (("a",) * 1000,)


def test_rules_in_more_layers_than_can_be_followed_are_refused(snapshot: Snapshot):
    layers = "\n".join(f"p{at}(X) :- p{at + 1}(X)." for at in range(2000))
    with pytest.raises(UnsupportedGoal, match="layers"):
        ask(snapshot, "p0(X)", rules=f"{layers}\np2000(1).")


@pytest.mark.parametrize(
    "goal",
    [
        "X :: 0..400000000000000, all([X])",
        "X :: [0..4000000000000, 7], X :: 0..9, X #> 8, all([X])",
        "X :: 0..4000000000000, X :: 0..4000000000000, X #< 1, all([X])",
        "X :: 0..4000000000000, core(X, P), all([X])",
    ],
)
def test_a_huge_domain_is_never_counted_through(snapshot: Snapshot, goal: str):
    assert len(answer(snapshot, goal).rows) <= SOON.max_rows


@pytest.mark.parametrize(
    "goal",
    [
        "X :: 0..9223372036854775807, all([X])",
        "X :: 0..18446744073709551615, satisfy([X])",
        "X :: -9007199254740992..5, all([X])",
        "X :: 0..9, l @ X :: 0..4000000000000, all([X])",
        "X :: 0..9, max([]) #= 3, satisfy([X])",
        "X :: 0..9, '#=>'(X), satisfy([X])",
        "X :: 0..9, all_different('#<=>'()), satisfy([X])",
        "X :: '/'(core(_, _)), satisfy([X])",
        "X :: 0..9, 'for'(X), satisfy([X])",
        "'::'(X)",
    ],
)
def test_a_malformed_or_boundless_problem_is_refused_in_a_sentence(snapshot: Snapshot, goal: str):
    with pytest.raises(SkbError, match=r"accepted|value|domain"):
        answer(snapshot, goal)


def test_a_sum_over_many_members_is_added_up_once(snapshot: Snapshot):
    goal = "u(N) :: 0..1 for between(1, 3000, N), sum(u(N)) #>= 1, satisfy([u(1)])"
    assert ask(snapshot, goal).status == "feasible"


def test_the_lines_of_a_long_program_are_counted_once():
    started = perf_counter()
    clauses = read_clauses("\n".join(f"p({at})." for at in range(20_000)))
    assert [clause.line for clause in clauses] == list(range(1, 20_001))
    assert perf_counter() - started < 5


def test_an_answer_is_cut_where_it_would_be_too_long(snapshot: Snapshot):
    whole = answer(snapshot, f"core(C, _), core(D, _), X = '{'a' * 1000}'")
    short = clipped(whole, 4000)
    assert len(whole.rows) == 9
    assert (len(short.rows), short.status, short.stopped_by) == (3, "truncated", "max_answer_size")
    assert clipped(whole, 100_000) is whole


INTERVALS = st.lists(st.tuples(st.integers(-9, 9), st.integers(-9, 9)), max_size=5)


@settings(max_examples=200, derandomize=True)
@given(INTERVALS, INTERVALS)
def test_domains_meet_as_sets_do(first: list[tuple[int, int]], second: list[tuple[int, int]]):
    left, right = Domain.of_intervals(first), Domain.of_intervals(second)
    assert left == Domain.of_values(value for low, high in first for value in range(low, high + 1))
    assert left.meet(right) == Domain.of_values(set(left) & set(right))
    assert left.size == len(set(left))
    assert [value for value in range(-12, 12) if value in left] == list(left)


@pytest.mark.parametrize("form", ["r{at}(1).", "r({at}).  % 1; printed: page {at}"])
def test_more_than_ten_thousand_names_at_once_are_refused(form: str):
    text = "\n".join(form.format(at=at) for at in range(10_001))
    with Store("sqlite://") as store:
        with pytest.raises(SkbError, match="up to 10000 at once"):
            store.load(text, "m")
        assert store.revision == 0


@pytest.mark.parametrize("name", [".", ".."])
def test_a_machine_is_not_named_like_a_folder_of_paths(name: str):
    with pytest.raises(SkbError, match="no machine name"):
        skb.load("core(0, 0).", machine=name)
