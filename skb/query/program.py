"""A question as a program: rules, own facts and the one query, checked before anything runs."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches

from skb import schema
from skb.errors import QuerySyntaxError, SkbError, UnknownRelation, UnsupportedGoal
from skb.notation.factlines import as_ground_fact
from skb.notation.parser import Clause, read_clauses
from skb.notation.structs import Structs, declared_structs
from skb.query.normalise import Normaliser, as_aggregate
from skb.query.ordering import check_safety
from skb.query.reaching import VERSION, add_reached, add_rule
from skb.query.rulebook import (
    Place,
    Rulebook,
    RuleText,
    directive,
    is_delay,
    is_directive,
    located,
    rule_text,
    shown,
    with_fields,
)
from skb.query.rules import (
    STORED_SUFFIX,
    Aggregate,
    Atom,
    Negated,
    PredicateId,
    Rule,
    Top,
    as_variables,
    ordered_names,
)
from skb.query.stratify import recursive_components
from skb.terms import Compound, Row, Term

GOAL = "$goal"
NO_RULES = Rulebook()
_IGNORED_DIRECTIVES = (
    "dynamic", "discontiguous", "multifile", "table", "lib", "use_module", "ensure_loaded", "module", "local", "export",
    "reexport", "import", "global", "set_flag", "op", "mode",
)  # fmt: skip


@dataclass(slots=True)
class Question:
    """What a text asks: the query's body, the clauses beside it, whether it wants to know why."""

    goal: Term
    text: str
    wants_why: bool
    place: Place
    clauses: list[RuleText] = field(default_factory=list)
    facts: dict[PredicateId, list[Row]] = field(default_factory=dict)
    book: Rulebook = NO_RULES
    library: Callable[[], Rulebook] = Rulebook


@dataclass(frozen=True, slots=True)
class Program:
    """Checked rules by relation, own facts, and which relations are recursive together."""

    rules: Mapping[PredicateId, Sequence[Rule]]
    facts: Mapping[PredicateId, Sequence[Row]]
    recursive: Mapping[PredicateId, frozenset[PredicateId]]
    columns: tuple[str, ...]


def read_question(
    goal: str, rules: str, book: Rulebook = NO_RULES, library: Callable[[], Rulebook] = Rulebook
) -> Question:
    """Splits a goal (a body, or a program that ends in a `?-` query) and rules into a question.

    `book` holds rules that the goal may use beside its own; `library` is opened for names that nobody states.
    """
    before = read_clauses(rules)
    clauses = read_clauses(goal)
    queries = [clause for clause in clauses if _is(clause.term, "?-", 1)]
    if len(queries) > 1:
        raise QuerySyntaxError("a second ?- query was found; one at a time is answered", queries[1].line, 1)
    is_goal = len(clauses) == 1 and not _is(clauses[0].term, ":-", 2) and clauses[0].term != "?-"
    if not queries and not is_goal:
        raise QuerySyntaxError("no goal was found; write `?- GOAL.` after the rules", 1, 1)
    asked = queries[0] if queries else clauses[0]
    structs = {**book.structs, **declared_structs(directive(each.term) for each in (*before, *clauses))}
    body = with_fields(directive(asked.term) if queries else asked.term, structs)
    wants_why = _is(body, "why", 1)
    if wants_why and isinstance(body, Compound):
        body = body.args[0]
    question = Question(
        body, shown(goal, asked), wants_why, Place(goal, asked.start, asked.end), book=book, library=library
    )
    for clause in before:
        _add_clause(question, clause, rules, structs)
    for clause in clauses:
        if clause is not asked:
            _add_clause(question, clause, goal, structs)
    return question


def _is(term: Term, functor: str, arity: int) -> bool:
    return isinstance(term, Compound) and term.functor == functor and len(term.args) == arity


def _add_clause(question: Question, clause: Clause, text: str, structs: Structs) -> None:
    if _is(clause.term, "?-", 1):
        raise QuerySyntaxError("a query was found among the rules", clause.line, 1)
    if is_directive(clause.term):
        _check_directive(directive(clause.term), Place(text, clause.start, clause.end))
        return
    if is_delay(clause.term):
        raise located(
            UnsupportedGoal("delay clauses are left out of this language", details={"goal": "delay"}),
            Place(text, clause.start, clause.end),
        )
    rule = rule_text(clause, text, structs)
    fact = as_ground_fact(rule.head) if rule.body == "true" else None
    if fact is not None:
        question.facts.setdefault((fact[0], len(fact[1])), []).append(fact[1])
    else:
        question.clauses.append(rule)


def _check_directive(asked: Term, place: Place) -> None:
    name = asked.functor if isinstance(asked, Compound) else asked if isinstance(asked, str) else "[...]"
    parts = asked.args if isinstance(asked, Compound) and name == "," else ()
    for part in parts:
        _check_directive(part, place)
    if not parts and name not in _IGNORED_DIRECTIVES:
        error = UnsupportedGoal(f"the directive {name} is left out of this language", details={"goal": name})
        raise located(error, place)


