"""`skb experiment run`, `status`, `plot`: batches of runs, one row of a CSV each."""

import sys
from pathlib import Path
from typing import Any

import click

from api.cli.command import Door, SkbCommand, SkbGroup
from api.cli.reply import Reply
from api.failures import BadRequest
from api.tables import count, table

_SHOWN_COLUMNS = 9
_SHOWN_ROWS = 40


@click.group("experiment", cls=SkbGroup, short_help="run batches of experiments")
def experiment() -> None:
    """Run batches of experiments: every list in SPEC.toml is an axis, every combination a row of a CSV."""


@experiment.command("run", cls=SkbCommand, short_help="run what is not done yet")
@click.argument("spec", metavar="SPEC.toml")
@click.option("--output", metavar="FILE.csv", help="Where rows are written; SPEC.csv here by default.")
@click.option("--workers", type=click.IntRange(1, 1024), default=1, help="Processes at once.")
@click.option("--resume", is_flag=True, help="Go on with a batch that was interrupted.")
@click.option("--cluster", metavar="ADDRESS", help="Not in this version.")
@click.pass_obj
def run(door: Door, spec: str, output: str | None, workers: int, resume: bool, cluster: str | None) -> Reply:
    """Run the batch SPEC.toml; a row re-runs to the same bytes."""
    from experiments.batches.sweep import run_spec

    if cluster is not None:
        raise BadRequest(
            "runs on a cluster come with a later release; --workers N runs on this machine", code="unsupported"
        )
    report = run_spec(
        Path(spec),
        output=Path(output) if output else None,
        workers=workers,
        resume=resume,
        database=door.database,
        progress=sys.stderr if sys.stderr.isatty() else None,
    )
    document = report.to_json()
    return Reply(document, lambda: _run_text(document), 0)


@experiment.command("status", cls=SkbCommand, short_help="tell how much of a batch is done")
@click.argument("spec", metavar="SPEC.toml")
@click.option("--output", metavar="FILE.csv", help="Where its rows are; SPEC.csv here by default.")
@click.pass_obj
def status(door: Door, spec: str, output: str | None) -> Reply:
    """Tell how many rows of the batch SPEC.toml are done."""
    from experiments.batches.sweep import sweep_status

    document = sweep_status(Path(spec), output=Path(output) if output else None)
    return Reply(document, lambda: _status_text(document))


@experiment.command("plot", cls=SkbCommand, short_help="draw one column of the results")
@click.argument("results", metavar="RESULTS.csv")
@click.option("--column", metavar="NAME", help="The column to draw; latency or progress by default.")
@click.option("--svg", "svg_file", metavar="FILE", help="Where to; RESULTS.svg by default.")
@click.pass_obj
def plot(door: Door, results: str, column: str | None, svg_file: str | None) -> Reply:
    """Draw one column of RESULTS.csv as bars in SVG."""
    from api.sources import write_text
    from experiments.batches.results_chart import plot_results

    target = svg_file or str(Path(results).with_suffix(".svg"))
    write_text(target, plot_results(Path(results), column=column))
    return Reply({"svg": target}, lambda: f"drawn in {target}")


def _run_text(document: dict[str, Any]) -> str:
    rows = document["rows"]
    lines = [_rows_table(rows)] if rows else []
    return "\n".join([*lines, f"{count(document['ran'], 'run')} now; {_status_text(document)}"])


def _rows_table(rows: list[dict[str, str]]) -> str:
    """The columns that tell rows apart and what came out, as far as a line holds them."""
    telling = [name for name in rows[0] if len({row[name] for row in rows}) > 1 and "hash" not in name]
    shown = [name for name in telling if "sha256" not in name][:_SHOWN_COLUMNS]
    return table(shown, [[row[name] for name in shown] for row in rows[:_SHOWN_ROWS]])


def _status_text(document: dict[str, Any]) -> str:
    failed = f", {document['failed']} failed" if document["failed"] else ""
    return f"{document['done']} of {document['total']} rows are done{failed}, in {document['output']}"
