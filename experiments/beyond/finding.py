"""One question about many cores: a table of what was measured, and what breaks first."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from experiments.parameters import Parameter

Value = int | float | str


@dataclass(frozen=True, slots=True)
class Finding:
    """`rows` are the measured values under `columns`, the first of which is the number of cores. `breaks_first` names
    the mechanism that gives out first, in the measured figures.
    """

    id: str
    title: str
    question: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]
    breaks_first: str
    parameters: tuple[Parameter, ...]
    notes: tuple[str, ...] = ()
    pictures: Mapping[str, str] = field(default_factory=dict)

    def column(self, name: str) -> list[Value]:
        """The values under one of `columns`."""
        return [row[self.columns.index(name)] for row in self.rows]
