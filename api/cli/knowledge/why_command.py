"""`skb why`: who said a fact, who said otherwise, and when."""

from typing import Any

import click

from api.cli.command import Door, command
from api.cli.reply import Reply
from api.tables import count


@command("why")
@click.argument("machine")
@click.argument("fact", required=False)
@click.option("--limit", type=click.IntRange(1, 1_000_000), default=1000, help="Show so many keys; 1000 by default.")
def why(door: Door, machine: str, fact: str | None, limit: int) -> Reply:
    """Tell who said FACT of MACHINE, who said otherwise, and when; without FACT, every contradiction.

    FACT may hold variables, as 'core_node(5, Node)'.
    """
    from api.testimony import report_statements

    with door.store() as store:
        document = report_statements(store.knowledge(machine), fact, limit)
    return Reply(document, lambda: _text(document))


def _text(document: dict[str, Any]) -> str:
    lines = [line for key in document["keys"] for line in _key_lines(key)]
    disputed = sum(key["disputed"] for key in document["keys"])
    more = ", and more" if document["status"] == "truncated" else ""
    found = f"{count(len(document['keys']), 'key')}{more}, {disputed} in dispute"
    return "\n".join([*lines, f"{found} at revision {document['revision']}"])


def _key_lines(key: dict[str, Any]) -> list[str]:
    return [
        f"{'holds ' if one['wins'] else 'hidden'}  {one['fact']}  "
        f"{one['layer']}, {one['source']}, revision {one['revision']}, {one['when'] or 'at an unknown time'}"
        for one in key["said"]
    ]
