"""Plain goals: the cases of the specification, and what each construct of the language means."""

import json
from pathlib import Path

import pytest

import skb
from skb.asking import ask
from skb.errors import (
    EvaluationError,
    NotStratified,
    QuerySyntaxError,
    SkbError,
    UnknownRelation,
    UnsafeVariable,
    UnsupportedGoal,
)
from skb.notation.printing import write_term
from skb.query.answer import Answer, Limits
from skb.snapshot import Snapshot
from skb.terms import Compound, Real, String

CASES = Path(__file__).resolve().parents[3] / "shared" / "data" / "query-cases"
FACTS = """
core(0, p0). core(1, p0). core(2, p1). core(3, p1).
cache(l3a, 0, 3, unified, 8, 64). cache(l3a, 1, 3, unified, 8, 64).
cache(l3b, 2, 3, unified, 8, 64). cache(l3b, 3, 3, unified, 8, 64).
link(a, b). link(b, c). link(c, a). link(b, d).
rootbridge(addr(0, 0, 0), childbus(0, 63), mem(1, 2)).
rootbridge(addr(64, 0, 0), childbus(64, 127), mem(3, 4)).
cost(x, 3, ns). cost(y, 3, ns). cost(z, 1.5, ns). cost(s, "three", ns).
"""


@pytest.fixture(scope="module")
def snapshot() -> Snapshot:
    return skb.load(FACTS, machine="m").snapshot()


def rows(snapshot: Snapshot, goal: str, rules: str = "") -> list[tuple[object, ...]]:
    answer = ask(snapshot, goal, rules=rules)
    assert answer.status == "complete"
    return list(answer.rows)


@pytest.mark.parametrize("name", ["case01", "case03", "case05", "case07", "case08", "case10", "case12"])
def test_a_case_of_the_specification_has_its_answer(name: str) -> None:
    if not CASES.exists():
        pytest.skip("the shared query cases are not beside this checkout")
    wanted = json.loads((CASES / f"{name}.json").read_text())
    kb = skb.load((CASES / "facts4.pl").read_text(), machine="facts4")
    goal = (CASES / f"{name}.skb").read_text()
    if wanted["status"] == "error":
        with pytest.raises(SkbError) as caught:
            kb.ask(goal)
        assert caught.value.code == wanted["error"]
        assert caught.value.details["predicates"] == wanted["predicates"]
        return
    _check_case(kb.ask(goal).to_json(), wanted)


def _check_case(found: dict[str, object], wanted: dict[str, object]) -> None:
    for key in ("status", "columns", "objective", "bound"):
        if key in wanted:
            assert found[key] == wanted[key]
    if "rows" in wanted:
        assert sorted(found["rows"]) == sorted(wanted["rows"])  # type: ignore[call-overload]
    if "any_of" in wanted:
        assert len(found["rows"]) == 1  # type: ignore[arg-type]
        assert found["rows"][0] in wanted["any_of"]  # type: ignore[index, operator]
    if "minimal_conflicts" in wanted:
        assert found["conflict"] in wanted["minimal_conflicts"]  # type: ignore[operator]
        assert found["minimal"] is True


