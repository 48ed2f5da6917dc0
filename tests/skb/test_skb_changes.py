"""Changes: every one that matches, once, in order, from any revision kept, in this process and in others."""

import os
from multiprocessing.context import BaseContext
from threading import Event, Thread

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import skb
from skb.errors import SkbError, StoreError, UnknownRevision
from skb.watching.bookkeeping import Change


@pytest.fixture
def kb(store: skb.Store) -> skb.KnowledgeBase:
    store.load("cost(a, 1, ns). link(a, b).", machine="m")
    return store.knowledge("m")


def _seen(changes: object) -> list[tuple[int, str, object, bool]]:
    return [(each.revision, each.kind, each.args[:2], each.wins) for each in changes]  # type: ignore[attr-defined]


def test_a_cursor_tells_what_was_asserted_superseded_and_retracted_in_order(kb: skb.KnowledgeBase) -> None:
    kb.tell([("cost", ("a", 2, "ns"))], layer="measured")
    kb.tell([("cost", ("b", 5, "ns")), ("link", ("b", "c"))])
    kb.retract("cost(a, 2, ns).")
    cursor = kb.store.changes("cost(a, _, _)", 0)
    assert _seen(cursor) == [
        (1, "asserted", ("a", 1), True),
        (2, "superseded", ("a", 1), True),
        (2, "asserted", ("a", 2), True),
        (4, "retracted", ("a", 2), True),
        (4, "asserted", ("a", 1), True),
    ]
    assert _seen(cursor) == []
    assert cursor.revision == 4
    assert _seen(kb.store.changes("cost(_, _, _)", 2)) == [
        (3, "asserted", ("b", 5), True),
        (4, "retracted", ("a", 2), True),
        (4, "asserted", ("a", 1), True),
    ]


def test_what_a_better_layer_hides_is_told_as_not_winning(kb: skb.KnowledgeBase) -> None:
    kb.tell([("cost", ("a", 2, "ns"))], layer="quirk")
    cursor = kb.store.changes("cost(_, _, _)")
    kb.tell([("cost", ("a", 3, "ns"))], layer="measured")
    kb.retract([("cost", ("a", 3, "ns"))])
    assert _seen(cursor) == [(3, "asserted", ("a", 3), False), (4, "retracted", ("a", 3), False)]


def test_a_denial_supersedes_and_its_end_asserts_again(kb: skb.KnowledgeBase) -> None:
    cursor = kb.store.changes("link(X, Y)")
    kb.tell("denied(link(_, b)).", layer="quirk")
    kb.tell([("link", ("c", "b"))])
    kb.retract("denied(link(_, b)).", layer="quirk")
    assert _seen(cursor) == [
        (2, "superseded", ("a", "b"), True),
        (3, "asserted", ("c", "b"), False),
        (4, "asserted", ("a", "b"), True),
        (4, "asserted", ("c", "b"), True),
    ]


def test_saying_the_same_again_is_no_change(kb: skb.KnowledgeBase) -> None:
    cursor = kb.store.changes("_")
    kb.store.load("cost(a, 1, ns). link(a, c).", machine="m")
    assert _seen(cursor) == [(2, "retracted", ("a", "b"), True), (2, "asserted", ("a", "c"), True)]


def test_a_cursor_may_keep_to_one_machine(kb: skb.KnowledgeBase) -> None:
    kb.store.load("link(x, y).", machine="other")
    assert _seen(kb.store.changes("link(_, _)", 0, machine="other")) == [(2, "asserted", ("x", "y"), True)]
    assert len(_seen(kb.store.changes("link(_, _)", 0))) == 2


def test_a_pruned_history_a_future_one_and_a_bad_pattern_are_refused(kb: skb.KnowledgeBase) -> None:
    cursor = kb.store.changes("link(_, _)")
    for number in range(3):
        kb.tell([("link", ("n", number))])
    kb.store.prune(3)
    with pytest.raises(UnknownRevision, match="revision 1 was asked for; 3 to 4 are kept"):
        cursor.read()
    with pytest.raises(UnknownRevision):
        kb.store.changes("link(_, _)", 2)
    with pytest.raises(UnknownRevision):
        kb.store.changes("link(_, _)", 5)
    assert _seen(kb.store.changes("link(_, _)", 3)) == [(4, "asserted", ("n", 2), True)]
    for pattern in ("link(", "7", ""):
        with pytest.raises(SkbError):
            kb.store.changes(pattern)


def test_a_restore_ends_a_cursor_with_the_reason(kb: skb.KnowledgeBase, tmp_path: object) -> None:
    kb.store.backup(f"{tmp_path}/backup")
    cursor = kb.store.changes("_")
    kb.store.restore(f"{tmp_path}/backup")
    with pytest.raises(StoreError, match="was restored"):
        cursor.read()


def test_a_subscriber_is_told_once_in_order_and_may_write_itself(kb: skb.KnowledgeBase) -> None:
    told: list[Change] = []
    done = Event()

    def tell(change: Change) -> None:
        told.append(change)
        if change.args[1] == 9:
            kb.tell([("link", ("n", 10))])
        if change.args[1] == 10:
            done.set()

    with kb.store.subscribe("link(n, _)", tell):
        for number in range(10):
            kb.tell([("link", ("n", number))])
        assert done.wait(30)
    kb.tell([("link", ("n", 11))])
    assert [change.args[1] for change in told] == list(range(11))


