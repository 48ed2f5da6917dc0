"""Answers and the limits under which they were found."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from skb.snapshot import StoredFact
from skb.terms import Row, to_json


@dataclass(frozen=True, slots=True)
class Limits:
    """What a question may cost; the answer names the limit that stopped it."""

    time_ms: int = 30_000
    max_rows: int = 2_000_000
    max_derived: int = 20_000_000
    max_depth: int = 100
    max_term_size: int = 10_000_000
    max_model_vars: int = 200_000
    workers: int = 8
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Support:
    """One stored fact that an answer rests on, with all that is said of its key: the fact itself first."""

    relation: str
    args: Row
    said: tuple[StoredFact, ...]

    @property
    def layer(self) -> str:
        return self.said[0].layer

    @property
    def source(self) -> str:
        return self.said[0].source

    def to_json(self) -> dict[str, Any]:
        return {"f": self.relation, "args": [to_json(arg) for arg in self.args]}


@dataclass(frozen=True, slots=True)
class Answer:
    """The outcome of a question (INTERFACE, "query"); rows in standard order, or as `top` ranks them.

    It iterates over its rows, and is as long as they are many.
    """

    status: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    revision: int
    seconds: float
    objective: int | None = None
    bound: int | float | None = None
    gap: float | None = None
    conflict: tuple[str, ...] = ()
    minimal: bool | None = None
    stopped_by: str | None = None
    supports: tuple[tuple[Support, ...], ...] | None = None

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def to_json(self) -> dict[str, Any]:
        document: dict[str, Any] = {
            "status": self.status,
            "columns": list(self.columns),
            "rows": [[to_json(term) for term in row] for row in self.rows],
            "objective": self.objective,
            "bound": self.bound,
            "gap": self.gap,
            "conflict": list(self.conflict),
            "minimal": self.minimal,
            "stopped_by": self.stopped_by,
            "revision": self.revision,
            "seconds": round(self.seconds, 6),
        }
        if self.supports is not None:
            document["supports"] = [[fact.to_json() for fact in support] for support in self.supports]
            document["said"] = [[one.to_json() for fact in support for one in fact.said] for support in self.supports]
        return document
