"""`skb backup`: the whole store into one file, and back."""

import click

from api.cli.command import Door, command
from api.cli.reply import Reply
from api.tables import count


@command("backup")
@click.argument("file")
@click.option("--restore", is_flag=True, help="Replace all that the store holds by what FILE holds.")
def backup(door: Door, file: str, restore: bool) -> Reply:
    """Write the whole store, with its history, into the new FILE, or restore it from there."""
    with door.store() as store:
        report = store.restore(file) if restore else store.backup(file)
    document = {**report.to_json(), "restored": restore}
    holds = f"{count(report.machines, 'machine')}, {count(report.facts, 'fact')}, revision {report.revision}"
    return Reply(document, lambda: f"{'restored from' if restore else 'written to'} {file}: {holds}")
