"""Batch experiments: the runs of a SPEC.toml on a local process pool, a row each, resumable."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TextIO

import skb
from experiments.batches.commit import code_version
from experiments.batches.pool import in_order
from experiments.batches.progress_bar import ProgressBar
from experiments.batches.results_file import ResultsFile, Row, read_whole_lines
from experiments.batches.rows import Layout, run_row, sweep_layout
from experiments.comparing.belief import PLANS, belief_layout, belief_rows
from experiments.errors import ExperimentError
from experiments.files.spec import Spec, Values, read_spec


@dataclass(frozen=True, slots=True)
class SweepReport:
    """A batch's results: `ran` runs were made now, `total` rows are expected, `rows` are all that are there."""

    output: Path
    header: tuple[str, ...]
    rows: tuple[Row, ...]
    ran: int
    total: int

    @property
    def failed(self) -> int:
        """Rows whose status is not `ok`."""
        return sum(record["status"] != "ok" for record in self.records())

    def records(self) -> list[dict[str, str]]:
        """Rows by column."""
        return [dict(zip(self.header, row, strict=True)) for row in self.rows]

    def to_json(self) -> dict[str, Any]:
        return {
            "output": str(self.output),
            "ran": self.ran,
            "done": len(self.rows),
            "total": self.total,
            "failed": self.failed,
            "rows": self.records(),
        }


def run_spec(
    spec: str | Path | Mapping[str, Any],
    *,
    output: Path | None = None,
    workers: int = 1,
    resume: bool = False,
    database: str | Mapping[str, skb.Snapshot] | None = None,
    folder: Path | None = None,
    progress: TextIO | None = None,
    on_rows: Callable[[int, int, list[dict[str, str]]], object] | None = None,
) -> SweepReport:
    """Run what is not done yet; rows are written in the order of the batch, so equal batches give equal files.

    `output` is by default the batch's name with .csv in the working folder. `workers` above 1 start that many
    processes. `database` is the store with what is believed of its machines, or that as snapshots by name. A bar is
    drawn on `progress`, such as `sys.stderr`, if it is a terminal; `on_rows` is called with how many rows are done, how
    many are expected and those that are new. Raises ExperimentError for a wrong batch or output; a run that is refused
    is a row that says so.
    """
    batch = read_spec(spec, folder)
    layout = batch_layout(batch)
    target = output if output is not None else default_output(spec)
    with ResultsFile(target, layout.header, len(layout.axes), resume=resume) as results:
        open_runs = [values for values in batch.runs() if not _keys(batch, layout, values) <= results.done]
        bar = ProgressBar(progress, total=batch.size, done=batch.size - len(open_runs))
        work = partial(_run, batch, layout, database, code_version())
        for rows in in_order(work, open_runs, workers):
            done = results.done
            fresh = [row for row in rows if row[: len(layout.axes)] not in done]
            results.append(fresh)
            bar.advance()
            if on_rows is not None:
                named = [dict(zip(layout.header, row, strict=True)) for row in fresh]
                on_rows(len(results.rows), _total(batch), named)
        bar.close()
        return SweepReport(target, layout.header, tuple(results.rows), len(open_runs), _total(batch))


def sweep_status(
    spec: str | Path | Mapping[str, Any], *, output: Path | None = None, folder: Path | None = None
) -> dict[str, Any]:
    """How many rows of a batch are done: `{"output", "done", "total", "failed"}`."""
    batch = read_spec(spec, folder)
    layout = batch_layout(batch)
    target = output if output is not None else default_output(spec)
    lines, _ = read_whole_lines(target)
    if lines and lines[0] != layout.header:
        raise ExperimentError(
            f"{target} holds the results of another batch; accepted: the file that this batch wrote",
            code="results_differ",
            details={"output": str(target)},
        )
    rows = tuple(row for row in lines[1:] if len(row) == len(layout.header))
    report = SweepReport(target, layout.header, rows, 0, _total(batch))
    return {"output": str(target), "done": len(rows), "total": report.total, "failed": report.failed}


def batch_layout(batch: Spec) -> Layout:
    return belief_layout(batch) if batch.is_belief else sweep_layout(batch)


def default_output(spec: str | Path | Mapping[str, Any]) -> Path:
    """`SPEC.csv` in the working folder."""
    return Path(f"{spec.stem}.csv" if isinstance(spec, Path) else "experiment.csv")


def _total(batch: Spec) -> int:
    return batch.size * (len(PLANS) if batch.is_belief else 1)


def _keys(batch: Spec, layout: Layout, values: Values) -> set[Row]:
    if not batch.is_belief:
        return {layout.key(values)}
    return {layout.key({**values, "plan": plan}) for plan in PLANS}


def _run(
    batch: Spec, layout: Layout, database: str | Mapping[str, skb.Snapshot] | None, commit: str, values: Values
) -> list[Row]:
    """The rows of one run; the whole of what a worker process does."""
    if batch.is_belief:
        return [layout.row(key, {**results, "commit": commit}) for key, results in belief_rows(batch, values)]
    if not isinstance(database, str):
        return [layout.row(values, {**run_row(batch, values, database), "commit": commit})]
    with skb.Store(database) as store:
        return [layout.row(values, {**run_row(batch, values, store), "commit": commit})]
