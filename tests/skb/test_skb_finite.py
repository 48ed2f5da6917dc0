"""Finite-domain questions: domains from relations, constraints, families, optimisation, conflicts."""

import pytest

import skb
from skb.asking import ask
from skb.errors import EvaluationError, SkbError, UnsafeVariable, UnsupportedGoal
from skb.snapshot import Snapshot
from skb.terms import Compound

FACTS = """
core(0, p0). core(1, p0). core(2, p1). core(3, p1).
node_bw(0, 20). node_bw(1, 28). node_bw(2, 9).
node_cost(0, 3). node_cost(1, 5). node_cost(2, 1).
link(a, b). link(b, c). link(c, a).
corename(0, x86_64, apic(0)). corename(1, x86_64, apic(16)).
cost(limit, 6, units). cost(half, 1.5, units).
"""


@pytest.fixture(scope="module")
def snapshot() -> Snapshot:
    return skb.load(FACTS, machine="m").snapshot()


@pytest.mark.parametrize(
    ("goal", "columns", "rows"),
    [
        ("[X, Y] :: 0..2, X #< Y, all([X, Y])", ("X", "Y"), [(0, 1), (0, 2), (1, 2)]),
        ("X :: [1, 3..5], X #\\= 4, all([X])", ("X",), [(1,), (3,), (5,)]),
        ("X :: [a, b], Y :: [b, c], X #= Y, all([X, Y])", ("X", "Y"), [("b", "b")]),
        ("X :: corename(_, _, A)/A, X #\\= apic(0), all([X])", ("X",), [(Compound("apic", (16,)),)]),
        ("X :: core(C, _)/C, core(X, P), core(0, P), all([X])", ("X",), [(0,), (1,)]),
        ("X :: core(C, _)/C, \\+ core(X, p0), all([X])", ("X",), [(2,), (3,)]),
        ("[X, Y] :: link(A, _)/A, link(X, Y), X #\\= b, all([X, Y])", ("X", "Y"), [("a", "b"), ("c", "a")]),
        ("X :: 0..7, (X #= 3 #\\/ X #= 5), all([X])", ("X",), [(3,), (5,)]),
        ("X :: 0..3, B #<=> (X #> 1), all([X, B])", ("X", "B"), [(0, 0), (1, 0), (2, 1), (3, 1)]),
        ("X :: 0..3, #\\ (X #> 1), all([X])", ("X",), [(0,), (1,)]),
        ("[X, Y] :: 0..1, X #=> Y, all([X, Y])", ("X", "Y"), [(0, 0), (0, 1), (1, 1)]),
        ("[A, B, C] :: 1..9, A * A + B * B #= C * C, A #< B, all([A, B, C])", ("A", "B", "C"), [(3, 4, 5)]),
        ("X :: -3..3, abs(X) #= 2, all([X])", ("X",), [(-2,), (2,)]),
        ("X :: 0..9, X mod 4 #= 1, X // 4 #= 1, all([X])", ("X",), [(5,)]),
        ("X :: [1..3, 7], element(I, [5, 7, 2], X), all([X, I])", ("X", "I"), [(2, 3), (7, 2)]),
        (
            "x(I) :: 0..2 for member(I, [1, 2, 3]), all_different(x), x(1) #< x(2), x(3) #= 0, all(x)",
            ("x(1)", "x(2)", "x(3)"),
            [(1, 2, 0)],
        ),
        ("cost(limit, N, _), X :: 0..N, X #>= N - 1, all([X])", ("X",), [(5,), (6,)]),
        ("N = count(C : core(C, _)), X :: 1..N, X #> 2, all([X])", ("X",), [(3,), (4,)]),
        ("[X, Y] :: 0..1, count((V #= 1) : member(V, [1])) #= 1, X #= Y, all([X, Y])", ("X", "Y"), [(0, 0), (1, 1)]),
        ("[X, Y] :: 0..3, max([X, Y]) #= 1, min([X, Y]) #= 0, all([X, Y])", ("X", "Y"), [(0, 1), (1, 0)]),
        ("X :: 5..4, all([X])", ("X",), []),
    ],
)
def test_all_solutions_are_found(
    snapshot: Snapshot, goal: str, columns: tuple[str, ...], rows: list[tuple[object, ...]]
) -> None:
    answer = ask(snapshot, goal)
    assert (answer.status, answer.columns, list(answer.rows)) == ("complete", columns, rows)


