"""The page of all reproduced results: the published value, ours, the verdict, what was free, what breaks it."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from experiments.errors import ExperimentError
from experiments.reproduce.row import Row

INTRODUCTION = """# Reproduced results

Written by `skb reproduce --write` from `reproduction.json`, which it writes, too; `skb reproduce --write ID` runs one
result again. *Reproduced*: the value emerged from the mechanisms. *Fitted*: a parameter was chosen for it, so only the
other claims of that row are evidence. *Not reproduced*: said so, with the reason. An identity echoes printed inputs
through the model; it shows that the model holds them, nothing more. Each other row names a change that must break it,
and that was run.

"""
HEADER = "| id | source | published | ours | verdict | free parameters |\n|---|---|---|---|---|---|\n"
MOST_CHARACTERS = 160


def write_page(rows: Iterable[Row], folder: Path) -> tuple[Path, ...]:
    """Keep the rows beside those of earlier runs in `folder`, write the page and the pictures; returns what it wrote.

    Raises ExperimentError where the folder does not exist, or what is kept there cannot be read.
    """
    if not folder.is_dir():
        raise ExperimentError(
            f"{folder} is no folder; accepted: one that exists, such as docs",
            code="no_folder",
            details={"folder": str(folder)},
        )
    rows = tuple(rows)
    kept_file = folder / "reproduction.json"
    kept = _kept(kept_file) | {row.id: row.to_json() for row in rows}
    written = {
        kept_file: json.dumps([kept[name] for name in sorted(kept)], indent=1) + "\n",
        folder / "reproduction.md": page_text([kept[name] for name in sorted(kept)]),
        **{folder / "pictures" / f"{name}.svg": svg for row in rows for name, svg in row.pictures.items()},
    }
    (folder / "pictures").mkdir(exist_ok=True)
    for path, text in written.items():
        path.write_text(text)
    return tuple(written)


def page_text(rows: Sequence[Mapping[str, Any]]) -> str:
    """The page of rows as they stand in JSON, by id."""
    count = {verdict: sum(row["verdict"] == verdict for row in rows) for verdict in _VERDICTS}
    total = ", ".join(f"{number} {name.replace('_', ' ')}" for name, number in count.items())
    table = "".join(_table_row(row) for row in rows)
    sections = "".join(_section(row) for row in rows)
    return f"{INTRODUCTION}{len(rows)} results: {total}.\n\n{HEADER}{table}{sections}"


_VERDICTS = ("reproduced", "fitted", "not_reproduced")


def _kept(file: Path) -> dict[str, dict[str, Any]]:
    if not file.exists():
        return {}
    try:
        return {row["id"]: row for row in json.loads(file.read_text())}
    except (ValueError, KeyError, TypeError) as error:
        raise ExperimentError(
            f"{file} does not hold kept results ({error}); accepted: what `skb reproduce --write` wrote, or none",
            code="unreadable_results",
            details={"file": str(file)},
        ) from error


def _table_row(row: Mapping[str, Any]) -> str:
    published = "<br>".join(_cell(f"{claim['claim']}: {claim['expected']}") for claim in row["got"])
    ours = "<br>".join(_cell(value_text(claim["got"])) for claim in row["got"])
    verdict = row["verdict"].replace("_", " ") + (" (identity)" if row["identity"] else "")
    free = ", ".join(row["free_parameters"])
    link = f"[{row['id']}](#{row['id'].lower()})"
    return f"| {link} | {row['source']} | {published} | {ours} | {verdict} | {len(row['free_parameters'])}: {free} |\n"


def _section(row: Mapping[str, Any]) -> str:
    lines = [f"\n## {row['id']}\n", f"{row['source']}: {row['claim']}. **{row['verdict'].replace('_', ' ')}**.\n"]
    lines += [f"![{row['id']}](pictures/{name}.svg)\n" for name in row["pictures"]]
    lines += ["| claim | published | ours | |\n|---|---|---|---|"]
    lines += [
        f"| {_cell(claim['claim'])} | {_cell(claim['expected'])} | {_cell(value_text(claim['got']), 4000)} | "
        f"{claim['verdict'].replace('_', ' ')} |"
        for claim in row["got"]
    ]
    lines += [f"\nTolerance: {row['tolerance']}.\n"]
    for one in row["ablations"]:
        effect = "breaks it" if one["breaks"] else "does **not** break it"
        lines.append(f"- without: {one['change']} -> {effect}: {value_text(one['got'])}")
    lines += [f"- {note}" for note in row["notes"]]
    lines += ["\n| parameter | value | provenance |\n|---|---|---|"]
    lines += [
        f"| {_cell(one['name'])} | {_cell(str(one['value']))} {one['unit']} | {_cell(one['provenance'])} |"
        for one in row["parameters"]
    ]
    return "\n".join(lines) + "\n"


def value_text(value: Any) -> str:
    """A measured value as one line of text."""
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {value_text(item)}" for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(map(value_text, value))
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "-"}[value]
    return f"{value:,.4g}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)


def _cell(text: str, most: int = MOST_CHARACTERS) -> str:
    shown = text if len(text) <= most else text[: most - 2] + " ..."
    return shown.replace("|", "\\|").replace("\n", " ")
