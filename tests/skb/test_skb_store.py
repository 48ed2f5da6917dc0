"""The store: revisions, layers, provenance, replacement, several writers, and a model that it must agree with."""

import os
from multiprocessing.context import BaseContext
from pathlib import Path

import pytest
import sqlalchemy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import skb
from skb import schema
from skb.errors import (
    RevisionConflict,
    SkbError,
    StoreError,
    TermError,
    UnknownMachine,
    UnknownRevision,
)
from skb.layers import Statement
from skb.notation.factlines import read_facts
from skb.notation.parser import read_term
from skb.rowtext import Rows, decode_rows, encode_rows
from skb.store.database import Database
from skb.store.loading import Stated, StatedFact
from skb.store.tables import metadata
from skb.terms import Compound, Real, String, Variable

EXAMPLES = 1000 if os.environ.get("SKB_TEST_SCALE") == "full" else 12
BARRELFISH = Path(__file__).resolve().parents[3] / "shared" / "data" / "barrelfish"


@pytest.fixture
def kb(store: skb.Store) -> skb.KnowledgeBase:
    store.load("core(0, p0). core(1, p0). link(a, b).", machine="m")
    return store.knowledge("m")


def test_a_load_reports_facts_objects_and_its_revision() -> None:
    text = "core(0,0). core(1,1). pu(0,0,0). pu(1,1,1). cache(7,0,3,unified,1,64). cache(7,1,3,unified,1,64). "
    text += "cache(8,0,1,instruction,1,64)."
    kb = skb.load(text, machine="m")
    assert kb.report is not None
    assert kb.report.to_json() == {
        "machine": "m",
        "revision": 1,
        "facts": {"cache": 3, "core": 2, "pu": 2},
        "objects": {"L1iCache": 1, "L3Cache": 1, "PU": 2, "Package": 2},
        "warnings": [],
    }


def test_the_trailing_comment_of_a_line_is_the_provenance_of_its_facts() -> None:
    text = "cost(a, 4, ns). cost(b, 5, ns).  % ns; printed: section 4.2.2\n"
    text += "cost(c, 6, ns). % cycles; free\ncost(d, 7, ns). % hi\n"
    snapshot = skb.load(text, machine="m").snapshot()
    sources = {str(fact.args[0]): fact.source for fact in snapshot.facts("cost")}
    assert sources == {"a": "printed: section 4.2.2", "b": "printed: section 4.2.2", "c": "free", "d": "given"}


def test_a_higher_layer_wins_and_within_a_layer_the_newest(kb: skb.KnowledgeBase) -> None:
    kb.tell([("message_rtt", (0, 1, 400, 1, 1, 1))], layer="static", source="table")
    kb.tell([("message_rtt", (0, 1, 500, 1, 1, 1))], layer="measured", source="first run")
    kb.tell([("message_rtt", (0, 1, 510, 1, 1, 1))], layer="measured", source="second run")
    kb.tell([("message_rtt", (0, 1, 300, 1, 1, 1))], layer="discovered")
    snapshot = kb.snapshot()
    assert snapshot.rows("message_rtt", 6) == ((0, 1, 510, 1, 1, 1),)
    assert snapshot.source_of("message_rtt", (0, 1, 510, 1, 1, 1)) == ("measured", "second run")
    assert [fact.wins for fact in snapshot.facts("message_rtt")] == [False, False, False, True]


def test_a_quirk_denies_facts_of_lower_layers_and_the_next_best_wins(kb: skb.KnowledgeBase) -> None:
    kb.tell([("core", (1, "p9"))], layer="measured")
    kb.tell("denied(core(1, p9)). denied(link(_, b)).", layer="quirk")
    assert kb.snapshot().rows("core", 2) == ((0, "p0"), (1, "p0"))
    assert kb.snapshot().rows("link", 2) == ()
    kb.tell("link(c, b).", layer="quirk")
    assert kb.snapshot().rows("link", 2) == (("c", "b"),)


