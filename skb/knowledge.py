"""A knowledge base: one machine of a store, to be told and asked."""

from collections.abc import Iterable
from typing import Any

from skb.asking import ask
from skb.errors import TermError
from skb.layers import Statement
from skb.notation.factlines import read_facts
from skb.query.answer import Answer, Limits
from skb.snapshot import Snapshot
from skb.store.loading import LoadReport, Stated, check_facts, statements_of
from skb.store.store import Store


class KnowledgeBase:
    """What is known about one machine; every question is answered from one consistent revision."""

    def __init__(self, store: Store, machine: str, report: LoadReport | None = None) -> None:
        self.store = store
        self.machine = machine
        self.report = report

    @property
    def revision(self) -> int:
        """The store's revision now."""
        return self.store.revision

    def snapshot(self, revision: int | None = None) -> Snapshot:
        """The machine's facts at a revision (default: the newest). Raises UnknownRevision."""
        return self.store.snapshot(self.machine, revision)

    def ask(self, goal: str, *, rules: str = "", limits: Limits | None = None) -> Answer:
        """Answers a goal, or a program that ends in one `?-` query, at the newest revision.

        Raises SkbError before anything runs for what is wrong: QuerySyntaxError, UnknownRelation,
        NotStratified, UnsafeVariable; EvaluationError for arithmetic without a value.
        """
        return ask(self.snapshot(), goal, rules=rules, limits=limits)

    def tell(
        self,
        facts: Iterable[Any] | str,
        *,
        layer: str = "measured",
        source: str = "user",
        expected_revision: int | None = None,
    ) -> int:
        """Adds facts (tuples, compounds or notation) and gives the new revision."""
        checked = _checked(facts, layer, source)
        stated = Stated(self.machine, "tell", checked, {}, (), is_replacing=False)
        return self.store.tell(self.machine, stated, expected_revision=expected_revision)

    def retract(
        self, facts: Iterable[Any] | str, *, layer: str | None = None, expected_revision: int | None = None
    ) -> int:
        """Removes facts from one layer or all; the revision, unmoved when nothing was there."""
        wanted = _checked(facts, "static", "")
        return self.store.retract(self.machine, wanted, layer=layer, expected_revision=expected_revision)


def _checked(facts: Iterable[Any] | str, layer: str, source: str) -> list[Statement]:
    if not isinstance(facts, str):
        return check_facts(facts, layer, source)
    read = read_facts(facts)
    if read.others:
        raise TermError(f"line {read.others[0].line} holds no ground fact; only facts can be told or retracted")
    return statements_of(read, layer, source)


def load(reading: object, *, machine: str | None = None, database: str = "sqlite://") -> KnowledgeBase:
    """Loads a `facts.Reading`, notation text or fact tuples into a store; the report is in `.report`."""
    store = Store(database)
    report = store.load(reading, machine)
    return KnowledgeBase(store, report.machine, report)
