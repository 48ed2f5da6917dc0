"""A trace as comma-separated records, for a spreadsheet or a data frame."""

from csv import writer
from io import StringIO

from kernelsim.trace import Trace

_Row = tuple[str, int, int | str, int, int | str, str, str]

COLUMNS = ("kind", "start_ps", "end_ps", "core", "target", "name", "text")


def csv(trace: Trace) -> str:
    """One record a line under a heading, by time; `kind` says which of the three it is.

    - slice: `name` had `core` from start to end.
    - message: sent at start by `core`, at end there for `target` to see; `name` says what kind of message.
    - mark: at start, on `core`; `name` says what happened, `text` more of it.
    """
    rows: list[_Row] = []
    rows.extend(("slice", start, end, core, "", who, "") for start, end, core, who in sorted(trace.slices))
    rows.extend(
        ("message", sent, arrived, source, target, what, "")
        for sent, arrived, source, target, what in sorted(trace.messages)
    )
    rows.extend(("mark", time, "", core, "", kind, text) for time, core, kind, text in sorted(trace.marks))
    rows.sort(key=_time)
    text = StringIO()
    table = writer(text, lineterminator="\n")
    table.writerow(COLUMNS)
    table.writerows(rows)
    return text.getvalue()


def _time(row: _Row) -> int:
    return row[1]
