"""Every form of a finite-domain question, used rightly and wrongly: what it means, and what is said of a mistake."""

import pytest

import skb
from skb.asking import ask
from skb.errors import SkbError
from skb.query.answer import Limits
from skb.snapshot import Snapshot

FACTS = """
core(0, p0). core(1, p0). core(2, p1). core(3, p1).
l3(0, g0). l3(1, g0). l3(2, g1). l3(3, g1).
node_bw(0, 20). node_bw(1, 28). node_bw(2, 9).
task(t1, 3, 2). task(t2, 2, 1). task(t3, 4, 3).
"""
TASKS = "s(T) :: 0..9 for task(T, _, _)"


@pytest.fixture(scope="module")
def snapshot() -> Snapshot:
    return skb.load(FACTS, machine="m").snapshot()


@pytest.mark.parametrize(
    ("goal", "columns", "rows"),
    [
        ("[X, Y, Z] :: 0..1, count([X #= 1, Y #= 1, Z]) #= 3", "X Y Z", [(1, 1, 1)]),
        ("[X, Y] :: 0..2, count(V #= 1 : member(V, [X, Y])) #= 2", "X Y", [(1, 1)]),
        ("[X, Y] :: 0..2, count((V #= 1) : member(V, [X, Y])) #= 2, all([X, Y])", "X Y", [(1, 1)]),
        ("[X, Y] :: 0..2, count(1, [X, Y]) #= 2", "X Y", [(1, 1)]),
        ("u(N) :: 0..1 for node_bw(N, _), count(u(N) #= 1 : node_bw(N, _)) #= 3", "u(0) u(1) u(2)", [(1, 1, 1)]),
        ("u(N) :: 0..1 for node_bw(N, _), count(u(N) : node_bw(N, _)) #= 0", "u(0) u(1) u(2)", [(0, 0, 0)]),
        ("u(N) :: 1..2 for node_bw(N, _), u(N) #= 1 for (node_bw(N, B), B < 29)", "u(0) u(1) u(2)", [(1, 1, 1)]),
        ("N = count(C : core(C, _)), X :: 4..N", "N X", [(4, 4)]),
        ("core(_, P), X :: 0..0", "P X", [("p0", 0), ("p1", 0)]),
        ("u(N) :: 0..1 for node_bw(N, _), sum(u) #= 3, all([u(2), u(0)])", "u(2) u(0)", [(1, 1)]),
        ("u(N) :: 0..1 for node_bw(N, _), u(0), sum(u) #= 1, all(u(_))", "u(0) u(1) u(2)", [(1, 0, 0)]),
        ("u(N) :: 0..1 for member(N, []), sum(u) #= 0, all(u)", "", [()]),
        ("I :: 1..3, element(I, [5, 7, 2], V), V #> 4, all([I, V])", "I V", [(1, 5), (2, 7)]),
        ("[X, Y] :: 1..2, element(I, [X, 9, Y], 2), X #\\= 2, all([I, X, Y])", "I X Y", [(3, 1, 2)]),
        ("[X, Y] :: 0..2, occurrences(2, [X, Y], 2)", "X Y", [(2, 2)]),
        ("[X, Y] :: 0..2, occurrences(2, [X, Y], N), N #= 2, all([X, Y, N])", "X Y N", [(2, 2, 2)]),
        ("[X, Y] :: 1..2, atmost(0, [X, Y], 2)", "X Y", [(1, 1)]),
        ("[X, Y] :: 1..2, atleast(2, [X, Y], 2)", "X Y", [(2, 2)]),
        ("[X, Y] :: 0..3, among(0, [X, Y], [1, 2, 3])", "X Y", [(0, 0)]),
        ("[X, Y] :: 0..2, disjunctive([X, Y], [2, 1]), X + Y #=< 1", "X Y", [(1, 0)]),
        ("[X, Y] :: 0..1, cumulative([X, Y], [1, 2], [1, 1], 1)", "X Y", [(0, 1)]),
        ("[X, Y] :: 0..9, sum([X, Y], #=, 0)", "X Y", [(0, 0)]),
        ("[X, Y] :: 0..2, sumlist([X, Y], S), S #= 4, all([X, Y, S])", "X Y S", [(2, 2, 4)]),
        ("[X, Y] :: 0..2, maxlist([X, Y], M), minlist([X, Y], N), M #= 0, all([X, N])", "X N", [(0, 0)]),
        ("X :: 0..9, X ** 2 #= 9", "X", [(3,)]),
        ("X :: -9..9, X ^ 3 #= -8", "X", [(-2,)]),
        ("X :: -5..5, X rem 2 #= -1, X div 2 #= -2, X // 2 #= -1, X mod 2 #= 1", "X", [(-3,)]),
        ("X :: 0x10..16'11", "X", [(16,), (17,)]),
        ("X :: core(C, _)/C, (core(X, p0) ; X #= 3)", "X", [(0,), (1,), (3,)]),
        ("X :: core(C, _)/C, (core(X, p0) -> X #> 0 ; X #> 2)", "X", [(1,), (3,)]),
        ("X :: 0..3, (X #> 1, core(X, P), P \\= p0 ; X #= 0), all([X])", "X", [(0,), (2,), (3,)]),
        ("X :: 0..3, \\+ X #> 1", "X", [(0,), (1,)]),
        ("X :: 0..3, \\+ (core(X, P), P = p0), all([X])", "X", [(2,), (3,)]),
        ("X :: 0..3, (X :: [0, 2] #\\/ X #= 3)", "X", [(0,), (2,), (3,)]),
        ("X :: 0..9, findall(C, core(C, p1), L), member(X, L), all([X])", "X", [(2,), (3,)]),
        ("X :: core(C, _)/C, N #= count(C : (core(C, P), core(X, P), C < X)), N #> 0, all([X])", "X", [(1,), (3,)]),
        ("X :: core(C, _)/C, sum(C : (core(C, P), core(X, P))) #= 5, all([X])", "X", [(2,), (3,)]),
        ("X :: core(C, _)/C, core(X, P), N = count(C : core(C, P)), X #< 1, all([X, P, N])", "X P N", [(0, "p0", 2)]),
        ("X :: 0..9, Y is X + 1, Y #= 3, all([X, Y])", "X Y", [(2, 3)]),
        ("N = count(C : core(C, _)), X :: 3..N, all([X, N])", "X N", [(3, 4), (4, 4)]),
        ("core(X, P), X #> 2", "X P", [(3, "p1")]),
        ("core(X, P), P \\= p0, all([X])", "X", [(2,), (3,)]),
        ("X :: 2..3, core(X, P)", "X P", [(2, "p1"), (3, "p1")]),
        ("is_predicate(no/7), X :: 0..3, all([X])", "X", []),
        ("is_predicate(core/2), X :: 0..1, all([X])", "X", [(0,), (1,)]),
        ("atmost(9, x, y). ?- [X] :: 0..9, atmost(X, x, y), all([X]).", "X", [(9,)]),
    ],
)  # fmt: skip
def test_a_form_means_what_it_says(snapshot: Snapshot, goal: str, columns: str, rows: list[tuple[object, ...]]) -> None:
    answer = ask(snapshot, goal)
    assert (answer.status, " ".join(answer.columns), list(answer.rows)) == ("complete", columns, rows)


