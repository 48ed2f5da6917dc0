"""`skb replan`: what is admitted, fitted to the cores that the machine offers now."""

from typing import Any

import click

from api.cli.command import Door, command
from api.cli.reply import Reply


@command("replan")
@click.argument("machine")
@click.option("--dry-run", is_flag=True, help="Only tell what would move.")
@click.option("--time-limit", type=click.FloatRange(0.001, 86_400), metavar="SECONDS", help="Search for so long.")
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=0, help="For the search.")
def replan(door: Door, machine: str, dry_run: bool, time_limit: float | None, seed: int) -> Reply:
    """Fit what MACHINE has admitted to the cores that it offers now: as little moves as can be."""
    from planner.control.replanning import replan as plan_anew

    with door.store() as store:
        found = plan_anew(store.knowledge(machine), dry_run=dry_run, seed=seed, time_limit=time_limit)
    refusal = found.decision.refusal
    exit_code = 0 if refusal is None else 4 if refusal.rule == "limit" else 1
    return Reply(found.to_json(), lambda: _text(found), exit_code)


def _text(found: Any) -> str:
    if found.decision.refusal is not None:
        return f"refused, and left as it was: {found.decision.refusal.message}"
    lines = [
        f"{move.application}.{move.dispatcher} moves from core {move.source} to {move.target}: {move.reason}"
        for move in found.moves
    ]
    lines += [f"{name} stays: {reason}" for name, reason in found.kept]
    lines += [f"{name} has its whole WCETs again" for name in found.regained]
    return "\n".join(lines) or "nothing is admitted"
