"""`skb schedsim`: the RBED chart of one core, as Barrelfish's scheduler simulator prints it."""

import sys

import click

from api.cli.command import Door, command
from api.cli.reply import Reply, deliver
from api.failures import failure_of


@command("schedsim")
@click.argument("file")
@click.argument("runtime", type=click.IntRange(0, 10_000_000))
@click.argument("quantum", type=click.IntRange(1, 10_000_000), default=1)
def schedsim(door: Door, file: str, runtime: int, quantum: int) -> Reply | int:
    """Print the chart of the scenario FILE over RUNTIME ms, the scheduler called every QUANTUM ms.

    A panic of the scheduler is its message on stderr and exit code 1.
    """
    from api.sources import read_text
    from experiments.charts.schedule_chart import SchedulerPanicked, schedule_chart

    try:
        drawn = schedule_chart(read_text(file, "the scenario"), runtime, quantum)
    except SchedulerPanicked as panic:
        if door.json:
            return deliver(Reply(failure_of(panic).to_json(), lambda: "", 1), as_json=True)
        print(panic.message.rstrip("\n"), file=sys.stderr)  # noqa: T201
        return 1
    return Reply({"chart": drawn}, lambda: drawn.removesuffix("\n"))