def test_what_a_subscriber_raises_ends_its_subscription_and_is_raised_on_close(kb: skb.KnowledgeBase) -> None:
    called = Event()

    def tell(_: Change) -> None:
        called.set()
        raise ValueError("not today")

    subscription = kb.store.subscribe("link(_, _)", tell, from_revision=0)
    assert called.wait(30)
    with pytest.raises(ValueError, match="not today"):
        subscription.close()


def _write(url: str, count: int) -> None:
    with skb.Store(url) as store:
        for number in range(count):
            store.knowledge("m").tell([("link", ("n", number))])


def test_writes_of_another_process_are_told_too(url: str, processes: BaseContext) -> None:
    with skb.Store(url) as store:
        store.load("machine(m).", machine="m")
        told: list[object] = []
        done = Event()

        def tell(change: Change) -> None:
            told.append(change.args[1])
            if change.args[1] == 19:
                done.set()

        with store.subscribe("link(n, _)", tell, poll_s=0.01):
            writer = processes.Process(target=_write, args=(url, 20))
            writer.start()
            assert done.wait(60)
            writer.join(60)
        assert told == list(range(20))


costs = st.tuples(st.just("cost"), st.tuples(st.sampled_from("ab"), st.integers(0, 2), st.just("ns")))
denials = st.sampled_from(["denied(cost(a, _, _)).", "denied(cost(_, 1, _))."])
verbs = st.sampled_from(["tell", "tell", "retract", "load"])
layers = st.sampled_from(["static", "discovered", "measured", "quirk"])
actions = st.one_of(
    st.tuples(verbs, st.lists(costs, min_size=1, max_size=3), layers),
    st.tuples(st.sampled_from(["tell", "retract"]), denials, st.just("quirk")),
)


@given(script=st.lists(actions, max_size=8), start=st.integers(0, 8))
@settings(
    max_examples=500 if os.environ.get("SKB_TEST_SCALE") == "full" else 12,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_the_changes_of_a_history_lead_from_its_first_winners_to_its_last(
    store: skb.Store, script: list[tuple[str, object, str]], start: int
) -> None:
    name = f"m{len(store.machines())}"
    store.load("machine(m).", machine=name)
    kb, first = store.knowledge(name), store.revision
    for verb, facts, layer in script:
        if verb == "load":
            kb.store.load([(*each, layer, "x") for each in facts], machine=name)  # type: ignore[attr-defined]
        else:
            getattr(kb, verb)(facts, layer=layer)
    begin = min(first + start, store.revision)
    seen = set(kb.snapshot(begin).rows("cost", 3))
    revision = begin
    for change in store.changes("cost(_, _, _)", begin, machine=name):
        if change.revision != revision:
            assert seen == set(kb.snapshot(change.revision - 1).rows("cost", 3))
            revision = change.revision
        if change.wins and change.kind == "asserted":
            seen.add(change.args)
        elif change.wins:
            seen.discard(change.args)
            seen |= {row for row in kb.snapshot(revision).rows("cost", 3) if row == change.args}
    assert seen == set(kb.snapshot().rows("cost", 3))


writes = st.lists(st.tuples(st.sampled_from(["tell", "tell", "retract"]), costs, layers), min_size=1, max_size=4)


@given(scripts=st.tuples(writes, writes), begin=st.integers(0, 6))
@settings(
    max_examples=200 if os.environ.get("SKB_TEST_SCALE") == "full" else 6,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_writers_at_the_same_time_are_told_of_once_in_order_from_every_revision(
    store: skb.Store, scripts: tuple[list[tuple[str, object, str]], ...], begin: int
) -> None:
    name = f"w{len(store.machines())}"
    first = store.load("machine(m).", machine=name).revision
    kb = store.knowledge(name)
    told: list[Change] = []
    last = Event()

    def tell(change: Change) -> None:
        told.append(change)
        if change.relation == "end":
            last.set()

    def write(script: list[tuple[str, object, str]]) -> None:
        for verb, fact, layer in script:
            getattr(kb, verb)([fact], layer=layer)

    with store.subscribe("_", tell, machine=name, from_revision=first):
        threads = [Thread(target=write, args=(script,)) for script in scripts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        kb.tell([("end", ())])
        assert last.wait(30)
    assert [each.revision for each in told] == sorted(each.revision for each in told)
    for revision in range(first, store.revision + 1):
        assert list(store.changes("_", revision, machine=name)) == [each for each in told if each.revision > revision]
    kept = min(first + begin, store.revision)
    store.prune(kept)
    assert list(store.changes("_", kept, machine=name)) == [each for each in told if each.revision > kept]


def test_a_large_load_and_what_is_taken_from_it_are_told_from_its_text(kb: skb.KnowledgeBase) -> None:
    facts = [("cost", (f"c{number}", number % 3, "ns")) for number in range(24_000)]
    kb.tell(facts, source="bulk")
    loaded = kb.revision
    kb.tell([("cost", ("c7", 9, "ns"))], layer="quirk")
    kb.retract(facts[100:130])
    whole = kb.store.changes("cost(_, _, _)", loaded - 1)
    assert len(whole.read()) == 24_000
    expected = [(each.revision, each.kind, each.args) for each in whole]
    assert expected[:2] == [
        (loaded + 1, "superseded", ("c7", 1, "ns")),
        (loaded + 1, "asserted", ("c7", 9, "ns")),
    ]
    assert [args[0] for _, _, args in expected[2:]] == [f"c{at}" for at in range(100, 130)]
    assert [(each.revision, each.kind, each.args) for each in kb.store.changes("_", loaded)] == expected
    one = kb.store.changes("cost(c101, _, _)", loaded)
    assert [(each.revision, each.kind, each.args) for each in one] == [(loaded + 2, "retracted", ("c101", 2, "ns"))]
