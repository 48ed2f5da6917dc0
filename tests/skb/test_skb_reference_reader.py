"""Terms are read as SWI-Prolog reads them, where it can read them: with our operators, on texts of our own."""

import json
import random
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from skb.notation.operators import STANDARD
from skb.notation.parser import read_clauses
from skb.notation.printing import write_term
from skb.terms import PARTIAL_LIST, Compound, Real, String, Term, Variable

READER = Path(__file__).with_name("reference_reader.pl")
CONSTRUCTS = r"""
% Each clause shows constructs that programs of the SKB use.
:- lib(ic).
:- dynamic near/2, far/2.
:-dynamic(bar/5).
:- [objects, "more objects"].
:- export state/1.
plain(a, 'B c', "text", 0'c, 0''', 16'FEE0, 0xff, 0o17, 0b101, -1, 1.5e3, -0.5).
escaped('it''s', 'a\tb\\l', "say \"no\"\n", '\x41\', "\x263a\", 'newline \
gone').
lists([], [1], [1, 2|T], [H|_], [[block(1, 0)] | [block(2, 3)]], '[]', {a, b}).
body(X) :- a(X), ( b(X) -> c ; d(_) -> e ; f ), \+ g(_, _), !, not h = X.
nested(X) :- ( ( a ; b ), c ; d ), ( a , b ; c -> d ; e ).
bound(B, L) :- X :: [0 .. 255], Y::[B..L], X #>= B + 1, X $= L, X #\= Y, Y $\= 2, X #=< 3 #\/ Y #> 4.
arithmetic(X) :- X is 2 ^ Bits * (B - 1) // 4 mod 7 + -3 - - 2 /\ 15 \/ 1 << 3, Y is -X, Z is - (1), A is 1-1.
ranges(N) :- N = 1 .. 4 , M = m:n:o, P = a/b/c, ic:max(L, M), call(a, _)@eclipse.
loop(L) :- ( foreach(X, L), param(Y), fromto([], In, Out, End) do Out = [X|In] ; true ).
suspended(B) :- suspend(mod(B, 2, 0), 3, B -> inst), p(a :- b, c ; d), q([x :- y, - | z]).
guarded(Pin) :- Pin >= 0 and Pin < 4 or neg Pin = 3, sort(2, =<, A, B), compare(<, A, B), maplist(+(1), A, B).
delay watched(X, Y) if var(X) ; var(Y).
/* a comment
   of two lines */ after_comment :- true. % to the end of the line
atoms(dynamic, (:-), is, -, [-], [+, *|-], \+, (a , b), local, delay, if, and).
prefixed(- a, -(-(1)), \ 1, - (a, b), -(a, b), \+ (a, b), \+(a, b), ~ x, once y).
:- op(700, xfx, ===>), op(200, xfy, &), op(9, fx, #).
new(a ===> b & c & d, # x).
:- op(0, xfx, ===>), op(500, fx, val), op(500, xfx, ::).
later([val X, S::F | T], ===> ).
head --> [a], tail, {x}.
?- goal(X), X > 1.
last(a).
"""

CONSTANTS: list[Term] = [
    "a", "B c", "+", "[]", ";", "dynamic", 0, -7, 2**63, Real(2.5), String('q"'), Variable("X"),
]  # fmt: skip

needs_swipl = pytest.mark.skipif(shutil.which("swipl") is None, reason="swipl is not installed")


def read_by_swi(text: str, folder: Path) -> list[Any]:
    operators = folder / "operators.pl"
    operators.write_text("".join(_operator_facts()), "utf-8")
    source = folder / "text.pl"
    source.write_text(text, "utf-8")
    command = ["swipl", "-q", str(READER), "--", str(operators), str(source)]
    output = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    return [json.loads(line) for line in output.stdout.splitlines()]


def _operator_facts() -> list[str]:
    facts = []
    for place, table in STANDARD._asdict().items():
        for name, (priority, left, right) in table.items():
            if name == ",":
                continue
            sides = ["y" if most == priority else "x" for most in (left, right)]
            kind = {"infix": f"{sides[0]}f{sides[1]}", "prefix": f"f{sides[1]}", "postfix": f"{sides[0]}f"}[place]
            quoted = name.replace("\\", "\\\\")
            facts.append(f"op({priority}, {kind}, '{quoted}').\n")
    return facts


def as_json(term: Term) -> Any:
    """Our term in the form that the reference writes."""
    match term:
        case bool():
            raise AssertionError(term)
        case str():
            return ["a", codes(term)]
        case int():
            return ["i", str(term)]
        case Real():
            return ["f", term.value]
        case String():
            return ["s", codes(term.text)]
        case Variable():
            return ["v", codes(term.name)]
        case Compound(",", (*first, last)) if len(first) > 1:
            return as_json(Compound(",", (first[0], Compound(",", (*first[1:], last)))))
        case Compound(functor, (head, tail)) if functor == PARTIAL_LIST:
            return ["p", as_json(head), as_json(tail)]
        case Compound():
            return ["c", codes(term.functor), [as_json(arg) for arg in term.args]]
        case (head, *tail):
            return ["p", as_json(head), as_json(tuple(tail))]
    return ["l", []]


def codes(text: str) -> list[int]:
    return [ord(letter) for letter in text]


@needs_swipl
def test_the_constructs_of_the_skb_are_read_as_swi_prolog_reads_them(tmp_path: Path) -> None:
    clauses = read_clauses(CONSTRUCTS)
    theirs = read_by_swi(CONSTRUCTS, tmp_path)
    assert len(theirs) == len(clauses)
    for clause, wanted in zip(clauses, theirs, strict=True):
        assert as_json(clause.term) == wanted, CONSTRUCTS[clause.start : clause.end]


@needs_swipl
def test_what_is_written_is_read_by_swi_prolog_as_the_same_term(tmp_path: Path) -> None:
    chosen = random.Random(20)
    terms = [_random_term(chosen, 4) for _ in range(400)]
    theirs = read_by_swi("".join(f"{write_term(term)} .\n" for term in terms), tmp_path)
    assert len(theirs) == len(terms)
    for term, wanted in zip(terms, theirs, strict=True):
        assert as_json(term) == wanted, write_term(term)


def _random_term(chosen: random.Random, depth: int) -> Term:
    kind = chosen.randrange(9 if depth else 4)
    if kind < 4:
        return chosen.choice(
            ["a", "B c", "+", "[]", ";", "dynamic", 0, -7, 2**63, Real(2.5), String('q"'), Variable("X")]
        )
    parts = [_random_term(chosen, depth - 1) for _ in range(2)]
    if kind < 7:
        return Compound(chosen.choice(sorted(set(STANDARD.infix) - {"|"})), tuple(parts))
    if kind == 7:
        return Compound(chosen.choice(sorted(STANDARD.prefix)), (parts[0],))
    return chosen.choice([tuple(parts), Compound("f", tuple(parts)), Compound(PARTIAL_LIST, (parts[0], Variable("T")))])