def outer_names(term: Term) -> list[str]:
    """Variables of a body outside negations, aggregates and findall, in order of first occurrence."""
    if isinstance(term, Compound):
        if term.functor in ("\\+", "not", "~") and len(term.args) == 1:
            return []
        if as_aggregate(term) is not None:
            return []
        if term.functor == "findall" and len(term.args) == 3:
            return ordered_names(term.args[2])
        return list(dict.fromkeys(name for arg in term.args for name in outer_names(arg)))
    return ordered_names(term)


def columns_of(goal: Term) -> tuple[str, ...]:
    """The columns of a plain goal: its outer variables that do not start with `_`."""
    return tuple(name for name in outer_names(goal) if not name.startswith("_"))


def build_program(question: Question, stored: Collection[PredicateId], goal: Term, columns: Sequence[str]) -> Program:
    """Normalises and checks a goal beside `stored` relations.

    Raises UnknownRelation, NotStratified, UnsafeVariable, UnsupportedGoal.
    """
    stated = _stated_relations(question, stored)
    normaliser = Normaliser(lambda term: _is_predicate(term, stated), stated.__contains__)
    for rule in question.clauses:
        add_rule(normaliser, rule)
    try:
        normaliser.add(Atom(GOAL, as_variables(list(columns))), goal, question.text)
    except SkbError as error:
        raise located(error, question.place) from None
    known = stated | {(relation.name, relation.arity) for relation in schema.relations()}
    add_reached(normaliser, lambda predicate: _ready_rules(predicate, question, known))
    rules: dict[PredicateId, list[Rule]] = {(GOAL, len(columns)): []}
    for found in normaliser.rules:
        rules.setdefault(found.head.predicate, []).append(found)
    facts = dict(question.facts)
    _add_stored_rows(rules, facts, stored)
    _check_relations(rules, known, question.library)
    recursive = recursive_components(rule for found in rules.values() for rule in found)
    check_safety(rules)
    return Program(rules, facts, recursive, tuple(columns))


def _add_stored_rows(
    rules: dict[PredicateId, list[Rule]], facts: dict[PredicateId, list[Row]], stored: Collection[PredicateId]
) -> None:
    """A relation with rules and facts reads its facts under another name, which `Stored` resolves."""
    own = dict(facts)
    for name, arity in list(rules):
        relation = name.partition(VERSION)[0]
        if (relation, arity) in own or (relation, arity) in stored:
            alias = relation + STORED_SUFFIX
            facts[alias, arity] = own.get((relation, arity), [])
            facts.pop((name, arity), None)
            variables = as_variables([f"A{at}" for at in range(arity)])
            rules[name, arity].append(Rule(Atom(name, variables), (Atom(alias, variables),), name))


def _stated_relations(question: Question, stored: Collection[PredicateId]) -> set[PredicateId]:
    """Relations that facts or rules state, the book's included."""
    return {*stored, *question.facts, *question.book.rules, *(rule.predicate for rule in question.clauses)}


def _is_predicate(term: Term, known: set[PredicateId]) -> bool:
    if isinstance(term, Compound) and term.functor == "/" and len(term.args) == 2:
        return (term.args[0], term.args[1]) in known
    if isinstance(term, str):
        return any(name == term for name, _ in known)
    if isinstance(term, Compound):
        return (term.functor, len(term.args)) in known
    raise SkbError("is_predicate needs a name, or Name/Arity")


def _ready_rules(predicate: PredicateId, question: Question, known: set[PredicateId]) -> Sequence[RuleText]:
    """The book's rules of a relation; the library's where nobody states the relation and no schema names it."""
    found = question.book.rules.get(predicate, ())
    if found or predicate in known or predicate[0].startswith("$"):
        return found
    return question.library().rules.get(predicate, ())


def _check_relations(
    rules: Mapping[PredicateId, Sequence[Rule]], known: set[PredicateId], library: Callable[[], Rulebook]
) -> None:
    for found in rules.values():
        for rule in found:
            for literal in rule.body:
                atom = literal.atom if isinstance(literal, (Negated, Aggregate, Top)) else literal
                if isinstance(atom, Atom) and not _is_known(atom, rules, known):
                    raise unknown_relation(atom.predicate, known | set(library().rules))


def _is_known(atom: Atom, rules: Mapping[PredicateId, Sequence[Rule]], known: set[PredicateId]) -> bool:
    return atom.predicate in rules or atom.predicate in known or atom.name.endswith(STORED_SUFFIX)


def unknown_relation(predicate: PredicateId, known: set[PredicateId]) -> UnknownRelation:
    """The refusal that names the relation and what comes close."""
    name, arity = predicate
    arities = sorted(number for other, number in known if other == name)
    close = [f"{name}/{number}" for number in arities]
    if not close:
        for match in get_close_matches(name, sorted({other for other, _ in known}), 3):
            close += [f"{match}/{number}" for other, number in sorted(known) if other == match]
    hint = f"did you mean {' or '.join(close)}?" if close else "one that schema, facts or rules name is accepted"
    return UnknownRelation(
        f"the relation {name}/{arity} is unknown; {hint}",
        details={"relation": f"{name}/{arity}", "similar": close},
    )
