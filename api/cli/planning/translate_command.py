"""`skb translate`: a binding of threads to CPUs, said in another notation."""

import sys
from typing import Any

import click

from api.cli.command import Door, command
from api.cli.reply import Reply


@command("translate")
@click.argument("machine")
@click.argument("text", required=False)
@click.option("-f", "--file", "path", metavar="FILE", help="Read TEXT from a file, `-` for standard input.")
@click.option("--from", "source", metavar="FORMAT", help="The notation of TEXT; recognised where it is left out.")
@click.option("--to", "target", metavar="FORMAT", required=True, help="The notation to write.")
def translate(door: Door, machine: str, text: str | None, path: str | None, source: str | None, target: str) -> Reply:
    """Say the binding TEXT, such as 'taskset -c 0-3', in another notation for the CPUs of MACHINE.

    What the other notation cannot say is refused with the reason.
    """
    from api.bindings import translated
    from planner.binding import Numbering, notation_named, recognise
    from planner.binding import translate as say
    from planner.machine.topology import Topology

    if (text is None) == (path is None):
        raise click.UsageError("either a TEXT or -f FILE is needed")
    said = text if text is not None else _read(str(path))
    notation, wanted = notation_named(source) if source else recognise(said), notation_named(target)
    with door.store() as store:
        numbering = Numbering.of(Topology.of(store.knowledge(machine)))
    binding, written = say(said, notation, wanted, numbering)
    document: dict[str, Any] = translated(notation.name, wanted.name, binding, written, numbering)
    return Reply(document, lambda: str(document["text"]))


def _read(path: str) -> str:
    """The file's text, or as much of standard input as shows that it is too long."""
    from api.sources import read_text
    from planner.binding.notations import MOST_CHARACTERS

    if path != "-":
        return read_text(path, "the binding")
    return sys.stdin.buffer.read(MOST_CHARACTERS + 1).decode("utf-8", "replace")
