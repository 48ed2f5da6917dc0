"""Named records: Octopus's semantics, watches and messages, and what processes agree on by them."""

import os
import re
from multiprocessing.context import BaseContext
from threading import Event

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import skb
from skb.errors import RecordError
from skb.octopus.coordination import Barrier, Lock, Semaphore
from skb.octopus.expressions import Expression
from skb.octopus.records import RecordEvent, Records


@pytest.fixture
def records(store: skb.Store) -> Records:
    found = store.records
    found.set("object1 { weight: 5, attr: 'Somestring' }")
    found.set("object2 { weight: 20, fl: 12.0 }")
    found.set("object10 { weight: 20, attr: ident }")
    return found


def _code(records: Records, verb: str, text: str) -> str:
    with pytest.raises(RecordError) as caught:
        getattr(records, verb)(text)
    return caught.value.code


FOUND = [
    ("object1", ["object1"]),
    ("_", ["object1", "object2", "object10"]),
    ("r'^object1'", ["object1", "object10"]),
    ("_ { weight: 20 }", ["object2", "object10"]),
    ("_ { weight: 20.0 }", ["object2", "object10"]),
    ("_ { weight > 5 }", ["object2", "object10"]),
    ("_ { weight >= 5, weight < 20 }", ["object1"]),
    ("_ { weight != 5 }", ["object2", "object10"]),
    ("_ { weight <= 20, attr: _ }", ["object1", "object10"]),
    ("_ { attr: r'^Some' }", ["object1"]),
    ("_ { attr == 'ident' }", ["object10"]),
    ("object2 { weight: 5 }", []),
    ("_ { weight > 'text' }", []),
    ("nothing", []),
]


def test_records_are_found_by_name_and_attributes(records: Records) -> None:
    for query, names in FOUND:
        assert [each.name for each in records.find(query)] == names, query
        assert records.exists(query) is bool(names)


def test_a_record_is_written_with_its_attributes_sorted(records: Records) -> None:
    assert str(records.get("object1")) == "object1 { attr: 'Somestring', weight: 5 }"
    assert str(records.get("object2")) == "object2 { fl: 12.0, weight: 20 }"
    assert str(records.set("bare")) == "bare {}"
    assert str(records.set("object { a: 1, a: 3, a: text, a: 2 }")) == "object { a: text }"
    assert str(records.set("quoted { a: 'it\\'s \\\\' }")) == "quoted { a: 'it\\'s \\\\' }"


def test_what_is_written_of_a_record_is_read_as_the_same_record(records: Records) -> None:
    for number in ("1.0e20", "0.00000000001", "-1.5e300", "2e-7", "12.0"):
        found = records.set(f"object {{ a: {number} }}")
        assert found.attributes == {"a": float(number)}
        assert records.set(str(found)) == found


def test_a_set_replaces_and_its_conditions_compare_with_what_was_there(records: Records) -> None:
    assert records.set("object1 { weight: 6, weight == 5 }").attributes == {"weight": 6}
    assert _code(records, "set", "object1 { weight: 7, weight == 5 }") == "constraint_mismatch"
    assert _code(records, "set", "unborn { weight: 7, weight == 5 }") == "constraint_mismatch"
    assert records.get("object1").attributes == {"weight": 6}


def test_what_is_refused_has_octopuss_name(records: Records, store: skb.Store) -> None:
    revision = store.revision
    assert _code(records, "get", "nothing") == "no_record"
    assert _code(records, "names", "nothing") == "no_record"
    assert _code(records, "delete", "nothing") == "no_record"
    assert _code(records, "set", "_ { a: 1 }") == "no_record_name"
    assert _code(records, "publish", "r'a' { a: 1 }") == "no_record_name"
    assert _code(records, "get", "a" * 9000) == "query_size"
    assert _code(records, "set", f"a {{ a: '{'x' * 3000}' }}") == "query_size"
    for text in (
        "",
        "Object",
        "a {",
        "a { a }",
        "a { a: }",
        "a { a: 1 } b",
        "a { a: 1 b: 2 }",
        "r'('",
        "r'(a'",
        "r'a**'",
        "r'*'",
        "r'[b-a]'",
        "r'(?=a)'",
        r"r'(a)\1'",
        "r'(((a{999}){999}){999}){999}'",
        "r'((a{0}){999}){999}'",
        "a { b: '\ud800' }",
        "a { b: 1.0e999 }",
        "a { a: 1.2.3 }",
    ):
        assert _code(records, "set", text) == "parser_fail", text
    assert store.revision == revision


pieces = st.sampled_from(["a", "b", ".", "[ab]", "[^a]", r"\d", r"\w", "^", "$", r"\b", "[a-b1]", r"\.", r"[\d-]", ""])
expressions = st.recursive(
    pieces,
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=3).map("".join),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: f"({'|'.join(parts)})"),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "*?", "{2}", "{1,3}", "{0,}"])).map("(?:{0[0]}){0[1]}".format),
    ),
    max_leaves=6,
)