@pytest.mark.parametrize(
    ("goal", "wanted"),
    [
        ("link(a, X)", [("b",)]),
        ("link(X, X)", []),
        ("link(_, X)", [("a",), ("b",), ("c",), ("d",)]),
        ("core(A, P), core(B, P), A < B", [(0, "p0", 1), (2, "p1", 3)]),
        ("core(A, p0), core(B, p1), A + B =:= 3", [(0, 3), (1, 2)]),
        ("core(A, _), \\+ (cache(I, A, 3, _, _, _), cache(I, 0, 3, _, _, _))", [(2,), (3,)]),
        ("link(X, _), \\+ link(_, X)", []),
        ("link(_, X), \\+ link(X, _)", [("d",)]),
        ("rootbridge(addr(B, _, _), childbus(Lo, Hi), _), Lo =< 70, 70 =< Hi", [(64, 64, 127)]),
        ("rootbridge(A, childbus(0, _), _)", [(Compound("addr", (0, 0, 0)),)]),
        ("X = f(Y, [Z|T]), Y = 1, [Z|T] = [a, b]", [(Compound("f", (1, ("a", "b"))), 1, "a", ("b",))]),
        (
            "core(C, P), (P = p0 -> X = left ; X = right)",
            [(0, "p0", "left"), (1, "p0", "left"), (2, "p1", "right"), (3, "p1", "right")],
        ),
        ("(link(a, X) ; link(b, X))", [("b",), ("c",), ("d",)]),
        ("N = count(C : core(C, _))", [(4,)]),
        ("N = count(P : core(_, P))", [(2,)]),
        ("core(_, P), N = count(C : core(C, P))", [("p0", 2), ("p1", 2)]),
        ("link(_, X), N = count(Y : link(X, Y))", [("a", 1), ("b", 2), ("c", 1), ("d", 0)]),
        ("S = sum(V : (cost(_, V, ns), number(V)))", [(Real(7.5),)]),
        ("S = sum(2 * C + 1 : core(C, _))", [(16,)]),
        ("V = max(C : core(C, p0))", [(1,)]),
        ("V = min(C : core(C, nowhere))", []),
        ("core(C, _), C > count(X : link(X, _))", []),
        ("core(C, _), C >= max(D : core(D, _))", [(3,)]),
        ("findall(C - P, (core(C, P), C < 2), L)", [((Compound("-", (0, "p0")), Compound("-", (1, "p0"))),)]),
        ("findall(X, link(nowhere, X), L), length(L, N)", [((), 0)]),
        ("top(2, C, core(C, _))", [(0,), (1,)]),
        ("top(2, -C, core(C, _))", [(3,), (2,)]),
        ("top(1, C mod 2, (core(C, _), C > 0))", [(2,)]),
        ("is_predicate(core/2), (is_predicate(no/1) -> X = 1 ; X = 2)", [(2,)]),
        ("X is 7 mod -2 + 2 ** 10 - (7 // 2), Y is -7 // 2, Z is 7 / 2", [(1020, -3, Real(3.5))]),
        ("X = 18446744073709551615, X > 9223372036854775807", [(18446744073709551615,)]),
        ("cost(X, V, _), number(V), V < 2", [("z", Real(1.5))]),
        ("cost(X, V, _), string(V)", [("s", String("three"))]),
        ("member(X, [3, f(a), 1]), atomic(X)", [(1,), (3,)]),
        ("between(1, 3, X), X =\\= 2", [(1,), (3,)]),
        ("f(a, b) =.. L, T =.. [g, 1]", [(("f", "a", "b"), Compound("g", (1,)))]),
        ("core(C, _), C == 2", [(2,)]),
        ("true", [()]),
        ("core(0, p1)", []),
    ],
)
def test_a_goal_has_its_rows(snapshot: Snapshot, goal: str, wanted: list[tuple[object, ...]]) -> None:
    assert rows(snapshot, goal) == wanted


@pytest.mark.parametrize(
    "rules",
    [
        "reach(X,Y) :- link(X,Y). reach(X,Y) :- reach(X,Z), link(Z,Y).",
        "reach(X,Y) :- link(X,Y). reach(X,Y) :- link(X,Z), reach(Z,Y).",
        "reach(X,Y) :- link(X,Y). reach(X,Y) :- reach(X,Z), reach(Z,Y).",
        "reach(X,Y) :- link(X,Y). reach(X,Y) :- odd(X,Z), link(Z,Y)."
        " odd(X,Y) :- link(X,Y). odd(X,Y) :- reach(X,Z), link(Z,Y).",
    ],
)
def test_recursion_is_answered_however_it_is_written(snapshot: Snapshot, rules: str) -> None:
    assert rows(snapshot, "reach(c, Y)", rules) == [("a",), ("b",), ("c",), ("d",)]
    assert rows(snapshot, "reach(X, d)", rules) == [("a",), ("b",), ("c",)]
    assert rows(snapshot, "reach(d, X)", rules) == []
    assert len(rows(snapshot, "reach(X, Y)", rules)) == 12


def test_facts_and_rules_beside_the_query_join_the_stored_facts(snapshot: Snapshot) -> None:
    program = "link(d, e). link(X, Y) :- twin(Y, X). twin(f, e). ?- link(X, Y), \\+ core(_, Y), member(X, [d, e])."
    assert rows(snapshot, program) == [("d", "e"), ("e", "f")]


