"""The reference: every command, option and route is documented."""

import re
from pathlib import Path

import click
from starlette.testclient import TestClient

from api.cli.catalogue import COMMANDS
from api.cli.entry import skb

REFERENCE = Path(__file__).resolve().parents[2] / "docs" / "reference"


def commands() -> dict[str, click.Command]:
    context = click.Context(skb)
    found = {name: skb.get_command(context, name) for name in COMMANDS}
    group = found["experiment"]
    assert isinstance(group, click.Group)
    found |= {f"experiment {name}": command for name, command in group.commands.items()}
    return {name: command for name, command in found.items() if command is not None}


def test_every_command_and_option_is_in_the_reference():
    text = (REFERENCE / "cli.md").read_text()
    for name, command in commands().items():
        assert f"skb {name}" in text, f"skb {name}"
        for parameter in command.params:
            if isinstance(parameter, click.Option) and not parameter.hidden:
                assert max(parameter.opts, key=len) in text, f"skb {name} {parameter.opts}"


def test_every_command_has_a_line_in_the_catalogue_that_is_its_help():
    for name, command in commands().items():
        assert command.help, name
        assert command.params, name


def test_every_route_is_in_the_reference(client: TestClient):
    text = (REFERENCE / "http.md").read_text()
    for path, methods in client.get("/openapi.json").json()["paths"].items():
        for method in methods:
            assert re.search(rf"`{method.upper()} {re.escape(path)}`", text), f"{method.upper()} {path}"


def test_every_route_has_a_description(client: TestClient):
    for methods in client.get("/openapi.json").json()["paths"].values():
        for operation in methods.values():
            assert operation.get("description")
