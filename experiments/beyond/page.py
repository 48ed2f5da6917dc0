"""The page about many cores: a table and a picture for each question, and what breaks first."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from experiments.beyond.finding import Finding, Value
from experiments.errors import ExperimentError
from experiments.reproduce.page import value_text

INTRODUCTION = """# Beyond the published machines

Written by `python -m experiments.beyond --write`. The dissertation evaluates up to 48 cores and leaves larger machines,
phase changes by multicast, routing between monitors and congested interconnects as future work. The same simulated
multikernel on up to 1,024 cores says what breaks first. These are predictions of its mechanisms on machines that nobody
has built; their costs are estimates, listed with each question.

"""


def write_page(findings: Iterable[Finding], folder: Path) -> tuple[Path, ...]:
    """Write beyond.md and its pictures into `folder`; returns what it wrote.

    Raises ExperimentError where the folder does not exist.
    """
    if not folder.is_dir():
        raise ExperimentError(
            f"{folder} is no folder; accepted: one that exists, such as docs",
            code="no_folder",
            details={"folder": str(folder)},
        )
    findings = tuple(findings)
    pictures = {folder / "pictures" / f"{name}.svg": svg for one in findings for name, svg in one.pictures.items()}
    written = {folder / "beyond.md": page_text(findings), **pictures}
    (folder / "pictures").mkdir(exist_ok=True)
    for path, text in written.items():
        path.write_text(text)
    return tuple(written)


def page_text(findings: Sequence[Finding]) -> str:
    """The whole page."""
    summary = "| id | question | what breaks first |\n|---|---|---|\n" + "".join(
        f"| [{one.id}](#{one.id.lower()}) | {one.title} | {one.breaks_first} |\n" for one in findings
    )
    return INTRODUCTION + summary + "".join(map(section_text, findings))


def section_text(finding: Finding) -> str:
    """One question with its table."""
    lines = [f"\n## {finding.id}\n", f"**{finding.title}.** {finding.question}\n"]
    lines += [f"![{finding.id}](pictures/{name}.svg)\n" for name in finding.pictures]
    lines += [_cells(finding.columns), _cells("---" for _ in finding.columns)]
    lines += map(row_text, finding.rows)
    lines += [f"\n{finding.breaks_first}\n", *(f"- {note}" for note in finding.notes)]
    lines += ["\n| parameter | value | provenance |", "|---|---|---|"]
    lines += [_cells((one.name, f"{value_text(one.value)} {one.unit}", one.provenance)) for one in finding.parameters]
    return "\n".join(lines) + "\n"


def row_text(row: Iterable[Value]) -> str:
    """A row of a table, numbers as a reader wants them."""
    return _cells(map(value_text, row))


def _cells(values: Iterable[str]) -> str:
    return "| " + " | ".join(values) + " |"
