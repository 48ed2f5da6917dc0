"""Facts in bulk: lines alike read at once, many facts in one row of the store, and some of them taken back."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import skb
from skb.errors import SkbError
from skb.notation.factlines import as_ground_fact, provenance, read_facts
from skb.notation.parser import read_clauses
from skb.rowtext import Rows, decode_rows, encode_rows
from skb.store.fact_rows import MOST_FACTS
from skb.terms import Row

MANY = [("rtt", (a, b, 400 + (a * b) % 7)) for a in range(60) for b in range(60) if a != b]


def _text(facts: list[tuple[str, tuple[int, ...]]], tail: str = ".\n") -> str:
    return "".join(f"{name}({', '.join(map(str, row))}){tail}" for name, row in facts)


words = st.sampled_from(
    ["7", "-3", "0", "007", "-0", "a", "bC_1", "1.5", "'x y'", "f(1)", "123456789012345678901", '"s"']
)
lines = st.tuples(
    st.sampled_from(["p", "p", "pq"]),
    st.lists(words, min_size=1, max_size=2),
    st.sampled_from([",", ", "]),
    st.sampled_from([".\n", ".\r\n", ". % ns; printed: here\n", ". ", ".\n\n", ".  % free\n"]),
    st.integers(1, 3),
)


@given(st.lists(lines, min_size=1, max_size=6), st.integers(0, 70))
@settings(max_examples=60, derandomize=True, deadline=None)
def test_lines_alike_are_read_as_each_alone_would_be(
    found: list[tuple[str, list[str], str, str, int]], alike: int
) -> None:
    text = "p(1,2).\n" * 3
    for name, args, comma, tail, times in found:
        text += f"{name}({comma.join(args)}){tail}" * (alike * times)
    try:
        clauses = read_clauses(text)
    except SkbError:
        with pytest.raises(SkbError):
            read_facts(text)
        return
    read = read_facts(text)
    placed = sorted(
        (start, run.name, row) for run in read.runs for start, row in zip(read.starts(run), run.rows, strict=True)
    )
    assert [(each.start, *(as_ground_fact(each.term) or ())) for each in clauses] == placed


def test_the_comment_of_lines_alike_is_the_provenance_of_each() -> None:
    text = _text(MANY[:200], ".  % cycles; printed: table 4\r\n") + _text(MANY[200:300], ".  % cycles; free\n")
    sources = [(run.source, len(run.rows)) for run in read_facts(text).runs]
    assert sum(size for source, size in sources if source == "printed: table 4") == 200
    assert sum(size for source, size in sources if source == "free") == 100
    assert provenance(" ns; external: a report ") == (None, "external: a report")


def test_a_comment_of_layer_and_source_puts_a_loaded_fact_there() -> None:
    text = "core(0,0).  % discovered; hwloc XML: m.xml\n" + _text(MANY[:200], ".  % measured; ping; estimated: no\n")
    runs = read_facts(text + "core(1,0).  % quirks; none\n").runs
    said = {(run.layer, run.source) for run in runs}
    assert said == {("discovered", "hwloc XML: m.xml"), ("measured", "ping; estimated: no"), (None, None)}
    told = skb.load("core(9,9).", machine="m")
    told.tell("core(0,3).  % quirk; errata\n", layer="measured")
    assert [(fact.layer, fact.source) for fact in told.snapshot().facts("core")][1:] == [("measured", "errata")]


big = st.one_of(st.integers(-9, 9), st.integers(-(2**63), 2**64 - 1), st.integers(0, 10**6))


@given(st.lists(st.tuples(big, big, st.sampled_from([1, 2, "a"])), min_size=1, max_size=4))
@settings(max_examples=12, derandomize=True, deadline=None)
def test_long_texts_of_integers_decode_to_the_same_rows(few: list[Row]) -> None:
    rows = few * 9000
    assert decode_rows("\n".join(encode_rows(rows))) == rows


def test_rows_join_whatever_they_are_kept_as() -> None:
    parts = [Rows('1,"a"\n2,"b"', 2), Rows.of([(3, "c")]), Rows("4,5", 1)]
    assert list(Rows.joined(parts)) == [(1, "a"), (2, "b"), (3, "c"), (4, 5)]
    assert Rows.joined(parts[1:2]).lines() == ['3,"c"']


def test_facts_taken_out_of_a_large_load_stay_in_its_history_where_they_stood(store: skb.Store) -> None:
    assert len(MANY) > 2 * MOST_FACTS
    store.load(_text(MANY), machine="m")
    kb = store.knowledge("m")
    gone = random.Random(3).sample(MANY, 700)
    assert kb.retract(gone[:10]) == 2
    assert kb.retract(gone) == 3
    rows = [row for _, row in MANY]
    first, rest = {row for _, row in gone[:10]}, {row for _, row in gone}
    assert list(kb.snapshot(1).rows("rtt", 3)) == rows
    assert list(kb.snapshot(2).rows("rtt", 3)) == [row for row in rows if row not in first]
    assert list(kb.snapshot(3).rows("rtt", 3)) == [row for row in rows if row not in rest]
    assert kb.store.machines()[0].facts == {"rtt": len(MANY) - 700}
    assert kb.tell(gone[:5], layer="static", source="again") == 4
    assert kb.snapshot().source_of("rtt", gone[0][1]) == ("static", "again")
    assert store.prune(3).facts == 700
    assert set(kb.snapshot().rows("rtt", 3)) == set(rows) - rest | {row for _, row in gone[:5]}


def test_the_same_said_again_in_bulk_is_said_anew_once(store: skb.Store) -> None:
    store.load(_text(MANY), machine="m")
    kb = store.knowledge("m")
    kb.tell(MANY[:1500] * 2, source="first")
    kb.tell(MANY[1000:2000], source="second")
    said = kb.snapshot().facts("rtt")
    assert len(said) == len(MANY) + 2000
    assert {each.source for each in said if each.wins} == {"given", "first", "second"}


@pytest.mark.parametrize(
    "facts",
    [
        [("link", ("a\ud800", 1))],
        [("link", (skb.String("\udfff"), 1))],
        [("link\0", (1,))],
        [("li\ud800nk", (1,))],
        [("x" * 5000, (1,))],
        [("link", (1,), "static", "who\0")],
        [("link", (1,), "static", "who\ud800")],
        [("link", (1,), "static", "é" * 1001)],
    ],
)
def test_what_one_database_would_not_take_is_refused_on_all(store: skb.Store, facts: list[tuple[object, ...]]) -> None:
    store.load("link(a, b).", machine="m")
    for write in (lambda: store.load(facts, machine="m"), lambda: store.knowledge("m").tell(facts)):
        with pytest.raises(SkbError, match=r"surrogate|NUL|bytes"):
            write()
    assert store.revision == 1
    assert store.snapshot("m").rows("link", 2) == (("a", "b"),)