@pytest.mark.parametrize(
    ("goal", "rules", "error", "details"),
    [
        ("core(X", "", QuerySyntaxError, {"line": 1, "column": 7}),
        ("quux(X)", "", UnknownRelation, {"relation": "quux/1", "similar": []}),
        ("core(X)", "", UnknownRelation, {"relation": "core/1", "similar": ["core/2"]}),
        ("p(X)", "p(X) :- cor(X, _).", UnknownRelation, None),
        ("p(X, Y)", "p(X, Y) :- core(X, _).", UnsafeVariable, {"variables": ["Y"], "rule": "p(X, Y) :- core(X, _)"}),
        ("core(A, _), A < B", "", UnsafeVariable, {"variables": ["B"], "rule": "core(A, _), A < B"}),
        ("p(X)", "p(X) :- \\+ core(X, _).", UnsafeVariable, {"variables": ["X"], "rule": "p(X) :- \\+ core(X, _)"}),
        ("core(A, _), X is A + B", "", UnsafeVariable, None),
        ("win(X)", "win(X) :- link(X, Y), \\+ win(Y).", NotStratified, {"predicates": ["win/1"]}),
        (
            "p(X)",
            "p(X) :- core(X,_), \\+ q(X). q(X) :- core(X,_), r(X). r(X) :- p(X).",
            NotStratified,
            {"predicates": ["p/1", "q/1", "r/1"]},
        ),
        ("p(N)", "p(N) :- N = count(X : p(X)).", NotStratified, {"predicates": ["p/1"]}),
        ("core(X, _), !", "", UnsupportedGoal, {"goal": "!", "line": 1, "column": 13}),
        (
            "p(1)",
            "p(X) :- core(X, _).\ndelay p(X) if var(X).",
            UnsupportedGoal,
            {"goal": "delay", "line": 2, "column": 1},
        ),
        ("p(1)", "p(X) :- core(X, _).\n:- include(a).", UnsupportedGoal, {"goal": "include", "line": 2, "column": 4}),
        ("core(X, _)", "q(X) :- X :: [1 .. 2].", UnsupportedGoal, {"goal": "::", "line": 1, "column": 11}),
        ("assertz(core(9, p9))", "", UnsupportedGoal, {"goal": "assertz", "line": 1, "column": 1}),
        ("core(X, _), Y is 1 / (X - X)", "", EvaluationError, None),
        ("core(_, P), P < 3", "", EvaluationError, None),
        ("X is 2 ** 64", "", EvaluationError, None),
        ("X is 2 ** 1000000", "", EvaluationError, None),
        ("X is 1 << 100000", "", EvaluationError, None),
        ("X is 18446744073709551615 + 1", "", EvaluationError, None),
        ("X is (-8.0) ** 0.5", "", EvaluationError, None),
        ("?- core(X, _). ?- core(Y, _).", "", QuerySyntaxError, None),
        ("core(X, _). core(Y, _).", "", QuerySyntaxError, None),
        ("core(X, _), Y", "", SkbError, None),
        (", ".join(["core(X, _)"] * 5000), "", SkbError, None),
        ("p(X) :- core(X, _).", "", QuerySyntaxError, None),
        ("", "", QuerySyntaxError, None),
        ("link(\ud800, X)", "", QuerySyntaxError, None),
    ],
)
def test_what_is_wrong_is_refused_with_its_cause(
    snapshot: Snapshot, goal: str, rules: str, error: type[SkbError], details: dict[str, object] | None
) -> None:
    with pytest.raises(error) as caught:
        ask(snapshot, goal, rules=rules)
    if details is not None:
        assert caught.value.details == details


@pytest.mark.parametrize(
    ("program", "limits", "stopped_by"),
    [
        ("n(0). n(X) :- n(Y), X is Y + 1. ?- n(X).", Limits(max_derived=1000), "max_derived"),
        ("n(z). n(s(X)) :- n(X). ?- n(X).", Limits(max_depth=20), "max_depth"),
        ("n(0). n(X) :- n(Y), X is Y + 1. ?- n(X).", Limits(time_ms=50), "time_ms"),
        ("core(A,_), core(B,_), core(C,_)", Limits(max_rows=10), "max_rows"),
        ("between(1, 1000000000000, X), X < 0", Limits(time_ms=50), "time_ms"),
    ],
)
def test_an_answer_names_the_limit_that_stopped_it(
    snapshot: Snapshot, program: str, limits: Limits, stopped_by: str
) -> None:
    answer = ask(snapshot, program, limits=limits)
    assert (answer.status, answer.stopped_by) == ("truncated", stopped_by)
    assert len(answer.rows) <= limits.max_rows


