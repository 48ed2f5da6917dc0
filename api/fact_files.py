"""Files of facts and rules that a question is asked over, without a store."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from api.failures import BadRequest

if TYPE_CHECKING:
    from skb.errors import SkbError
    from skb.query.rulebook import Rulebook, RuleText
    from skb.snapshot import Snapshot


class FactFiles(NamedTuple):
    """What the files say: facts, rules to ask with, and a warning for each clause that cannot be asked with."""

    snapshot: Snapshot
    book: Rulebook
    warnings: list[dict[str, str]]


def read_fact_files(files: Sequence[str]) -> FactFiles:
    """Read them all as one program. Raises BadRequest, which names the file."""
    import facts
    from skb.errors import SkbError
    from skb.query.rulebook import Rulebook
    from skb.query.usable import unusable_rules
    from skb.snapshot import Snapshot
    from skb.store.loading import NOT_A_FACT, read_stated

    statements: list[Any] = []
    book, warnings = Rulebook(), []
    for file in files:
        try:
            reading = facts.read(Path(file))
            stated = read_stated(reading, "files")
        except SkbError as error:
            raise BadRequest(
                f"{file}, {error.message}", code=error.code, details={"file": file, **error.details}
            ) from error
        statements += stated.statements
        if reading.text is not None and any(warning.code == NOT_A_FACT for warning in stated.warnings):
            rules, left_out = _rules_of(reading.text, file)
            book = book.joined(rules)
            warnings += left_out
    snapshot = Snapshot.of_statements(statements, machine="files")
    warnings += [_unusable(rule, error) for rule, error in unusable_rules(book, snapshot.relations())]
    return FactFiles(snapshot, book, warnings)


def _rules_of(text: str, file: str) -> tuple[Rulebook, list[dict[str, str]]]:
    """The rules of a program and its struct facts (by position), and what of its directives is not followed."""
    from skb.notation.factlines import read_facts
    from skb.notation.parser import STRUCT_SUFFIX, read_clauses
    from skb.query.rulebook import Rulebook
    from skb.query.usable import left_out

    clauses = read_facts(text).others
    book = Rulebook.of_clauses(clauses, text, file)
    if book.structs:
        clauses = [clause for clause in read_clauses(text) if _is_rule_or_struct(clause.term, STRUCT_SUFFIX)]
        book = Rulebook.of_clauses(clauses, text, file)
    told = [(clause.line, left_out(clause, text)) for clause in clauses]
    return book, [_warning("left_out", what, f"{file} line {line}") for line, what in told if what is not None]


def _is_rule_or_struct(term: Any, suffix: str) -> bool:
    from skb.notation.factlines import as_ground_fact

    fact = as_ground_fact(term)
    return fact is None or fact[0].endswith(suffix)


def _unusable(rule: RuleText, error: SkbError) -> dict[str, str]:
    line, column = rule.place.line_and_column(str(error.details.get("goal", "")))
    name, arity = rule.predicate
    return _warning(
        "unusable_rule", f"{name}/{arity}: {error.message}", f"{rule.place.file} line {line}, column {column}"
    )


def _warning(code: str, message: str, where: str) -> dict[str, str]:
    return {"code": code, "message": message, "where": where}
