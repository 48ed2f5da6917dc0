"""What a source states, made ready for the store: terms checked, text parsed, objects counted."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

from skb.errors import TermError
from skb.layers import DENIED, layer_rank
from skb.notation.factlines import FactText, read_facts
from skb.notation.parser import Clause
from skb.store.codec import to_row
from skb.store.fact_audit import audit
from skb.terms import Compound, Row, is_ground

StatedFact: TypeAlias = tuple[str, Row, str, str]

MAX_ODDITIES = 50

_MACHINE_NAME = re.compile(r"(?!\.{1,2}\Z)[^\s/\x00-\x1f\x7f][^/\x00-\x1f\x7f]{0,199}\Z")
_CACHE_TYPES = {"data": "", "unified": "", "instruction": "i"}


class Warning(NamedTuple):
    """An anomaly of a source that was loaded nevertheless."""

    code: str
    message: str
    where: str


class Stated(NamedTuple):
    """Checked facts as (relation, args, layer, source), for one machine."""

    machine: str
    name: str
    facts: list[StatedFact]
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
    facts: list[StatedFact],
    machine: str | None,
    name: str,
    objects: Mapping[str, int] | None,
    warnings: tuple[Warning, ...],
) -> Stated:
    chosen = machine if machine is not None else _machine_of(facts)
    if not _MACHINE_NAME.match(chosen):
        raise TermError(
            f"{chosen[:40]!r} is no machine name; up to 200 characters without '/' and control characters are "
            "accepted, '.' and '..' apart"
        )
    counted = count_objects(facts) if objects is None else objects
    return Stated(chosen, name, facts, counted, warnings, is_replacing=True)


def _machine_of(facts: list[StatedFact]) -> str:
    named = (row[0] for relation, row, _, _ in facts if relation == "machine" and len(row) == 1)
    return str(next(named, "unnamed"))


def _from_text(text: str, layer: str, source: str) -> tuple[list[StatedFact], tuple[Warning, ...]]:
    layer_rank(layer)
    read = read_facts(text)
    facts = [(name, row, layer, said_by or source) for name, row, said_by in read.facts]
    return facts, (*(_left_out(clause) for clause in read.others), *_odd(text, read))


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
    return Warning("not_a_fact", f"{what} was left out; ground facts are loaded", f"line {clause.line}")


def _odd(text: str, read: FactText) -> Iterator[Warning]:
    """Oddities with their lines; of one code at most `MAX_ODDITIES`, then how many more there are."""
    counts: Counter[str] = Counter()
    line, offset = 1, 0
    for oddity in audit(read.facts):
        counts[oddity.code] += 1
        if counts[oddity.code] <= MAX_ODDITIES:
            start = read.starts[oddity.at]
            line, offset = line + text.count("\n", offset, start), start
            yield Warning(oddity.code, oddity.message, f"line {line}")
    for code, count in counts.items():
        if count > MAX_ODDITIES:
            yield Warning(code, f"{count - MAX_ODDITIES} more of the same kind", "")


def check_facts(facts: Iterable[Any], layer: str, source: str) -> list[StatedFact]:
    """Facts as (relation, args[, layer[, source]]) tuples or compound terms, made into checked terms."""
    layer_rank(layer)
    checked = []
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
        checked.append((name, row, said_in, said_by))
    return checked


def count_objects(facts: Iterable[StatedFact]) -> dict[str, int]:
    """Objects under hwloc's type names, counted from the core relations."""
    found: dict[str, set[object]] = {}
    for name, row, _, _ in facts:
        kind = _object_of(name, row)
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
