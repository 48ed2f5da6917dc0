"""The picture of one core: a ruler, then for each task the ticks it runs in and the ticks it is released
at.
"""

from dataclasses import dataclass, field

_RULER = ((1000, 1000), (100, 100), (10, 10), (1, 1))


@dataclass(slots=True)
class _Row:
    kind: str
    created: int
    runs: bytearray
    releases: bytearray


@dataclass(slots=True)
class Chart:
    """Ticks `0 .. runtime - 1`; intervals in which nothing changes are recorded at once."""

    runtime: int
    _rows: list[_Row] = field(default_factory=list)

    def add_task(self, kind: str, tick: int) -> None:
        """A task is created at `tick`; `kind` is the letter of its row."""
        blank = bytearray(b" " * self.runtime)
        self._rows.append(_Row(kind, tick, blank, bytearray(blank)))
        if tick > 0:  # the reference's zeroed record reads as "released at 0"
            self._mark_release(self._rows[-1], 0)

    def record(self, start: int, end: int, running: int | None, releases: list[int]) -> None:
        """From tick `start` up to but not including `end` task `running` runs and task i's release is
        `releases[i]`.
        """
        end = min(end, self.runtime)
        if end <= start:
            return
        if running is not None:
            self._rows[running].runs[start:end] = b"#" * (end - start)
        for row, release in zip(self._rows, releases, strict=True):
            if start <= release < end:
                self._mark_release(row, release)

    def text(self) -> str:
        """The chart as Barrelfish prints it, trailing blanks included."""
        lines = ["     " + "".join(self._ruler(every, unit)) for every, unit in _RULER]
        for number, row in enumerate(self._rows):
            lines.append(f"{row.kind}{number:2d}: {row.runs.decode()}")
            lines.append(f"     {row.releases.decode()}")
        return "".join(line + "\n" for line in lines)

    def _ruler(self, every: int, unit: int) -> list[str]:
        return [str(tick // unit % 10) if tick % every == 0 else " " for tick in range(self.runtime)]

    def _mark_release(self, row: _Row, tick: int) -> None:
        if tick < self.runtime:
            row.releases[tick] = ord("r")
