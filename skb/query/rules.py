"""The normal form of rules: a head and a conjunction of literals, each alternative a rule of its own."""

from dataclasses import dataclass
from typing import TypeAlias

from skb.terms import Term, Variable, variables

PredicateId: TypeAlias = tuple[str, int]
STORED_SUFFIX = "$stored"


@dataclass(frozen=True, slots=True)
class Atom:
    """A relation applied to terms."""

    name: str
    args: tuple[Term, ...]

    @property
    def predicate(self) -> PredicateId:
        return self.name, len(self.args)


@dataclass(frozen=True, slots=True)
class Negated:
    """No fact matches; `local` variables occur nowhere else in the rule."""

    atom: Atom
    local: frozenset[str]


@dataclass(frozen=True, slots=True)
class Test:
    """A comparison or type test over bound terms."""

    name: str
    args: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class Assign:
    """`target is expression`."""

    target: Term
    expression: Term


@dataclass(frozen=True, slots=True)
class Equal:
    """Two terms that must become the same; one of them is bound when this is reached."""

    left: Term
    right: Term


@dataclass(frozen=True, slots=True)
class Generator:
    """A built-in that enumerates values for its outputs from bound inputs: member, between, length, =.. ."""

    name: str
    inputs: tuple[Term, ...]
    output: Term


@dataclass(frozen=True, slots=True)
class Aggregate:
    """min, max, sum, count or findall over the rows of `atom`: groups first, then the value, then the rest.

    `needed` are the groups that other literals bind: the aggregate waits for them; with all groups bound
    so, an empty group counts 0 (an empty list for findall). Other groups are enumerated.
    """

    kind: str
    result: Term
    atom: Atom
    groups: tuple[str, ...]
    needed: frozenset[str]


@dataclass(frozen=True, slots=True)
class Top:
    """The `count` first rows of `atom` by its first argument; the other arguments are its variables."""

    count: int
    is_descending: bool
    atom: Atom


Literal: TypeAlias = Atom | Negated | Test | Assign | Equal | Generator | Aggregate | Top


@dataclass(frozen=True, slots=True)
class Rule:
    """`text` is the clause as written, for messages; `bound` are head variables that callers bind."""

    head: Atom
    body: tuple[Literal, ...]
    text: str
    bound: frozenset[str] = frozenset()


def names(*terms: Term) -> set[str]:
    """The variables of terms, by name."""
    return {variable.name for term in terms for variable in variables(term)}


def ordered_names(*terms: Term) -> list[str]:
    """The variables of terms in order of first occurrence."""
    return list(dict.fromkeys(variable.name for term in terms for variable in variables(term)))


def as_variables(found: "list[str] | tuple[str, ...]") -> tuple[Term, ...]:
    return tuple(Variable(name) for name in found)


def literal_names(literal: Literal) -> set[str]:
    """Every variable that a literal shares with the rest of its rule."""
    match literal:
        case Atom(args=args) | Test(args=args):
            return names(*args)
        case Negated(atom=atom, local=local):
            return names(*atom.args) - local
        case Assign(target=left, expression=right) | Equal(left=left, right=right):
            return names(left, right)
        case Generator(inputs=inputs, output=output):
            return names(*inputs, output)
        case Aggregate(result=result, groups=groups):
            return names(result) | set(groups)
        case Top(atom=atom):
            return names(*atom.args[1:])
