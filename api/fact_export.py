"""A machine's facts as a file in Prolog notation, which `skb load` reads again."""

from collections.abc import Iterator

from skb.notation.printing import write_fact
from skb.snapshot import Snapshot, StoredFact


def fact_lines(snapshot: Snapshot) -> Iterator[str]:
    """One winning fact a line; the comment names its layer and who said it."""
    yield f"% {_one_line(snapshot.machine)}, revision {snapshot.revision}"
    for fact in snapshot.facts():
        if fact.wins:
            yield f"{write_fact(fact.relation, fact.args)}.  % {fact.layer}; {_provenance(fact)}"


def _provenance(fact: StoredFact) -> str:
    return _one_line(fact.source) or "unknown"


def _one_line(text: str) -> str:
    return " ".join(text.split())