def test_loading_a_known_name_replaces_static_and_discovered_facts_in_one_revision(kb: skb.KnowledgeBase) -> None:
    kb.tell([("message_rtt", (0, 1, 500, 1, 1, 1))], layer="measured")
    kb.tell([("core", (0, "quirky"))], layer="quirk")
    report = kb.store.load("core(5, p5).", machine="m")
    assert report.revision == 4
    snapshot = kb.snapshot()
    assert set(snapshot.rows("core", 2)) == {(5, "p5"), (0, "quirky")}
    assert snapshot.rows("link", 2) == ()
    assert snapshot.rows("message_rtt", 6) == ((0, 1, 500, 1, 1, 1),)


def test_a_source_that_measures_again_takes_the_place_of_what_it_said_of_the_same_keys(kb: skb.KnowledgeBase) -> None:
    def measure(source: str, *pairs: tuple[int, int, int]) -> None:
        readings = [("message_throughput", pair, "measured", source) for pair in pairs]
        kb.store.load([*readings, ("core", (0, "p0"), "static", "given")], "m")

    measure("ping", (0, 1, 100), (1, 0, 110))
    measure("smelt", (0, 1, 70))
    measure("ping", (0, 1, 120))
    stated = {(fact.args, fact.source) for fact in kb.snapshot().facts("message_throughput")}
    assert stated == {((0, 1, 120), "ping"), ((1, 0, 110), "ping"), ((0, 1, 70), "smelt")}
    assert set(kb.snapshot().rows("message_throughput", 3)) == {(0, 1, 120), (1, 0, 110)}
    earlier = kb.snapshot(kb.revision - 1)
    assert (0, 1, 100) in {fact.args for fact in earlier.facts("message_throughput")}


def test_a_measured_reading_adds_to_a_machine_and_takes_nothing_away(kb: skb.KnowledgeBase) -> None:
    kb.store.load([("message_rtt", (0, 1, 1, 1, 1, 1), "measured", "csv")], machine="m")
    assert kb.snapshot().rows("core", 2) == ((0, "p0"), (1, "p0"))


def test_a_retracted_fact_is_no_longer_found_but_earlier_revisions_keep_it(kb: skb.KnowledgeBase) -> None:
    assert kb.retract("link(a, b).") == 2
    assert kb.snapshot().rows("link", 2) == ()
    assert kb.snapshot(1).rows("link", 2) == (("a", "b"),)
    assert kb.retract([("link", ("a", "b"))]) == 2


def test_a_snapshot_does_not_see_later_writes(kb: skb.KnowledgeBase) -> None:
    before = kb.snapshot()
    kb.tell([("link", ("b", "c"))])
    assert before.revision == 1
    assert before.rows("link", 2) == (("a", "b"),)
    assert kb.snapshot().revision == 2


@pytest.mark.parametrize(
    "refused",
    [
        lambda kb: kb.store.load("core(0, p0", machine="m"),
        lambda kb: kb.store.load("", machine="m"),
        lambda kb: kb.store.load("core(0, p0).", machine="a/b"),
        lambda kb: kb.store.load("core(0, p0).", machine="a\ud800"),
        lambda kb: kb.store.knowledge("a\ud800"),
        lambda kb: kb.store.snapshot("a\0"),
        lambda kb: kb.store.changes("_", machine="a\0"),
        lambda kb: kb.snapshot(2**70),
        lambda kb: kb.snapshot(-1),
        lambda kb: kb.store.prune(2**70),
        lambda kb: kb.store.changes("_", 2**70),
        lambda kb: kb.retract("'a\\0\\'(1)."),
        lambda kb: kb.tell([("core", (0, 1))], expected_revision=2**70),
        lambda kb: kb.store.load([("core", (1.5e400, 1), "static", "x")], machine="m"),
        lambda kb: kb.tell([("core", (True, 1))]),
        lambda kb: kb.tell([("core", (2**64, 1))]),
        lambda kb: kb.tell([("core", (object(), 1))]),
        lambda kb: kb.tell([("core", (Variable("X"), 1))]),
        lambda kb: kb.tell([("core", (0, 1))], layer="rumour"),
        lambda kb: kb.tell("core(X, 1)."),
        lambda kb: kb.tell([]),
        lambda kb: kb.tell([("core", (0, 1))], expected_revision=0),
        lambda kb: kb.ask("core(X"),
        lambda kb: kb.ask("nothing_like_it(X)"),
    ],
)
def test_a_refused_input_leaves_the_revision_where_it_was(kb: skb.KnowledgeBase, refused: object) -> None:
    with pytest.raises(SkbError):
        refused(kb)  # type: ignore[operator]
    assert kb.revision == 1
    assert kb.snapshot().rows("core", 2) == ((0, "p0"), (1, "p0"))


