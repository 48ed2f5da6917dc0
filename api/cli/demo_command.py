"""`skb demo`: the whole job once, told step by step."""

import sys
from pathlib import Path

import click

from api.cli.command import Door, command
from api.cli.reply import Reply
from api.failures import BadRequest


@command("demo")
@click.option("--output", default="demo-output", metavar="FOLDER", help="Where pictures go; demo-output by default.")
def demo(door: Door, output: str) -> Reply:
    """Do the whole job once, on a throw-away store, in under a minute."""
    from api.demo.narration import Narrator
    from api.demo.story import run_demo

    tell = Narrator(sys.stderr if door.json else sys.stdout)
    folder = Path(output)
    if folder.exists() and not folder.is_dir():
        raise BadRequest(f"{output} is no folder; a folder for the pictures is accepted", code="unwritable")
    run_demo(tell, folder)
    return Reply(tell.results, lambda: "")