def test_a_family_has_a_column_for_each_member(snapshot: Snapshot) -> None:
    answer = ask(
        snapshot,
        "u(N) :: 0..1 for node_bw(N, _), sum(C * u(N) : node_cost(N, C)) #=< 6,"
        " maximize(sum(B * u(N) : node_bw(N, B)))",
    )
    assert (answer.status, answer.objective, answer.bound, answer.gap) == ("optimal", 37, 37, 0.0)
    assert answer.columns == ("u(0)", "u(1)", "u(2)")
    assert answer.rows == ((0, 1, 1),)


def test_an_undeclared_cost_takes_the_range_of_its_expression(snapshot: Snapshot) -> None:
    answer = ask(snapshot, "[X, Y] :: 0..9, all_different([X, Y]), X #>= 4, Cost #= 3 * X - 2 * Y, minimize(Cost)")
    assert (answer.status, answer.objective, answer.columns, answer.rows) == ("optimal", -6, ("X", "Y"), ((4, 9),))


def test_a_satisfying_answer_is_one_row(snapshot: Snapshot) -> None:
    answer = ask(snapshot, "[X, Y] :: core(C, _)/C, X #> Y, satisfy([X, Y])")
    assert answer.status == "feasible"
    ((x, y),) = answer.rows
    assert isinstance(x, int)
    assert isinstance(y, int)
    assert x > y


def test_an_infeasible_question_names_a_minimal_conflict(snapshot: Snapshot) -> None:
    goal = "X :: 0..7, low @ X #< 2, other @ X #\\= 4, high @ (X #> 5, X #< 7), satisfy([X])"
    answer = ask(snapshot, goal)
    assert (answer.status, answer.conflict, answer.minimal) == ("infeasible", ("high", "low"), True)
    assert answer.rows == ()


def test_a_labelled_relation_can_be_the_conflict(snapshot: Snapshot) -> None:
    answer = ask(snapshot, "X :: core(C, _)/C, there @ core(X, p1), here @ core(X, p0), free @ X #>= 0, satisfy([X])")
    assert answer.conflict == ("here", "there")


@pytest.mark.parametrize(
    ("goal", "error"),
    [
        ("X #> 2, satisfy([X])", UnsafeVariable),
        ("X :: 0..3, satisfy([X, Y])", UnsafeVariable),
        ("X :: [a, b], X #< 3, satisfy([X])", EvaluationError),
        ("X :: [a, b], minimize(X)", EvaluationError),
        ("X :: cost(_, V, _)/V, satisfy([X])", EvaluationError),
        ("X :: 1..a, satisfy([X])", EvaluationError),
        ("X :: somewhere, satisfy([X])", SkbError),
        ("X :: 0..3, satisfy([X]), minimize(X)", UnsupportedGoal),
        ("why (X :: 0..3, satisfy([X]))", UnsupportedGoal),
        ("core(_, P), X :: 0..P, satisfy([X])", SkbError),
        ("X :: 0..9223372036854775807, Y #= X * X, satisfy([Y])", SkbError),
        ('X :: 0..3, X #= "text" + 1, satisfy([X])', SkbError),
        ("X :: nowhere(C)/C, satisfy([X])", SkbError),
    ],
)
def test_what_is_wrong_is_refused(snapshot: Snapshot, goal: str, error: type[SkbError]) -> None:
    with pytest.raises(error):
        ask(snapshot, goal)