def test_a_write_that_fails_half_way_leaves_the_store_as_it_was(kb: skb.KnowledgeBase) -> None:
    good = Statement("part", 1, "measured", "x", Rows.of([(number,) for number in range(3000)]))
    bad = Statement("part", 1, "measured", "y", Rows.of([(object(),)]))  # type: ignore[list-item]
    stated = Stated("m", "half", [good, bad], {}, (), is_replacing=False)
    before = kb.snapshot().facts()
    with pytest.raises(TermError):
        kb.store.tell("m", stated)
    assert kb.revision == 1
    assert kb.snapshot().facts() == before
    assert kb.store.machines()[0].facts == {"core": 2, "link": 1}
    assert kb.tell([("part", (1,))]) == 2


def test_compare_and_set_lets_one_of_two_writers_through(kb: skb.KnowledgeBase) -> None:
    assert kb.tell([("link", ("b", "c"))], expected_revision=1) == 2
    with pytest.raises(RevisionConflict) as caught:
        kb.tell([("link", ("b", "d"))], expected_revision=1)
    assert caught.value.details == {"expected": 1, "found": 2}


def test_unknown_machines_and_revisions_are_refused_by_name(kb: skb.KnowledgeBase) -> None:
    with pytest.raises(UnknownMachine, match="'n' is not in the store; it holds m"):
        kb.store.knowledge("n")
    with pytest.raises(UnknownRevision, match="revision 7 was asked for"):
        kb.snapshot(7)
    with pytest.raises(StoreError, match="neither sqlite"):
        skb.Store("mysql://x")


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("these are notes and no database" * 40)
    with pytest.raises(StoreError, match="cannot be opened"):
        skb.Store(f"sqlite:///{tmp_path}/notes.txt")


def test_a_store_keeps_its_facts_and_its_revision(url: str) -> None:
    with skb.Store(url) as store:
        store.load('core(0, 1.5). core(1, "text"). core(2, f([a, g(1)])).', machine="m")
    with skb.Store(url) as store:
        assert store.revision == 1
        assert [summary.name for summary in store.machines()] == ["m"]
        assert store.machines()[0].facts == {"core": 3}
        assert store.knowledge("m").snapshot().rows("core", 2) == (
            (0, Real(1.5)),
            (1, String("text")),
            (2, Compound("f", (("a", Compound("g", (1,))),))),
        )


def test_migrations_and_the_tables_of_the_code_are_the_same(url: str) -> None:
    database = Database(url)
    database.close()
    engine = sqlalchemy.create_engine(database.url)
    migrated = sqlalchemy.MetaData()
    migrated.reflect(engine)
    engine.dispose()
    for name, table in metadata.tables.items():
        found = migrated.tables[name]
        assert [(c.name, c.nullable, c.primary_key) for c in table.columns] == [
            (c.name, c.nullable, c.primary_key) for c in found.columns
        ]
        assert {index.name for index in table.indexes} == {index.name for index in found.indexes}


def _write_many(url: str, name: str, count: int) -> None:
    with skb.Store(url) as store:
        for number in range(count):
            store.knowledge("m").tell([("link", (name, number))])


def test_two_processes_write_without_losing_a_revision(url: str, processes: BaseContext) -> None:
    with skb.Store(url) as store:
        store.load("link(a, 0).", machine="m")
        writers = [processes.Process(target=_write_many, args=(url, name, 10)) for name in ("x", "y")]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join(60)
        assert [writer.exitcode for writer in writers] == [0, 0]
        assert store.revision == 21
        assert len(store.knowledge("m").snapshot().rows("link", 2)) == 21


layers = st.sampled_from(["static", "discovered", "measured", "quirk"])
costs = st.tuples(st.just("cost"), st.tuples(st.sampled_from("ab"), st.integers(0, 2), st.just("ns")))
actions = st.tuples(
    st.sampled_from(["tell", "tell", "retract", "load"]), st.lists(costs, min_size=1, max_size=3), layers
)


