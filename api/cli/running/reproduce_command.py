"""`skb reproduce`: the published results, ours beside theirs."""

from pathlib import Path
from typing import Any

import click

from api.cli.command import Door, command
from api.cli.reply import Reply
from api.tables import cell


@command("reproduce")
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option("--seeds", type=click.IntRange(1, 1000), help="Runs per point; 20 by default, as published.")
@click.option("--ablate", is_flag=True, help="Show what breaks each result, run again, and nothing else.")
@click.option("--write", is_flag=True, help="Write reproduction.md, what it is made from and a picture per figure.")
@click.option(
    "--folder", type=click.Path(path_type=Path), default=Path("docs"), help="Where --write writes; docs by default."
)
def reproduce(door: Door, ids: tuple[str, ...], seeds: int | None, ablate: bool, write: bool, folder: Path) -> Reply:
    """Run the published results with the IDs given (all that can be, if none is), such as REP-13."""
    from experiments.reproduce import reproduce as run
    from experiments.reproduce import write_page

    found = run(ids) if seeds is None else run(ids, seeds=seeds)
    if write:
        write_page(found, folder)
    rows = [row.to_json() for row in found]
    text = ablation_text if ablate else row_text
    return Reply(rows, lambda: "\n\n".join(map(text, rows)), 0 if all(_is_sound(row, ablate) for row in rows) else 1)


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
    lines += _ablation_lines(row)
    lines += [f"  note: {note}" for note in row.get("notes", [])]
    return "\n".join(lines)


def ablation_text(row: dict[str, Any]) -> str:
    """What was taken away from one result, and what was left of it."""
    lines = _ablation_lines(row) or ["  printed inputs echoed: nothing to take away"]
    return "\n".join([f"{row['id']}  {row['source']}: {row['claim']}", *lines])


def _ablation_lines(row: dict[str, Any]) -> list[str]:
    lines = []
    for one in row.get("ablations", []):
        effect = "breaks it" if one["breaks"] else "DOES NOT BREAK IT"
        lines.append(f"  without: {one['change']} -> {effect}: {_value(one['got'])}")
    return lines


def _is_sound(row: dict[str, Any], ablate: bool) -> bool:
    """With --ablate only the ablations decide."""
    return all(one["breaks"] for one in row["ablations"]) if ablate else row["verdict"] != "not_reproduced"


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key}: {_value(item)}" for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(map(_value, value))
    return cell(f"{value:,.4g}" if isinstance(value, float) else value)
