"""`skb prune`: forgets the oldest revisions of the store."""

import click

from api.cli.command import Door, command
from api.cli.reply import Reply
from api.tables import count


@command("prune")
@click.option("--keep", type=click.IntRange(1), metavar="N", help="Keep the N newest revisions.")
@click.option("--before", type=click.IntRange(0), metavar="REVISION", help="Forget what was before REVISION.")
def prune(door: Door, keep: int | None, before: int | None) -> Reply:
    """Forget the oldest revisions of the store: what holds now stays, earlier states cannot be asked any more."""
    if (keep is None) == (before is None):
        raise click.UsageError("either --keep N or --before REVISION says what stays")
    with door.store() as store:
        revision = store.revision
        pruned = store.prune(before if before is not None else max(0, revision - (keep or 0) + 1))
    document = {"revision": revision, **pruned.to_json()}
    return Reply(
        document,
        lambda: (
            f"revisions {pruned.kept_from} to {revision} can be asked; "
            f"{count(pruned.facts, 'fact')} and {count(pruned.records, 'record')} of earlier ones are gone"
        ),
    )
