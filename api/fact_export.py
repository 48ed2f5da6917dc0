"""A machine's facts as a file in Prolog notation, which `skb load` reads again."""

from collections.abc import Iterator

from skb.notation.printing import write_fact
from skb.snapshot import Snapshot


def fact_lines(snapshot: Snapshot) -> Iterator[str]:
    """One winning fact a line; the comment `LAYER; SOURCE` behind it says who said it, and loads with it again."""
    yield f"% {_one_line(snapshot.machine)}, revision {snapshot.revision}"
    for name, arity in snapshot.relations():
        for layer, source, rows in snapshot.said(name, arity):
            comment = f".  % {layer}; {_one_line(source) or 'unknown'}"
            for row in rows:
                yield write_fact(name, row) + comment


def _one_line(text: str) -> str:
    return " ".join(text.split())
