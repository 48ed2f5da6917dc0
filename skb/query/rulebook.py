"""Rules that stand ready beside a question; its program takes in those that the goal reaches, and checks only them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import NamedTuple

from skb.errors import SkbError, UnsupportedGoal
from skb.notation.factlines import as_ground_fact
from skb.notation.parser import Clause, read_clauses
from skb.notation.structs import UNSPECIFIED, Structs, by_position, declared_structs
from skb.notation.tokens import Tokens
from skb.query.rules import PredicateId
from skb.terms import Compound, Term, Variable


class Place(NamedTuple):
    """Where a clause stands: in `text` from `start` to `end`; `file` is empty for what came with the question."""

    text: str
    start: int
    end: int
    file: str = ""

    def line_and_column(self, name: str = "") -> tuple[int, int]:
        """Both from 1, of the first token `name` in the clause, else of its beginning."""
        at = self.start
        tokens = Tokens(self.text, self.start)
        while name and tokens.offset < self.end:
            try:
                token = tokens.next()
            except SkbError:
                break
            if token.kind in ("name", "quoted", "punctuation") and token.value == name:
                at = token.start
                break
        return self.text.count("\n", 0, at) + 1, at - self.text.rfind("\n", 0, at)


class RuleText(NamedTuple):
    """A clause as read: `shown` is its text on one line."""

    head: Term
    body: Term
    shown: str
    place: Place

    @property
    def predicate(self) -> PredicateId:
        if isinstance(self.head, Compound):
            return self.head.functor, len(self.head.args)
        return str(self.head), 0


@dataclass(frozen=True, eq=False, slots=True)
class Rulebook:
    """Rules by the relation of their heads, and the structs that their text declares."""

    rules: Mapping[PredicateId, tuple[RuleText, ...]] = field(default_factory=dict)
    structs: Structs = field(default_factory=dict)

    @classmethod
    def of_text(cls, text: str, file: str = "") -> "Rulebook":
        """The rules and facts of a program. Raises QuerySyntaxError."""
        return cls.of_clauses(read_clauses(text), text, file)

    @classmethod
    def of_clauses(cls, clauses: Iterable[Clause], text: str, file: str = "") -> "Rulebook":
        """The rules, facts and structs among clauses; directives and what is refused by its form are left out.

        A clause that uses a struct otherwise than declared keeps it as it is written.
        """
        clauses = list(clauses)
        structs = declared_structs(directive(clause.term) for clause in clauses if is_directive(clause.term))
        book: dict[PredicateId, list[RuleText]] = {}
        for clause in clauses:
            if not is_directive(clause.term) and not is_delay(clause.term):
                try:
                    rule = rule_text(clause, text, structs, file)
                except SkbError:
                    rule = rule_text(clause, text, {}, file)
                book.setdefault(rule.predicate, []).append(rule)
        return cls({predicate: tuple(found) for predicate, found in book.items()}, structs)

    def joined(self, other: "Rulebook") -> "Rulebook":
        """Both books as one."""
        rules = dict(self.rules)
        for predicate, found in other.rules.items():
            rules[predicate] = (*rules.get(predicate, ()), *found)
        return Rulebook(rules, {**self.structs, **other.structs})


def is_directive(term: Term) -> bool:
    return isinstance(term, Compound) and term.functor in (":-", "?-") and len(term.args) == 1


def directive(term: Term) -> Term:
    return term.args[0] if isinstance(term, Compound) else term


def is_delay(term: Term) -> bool:
    """Whether a clause is ECLiPSe's `delay Goal if Condition`."""
    if not isinstance(term, Compound) or term.functor != "if" or len(term.args) != 2:
        return False
    first = term.args[0]
    return isinstance(first, Compound) and first.functor == "delay"


def rule_text(clause: Clause, text: str, structs: Structs, file: str = "") -> RuleText:
    """A clause as head and body, structs by position; a fact has the body `true`."""
    term = clause.term
    if as_ground_fact(term) is not None:
        term = by_position(term, structs, lambda: UNSPECIFIED) if structs else term
    else:
        term = with_fields(term, structs)
    head: Term = term
    body: Term = "true"
    if isinstance(term, Compound) and term.functor == ":-" and len(term.args) == 2:
        head, body = term.args
    return RuleText(head, body, shown(text, clause), Place(text, clause.start, clause.end, file))


def with_fields(term: Term, structs: Structs) -> Term:
    """The term with structs by position; fields that it leaves out are variables of their own."""
    numbers = count(1)
    return by_position(term, structs, lambda: Variable(f"_field{next(numbers)}")) if structs else term


def shown(text: str, clause: Clause) -> str:
    """A clause on one line, without its full stop."""
    return " ".join(text[clause.start : clause.end].strip().removesuffix(".").split())


def located(error: SkbError, place: Place) -> SkbError:
    """The refusal of a construct by name, with its line and column (and file)."""
    if not isinstance(error, UnsupportedGoal) or "line" in error.details:
        return error
    line, column = place.line_and_column(str(error.details.get("goal", "")))
    where = f"{place.file} line {line}, column {column}" if place.file else f"line {line}, column {column}"
    named = {"file": place.file} if place.file else {}
    return UnsupportedGoal(
        f"{where}: {error.message}", details={**error.details, **named, "line": line, "column": column}
    )
