"""Who said what, and when: the statements behind a fact and those that contradict it, as a document."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from skb.errors import TermError
from skb.explain import disputes, who_said
from skb.knowledge import KnowledgeBase
from skb.matching import matches
from skb.notation.parser import read_term
from skb.notation.printing import write_fact
from skb.snapshot import Snapshot, StoredFact
from skb.terms import Compound, Row

MOST_KEYS = 1000


def report_statements(knowledge: KnowledgeBase, fact: str | None, limit: int) -> dict[str, Any]:
    """What is said of every key of which a fact matches the pattern; without one, of those in dispute.

    Raises SkbError for a pattern that is none, or of a relation that the machine does not have.
    """
    snapshot = knowledge.snapshot()
    groups = disputes(snapshot) if fact is None else _matching(snapshot, fact)
    shown = list(islice(groups, limit + 1))
    document = {
        "machine": snapshot.machine,
        "revision": snapshot.revision,
        "status": "truncated" if len(shown) > limit else "complete",
        "keys": [_key(said) for said in shown[:limit]],
    }
    return with_times(knowledge, document)


def with_times(knowledge: KnowledgeBase, document: dict[str, Any]) -> dict[str, Any]:
    """The document with `when` in every statement: ISO 8601 in UTC, null where it is not known any more."""
    statements = list(_statements(document))
    times = knowledge.store.times({one["revision"] for one in statements})
    for one in statements:
        one["when"] = times.get(one["revision"])
    return document


def _statements(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for each in document.get("keys", ()):
        yield from each["said"]
    for group in document.get("said", ()):
        yield from group


def _key(said: tuple[StoredFact, ...]) -> dict[str, Any]:
    values = {one.args for one in said if one.relation == said[0].relation}
    return {
        "relation": said[0].relation,
        "disputed": len(values) > 1 or not said[0].wins,
        "said": [{"fact": write_fact(one.relation, one.args), **one.to_json()} for one in said],
    }


def _matching(snapshot: Snapshot, fact: str) -> Iterator[tuple[StoredFact, ...]]:
    name, args = _pattern(fact)
    everything = snapshot.unresolved()
    if (name, len(args)) not in everything.relations():
        raise TermError(f"the machine states nothing of {name}/{len(args)}", code="unknown_relation")
    seen: set[StoredFact] = set()
    for row in _rows(everything, name, args):
        said = who_said(snapshot, name, row)
        if said[0] not in seen:
            seen.update(said)
            yield said


def _pattern(fact: str) -> tuple[str, Row]:
    term = read_term(fact)
    if isinstance(term, Compound):
        return term.functor, term.args
    if isinstance(term, str):
        return term, ()
    raise TermError(f"{fact[:60]!r} is no fact; one such as cache(_, 4, 3, _, Size, _) is accepted")


def _rows(snapshot: Snapshot, name: str, args: Row) -> Iterable[Row]:
    return (row for row in snapshot.rows(name, len(args)) if matches(args, row))
