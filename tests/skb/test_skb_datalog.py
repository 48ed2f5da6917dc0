"""The query evaluator agrees with a naive one that tries every assignment, on random stratified programs."""

import os
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from skb.asking import ask
from skb.query.answer import Limits
from skb.snapshot import Snapshot

EXAMPLES = 5000 if os.environ.get("SKB_TEST_SCALE") == "full" else 150
VALUES = (0, 1, 2, 3)
ARITIES = {"e": 2, "f": 1, "p": 1, "q": 2, "r": 2, "s": 1, "t": 2}
STRATUM = {"e": 0, "f": 0, "p": 1, "q": 1, "r": 2, "s": 2, "t": 3}
VARIABLES = ("X", "Y", "Z")

Literal = tuple[str, str, tuple[object, ...]]
Rule = tuple[str, tuple[str, ...], list[Literal]]


@st.composite
def rules(draw: st.DrawFn) -> Rule:
    head = draw(st.sampled_from(["p", "q", "r", "s", "t"]))
    at_most = STRATUM[head]
    body: list[Literal] = []
    terms = st.one_of(st.sampled_from(VARIABLES), st.sampled_from(VARIABLES), st.sampled_from(VALUES))
    for _ in range(draw(st.integers(1, 3))):
        name = draw(st.sampled_from([each for each in ARITIES if STRATUM[each] <= at_most]))
        body.append(("+", name, tuple(draw(terms) for _ in range(ARITIES[name]))))
    bound = sorted({term for _, _, args in body for term in args if isinstance(term, str)})
    inside = st.one_of(st.sampled_from(bound), st.sampled_from(VALUES)) if bound else st.sampled_from(VALUES)
    if draw(st.booleans()):
        name = draw(st.sampled_from([each for each in ARITIES if STRATUM[each] < at_most]))
        body.append(("-", name, tuple(draw(inside) for _ in range(ARITIES[name]))))
    if draw(st.booleans()):
        body.append((draw(st.sampled_from(["<", "=<", "\\=="])), "", (draw(inside), draw(inside))))
    if "Z" not in bound and bound and draw(st.booleans()):
        name = draw(st.sampled_from([each for each in ("e", "q", "r") if STRATUM[each] < at_most]))
        kind = draw(st.sampled_from(["count", "min", "max", "sum"]))
        body.append((kind, name, (draw(inside),)))
        bound.append("Z")
    args = tuple(draw(st.sampled_from(bound)) if bound else draw(st.sampled_from(VALUES)) for _ in range(ARITIES[head]))
    return head, args, body


def written(rule: Rule) -> str:
    head, args, body = rule
    goals = []
    for kind, name, terms in body:
        inside = ",".join(map(str, terms))
        if kind == "+":
            goals.append(f"{name}({inside})")
        elif kind == "-":
            goals.append(f"\\+ {name}({inside})")
        elif name:
            goals.append(f"Z = {kind}(V : {name}({inside},V))")
        else:
            goals.append(f"{terms[0]} {kind} {terms[1]}")
    return f"{head}({','.join(map(str, args))}) :- {', '.join(goals)}."


def naive(program: list[Rule], facts: dict[str, set[tuple[int, ...]]]) -> dict[str, set[tuple[int, ...]]]:
    """Stratum by stratum, every rule with every assignment, until nothing changes."""
    known = {name: set(facts.get(name, ())) for name in ARITIES}
    for stratum in (1, 2, 3):
        changed = True
        while changed:
            changed = False
            for head, args, body in program:
                if STRATUM[head] != stratum:
                    continue
                for values in product(VALUES, repeat=3):
                    env: dict[object, int] = dict(zip(VARIABLES, values, strict=True))
                    if all(_holds(literal, env, known) for literal in body):
                        row = tuple(env.get(arg, arg) for arg in args)
                        if row not in known[head]:
                            known[head].add(row)  # type: ignore[arg-type]
                            changed = True
    return known


def _holds(literal: Literal, env: dict[object, int], known: dict[str, set[tuple[int, ...]]]) -> bool:
    kind, name, terms = literal
    values = tuple(env.get(term, term) for term in terms)
    if kind == "+":
        return values in known[name]
    if kind == "-":
        return values not in known[name]
    if name:
        found = [row[1] for row in known[name] if row[0] == values[0]]
        if kind in ("count", "sum"):
            env["Z"] = len(found) if kind == "count" else sum(found)
            return True
        if found:
            env["Z"] = min(found) if kind == "min" else max(found)
        return bool(found)
    a, b = values
    return {"<": a < b, "=<": a <= b, "\\==": a != b}[kind]  # type: ignore[operator]


def _snapshot(facts: dict[str, set[tuple[int, ...]]]) -> Snapshot:
    return Snapshot.of_facts((name, row, "static", "") for name, rows in facts.items() for row in sorted(rows))


pairs = st.sets(st.tuples(st.sampled_from(VALUES), st.sampled_from(VALUES)), max_size=8)
singles = st.sets(st.tuples(st.sampled_from(VALUES)), max_size=4)


@given(st.lists(rules(), min_size=1, max_size=6), pairs, singles, st.sampled_from("pqrst"), st.data())
@settings(max_examples=EXAMPLES, derandomize=True, deadline=None)
def test_random_programs_have_the_answers_of_the_naive_evaluator(
    program: list[Rule], e: set[tuple[int, int]], f: set[tuple[int]], asked: str, data: st.DataObject
) -> None:
    facts: dict[str, set[tuple[int, ...]]] = {"e": {*e, (3, 3)}, "f": {*f, (3,)}}
    text = "\n".join(map(written, program))
    heads = {head for head, _, _ in program}
    text += "".join(f"\n{name}({','.join('X' * ARITIES[name])}) :- fail." for name in "pqrst" if name not in heads)
    args = [data.draw(st.sampled_from(["A", "B", *VALUES])) for _ in range(ARITIES[asked])]
    answer = ask(_snapshot(facts), f"{asked}({','.join(map(str, args))})", rules=text, limits=Limits(time_ms=20_000))
    assert answer.status == "complete"
    everything = naive(program, facts)[asked]
    assert set(answer.rows) == _matching(everything, args, answer.columns), text


def _matching(rows: set[tuple[int, ...]], args: list[str | int], columns: tuple[str, ...]) -> set[tuple[int, ...]]:
    found = set()
    for row in rows:
        env: dict[str | int, int] = {}
        for arg, value in zip(args, row, strict=True):
            if (env.setdefault(arg, value) if isinstance(arg, str) else arg) != value:
                break
        else:
            found.add(tuple(env[column] for column in columns))
    return found
