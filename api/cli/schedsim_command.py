"""`skb schedsim`: the RBED chart of one core, as Barrelfish's scheduler simulator prints it."""

import sys

import click

from api.cli.command import Door, command
from api.cli.reply import Reply
from api.json_text import write_json


@command("schedsim")
@click.argument("file")
@click.argument("runtime", type=click.IntRange(0, 10_000_000))
@click.argument("quantum", type=click.IntRange(1, 10_000_000), default=1)
def schedsim(door: Door, file: str, runtime: int, quantum: int) -> Reply | int:
    """Print the chart of the scenario FILE over RUNTIME ms, one column for each QUANTUM ms.

    A panic of the scheduler is its message on stderr and exit code 1.
    """
    from api.sources import read_text
    from experiments.schedsim import SchedulerPanic, chart

    try:
        drawn = chart(read_text(file, "the scenario"), runtime, quantum)
    except SchedulerPanic as panic:
        return _tell(str(panic), door.json)
    return Reply({"chart": drawn}, lambda: drawn.removesuffix("\n"))


def _tell(panic: str, as_json: bool) -> int:
    if as_json:
        failure = {"error": {"code": "scheduler_panic", "message": panic, "details": {}}}
        click.echo(write_json(failure))
    else:
        print(panic.rstrip("\n"), file=sys.stderr)  # noqa: T201
    return 1
