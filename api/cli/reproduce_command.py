"""`skb reproduce`: the published results, ours beside theirs."""

from typing import Any

import click

from api.cli.command import Door, command
from api.cli.reply import Reply
from api.tables import cell


@command("reproduce")
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option("--seeds", type=click.IntRange(1, 1000), help="Runs per point; 20 by default, as published.")
def reproduce(door: Door, ids: tuple[str, ...], seeds: int | None) -> Reply:
    """Run the published results with the IDs given (all that can be, if none is), such as REP-13."""
    from experiments.reproduce import reproduce as run

    rows = [row.to_json() for row in (run(ids) if seeds is None else run(ids, seeds=seeds))]
    is_reproduced = all(row["verdict"] != "not_reproduced" for row in rows)
    return Reply(rows, lambda: "\n\n".join(map(row_text, rows)), 0 if is_reproduced else 1)


def row_text(row: dict[str, Any]) -> str:
    """One result: each claim with both values, the parameters it rests on, what breaks it."""
    lines = [f"{row['id']}  {row['source']}: {row['claim']}", f"verdict: {row['verdict'].replace('_', ' ')}"]
    for claim in row["got"] if isinstance(row["got"], list) else []:
        lines += [
            f"  {'yes' if claim['holds'] else 'NO '}  {claim['claim']}",
            f"       theirs: {claim['expected']}",
            f"       ours:   {_value(claim['got'])}",
        ]
    lines += [
        f"  parameter {one['name']} = {one['value']} {one['unit']}  ({one['provenance']})" for one in row["parameters"]
    ]
    for one in row.get("ablations", []):
        effect = "breaks it" if one["breaks"] else "DOES NOT BREAK IT"
        lines.append(f"  without: {one['change']} -> {effect}: {_value(one['got'])}")
    lines += [f"  note: {note}" for note in row.get("notes", [])]
    return "\n".join(lines)


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key}: {_value(item)}" for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(map(_value, value))
    return cell(f"{value:,.4g}" if isinstance(value, float) else value)
