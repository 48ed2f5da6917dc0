"""What a source states, made ready for the store: terms checked, text parsed, objects counted."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

from skb.errors import TermError
from skb.layers import DENIED, Statement, gather, layer_rank
from skb.notation.factlines import FactText, read_facts
from skb.notation.parser import Clause
from skb.rowtext import Rows, to_row
from skb.store.fact_audit import audit
from skb.terms import Compound, Row, is_ground

StatedFact: TypeAlias = tuple[str, Row, str, str]

MOST_NAME_BYTES = 2000
"""Of a relation or a source: what an index of PostgreSQL takes."""

MAX_ODDITIES = 50
NOT_A_FACT = "not_a_fact"

_MACHINE_NAME = re.compile(r"(?!\.{1,2}\Z)[^\s/\x00-\x1f\x7f\ud800-\udfff][^/\x00-\x1f\x7f\ud800-\udfff]{0,199}\Z")
_WITH_OBJECTS = {("core", 2), ("numa_node", 3), ("pu", 3), ("physical_core", 2), ("die", 2), ("cache", 6)}
_CACHE_TYPES = {"data": "", "unified": "", "instruction": "i"}


class Warning(NamedTuple):
    """An anomaly of a source that was loaded nevertheless."""

    code: str
    message: str
    where: str


class Stated(NamedTuple):
    """What was stated of one machine, checked."""

    machine: str
    name: str
    statements: list[Statement]
    objects: Mapping[str, int]
    warnings: tuple[Warning, ...]
    is_replacing: bool


@dataclass(frozen=True, slots=True)
class LoadReport:
    """What a load took in: facts by relation name, objects by hwloc's type names, anomalies."""

    machine: str
    revision: int
    facts: Mapping[str, int]
    objects: Mapping[str, int]
    warnings: tuple[Warning, ...]

    def to_json(self) -> dict[str, Any]:
        return {
            "machine": self.machine,
            "revision": self.revision,
            "facts": dict(sorted(self.facts.items())),
            "objects": dict(self.objects),
            "warnings": [each._asdict() for each in self.warnings],
        }


def read_stated(reading: Any, machine: str | None) -> Stated:
    """Takes a `facts.Reading` (by its attributes), notation text, or (relation, args, layer, source) tuples.

    A layer and source may be left out of a tuple: `static` and "given". Raises SkbError.
    """
    if isinstance(reading, str):
        facts, warnings = _from_text(reading, "static", "given")
        return _stated(facts, machine, "text", None, warnings)
    if not hasattr(reading, "facts"):
        return _stated(check_facts(reading, "static", "given"), machine, "facts", None, ())
    warnings = tuple(Warning(each.code, each.message, each.where) for each in reading.warnings)
    if reading.text is None:
        facts = check_facts(reading.facts, reading.layer, reading.source)
    else:
        facts, more = _from_text(reading.text, reading.layer, reading.source)
        warnings += more
    return _stated(facts, machine or reading.name, reading.name, reading.objects, warnings)


def _stated(
    statements: list[Statement],
    machine: str | None,
    name: str,
    objects: Mapping[str, int] | None,
    warnings: tuple[Warning, ...],
) -> Stated:
    chosen = machine if machine is not None else _machine_of(statements)
    check_machine_name(chosen)
    counted = count_objects(statements) if objects is None else objects
    return Stated(chosen, name, statements, counted, warnings, is_replacing=True)


def is_machine_name(name: str) -> bool:
    return _MACHINE_NAME.match(name) is not None


def check_machine_name(name: str) -> None:
    """Raises TermError for a name that no machine can have."""
    if not is_machine_name(name):
        raise TermError(
            f"{name[:40]!a} is no machine name; up to 200 characters without '/' and control characters are "
            "accepted, '.' and '..' apart"
        )


def _machine_of(statements: list[Statement]) -> str:
    named = (row[0] for said in statements if said.name == "machine" and said.arity == 1 for row in said.rows)
    return str(next(named, "unnamed"))


def _from_text(text: str, layer: str, source: str) -> tuple[list[Statement], tuple[Warning, ...]]:
    read = read_facts(text)
    warnings = (*(_left_out(clause) for clause in read.others), *_odd(read))
    return statements_of(read, layer, source, heeds_layers=True), warnings


