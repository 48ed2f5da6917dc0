"""Facts as JSON, read back into terms: the other direction of `skb.terms.to_json`."""

from collections.abc import Mapping, Sequence
from typing import Any

from api.failures import BadRequest
from skb.notation.factlines import read_facts
from skb.terms import Compound, Real, Row, String, Term


def facts_from_json(facts: Sequence[str | Mapping[str, Any]]) -> list[tuple[str, Row]]:
    """Facts as (relation, arguments), from notation or from `{"f": ..., "args": [...]}`.

    Raises BadRequest naming the fact by its place, from 0; QuerySyntaxError for text that is no notation.
    """
    return [fact for at, said in enumerate(facts) for fact in _read(said, at)]


def _read(said: str | Mapping[str, Any], at: int) -> list[tuple[str, Row]]:
    if isinstance(said, Mapping):
        term = term_from_json(said, f"fact {at}")
        if isinstance(term, Compound):
            return [(term.functor, term.args)]
        raise _refuse(f"fact {at}")
    read = read_facts(said if said.rstrip().endswith(".") else f"{said}.")
    if read.others or not read.facts:
        raise _refuse(f"fact {at}")
    return [(name, row) for name, row, _ in read.facts]


def term_from_json(value: Any, where: str) -> Term:
    """One term; BadRequest for what is none (null, a Boolean, another object)."""
    if isinstance(value, bool) or value is None:
        raise _refuse(where)
    if isinstance(value, (str, int)):
        return value
    if isinstance(value, float):
        return Real(value)
    if isinstance(value, list):
        return tuple(term_from_json(item, where) for item in value)
    return _from_object(value, where)


def _from_object(value: Mapping[str, Any], where: str) -> Term:
    if set(value) == {"str"} and isinstance(value["str"], str):
        return String(value["str"])
    functor, args = value.get("f"), value.get("args")
    if set(value) == {"f", "args"} and isinstance(functor, str) and isinstance(args, list) and functor:
        return Compound(functor, tuple(term_from_json(arg, where) for arg in args))
    raise _refuse(where)


def _refuse(where: str) -> BadRequest:
    accepted = 'a ground fact such as "core(0, 1)" or {"f": "core", "args": [0, 1]}'
    return BadRequest(f"{where} is no fact; {accepted} is accepted", code="bad_fact", details={"where": where})
