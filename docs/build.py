"""Writes the reference pages that come from the code: `python -m docs.build`, or `make docs`."""

from pathlib import Path

from skb.schema import Relation, relations

REFERENCE = Path(__file__).parent / "reference"

INTRODUCTION = """# Relations

Written from `skb/relations.py` by `make docs`. A relation is known by name and arity. The arguments in **bold** are
its key: two facts with an equal key and other values contradict, and the higher layer wins (quirk, measured,
discovered, static; then the newest). Other relations may be stated, too; all their arguments are key.

| relation | says | units | example |
|---|---|---|---|
"""


def relations_page() -> str:
    """The page of all registered relations."""
    return INTRODUCTION + "".join(_row(relation) for relation in relations())


def _row(relation: Relation) -> str:
    arguments = ", ".join(f"**{one.name}**" if one.is_key else one.name for one in relation.arguments)
    units = ", ".join(f"{one.name} {one.unit}" for one in relation.arguments if one.unit)
    meaning = relation.meaning.replace("|", "\\|")
    return f"| {relation.name}({arguments}) | {meaning} | {units} | `{relation.example}` |\n"


def main() -> None:
    """Write every page."""
    (REFERENCE / "relations.md").write_text(relations_page())


if __name__ == "__main__":
    main()