@pytest.mark.parametrize(
    ("goal", "status", "objective"),
    [
        (f"{TASKS}, cumulative(s, [3, 2, 4], [2, 1, 3], 3), minimize(max([s(T) + D : task(T, D, _)]))", "optimal", 7),
        (f"{TASKS}, disjunctive(s, [3, 2, 4]), minimize(max(s(T) + D : task(T, D, _)))", "optimal", 9),
        ("T :: task(N, _, _)/N, task(T, D, R), maximize(D - R)", "optimal", 1),
        ("node_bw(N, B), maximize(B)", "optimal", 28),
        ("X :: 5..4, maximize(X)", "infeasible", None),
        ("[A, B] :: core(C, _)/C, l3(A, G), l3(B, H), G \\= H, minimize(A + B)", "optimal", 2),
    ],
)
def test_an_objective_may_be_any_expression(snapshot: Snapshot, goal: str, status: str, objective: int | None) -> None:
    answer = ask(snapshot, goal)
    assert (answer.status, answer.objective) == (status, objective)


@pytest.mark.parametrize(
    ("goal", "column", "said"),
    [
        ("X :: 0..4611686018427387904, satisfy([X])", 1, "too large"),
        ("X :: 0..562949953421312, Y #= X * X, satisfy([Y])", 26, "product may exceed"),
        ("X :: 0..3, X #= 9223372036854775807 * 2, all([X])", 12, "sum may exceed"),
        ("X :: 0..3, X // 0 #= 1, all([X])", 12, "divides by zero"),
        ("X :: 0..3, X ** Y #= 1, all([X])", 12, "Y has no domain"),
        ("X :: 0..3, X ** 99 #= 1, all([X])", 12, "from 0 to 16"),
        ("X :: 0..3, X / 2 #= 1, all([X])", 12, "// div mod"),
        ("X :: 0..3, min([]) #= X, all([X])", 12, "min of nothing"),
        ("X :: 0..3, X #> 1.5, all([X])", 12, "float"),
        ("X :: 0..3, X #= foo(X), all([X])", 12, "no expression"),
        ("X :: 0..3, Y #> X, all([X])", 12, "Y has no domain"),
        ("X :: 0..3,\n  core(X, P), P #> 2, all([X])", 15, "no integers"),
        ("X :: 0..3, element([1, 2], X, Y), all([X])", 12, "list in the middle"),
        ("X :: 0..3, #\\ element(X, [1, 2], 1), all([X])", 12, "no truth value"),
        ("X :: 0..3, atmost(1, X, 2), all([X])", 12, "needs a list"),
        ("X :: 0..3, among(1, [X], X), all([X])", 12, "list of values"),
        ("X :: 0..3, atmost(1, [X], V), all([X])", 12, "V has no domain"),
        ("X :: 0..3, cumulative([X], [1, 1], [1], 1), all([X])", 12, "one of each"),
        ("X :: 0..3, cumulative([X], [-1], [1], 1), all([X])", 12, "at least 0"),
        ("X :: 0..3, sum([X], plus, 1), all([X])", 12, "in the middle"),
        ("X :: 0..3, all_different(X, X), all([X])", 12, "1 is accepted"),
        ("X :: 0..3, all(X, X)", 12, "1 is accepted"),
        ("X :: 0..3, all([X, X + 1])", 12, "neither"),
        ("X :: 0..3, minimize([X])", 12, "no expression"),
        ("X :: 0..3, minimize(X), maximize(X)", 25, "second maximize"),
        ("X :: 0..3, lab(1) @ X #= 2, all([X])", 12, "one atom before @"),
        ("3 :: 0..1, all([])", 1, "can have no domain"),
        ("u(N) :: 0..1, all(u)", 1, "open arguments"),
        ("X :: core(C, _), all([X])", 1, "no domain"),
        ("X :: core(C, _)/D, all([X])", 1, "binds D"),
        ("X :: 0..3, nothing(X), all([X])", 12, "nothing/1 is unknown"),
        ("X :: core(C, _)/C, max(C : (core(C, P), core(X, P))) #= 1, all([X])", 20, "depends on the finite-domain"),
        ("X :: 0..3, \\+ (core(X, P), P = p0), \\+ (core(X, P), X < 1), all([X])", 12, "P has no domain"),
        ("X :: 0..3, [X, X #= 1, all([X])", 32, "expected"),
        ("X :: 0..3, X #= 1 #= 2, all([X])", 19, "expected"),
    ],
)
def test_a_mistake_is_told_with_its_place(snapshot: Snapshot, goal: str, column: int, said: str) -> None:
    with pytest.raises(SkbError) as caught:
        ask(snapshot, goal)
    assert said in str(caught.value)
    assert caught.value.details["column"] == column
    assert str(caught.value).startswith(f"line {1 + goal.count(chr(10))}, column {column}: ")


