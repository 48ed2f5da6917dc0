"""Notation: what is read is written back the same, and what is no notation is refused with its place."""

import contextlib
import os

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from skb.errors import QuerySyntaxError
from skb.notation.parser import read_clauses, read_term
from skb.notation.printing import write_term
from skb.terms import (
    LARGEST_INTEGER,
    MAX_DEPTH,
    SMALLEST_INTEGER,
    Compound,
    Real,
    String,
    Variable,
    order_key,
    sort_rows,
    to_json,
)

EXAMPLES = 5000 if os.environ.get("SKB_TEST_SCALE") == "full" else 200

F_OF_X = Compound("f", (Variable("X"),))
atoms = st.one_of(
    st.sampled_from(["a", "core", "+", "-", "::", "..", "is", "\\+", "[]", ",", "|", "{}", ";", "!", "why", "/*", ""]),
    st.text(st.characters(codec="utf-8"), max_size=6),
)
constants = st.one_of(
    atoms,
    st.integers(SMALLEST_INTEGER, LARGEST_INTEGER),
    st.floats(allow_nan=False, allow_infinity=False).map(Real),
    st.text(st.characters(codec="utf-8"), max_size=5).map(String),
    st.from_regex(r"[A-Z][a-z0-9_]{0,4}", fullmatch=True).map(Variable),
)


def compounds(inner: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    operators = st.sampled_from(["+", "-", "*", ":-", ",", "is", "::", "..", "#=", "#/\\", "@", "for", "/", "->", "^"])
    prefixes = st.sampled_from(["-", "+", "\\+", ":-", "?-", "why", "#\\", "\\"])
    return st.one_of(
        st.builds(lambda name, args: Compound(name, tuple(args)), atoms, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda name, left, right: Compound(name, (left, right)), operators, inner, inner),
        st.builds(lambda name, arg: Compound(name, (arg,)), prefixes, inner),
        st.lists(inner, max_size=3).map(tuple),
        st.builds(lambda head, tail: Compound("[|]", (head, Variable(tail))), inner, st.sampled_from(["T", "Rest"])),
    )


terms = st.recursive(constants, compounds, max_leaves=12)


@given(terms)
@settings(max_examples=EXAMPLES, derandomize=True, deadline=None)
@example(Compound("-", (1,)))
@example(Compound("-", (Compound("-", (1,)),)))
@example(Compound("name{}", (Compound(":", ("field", 1)),)))
@example("/*")
@example("\0\n")
def test_a_written_term_reads_back_as_itself(term: object) -> None:
    written = write_term(term)  # type: ignore[arg-type]
    assert read_term(written + " .") == term, written


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("16'FE", 254),
        ("0xff", 255),
        ("0b101", 5),
        ("0'a", 97),
        ("0'''", 39),
        ("1_000", 1000),
        ("-9223372036854775808", SMALLEST_INTEGER),
        ("18446744073709551615", LARGEST_INTEGER),
        ("1.5e3", Real(1500.0)),
        ("'it''s'", "it's"),
        ('"a\\nb"', String("a\nb")),
        ("[1,2|[3]]", (1, 2, 3)),
        ("X :: 0..7", Compound("::", (Variable("X"), Compound("..", (0, 7))))),
        ("1 - 2 - 3", Compound("-", (Compound("-", (1, 2)), 3))),
        ("a :- b, c", Compound(":-", ("a", Compound(",", ("b", "c"))))),
        ("- 1", Compound("-", (1,))),
        ("-1", -1),
        ("d{b: 1}", Compound("d{}", (Compound(":", ("b", 1)),))),
        ("d{}", Compound("d{}", ())),
        ("X{a: 1}", Compound("with attributes", (Variable("X"), (Compound(":", ("a", 1)),)))),
        ("W[I]", Compound("subscript", (Variable("W"), (Variable("I"),)))),
        ("W[1 .. 3, J]", Compound("subscript", (Variable("W"), (Compound("..", (1, 3)), Variable("J"))))),
        ("grid(x)[1][2]", Compound("subscript", (Compound("subscript", (Compound("grid", ("x",)), (1,))), (2,)))),
        ("W[I] * 2", Compound("*", (Compound("subscript", (Variable("W"), (Variable("I"),))), 2))),
        ("[a] - [b]", Compound("-", (("a",), ("b",)))),
        ("f(a -> b, c)", Compound("f", (Compound("->", ("a", "b")), "c"))),
        ("[a :- b | T]", Compound("[|]", (Compound(":-", ("a", "b")), Variable("T")))),
        ("delay f(X) if var(X)", Compound("if", (Compound("delay", (F_OF_X,)), Compound("var", (Variable("X"),))))),
        ("(:- else)", Compound(":-", ("else",))),
        ("'\\x41\\'", "A"),
        ("{}", "{}"),
        ("0''", 39),
    ],
)
def test_a_literal_means_what_prolog_says(text: str, value: object) -> None:
    assert read_term(text) == value


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("core(X,", 1, 8),
        ("core(X)\n  core(Y)", 2, 3),
        ("p(a]", 1, 4),
        ("'open", 1, 1),
        ("p :- q.\n/* never closed", 2, 1),
        ("X = 99999999999999999999999", 1, 5),
        ("p(`a)", 1, 3),
        ("37'A", 1, 1),
        ("'\\ud800'", 1, 1),
        ("p(\ud800)", 1, 3),
        (")", 1, 1),
        ("a b", 1, 3),
    ],
)
def test_a_mistake_is_named_with_line_and_column(text: str, line: int, column: int) -> None:
    with pytest.raises(QuerySyntaxError) as caught:
        read_clauses(text)
    assert caught.value.details == {"line": line, "column": column}
    assert caught.value.code == "syntax"


