"""What a store shares between revisions of a machine is what a store that reads all of it anew sees."""

import random

from skb.knowledge import KnowledgeBase
from skb.snapshot import Snapshot
from skb.store.store import Store

FACTS = [
    "core(0,0).", "core(0,1).", "core(1,0).", "link(a,b).", "link(b,c).", "clock_hz(0,5).", "clock_hz(0,6).",
    "denied(core(0,_)).", "denied(link(_,_)).",
]  # fmt: skip


def seen(snapshot: Snapshot) -> object:
    relations = snapshot.relations()
    return snapshot.facts(), relations, {each: set(snapshot.rows(*each)) for each in (*relations, ("link", 2))}


def test_a_snapshot_after_any_writes_is_the_one_that_a_new_reader_gets(url: str) -> None:
    pick = random.Random(7)
    with Store(url) as store:
        store.load("core(0,0). other(1).", "m")
        store.load("core(0,0).", "beside")
        here = store.knowledge("m")
        for step in range(60):
            change(store, pick.choice([here, here, store.knowledge("beside")]), pick)
            if step % 3:
                with Store(url) as fresh:
                    assert seen(here.snapshot()) == seen(fresh.snapshot("m")), step
            if step % 20 == 19:
                store.prune(store.revision)


def change(store: Store, one: KnowledgeBase, pick: random.Random) -> None:
    layer = pick.choice(("static", "measured", "quirk"))
    match pick.randrange(8):
        case 0:
            store.load(f"core(0,{pick.randrange(3)}).", one.machine)
        case 1 | 2 | 3:
            one.retract(pick.choice(FACTS))
        case _:
            one.tell(" ".join(pick.sample(FACTS, 2)), layer=layer, source=f"source {pick.randrange(2)}")


def test_a_write_leaves_the_other_relations_as_they_were_read() -> None:
    with Store() as store:
        store.load("core(0,0). core(1,0). link(a,b).", "m")
        before = store.snapshot("m")
        known = before.indexed("core", 2)
        store.knowledge("m").tell("link(b,c).")
        assert store.snapshot("m").indexed("core", 2) is known
        store.knowledge("m").tell("denied(core(1,_)).", layer="quirk")
        assert store.snapshot("m").rows("core", 2) == ((0, 0),)
        assert before.rows("core", 2) == ((0, 0), (1, 0))


def test_what_was_pruned_since_is_not_mistaken_for_unchanged() -> None:
    with Store() as store:
        one = store.knowledge(store.load("core(0,0). link(a,b).", "m").machine)
        assert one.snapshot().rows("link", 2) == (("a", "b"),)
        one.retract("link(a,b).")
        store.prune(store.revision)
        assert one.snapshot().rows("link", 2) == ()
