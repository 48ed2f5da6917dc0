"""Takes into a program the ready rules that its goal rests on, by what they are called with where they need that."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeAlias

from skb.errors import SkbError, UnsafeVariable
from skb.matching import Bindings, match, substitute
from skb.query.normalise import Normaliser
from skb.query.ordering import check_safety
from skb.query.rulebook import RuleText, located
from skb.query.rules import Atom, Literal, Negated, PredicateId, Rule
from skb.query.stratify import dependencies
from skb.terms import Compound, Term, is_ground

RulesOf: TypeAlias = Callable[[PredicateId], Sequence[RuleText]]

MAX_VERSIONS = 200
VERSION = "$for"


def add_rule(normaliser: Normaliser, rule: RuleText) -> None:
    """Adds a rule as read; a refusal says where it stands."""
    try:
        normaliser.add_clause(rule.head, rule.body, rule.shown)
    except SkbError as error:
        raise located(error, rule.place) from None


def add_reached(normaliser: Normaliser, rules_of: RulesOf) -> None:
    """Adds the ready rules that the rules so far rest on, and those that these rest on. Raises SkbError."""
    _Reach(normaliser, rules_of).add()


class _Reach:
    """`p(3, X)` over a rule that needs its first argument reads a version of p made for 3."""

    def __init__(self, normaliser: Normaliser, rules_of: RulesOf) -> None:
        self._normaliser = normaliser
        self._rules_of = rules_of
        self._plain: set[PredicateId] = set()
        self._needy: dict[PredicateId, bool] = {}
        self._versions: dict[tuple[PredicateId, tuple[Term | None, ...]], str] = {}

    def add(self) -> None:
        rules = self._normaliser.rules
        at = 0
        while at < len(rules):
            body = tuple([self._resolved(literal) for literal in rules[at].body])
            if body != rules[at].body:
                rules[at] = replace(rules[at], body=body)
            at += 1

    def _resolved(self, literal: Literal) -> Literal:
        read = dependencies(literal)
        if read is None or not self._rules_of(read[0]):
            return literal
        if isinstance(literal, Atom) and self._needs_values(literal):
            return self._version(literal)
        if isinstance(literal, Negated) and self._needs_values(literal.atom):
            return replace(literal, atom=self._version(literal.atom))
        if read[0] not in self._plain:
            self._plain.add(read[0])
            for rule in self._rules_of(read[0]):
                add_rule(self._normaliser, rule)
        return literal

    def _needs_values(self, atom: Atom) -> bool:
        if len(self._versions) >= MAX_VERSIONS or not any(is_ground(arg) for arg in atom.args):
            return False
        return self._is_needy(atom.predicate)

    def _is_needy(self, predicate: PredicateId) -> bool:
        """Whether a rule of the relation, or of one that it rests on, leaves a variable to its caller."""
        found = self._needy.get(predicate)
        if found is None:
            self._needy[predicate] = False
            trial = self._normaliser.emptied()
            for rule in self._rules_of(predicate):
                add_rule(trial, rule)
            below = {read[0] for rule in trial.rules for read in map(dependencies, rule.body) if read is not None}
            found = not _is_safe(trial.rules) or any(map(self._is_needy, filter(self._rules_of, below)))
            self._needy[predicate] = found
        return found

    def _version(self, atom: Atom) -> Atom:
        given = tuple([arg if is_ground(arg) else None for arg in atom.args])
        name = self._versions.get((atom.predicate, given))
        if name is None:
            name = f"{atom.name}{VERSION}{len(self._versions) + 1}"
            self._versions[atom.predicate, given] = name
            for rule in self._rules_of(atom.predicate):
                made = _made_for(rule, name, given)
                if made is not None:
                    add_rule(self._normaliser, made)
        return Atom(name, atom.args)


def _is_safe(rules: Sequence[Rule]) -> bool:
    """Whether rules bind their variables by themselves."""
    found: dict[PredicateId, list[Rule]] = {}
    for each in rules:
        found.setdefault(each.head.predicate, []).append(each)
    try:
        check_safety(found)
    except UnsafeVariable:
        return False
    return True


def _made_for(rule: RuleText, name: str, given: Sequence[Term | None]) -> RuleText | None:
    """The rule for given arguments, or None where its head does not match them."""
    bindings: Bindings = {}
    args = rule.head.args if isinstance(rule.head, Compound) else ()
    for pattern, value in zip(args, given, strict=True):
        if value is not None and not match(pattern, value, bindings):
            return None
    head = Compound(name, tuple([substitute(arg, bindings) for arg in args]))
    return rule._replace(head=head, body=substitute(rule.body, bindings))
