"""Commands and groups that load late and take `--json` and `--database` everywhere."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from api.cli.catalogue import COMMANDS

if TYPE_CHECKING:
    from skb import Store


@dataclass(slots=True)
class Door:
    """What was said on the command line for every command."""

    json: bool = False
    database: str | None = None

    @property
    def url(self) -> str:
        if self.database is not None:
            return self.database
        from api.location import default_database

        return default_database()

    def store(self) -> "Store":
        """Open the store that was named."""
        from skb.store.store import Store

        return Store(self.url)


class SkbCommand(click.Command):
    """A command that understands `--json` and `--database` after its name."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params += shared_options()


class SkbGroup(click.Group):
    """A group of such commands, which takes the same options before a command's name."""

    command_class = SkbCommand

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params += shared_options()


class Doors(SkbGroup):
    """All commands of the catalogue; a command's module is imported when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        module = import_module(f"api.cli.{entry.module}")
        found: click.Command = getattr(module, entry.attribute or cmd_name)
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.summary) for name, entry in COMMANDS.items()])


def shared_options() -> list[click.Parameter]:
    """Fresh `--json` and `--database` options."""
    return [
        click.Option(
            ["--json"], is_flag=True, expose_value=False, callback=_want_json, help="Print one JSON document."
        ),
        click.Option(
            ["--database"],
            metavar="URL",
            expose_value=False,
            callback=_name_database,
            help="The store; `sqlite://` keeps nothing. Else SKB_DATABASE_URL, else the user's data folder.",
        ),
    ]


def door(ctx: click.Context) -> Door:
    return ctx.ensure_object(Door)


def command(name: str) -> Callable[[Callable[..., Any]], click.Command]:
    """A command of the catalogue; the function gets the door first and returns a Reply."""
    summary = COMMANDS[name].summary

    def decorate(function: Callable[..., Any]) -> click.Command:
        passed = click.make_pass_decorator(Door, ensure=True)(function)
        made = click.command(name, cls=SkbCommand, short_help=summary)(passed)
        made.help = made.help or f"{summary[0].upper()}{summary[1:]}."
        return made

    return decorate


def _want_json(ctx: click.Context, _parameter: click.Parameter, value: bool) -> None:
    if value:
        door(ctx).json = True


def _name_database(ctx: click.Context, _parameter: click.Parameter, value: str | None) -> None:
    if value is not None:
        door(ctx).database = value