@given(expressions, st.text("ab1 .-\n", max_size=6))
@settings(max_examples=5000 if os.environ.get("SKB_TEST_SCALE") == "full" else 200, derandomize=True, deadline=None)
def test_expressions_find_what_pythons_find(expression: str, text: str) -> None:
    assert Expression(expression).is_found_in(text) is (re.search(expression, text) is not None)


def test_an_expression_that_would_backtrack_for_ever_is_answered(records: Records) -> None:
    records.set(f"long {{ text: '{'a' * 1900}' }}")
    for expression in ("(a+)+$b", "(a|a)*b", "(a*)*b", "a*a*a*a*a*a*b", "((a+)?)+c"):
        assert not records.exists(f"_ {{ text: r'{expression}' }}")
    assert records.exists("_ { text: r'^(a+)+$' }")


def test_sequential_names_count_for_ever(records: Records) -> None:
    assert [records.set("q_ { a: 1 }", is_sequential=True).name for _ in range(3)] == ["q_0", "q_1", "q_2"]
    records.delete("q_2")
    assert records.set("q_", is_sequential=True).name == "q_3"
    assert records.set("other_", is_sequential=True).name == "other_0"


def test_events_tell_what_was_set_deleted_and_published_in_order(records: Records) -> None:
    cursor = records.events("_ { weight: _ }", with_existing=True)
    records.set("object1 { weight: 6 }")
    records.set("object3 { height: 6 }")
    records.publish("news { weight: 1 }")
    records.delete("object1")
    found = [(each.kind, each.record.name, each.record.attributes["weight"]) for each in cursor.read()]
    assert found == [
        ("existing", "object1", 5),
        ("existing", "object2", 20),
        ("existing", "object10", 20),
        ("set", "object1", 6),
        ("published", "news", 1),
        ("deleted", "object1", 6),
    ]
    assert cursor.read() == []
    assert not records.exists("news")


def test_watchers_and_subscribers_are_called(records: Records) -> None:
    told: list[RecordEvent] = []
    news: list[RecordEvent] = []
    done = Event()

    def hear(event: RecordEvent) -> None:
        news.append(event)
        done.set()

    with records.watch("w", told.append), records.subscribe("w", hear):
        records.set("w { a: 1 }")
        records.delete("w")
        records.publish("w { a: 2 }")
        assert done.wait(30)
        records.wait_until(lambda: True if len(told) == 2 else None, 30, "the watcher")
    assert [event.kind for event in told] == ["set", "deleted"]
    assert [event.record.attributes for event in news] == [{"a": 2}]


def test_waiting_ends_with_the_record_or_with_the_time(records: Records) -> None:
    assert records.wait_for("object1", 0).name == "object1"
    with pytest.raises(RecordError) as caught:
        records.wait_for("nothing", 0.01)
    assert caught.value.code == "timeout"


def test_records_survive_a_backup_and_a_prune(records: Records, store: skb.Store, tmp_path: object) -> None:
    records.set("object1 { weight: 6 }")
    records.set("q_", is_sequential=True)
    assert store.prune(store.revision).records == 1
    store.backup(f"{tmp_path}/backup")
    with skb.Store() as other:
        other.restore(f"{tmp_path}/backup")
        assert other.records.find("_") == records.find("_")
        assert other.records.set("q_", is_sequential=True).name == "q_1"


def test_a_lock_is_had_by_one_and_a_timeout_leaves_the_queue(records: Records) -> None:
    first, second = Lock(records, "l"), Lock(records, "l")
    with first:
        with pytest.raises(RecordError, match="the lock l"):
            second.acquire(0.01)
        assert len(records.find("_ { lock: l }")) == 1
    second.acquire(5)
    second.release()
    with pytest.raises(RecordError, match="not held"):
        second.release()


def test_a_semaphore_gives_as_many_permits_as_were_posted(records: Records) -> None:
    semaphore = Semaphore(records, "s")
    semaphore.post(2)
    assert [semaphore.try_wait() for _ in range(3)] == [True, True, False]
    semaphore.post()
    semaphore.wait(5)
    with pytest.raises(RecordError):
        semaphore.wait(0.01)


def _take_turns(url: str, rounds: int) -> None:
    with skb.Store(url) as store:
        records = store.records
        barrier = Barrier(records, "start", 2)
        for _ in range(rounds):
            barrier.enter(60)
            with Lock(records, "counting"):
                value = int(records.get("count").attributes["value"])
                records.set(f"count {{ value: {value + 1} }}")
            barrier.leave(60)


def test_two_processes_meet_at_a_barrier_and_exclude_each_other(url: str, processes: BaseContext) -> None:
    with skb.Store(url) as store:
        store.records.set("count { value: 0 }")
        members = [processes.Process(target=_take_turns, args=(url, 3)) for _ in range(2)]
        for member in members:
            member.start()
        for member in members:
            member.join(90)
        assert [member.exitcode for member in members] == [0, 0]
        assert store.records.get("count").attributes == {"value": 6}
        assert [each.name for each in store.records.find("_")] == ["count"]