@pytest.mark.parametrize(
    ("goal", "conflict"),
    [
        ("X :: 0..9, a @ X :: 0..3, b @ X #> 5", "a b"),
        ("a @ X :: 0..3, b @ X #> 5", "a b"),
        ("X :: 0..9, a @ Y #= X * X, b @ Y #> 90", "a b"),
        ("X :: 1..2, a @ element(X, [1, 2], Y), b @ Y #> 5, c @ X #> 0", "a b"),
        ("X :: 0..9, a @ core(X, P), b @ (core(Y, P), Y #= 3), c @ X #< 2, d @ X #>= 0", "a b c"),
        ("X :: 0..9, a @ (X #< 2 #\\/ X #> 7), b @ X #> 3, c @ X #< 6, d @ X #> 1", "a c d"),
        ("X :: 0..9, a @ (X #< 2 ; core(X, p1)), b @ X #> 3, c @ X #> 2", "a b"),
        ("X :: 0..9, a @ atmost(0, [X], 3), b @ X #= 3, c @ X #< 4", "a b"),
        (f"{TASKS}, x @ disjunctive(s, [3, 2, 4]), y @ (s(T) #< 3 for task(T, _, _)), z @ s(t1) #>= 0", "x y"),
        ("X :: 0..9, a @ \\+ core(X, _), b @ X #< 4, c @ X #\\= 7", "a b"),
        ("X :: 0..9, a @ count(C : (core(C, P), core(X, P))) #= 3, b @ X #< 9", "a"),
    ],
)
def test_the_conflict_is_a_minimal_set_of_labels(snapshot: Snapshot, goal: str, conflict: str) -> None:
    answer = ask(snapshot, f"{goal}, satisfy([X])" if goal.startswith(("X", "a")) else f"{goal}, satisfy(s)")
    assert (answer.status, " ".join(answer.conflict), answer.minimal) == ("infeasible", conflict, True)


@pytest.mark.parametrize(
    ("goal", "stopped_by"),
    [
        ("u(N) :: 0..1 for between(1, 2000, N), sum(u) #= 3, satisfy(u)", "max_model_vars"),
        ("u(N) :: 0..1 for between(1, 90, N), (u(N) #=< u(M) for (between(1, 90, N), between(1, 90, M))), satisfy(u)",
         "max_model_vars"),
        ("X :: 0..3, (X #> N for between(1, 1000000000, N)), satisfy([X])", "max_derived"),
    ],
)  # fmt: skip
def test_a_model_beyond_the_limits_is_given_up(snapshot: Snapshot, goal: str, stopped_by: str) -> None:
    answer = ask(snapshot, goal, limits=Limits(max_model_vars=1000, max_derived=100_000))
    assert (answer.status, answer.stopped_by, answer.rows) == ("unknown", stopped_by, ())


def test_many_constraints_are_no_many_variables(snapshot: Snapshot) -> None:
    answer = ask(snapshot, "u(N) :: 0..3 for between(1, 500, N), u(N) #>= 3 for between(1, 500, N), satisfy([u(7)])")
    assert answer.rows == ((3,),)
