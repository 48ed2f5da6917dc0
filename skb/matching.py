"""One-way matching: a pattern with variables against ground terms."""

from collections.abc import Sequence

from skb.notation.parser import make_list
from skb.terms import PARTIAL_LIST, Compound, Term, Variable

Bindings = dict[str, Term]


def match(pattern: Term, term: Term, bindings: Bindings) -> bool:
    """Whether `pattern` becomes `term` under `bindings`, which grow; they are spoilt where it does not."""
    if isinstance(pattern, Variable):
        known = bindings.setdefault(pattern.name, term)
        return known is term or known == term
    if isinstance(pattern, Compound):
        if pattern.functor == PARTIAL_LIST and len(pattern.args) == 2 and isinstance(term, tuple):
            return (
                bool(term) and match(pattern.args[0], term[0], bindings) and match(pattern.args[1], term[1:], bindings)
            )
        if not isinstance(term, Compound) or pattern.functor != term.functor:
            return False
        return match_all(pattern.args, term.args, bindings)
    if isinstance(pattern, tuple):
        return isinstance(term, tuple) and match_all(pattern, term, bindings)
    return pattern == term


def match_all(patterns: Sequence[Term], terms: Sequence[Term], bindings: Bindings) -> bool:
    if len(patterns) != len(terms):
        return False
    return all(match(pattern, term, bindings) for pattern, term in zip(patterns, terms, strict=True))


def matches(patterns: Sequence[Term], terms: Sequence[Term]) -> bool:
    return match_all(patterns, terms, {})


def substitute(term: Term, bindings: Bindings) -> Term:
    """The term with known variables replaced."""
    if isinstance(term, Variable):
        return bindings.get(term.name, term)
    if isinstance(term, Compound):
        args = tuple([substitute(arg, bindings) for arg in term.args])
        if term.functor == PARTIAL_LIST and len(args) == 2 and isinstance(args[1], tuple):
            return make_list([args[0]], args[1])
        return Compound(term.functor, args)
    if isinstance(term, tuple):
        return tuple([substitute(item, bindings) for item in term])
    return term