def test_columns_follow_the_first_occurrence_and_leave_out_local_variables(snapshot: Snapshot) -> None:
    goal = "core(_A, P), core(B, P), \\+ link(L, B), N = count(X : core(X, P))"
    assert ask(snapshot, goal).columns == ("P", "B", "N")


def test_an_answer_writes_the_json_of_the_interface(snapshot: Snapshot) -> None:
    document = ask(snapshot, "rootbridge(A, _, _), cost(s, S, _), A = addr(0, _, _)").to_json()
    keys = "status columns rows objective bound gap conflict minimal stopped_by revision seconds"
    assert list(document) == keys.split()
    assert document["rows"] == [[{"f": "addr", "args": [0, 0, 0]}, {"str": "three"}]]
    assert document["revision"] == 1


def test_why_names_a_minimal_set_of_stored_facts_for_each_answer(snapshot: Snapshot) -> None:
    rules = "reach(X,Y) :- link(X,Y). reach(X,Y) :- reach(X,Z), link(Z,Y)."
    answer = ask(snapshot, "?- why reach(a, X), X \\== a.", rules=rules)
    assert answer.to_json()["supports"] == [
        [{"f": "link", "args": ["a", "b"]}],
        [{"f": "link", "args": ["a", "b"]}, {"f": "link", "args": ["b", "c"]}],
        [{"f": "link", "args": ["a", "b"]}, {"f": "link", "args": ["b", "d"]}],
    ]


def test_why_a_count_holds_needs_every_fact_counted(snapshot: Snapshot) -> None:
    (support,) = _supports(ask(snapshot, "why (N = count(C : core(C, p0)))"))
    assert [fact.args for fact in support] == [(0, "p0"), (1, "p0")]
    assert support[0].layer == "static"


@pytest.mark.parametrize(
    ("goal", "wanted"),
    [
        ("lone(C)", [["core(2,p1)"], ["core(3,p1)"]]),
        ("core(C, P), P == p0, \\+ link(C, _)", [["core(0,p0)"], ["core(1,p0)"]]),
        ("core(C, P), C #> 2", [["core(3,p1)"]]),
        ("(link(c, X) ; link(b, X))", [["link(c,a)"], ["link(b,c)"], ["link(b,d)"]]),
        ("core(C, P), (P = p0 -> X = left ; X = right), C > 2", [["core(3,p1)"]]),
        ("V = max(C : core(C, _)), core(V, P)", [["core(3,p1)"]]),
        ("S = sum(C : core(C, p1))", [["core(2,p1)", "core(3,p1)"]]),
        ("findall(X, link(b, X), L)", [["link(b,c)", "link(b,d)"]]),
        ("top(1, -C, core(C, _))", [["core(3,p1)"]]),
        ("X is 1 + 2", [[]]),
        ("\\+ core(9, _)", [[]]),
        ("core(C, nowhere)", []),
    ],
)
def test_why_explains_every_form_of_a_plain_goal(snapshot: Snapshot, goal: str, wanted: list[list[str]]) -> None:
    rules = "lone(C) :- core(C, _), \\+ near(C). near(C) :- cache(l3a, C, _, _, _, _)."
    found = _supports(ask(snapshot, f"why ({goal})", rules=rules))
    assert [[write_term(Compound(fact.relation, fact.args)) for fact in support] for support in found] == wanted


def test_why_says_where_it_does_not_apply(snapshot: Snapshot) -> None:
    with pytest.raises(UnsupportedGoal) as caught:
        ask(snapshot, "?- why (X :: 0..3, X #> 1).")
    assert caught.value.details == {"goal": "why", "line": 1, "column": 4}
    assert "labels that cannot hold together" in str(caught.value)


def _supports(answer: Answer) -> tuple[tuple[skb.query.answer.Support, ...], ...]:  # type: ignore[name-defined]
    assert answer.supports is not None
    return answer.supports
