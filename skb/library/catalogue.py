"""The standard rules and what their own comments say of them; read on first use, once."""

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from skb.query.rulebook import Rulebook
from skb.query.rules import PredicateId

_ENTRY = re.compile(r"^%! (?P<signature>(?P<name>\w+)\((?P<inside>[^()]*)\))\n(?P<text>(?:%  [^\n]*\n)+)", re.MULTILINE)
_TITLE = re.compile(r"^%% (.+)\n")


@dataclass(frozen=True, slots=True)
class Entry:
    """One relation of the library; `origin` says who asked for it, `clauses` are its rules as they stand."""

    name: str
    arity: int
    signature: str
    meaning: str
    origin: str
    chapter: str
    clauses: tuple[str, ...]


def texts() -> dict[str, str]:
    """The rule files by name."""
    folder = files("skb.library")
    found = sorted(each.name for each in folder.iterdir() if each.name.endswith(".rules"))
    return {name: folder.joinpath(name).read_text("utf-8") for name in found}


@cache
def standard_rules() -> Rulebook:
    """All standard rules. Reading them costs some ten milliseconds."""
    book = Rulebook()
    for name, text in texts().items():
        book = book.joined(Rulebook.of_text(text, name))
    return book


@cache
def entries() -> tuple[Entry, ...]:
    """The documented relations, chapter by chapter in the order of their files."""
    book = standard_rules()
    return tuple(entry for text in texts().values() for entry in _entries_of(text, book))


def _entries_of(text: str, book: Rulebook) -> list[Entry]:
    title = _TITLE.match(text)
    assert title is not None
    return [_entry(found, title.group(1), book) for found in _ENTRY.finditer(text)]


def _entry(found: re.Match[str], chapter: str, book: Rulebook) -> Entry:
    words = " ".join(line.removeprefix("%  ").strip() for line in found.group("text").splitlines())
    meaning, _, origin = words.partition(" From: ")
    predicate: PredicateId = found.group("name"), found.group("inside").count(",") + 1
    clauses = tuple(rule.place.text[rule.place.start : rule.place.end] for rule in book.rules.get(predicate, ()))
    return Entry(*predicate, found.group("signature"), meaning, origin.rstrip("."), chapter, clauses)
