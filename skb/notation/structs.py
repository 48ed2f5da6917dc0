"""ECLiPSe's structs: `name{field: Value}` by position, after `:- local struct(name(field, ...))`."""

from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

from skb.errors import SkbError
from skb.notation.parser import STRUCT_SUFFIX
from skb.terms import Compound, Term

Structs: TypeAlias = Mapping[str, tuple[str, ...]]

UNSPECIFIED = "unspecified"
"""What a struct fact holds in a field that it does not name."""


def declared_structs(directives: Iterable[Term]) -> dict[str, tuple[str, ...]]:
    """The fields of each struct that `:- local struct(...)`, `:- export struct(...)` or `:- struct(...)` declares."""
    found: dict[str, tuple[str, ...]] = {}
    for directive in directives:
        inner = directive
        if isinstance(inner, Compound) and inner.functor in ("local", "export") and len(inner.args) == 1:
            inner = inner.args[0]
        if isinstance(inner, Compound) and inner.functor == "struct" and len(inner.args) == 1:
            pattern = inner.args[0]
            if isinstance(pattern, Compound):
                found[pattern.functor] = tuple(_field_name(field) for field in pattern.args)
    return found


def _field_name(field: Term) -> str:
    """`id` of `id` and of `id: type`."""
    if isinstance(field, Compound) and field.functor == ":" and len(field.args) == 2:
        field = field.args[0]
    return field if isinstance(field, str) else ""


def by_position(term: Term, structs: Structs, unnamed: Callable[[], Term]) -> Term:
    """The term with every declared struct as a compound of all its fields; `unnamed()` stands for those left out.

    Raises SkbError for a field that the struct has not.
    """
    if isinstance(term, tuple):
        return tuple([by_position(item, structs, unnamed) for item in term])
    if not isinstance(term, Compound):
        return term
    args = tuple([by_position(arg, structs, unnamed) for arg in term.args])
    name = term.functor.removesuffix(STRUCT_SUFFIX)
    if name == term.functor or name not in structs:
        return Compound(term.functor, args)
    given = dict(_field(name, arg, structs[name]) for arg in args)
    return Compound(name, tuple([given[field] if field in given else unnamed() for field in structs[name]]))


def _field(name: str, arg: Term, fields: tuple[str, ...]) -> tuple[str, Term]:
    if isinstance(arg, Compound) and arg.functor == ":" and len(arg.args) == 2:
        field, value = arg.args
        if isinstance(field, str) and field in fields:
            return field, value
        raise SkbError(f"the struct {name} has no field {field}; it has {', '.join(fields)}")
    raise SkbError(f"the struct {name} is written {name}{{field: Value, ...}}, with the fields {', '.join(fields)}")
