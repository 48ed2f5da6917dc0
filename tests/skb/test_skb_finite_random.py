"""Random finite-domain questions of every construct against brute force over Python's own meaning of each."""

import operator
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skb.asking import ask
from skb.finite.recheck import BrokenAnswer, Recheck
from skb.notation.parser import read_clauses
from skb.notation.printing import write_term
from skb.query.answer import Limits
from skb.snapshot import Snapshot
from skb.terms import Row, Term

EXAMPLES = 5000 if os.environ.get("SKB_TEST_SCALE") == "full" else 60
NAMES = ("X", "Y", "Z")
VALUES = range(4)
PAIRS = {(0, 1), (1, 2), (2, 2), (3, 0)}
WEIGHTS = {0: 2, 1: 5, 2: 1}
Values = dict[str, int]


@dataclass(frozen=True)
class Said:
    """A piece of a question and what it means for values of X, Y and Z."""

    text: str
    meaning: Callable[[Values], int]


def combined(template: str, function: Callable[..., int], *parts: Said) -> Said:
    text = template.format(*[part.text for part in parts])
    return Said(text, lambda v: function(*[each.meaning(v) for each in parts]))


def known(text: str, meaning: Callable[..., int]) -> Said:
    return Said(text, lambda v: int(meaning(*[v[name] for name in NAMES])))


def quotient(left: int, right: int) -> int:
    return int(left / right)