@given(script=st.lists(actions, max_size=8))
@settings(
    max_examples=EXAMPLES,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # each example takes a machine of its own
)
def test_the_store_agrees_with_a_list_in_memory(
    store: skb.Store, script: list[tuple[str, list[tuple[str, tuple[object, ...]]], str]]
) -> None:
    name = f"m{len(store.machines())}"
    store.load("machine(m).", machine=name)
    kb = store.knowledge(name)
    model: list[tuple[str, tuple[object, ...]]] = []
    seen = {}
    for verb, facts, layer in script:
        rows = list(dict.fromkeys(args for _, args in facts))
        if verb == "tell":
            kb.tell(facts, layer=layer)
            model = [each for each in model if not (each[0] == layer and each[1] in rows)]
            model += [(layer, row) for row in rows]
        elif verb == "retract":
            kb.retract(facts, layer=layer)
            model = [each for each in model if not (each[0] == layer and each[1] in rows)]
        else:
            kb.store.load(
                [*[(relation, args, "static", "x") for relation, args in facts], ("machine", ("m",), "static", "x")],
                machine=name,
            )
            model = [each for each in model if each[0] in ("measured", "quirk")]
            model += [("static", row) for row in rows]
        seen[kb.revision] = _winners(model)
        assert set(kb.snapshot().rows("cost", 3)) == seen[kb.revision]
    for revision, wanted in seen.items():
        assert set(kb.snapshot(revision).rows("cost", 3)) == wanted


def _winners(model: list[tuple[str, tuple[object, ...]]]) -> set[tuple[object, ...]]:
    best: dict[object, tuple[object, ...]] = {}
    for wanted in ("static", "discovered", "measured", "quirk"):
        for layer, row in model:
            if layer == wanted:
                best[row[0]] = row
    return set(best.values())


rows = st.lists(
    st.tuples(
        st.one_of(
            st.integers(-(2**63), 2**64 - 1),
            st.text(max_size=3),
            st.just(Real(2.0)),
            st.just(("a", (1, "],["))),
            st.just(Compound("f", ((1,),))),
        ),
        st.integers(0, 9),
    ),
    min_size=1,
    max_size=6,
)


@given(rows)
@settings(max_examples=100, derandomize=True, deadline=None)
def test_rows_survive_their_encoding(found: list[tuple[object, ...]]) -> None:
    assert decode_rows("\n".join(encode_rows(found))) == found  # type: ignore[arg-type]


def test_every_registered_relation_has_an_example_that_is_a_fact_of_it() -> None:
    for relation in schema.relations():
        term = read_term(relation.example)
        found = (term.functor, len(term.args)) if isinstance(term, Compound) else (term, 0)
        assert found == (relation.name, relation.arity)
        assert relation.meaning
    assert schema.key_of("cache", 6) == (0, 1)
    assert schema.key_of("link", 2) is None


@pytest.mark.parametrize(("name", "count"), [("data.txt", 482), ("boardlayout.pl", 58)])
def test_a_fact_file_of_barrelfish_loads_whole(name: str, count: int) -> None:
    path = BARRELFISH / name
    if not path.exists():
        pytest.skip("the shared Barrelfish data is not beside this checkout")
    assert len(read_facts(path.read_text()).facts) == count


def test_a_clause_that_is_no_fact_is_left_out_with_a_warning() -> None:
    kb = skb.load("core(0, p0).\nbad(X) :- core(X, _).\ncore(_, p1).", machine="m")
    assert kb.report is not None
    assert [(each.code, each.where) for each in kb.report.warnings] == [
        ("not_a_fact", "line 2"),
        ("not_a_fact", "line 3"),
    ]


def test_tuples_of_a_reading_may_hold_foreign_compounds() -> None:
    class Foreign:
        functor, args = "apic", (3,)

    facts: list[StatedFact] = [("corename", (0, "x86_64", Foreign()), "static", "x")]  # type: ignore[list-item]
    assert skb.load(facts, machine="m").snapshot().rows("corename", 3) == ((0, "x86_64", Compound("apic", (3,))),)
    with pytest.raises(TermError):
        skb.load([("corename",)], machine="m")
