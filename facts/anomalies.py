"""The list of anomalies that a reader keeps while it reads, cut to a readable length per kind."""

from __future__ import annotations

from facts.reading import Anomaly

MAX_PER_CODE = 20


class AnomalyLog:
    """Collects anomalies; beyond `MAX_PER_CODE` of one code it only counts.

    >>> log = AnomalyLog()
    >>> log.add("odd", "a cell is empty", "line 1")
    >>> [anomaly.where for anomaly in log.all()]
    ['line 1']
    """

    def __init__(self) -> None:
        self._kept: list[Anomaly] = []
        self._counts: dict[str, int] = {}

    def add(self, code: str, message: str, where: str) -> None:
        """Note one anomaly."""
        self._counts[code] = self._counts.get(code, 0) + 1
        if self._counts[code] <= MAX_PER_CODE:
            self._kept.append(Anomaly(code, message, where))

    def all(self) -> tuple[Anomaly, ...]:
        """Return what was noted, in order, with one line at the end for each code that was cut."""
        cut = [
            Anomaly(code, f"{count - MAX_PER_CODE} more of the same kind", "")
            for code, count in self._counts.items()
            if count > MAX_PER_CODE
        ]
        return (*self._kept, *cut)