def test_an_operator_that_the_text_declares_holds_from_there_on() -> None:
    declared = ":- op(700, xfx, ===>), op(200, xf, behind). :- export op(9, fx, [val, calc])."
    text = declared + " p(a ===> b behind, val X, user:y)."
    assert write_term(read_clauses(text)[-1].term) == "p(===>(a,behind(b)),val(X),user : y)"
    with pytest.raises(QuerySyntaxError):
        read_clauses("p(a ===> b). :- op(700, xfx, ===>).")
    with pytest.raises(QuerySyntaxError):
        read_clauses(":- op(0, xfx, ::). X :: Y.")
    assert write_term(read_term("X :: Y")) == "X :: Y"


@pytest.mark.parametrize("text", [":- op(1300, xfx, a).", ":- op(700, xyz, a).", ":- op(700, xfx, ',')."])
def test_an_operator_that_cannot_be_is_refused(text: str) -> None:
    with pytest.raises(QuerySyntaxError, match="op/3"):
        read_clauses(text)


@pytest.mark.parametrize(
    "text",
    ["(" * 100_000, "[" * 100_000, "f(" * 100_000, "- " * 100_000 + "1", "a->" * 100_000 + "b", "1" + "+1" * 100_000],
)
def test_nesting_beyond_the_limit_is_refused_not_followed(text: str) -> None:
    with pytest.raises(QuerySyntaxError, match=f"deeper than the {MAX_DEPTH} levels"):
        read_clauses(text)


def test_a_long_body_is_no_deep_term() -> None:
    (clause,) = read_clauses("p :- " + ", ".join(["q"] * 10_000) + ".")
    assert isinstance(clause.term, Compound)
    assert write_term(clause.term).count("q") == 10_000


@given(st.text(st.sampled_from("pX1.,()[]{}|'\"\\:-_ %/*\n#=@"), max_size=40))
@settings(max_examples=EXAMPLES, derandomize=True, deadline=None)
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(QuerySyntaxError):
        read_clauses(text)


def test_the_standard_order_puts_numbers_before_atoms_before_strings_before_compounds() -> None:
    terms = [(1,), Compound("f", (1, 2)), Compound("z", (0,)), String("a"), "b", "a", 2, Real(1.5), 1, Variable("X")]
    assert sorted(terms, key=order_key) == list(reversed(terms))
    assert sort_rows([("b", 1), ("a", 2), (1, 3)]) == [(1, 3), ("a", 2), ("b", 1)]


def test_a_real_is_never_an_integer() -> None:
    assert Real(1.0) != 1
    assert len({Real(1.0), 1}) == 2


def test_json_tells_atoms_strings_and_compounds_apart() -> None:
    assert to_json(Compound("f", ("a", String("a"), (1, Real(0.5))))) == {
        "f": "f",
        "args": ["a", {"str": "a"}, [1, 0.5]],
    }
