"""From the words of a command line to an exit code: 0 answered, 1 no, 2 bad input, 3 our fault, 4 a limit."""

import os
import sys
from collections.abc import Sequence
from typing import Any

import click

from api.cli.command import Door, Doors
from api.cli.reply import INTERRUPTED, Reply, deliver, deliver_error, deliver_failure
from api.failures import Failure, one_sentence

_USAGE = 2


@click.group(cls=Doors, context_settings={"max_content_width": 100})
def skb() -> None:
    """The System Knowledge Base: what is known about a machine, asked, planned and simulated."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Nothing but an answer goes to stdout, and no traceback goes anywhere."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    as_json = "--json" in (words[: words.index("--")] if "--" in words else words)
    door = Door(database=os.environ.get("SKB_DATABASE_URL") or None)
    try:
        return _finish(skb.main(words, "skb", standalone_mode=False, obj=door), as_json)
    except click.exceptions.NoArgsIsHelpError as error:
        return _usage(error, as_json) if as_json else _help(error)
    except click.ClickException as error:
        return _usage(error, as_json)
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except BrokenPipeError:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
        return 0
    except Exception as error:  # whatever happened, a user gets one sentence
        return deliver_error(error, as_json)


def _finish(result: Any, as_json: bool) -> int:
    if isinstance(result, Reply):
        code = deliver(result, as_json)
        sys.stdout.flush()
        return code
    return result if isinstance(result, int) else 0


def _usage(error: click.ClickException, as_json: bool) -> int:
    command = getattr(getattr(error, "ctx", None), "command_path", "skb")
    advice = f"`{command} --help` shows what is accepted"
    message = one_sentence(error.format_message().rstrip(". "))
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        message = "a command is missing"
    return deliver_failure(Failure("usage", f"{message}; {advice}", {"command": command}), as_json)


def _help(error: click.ClickException) -> int:
    print(error.format_message(), file=sys.stderr)  # noqa: T201
    return _USAGE