names = st.sampled_from([Said(name, operator.itemgetter(name)) for name in NAMES])
numbers = st.integers(-2, 4).map(lambda number: Said(str(number), lambda _: number))
leaves = st.one_of(names, names, numbers)
shapes: list[tuple[str, Callable[..., int]]] = [
    ("({} + {})", operator.add),
    ("({} - {})", operator.sub),
    ("({} * {})", operator.mul),
    ("max({}, {})", max),
    ("min({}, {})", min),
    ("max([{}, {}])", max),
    ("sum([{}, {}])", lambda a, b: a + b),
    ("abs({} - {})", lambda a, b: abs(a - b)),
]
aggregates = [
    known("sum(W * (X #= V) : weight(V, W))", lambda x, y, z: WEIGHTS.get(x, 0)),
    known("sum(W : (weight(V, W), pair(X, V)))", lambda x, y, z: sum(WEIGHTS.get(b, 0) for a, b in PAIRS if a == x)),
    known("count(V : pair(V, Y))", lambda x, y, z: sum(b == y for _, b in PAIRS)),
    known("count(V #= Y : member(V, [X, Y, Z]))", lambda x, y, z: (x == y) + 1 + (z == y)),
    known("count([X #> 1, Y #> 1, pair(X, Z)])", lambda x, y, z: (x > 1) + (y > 1) + ((x, z) in PAIRS)),
    known("count(2, [X, Y, Z])", lambda x, y, z: [x, y, z].count(2)),
    known("max(V * X - W : weight(V, W))", lambda x, y, z: max(v * x - w for v, w in WEIGHTS.items())),
    known("sum(V : member(V, [X, Y, Z]))", lambda x, y, z: x + y + z),
    known("X // 2", lambda x, y, z: x // 2),
    known("(Y - 2) // 2", lambda x, y, z: quotient(y - 2, 2)),
    known("(Y - 2) div 2", lambda x, y, z: (y - 2) // 2),
    known("(Y - 2) rem 2", lambda x, y, z: (y - 2) - 2 * quotient(y - 2, 2)),
    known("(Z - 2) mod 3", lambda x, y, z: (z - 2) % 3),
    known("X ** 2", lambda x, y, z: x**2),
]
expressions = st.one_of(
    leaves,
    st.builds(lambda shape, left, right: combined(*shape, left, right), st.sampled_from(shapes), leaves, leaves),
    st.sampled_from(aggregates),
)
signs: list[tuple[str, Callable[[int, int], bool]]] = [
    ("#=", operator.eq),
    ("#\\=", operator.ne),
    ("#<", operator.lt),
    ("#=<", operator.le),
    ("#>", operator.gt),
    ("#>=", operator.ge),
]
comparisons = st.builds(
    lambda left, sign, right: combined(f"({{}} {sign[0]} {{}})", sign[1], left, right),
    expressions,
    st.sampled_from(signs),
    expressions,
)
# Variables A and B are a goal's own: `asked` numbers them by the goal.
truths = [
    known("all_different([X, Y, Z])", lambda x, y, z: len({x, y, z}) == 3),
    known("pair(X, Y)", lambda x, y, z: (x, y) in PAIRS),
    known("\\+ pair(Y, Z)", lambda x, y, z: (y, z) not in PAIRS),
    known("\\+ pair(Y, _)", lambda x, y, z: y not in {a for a, _ in PAIRS}),
    known(
        "\\+ (pair(X, A), weight(A, B), B > 1)",
        lambda x, y, z: not any(a == x and WEIGHTS.get(b, 0) > 1 for a, b in PAIRS),
    ),
    known("\\+ (pair(X, A), A > Y)", lambda x, y, z: not any(a == x and b > y for a, b in PAIRS)),
    known("(pair(X, Y) ; X #= Z)", lambda x, y, z: (x, y) in PAIRS or x == z),
    known("(pair(X, A), A > Y ; Z #= 0)", lambda x, y, z: any(a == x and b > y for a, b in PAIRS) or z == 0),
    known("(X #> 1 -> Y #= 0 ; Z #= 0)", lambda x, y, z: y == 0 if x > 1 else z == 0),
    known("(X #> 1 -> Y #= 0)", lambda x, y, z: x > 1 and y == 0),
    known("X :: [0, 2..3]", lambda x, y, z: x in (0, 2, 3)),
    known("\\+ X #= Y", lambda x, y, z: x != y),
]
posted = [
    known("element(X, [3, Y, 0], Z)", lambda x, y, z: 1 <= x <= 3 and [3, y, 0][x - 1] == z),
    known("occurrences(1, [X, Y, Z], Z)", lambda x, y, z: [x, y, z].count(1) == z),
    known("atmost(1, [X, Y, Z], 2)", lambda x, y, z: [x, y, z].count(2) <= 1),
    known("atleast(X, [Y, Z], 3)", lambda x, y, z: [y, z].count(3) >= x),
    known("among(2, [X, Y, Z], [0, 3])", lambda x, y, z: sum(v in (0, 3) for v in (x, y, z)) == 2),
    known("cumulative([X, Y], [2, Z], [1, 2], 2)", lambda x, y, z: fits([(x, 2, 1), (y, z, 2)], 2)),
    known("disjunctive([X, Y, Z], [1, 2, 1])", lambda x, y, z: fits([(x, 1, 1), (y, 2, 1), (z, 1, 1)], 1)),
    known("sum([X, Y], #=<, Z)", lambda x, y, z: x + y <= z),
    known("maxlist([X, Y], Z)", lambda x, y, z: max(x, y) == z),
    known("(X #\\= W for weight(_, W))", lambda x, y, z: x not in WEIGHTS.values()),
]


def fits(tasks: Sequence[tuple[int, int, int]], capacity: int) -> bool:
    return all(sum(d for s, t, d in tasks if s <= at < s + t) <= capacity for at in range(8))


simple = st.one_of(comparisons, comparisons, st.sampled_from(truths))
statements = st.one_of(
    simple,
    st.builds(lambda a, b: combined("({} #\\/ {})", lambda p, q: p or q, a, b), comparisons, simple),
    st.builds(lambda a, b: combined("({} #=> {})", lambda p, q: not p or q, a, b), comparisons, comparisons),
    st.builds(lambda a, b: combined("({} #<=> {})", lambda p, q: bool(p) == bool(q), a, b), comparisons, comparisons),
    st.builds(lambda a: combined("#\\ {}", operator.not_, a), comparisons),
    st.builds(lambda a, b: combined("({} ; {})", lambda p, q: p or q, a, b), comparisons, simple),
    st.sampled_from(posted),
)


def snapshot() -> Snapshot:
    pairs = [("pair", row, "static", "") for row in sorted(PAIRS)]
    return Snapshot.of_facts([*pairs, *(("weight", row, "static", "") for row in WEIGHTS.items())])


def solutions(chosen: Sequence[Said]) -> list[tuple[int, ...]]:
    found = product(VALUES, repeat=3)
    return [row for row in found if all(each.meaning(dict(zip(NAMES, row, strict=True))) for each in chosen)]


def asked(parts: Sequence[str], ending: str) -> str:
    own = [re.sub(r"\b([AB])\b", rf"\g<1>{at}", part) for at, part in enumerate(parts)]
    return f"[X, Y, Z] :: 0..3, {', '.join(own)}, {ending}"


@given(st.lists(statements, min_size=1, max_size=4))
@settings(max_examples=EXAMPLES, derandomize=True, deadline=None)
def test_random_questions_have_the_solutions_of_brute_force(chosen: list[Said]) -> None:
    answer = ask(snapshot(), asked([each.text for each in chosen], "all([X, Y, Z])"))
    assert list(answer.rows) == solutions(chosen)


@given(st.lists(statements, min_size=1, max_size=3), expressions, st.booleans())
@settings(max_examples=EXAMPLES // 4, derandomize=True, deadline=None)
def test_random_objectives_have_the_optimum_of_brute_force(chosen: list[Said], wanted: Said, is_least: bool) -> None:
    goal = "minimize" if is_least else "maximize"
    text = asked([each.text for each in chosen], f"{goal}({wanted.text})")
    answer = ask(snapshot(), text, limits=Limits(workers=1))
    costs = [wanted.meaning(dict(zip(NAMES, row, strict=True))) for row in solutions(chosen)]
    if not costs:
        assert answer.status == "infeasible"
    else:
        assert (answer.status, answer.objective) == ("optimal", min(costs) if is_least else max(costs))


@given(st.lists(st.tuples(st.sampled_from("abc"), statements), min_size=2, max_size=5))
@settings(max_examples=EXAMPLES // 4, derandomize=True, deadline=None)
def test_random_conflicts_are_infeasible_and_minimal(chosen: list[tuple[str, Said]]) -> None:
    parts = [f"{label} @ ({each.text})" for label, each in chosen]
    answer = ask(snapshot(), asked(parts, "satisfy([X, Y, Z])"), limits=Limits(workers=1))
    assert (answer.status == "feasible") == bool(solutions([each for _, each in chosen]))
    if answer.status == "infeasible":
        assert answer.minimal is True
        assert not solutions([each for label, each in chosen if label in answer.conflict])
        for dropped in answer.conflict:
            rest = [each for label, each in chosen if label in answer.conflict and label != dropped]
            assert solutions(rest)


@given(statements)
@settings(max_examples=EXAMPLES // 2, derandomize=True, deadline=None)
def test_the_check_of_answers_knows_every_construct(said: Said) -> None:
    facts = snapshot()

    def rows(goal: Term, columns: Sequence[str]) -> list[Row]:
        shown = f"findall([{', '.join(columns)}], ({write_term(goal)}), Rows)"
        ((found,),) = ask(facts, shown).rows
        assert isinstance(found, tuple)
        return [row for row in found if isinstance(row, tuple)]

    check = Recheck(set(), rows)
    goal = read_clauses(f"{said.text}.")[0].term
    for row in product(VALUES, repeat=3):
        values = dict(zip(NAMES, row, strict=True))
        if said.meaning(values):
            check.check([goal], values)
        else:
            with pytest.raises(BrokenAnswer):
                check.check([goal], values)
