"""Writes the reference pages that come from the code: `python -m docs.build`, or `make docs`."""

from pathlib import Path

from skb.library.catalogue import Entry, entries
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


RULES_INTRODUCTION = """# Standard rules

Written from the comments of `skb/library/*.rules` by `make docs`; `skb rules NAME` shows the rules themselves. Every
goal may use these relations by name. They answer from the facts of either vocabulary (`cache/6` or Barrelfish's
`cache/8`, `core_node/2` or the SRAT, ...) and are empty where neither is stated. Who states a relation of the same
name and arity, by facts or by rules, replaces the standard rule, also for the rules that rest on it. Goals that name
no standard rule do not read them.

The standard queries of Barrelfish's `queries.pl` keep their names and answers; the others are what its authors wished
for. Core ids are the knowledge base's; where only APIC ids are stated, they name the cores.
"""


def rules_page() -> str:
    """The page of all standard rules, chapter by chapter."""
    page = RULES_INTRODUCTION
    for chapter in dict.fromkeys(entry.chapter for entry in entries()):
        page += f"\n## {chapter}\n\n| relation | says | from |\n|---|---|---|\n"
        page += "".join(_rule_row(entry) for entry in entries() if entry.chapter == chapter)
    return page


def _rule_row(entry: Entry) -> str:
    return f"| `{entry.signature}` | {entry.meaning} | {entry.origin} |\n"


def main() -> None:
    """Write every page."""
    (REFERENCE / "relations.md").write_text(relations_page())
    (REFERENCE / "rules.md").write_text(rules_page())


if __name__ == "__main__":
    main()
