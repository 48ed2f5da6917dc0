"""Which rules of a program the language can run, told before anyone asks for them."""

from collections.abc import Iterable, Iterator

from skb.errors import SkbError
from skb.notation.parser import Clause
from skb.query.normalise import Normaliser
from skb.query.ordering import check_safety
from skb.query.rulebook import Rulebook, RuleText, directive, is_delay, is_directive
from skb.query.rules import PredicateId, Rule
from skb.terms import Compound

_OTHER_FILES = ("include", "use_module", "ensure_loaded", "consult")


def unusable_rules(book: Rulebook, stored: Iterable[PredicateId] = ()) -> Iterator[tuple[RuleText, SkbError]]:
    """Each rule of the book that its relation would be refused for, whatever it is called with, and why.

    `stored` are the relations that facts beside the book state.
    """
    stated = {*book.rules, *stored}
    for rules in book.rules.values():
        for rule in rules:
            try:
                _check(rule, stated)
            except SkbError as error:
                yield rule, error


def _check(rule: RuleText, stated: set[PredicateId]) -> None:
    normaliser = Normaliser(lambda _: True, stated.__contains__)
    normaliser.add_clause(rule.head, rule.body, rule.shown)
    rules: dict[PredicateId, list[Rule]] = {}
    for each in normaliser.rules:
        rules.setdefault(each.head.predicate, []).append(each)
    check_safety(rules, is_called_with_values=True)


def left_out(clause: Clause, text: str) -> str | None:
    """What of a program is no rule and changes what it means: other files that it loads, delayed goals."""
    if is_delay(clause.term):
        return "a delay clause was left out; goals are not delayed here"
    if not is_directive(clause.term):
        return None
    asked = directive(clause.term)
    name = asked.functor if isinstance(asked, Compound) else asked
    is_library = isinstance(asked, Compound) and isinstance(asked.args[0], Compound)
    if isinstance(name, tuple) or (name in _OTHER_FILES and not is_library):
        shown = " ".join(text[clause.start : clause.end].split())
        return f"{shown} was left out; give the other file beside this one"
    return None
