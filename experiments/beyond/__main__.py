"""`python -m experiments.beyond [ID]...`: prints the findings; with --write, writes docs/beyond.md of all of them."""

from pathlib import Path

import click

from experiments.beyond.catalogue import find
from experiments.beyond.page import section_text, write_page
from experiments.errors import ExperimentError


@click.command()
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option("--write", is_flag=True, help="Write beyond.md and its pictures; of all questions.")
@click.option("--folder", type=click.Path(path_type=Path), default=Path("docs"), help="Where; docs by default.")
def main(ids: tuple[str, ...], write: bool, folder: Path) -> None:
    """What breaks first on 16 to 1,024 simulated cores."""
    if ids and write:
        raise click.UsageError("--write is for all questions together; accepted: no ID beside it")
    try:
        findings = find(ids)
        written = write_page(findings, folder) if write else ()
    except ExperimentError as error:
        raise click.ClickException(str(error)) from error
    click.echo("\n".join(map(str, written)) if write else "".join(map(section_text, findings)))


if __name__ == "__main__":
    main()
