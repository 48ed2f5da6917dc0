"""`skb rules`: the standard rules that every goal may use."""

from typing import Any

import click

from api.cli.command import Door, command
from api.cli.reply import Reply


@command("rules")
@click.argument("name", required=False)
def rules(_door: Door, name: str | None) -> Reply:
    """List the standard rules that every goal may use, or show those called NAME."""
    from api.failures import BadRequest
    from skb.library.catalogue import entries

    found = [entry for entry in entries() if name in (None, entry.name, f"{entry.name}/{entry.arity}")]
    if not found:
        raise BadRequest(
            f"no standard rule is called {str(name)[:60]!r}; `skb rules` lists them", details={"name": str(name)[:60]}
        )
    return Reply({"rules": [_document(entry) for entry in found]}, lambda: _text(found, is_whole=name is not None))


def _document(entry: Any) -> dict[str, Any]:
    return {
        "name": entry.name,
        "arity": entry.arity,
        "signature": entry.signature,
        "meaning": entry.meaning,
        "origin": entry.origin,
        "chapter": entry.chapter,
        "clauses": list(entry.clauses),
    }


def _text(found: list[Any], *, is_whole: bool) -> str:
    if is_whole:
        return "\n\n".join("\n".join([entry.signature, f"  {entry.meaning}", "", *entry.clauses]) for entry in found)
    lines: list[str] = []
    for chapter in dict.fromkeys(entry.chapter for entry in found):
        lines += ["", chapter, *(f"  {entry.signature}" for entry in found if entry.chapter == chapter)]
    return "\n".join(lines[1:])