def statements_of(read: FactText, layer: str, source: str, *, heeds_layers: bool = False) -> list[Statement]:
    """The facts of a text; `source` says those without a provenance of their own. Raises TermError.

    `heeds_layers`: a comment `LAYER; SOURCE` behind a fact, as an export has it, puts that fact in the layer.
    """
    layer_rank(layer)
    return _with_sound_names(
        [
            Statement(
                run.name,
                run.arity,
                (run.layer or layer) if heeds_layers else layer,
                run.source or source,
                run.rows if isinstance(run.rows, Rows) else Rows.of(run.rows),
            )
            for run in read.runs
        ]
    )


def _with_sound_names(statements: list[Statement]) -> list[Statement]:
    """The statements themselves; raises TermError for a relation or a source that no database would take as text."""
    for text in {said.name for said in statements} | {said.source for said in statements}:
        size = len(text.encode(errors="surrogatepass"))
        shown = f"the relation or source {text[:40]!a}"
        if size > MOST_NAME_BYTES:
            raise TermError(f"{shown} has {size} bytes; up to {MOST_NAME_BYTES} are accepted")
        if "\0" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
            raise TermError(f"{shown} holds a NUL or a lone surrogate; other characters are accepted")
    return statements


def _left_out(clause: Clause) -> Warning:
    match clause.term:
        case Compound(":-" | "?-", (_,)):
            what = "a directive"
        case Compound(":-" | "-->", _):
            what = "a rule"
        case Compound() if not is_ground(clause.term):
            what = "a fact that holds a variable"
        case _:
            what = "a clause that is no fact"
    return Warning(NOT_A_FACT, f"{what} was left out; ground facts are loaded", f"line {clause.line}")


def _odd(read: FactText) -> Iterator[Warning]:
    """Oddities with their lines; of one code at most `MAX_ODDITIES`, then how many more there are."""
    counts: Counter[str] = Counter()
    line, offset = 1, 0
    for oddity in audit(read):
        counts[oddity.code] += 1
        if counts[oddity.code] <= MAX_ODDITIES:
            line, offset = line + read.text.count("\n", offset, oddity.at), oddity.at
            yield Warning(oddity.code, oddity.message, f"line {line}")
    for code, count in counts.items():
        if count > MAX_ODDITIES:
            yield Warning(code, f"{count - MAX_ODDITIES} more of the same kind", "")


def check_facts(facts: Iterable[Any], layer: str, source: str) -> list[Statement]:
    """Facts as (relation, args[, layer[, source]]) tuples or compound terms, checked. Raises TermError."""
    layer_rank(layer)
    return _with_sound_names(gather(_checked(facts, layer, source)))


def _checked(facts: Iterable[Any], layer: str, source: str) -> Iterator[StatedFact]:
    layers = {layer}
    for each in facts:
        if hasattr(each, "functor"):
            each = (each.functor, each.args)
        if not isinstance(each, tuple) or not 2 <= len(each) <= 4 or not isinstance(each[0], str):
            raise TermError(f"{str(each)[:60]!r} is no fact; (relation, args, layer, source) is")
        name, args = each[:2]
        said_in = each[2] if len(each) > 2 else layer
        said_by = each[3] if len(each) > 3 else source
        row = to_row(args)
        if name != DENIED and not all(type(arg) in (str, int) or is_ground(arg) for arg in row):
            raise TermError(f"a fact of {name}/{len(row)} holds a variable; only denied/1 may")
        if said_in not in layers:
            layer_rank(said_in)
            layers.add(said_in)
        yield name, row, said_in, said_by


def count_objects(statements: Iterable[Statement]) -> dict[str, int]:
    """Objects under hwloc's type names, counted from the core relations."""
    found: dict[str, set[object]] = {}
    for said in statements:
        for row in said.rows if (said.name, said.arity) in _WITH_OBJECTS else ():
            kind = _object_of(said.name, row)
            if kind is not None:
                found.setdefault(kind[0], set()).add(kind[1])
    return {kind: len(objects) for kind, objects in sorted(found.items())}


def _object_of(name: str, row: Row) -> tuple[str, object] | None:
    match (name, len(row)):
        case ("core", 2):
            return None if row[1] == "none" else ("Package", row[1])
        case ("numa_node", 3):
            return "NUMANode", row[0]
        case ("pu", 3):
            return "PU", row[0]
        case ("physical_core", 2):
            return "Core", row[1]
        case ("die", 2):
            return "Die", row[1]
        case ("cache", 6) if str(row[3]) in _CACHE_TYPES:
            return f"L{row[2]}{_CACHE_TYPES[str(row[3])]}Cache", row[0]
    return None
