"""From clauses as read to rules in normal form: alternatives split, nested goals given rules of their own."""

from collections.abc import Callable, Iterable, Sequence
from itertools import product

from skb.errors import SkbError, UnsupportedGoal
from skb.notation.printing import write_term
from skb.query.arithmetic import is_expression
from skb.query.comparing import is_test
from skb.query.rules import (
    Aggregate,
    Assign,
    Atom,
    Equal,
    Generator,
    Literal,
    Negated,
    PredicateId,
    Rule,
    Test,
    Top,
    as_variables,
    literal_names,
    names,
    ordered_names,
)
from skb.terms import Compound, Term, Variable

AGGREGATES = ("min", "max", "sum", "count")
MAX_ALTERNATIVES = 4096
MAX_GOALS = 300
GENERATORS = {
    ("member", 2): 0, ("between", 3): 2, ("length", 2): 1, ("sort", 2): 1, ("msort", 2): 1, ("sort", 4): 3,
    ("append", 3): 2, ("reverse", 2): 1, ("subtract", 3): 2, ("concat_atom", 2): 1,
}  # fmt: skip
_REFUSED = {
    "!", "assert", "asserta", "assertz", "retract", "retractall", "suspend", "delay", "do", "write",
    "writeln", "print", "nl", "halt", "consult", "call", "once", "forall", "repeat", "*->", "bagof", "setof",
    "-->", "if", "@", ":", "record", "recorda", "recordz", "erase", "erase_all", "abolish", "setval", "getval",
    "store_set", "store_inc", "store_delete", "printf", "flush", "tell", "told", "open", "close", "coverof",
    "copy_term", "maplist", "term_variables", "labeling", "indomain", "disjunctive", "alldifferent",
}  # fmt: skip
_FINITE = {"::", "#::", "$::", "$=", "$\\=", "$<", "$>", "$=<", "$>=", "minimize", "maximize"}
_COMPARISON_OF = {"#=": "=:=", "#\\=": "=\\=", "#<": "<", "#>": ">", "#=<": "=<", "#>=": ">="}


def goal_list(term: Term) -> list[Term]:
    """The conjuncts of a body, nested conjunctions flattened."""
    if isinstance(term, Compound) and term.functor == ",":
        return [goal for part in term.args for goal in goal_list(part)]
    return [term]


def alternatives(term: Term, is_predicate: Callable[[Term], bool]) -> list[list[Term]]:
    """A body as alternatives of conjunctions. `(C -> A ; B)` is `(C, A) ; (\\+ C, B)`."""
    if isinstance(term, Compound):
        if term.functor == ",":
            return _joined([alternatives(part, is_predicate) for part in term.args])
        if len(term.args) == 2 and term.functor in (";", "->"):
            return _branches(term, is_predicate)
        if term.functor == "is_predicate" and len(term.args) == 1:
            return [[]] if is_predicate(term.args[0]) else []
    if term == "true":
        return [[]]
    return [] if term in ("fail", "false") else [[term]]


def _branches(term: Compound, is_predicate: Callable[[Term], bool]) -> list[list[Term]]:
    left, right = term.args
    if term.functor == "->":
        return _joined([alternatives(left, is_predicate), alternatives(right, is_predicate)])
    if isinstance(left, Compound) and left.functor == "->" and len(left.args) == 2:
        chosen = alternatives(left, is_predicate)
        return chosen + _joined([_negated(left.args[0], is_predicate), alternatives(right, is_predicate)])
    return alternatives(left, is_predicate) + alternatives(right, is_predicate)


def _negated(term: Term, is_predicate: Callable[[Term], bool]) -> list[list[Term]]:
    found = alternatives(term, is_predicate)
    if [] in found:
        return []
    return [[] if not found else [Compound("\\+", (term,))]]


def _joined(parts: list[list[list[Term]]]) -> list[list[Term]]:
    count = 1
    for part in parts:
        count *= len(part)
    if count > MAX_ALTERNATIVES:
        raise SkbError(f"a body has {count} alternatives; up to {MAX_ALTERNATIVES} are accepted")
    return [[goal for goals in choice for goal in goals] for choice in product(*parts)]


class Normaliser:
    """Turns clauses into rules; auxiliary relations are named `$kind1`, `$kind2`, ... ."""

    def __init__(
        self, is_predicate: Callable[[Term], bool], is_defined: Callable[[PredicateId], bool] = lambda _: False
    ) -> None:
        """`is_defined` tells relations that facts or rules state: their names are no built-ins and not refused."""
        self.rules: list[Rule] = []
        self._is_predicate = is_predicate
        self._is_defined = is_defined
        self._count = 0

    def emptied(self) -> "Normaliser":
        """Another one of the same knowledge, without rules."""
        return Normaliser(self._is_predicate, self._is_defined)

    def add_clause(self, head: Term, body: Term, text: str) -> None:
        """Adds `head :- body` as one rule for each alternative. Raises SkbError for what is no rule."""
        self.add(_as_atom(head), body, text)

    def add(self, head: Atom, body: Term, text: str, bound: frozenset[str] = frozenset()) -> None:
        for goals in alternatives(body, self._is_predicate):
            literals = self._literals(goals, names(*head.args), text)
            if literals is not None:
                self.rules.append(Rule(head, tuple(literals), text, bound))

    def _literals(self, goals: Sequence[Term], outside: set[str], text: str) -> list[Literal] | None:
        """The literals of a conjunction, or None where it can never hold."""
        if len(goals) > MAX_GOALS:
            raise SkbError(f"a body has {len(goals)} goals; up to {MAX_GOALS} are accepted")
        goals = [each for goal in goals for each in _lift_aggregates(goal, self._fresh)]
        literals: list[Literal] = []
        for at, goal in enumerate(goals):
            others = outside | names(*goals[:at], *goals[at + 1 :])
            found = self._literal(goal, others, text)
            if found is None:
                return None
            literals += found
        return [_with_needs(literal, literals) for literal in literals]

    def _fresh(self, kind: str) -> str:
        self._count += 1
        return f"${kind}{self._count}"

    def _literal(self, goal: Term, others: set[str], text: str) -> list[Literal] | None:
        if isinstance(goal, Compound) and goal.functor in ("\\+", "not", "~") and len(goal.args) == 1:
            return self._negations(goal.args[0], others, text)
        if isinstance(goal, Compound) and goal.functor == "=" and len(goal.args) == 2:
            return self._equality(goal.args[0], goal.args[1], others, text)
        if isinstance(goal, Compound) and goal.functor == "findall" and len(goal.args) == 3:
            return [self._aggregate("findall", goal.args[0], goal.args[1], goal.args[2], others, text)]
        if isinstance(goal, Compound) and goal.functor == "top" and len(goal.args) == 3:
            return [self._top(goal, text)]
        return [self._plain_literal(goal)]

    def _plain_literal(self, goal: Term) -> Literal:
        atom = _as_atom(goal)
        name, args = atom.name, atom.args
        if self._is_defined(atom.predicate):
            return atom
        _refuse(name, len(args))
        if is_test(name, len(args)):
            return Test(name, args)
        if name in _COMPARISON_OF and len(args) == 2:
            return Test(_COMPARISON_OF[name], args)
        if name == "is" and len(args) == 2:
            return Assign(args[0], args[1])
        if name == "=.." and len(args) == 2:
            return Generator(name, (args[0],), args[1])
        if (name, len(args)) in GENERATORS:
            output = GENERATORS[name, len(args)]
            return Generator(name, (*args[:output], *args[output + 1 :]), args[output])
        return atom

    def _negations(self, inner: Term, others: set[str], text: str) -> list[Literal] | None:
        found: list[Literal] = []
        for goals in alternatives(inner, self._is_predicate):
            shared = [name for name in ordered_names(*goals) if name in others]
            if not goals:
                return None
            literals = self._literals(goals, set(shared), text)
            if literals is None:
                continue
            atom = _directly_negatable(literals, set(shared))
            if atom is None:
                atom = Atom(self._fresh("not"), as_variables(shared))
                self.rules.append(Rule(atom, tuple(literals), text, frozenset(shared)))
            found.append(Negated(atom, frozenset(names(*atom.args) - set(shared))))
        return found

    def _equality(self, left: Term, right: Term, others: set[str], text: str) -> list[Literal] | None:
        for result, term in ((left, right), (right, left)):
            parts = as_aggregate(term)
            if parts is not None:
                return [self._aggregate(*parts, result, others, text)]
        pairs = decompose(left, right)
        return None if pairs is None else [Equal(first, second) for first, second in pairs]

    def _aggregate(self, kind: str, template: Term, goal: Term, result: Term, others: set[str], text: str) -> Aggregate:
        inner = [name for name in ordered_names(goal) if not _is_local(name, template, others | names(result))]
        others_inside = [name for name in ordered_names(template, goal) if name not in inner]
        value: Term = template
        body = goal
        if kind in ("min", "max", "sum") and is_expression(template):
            value = Variable("$Value")
            body = Compound(",", (goal, Compound("is", (value, template))))
        keeps_all = kind in ("sum", "findall") or (kind == "count" and not names(template))
        kept = as_variables(others_inside if keeps_all else [])
        head = Atom(self._fresh(kind), (*as_variables(inner), value, *kept))
        self.add(head, body, text, frozenset(inner))
        return Aggregate(kind, result, head, tuple(inner), frozenset())

    def _top(self, goal: Compound, text: str) -> Top:
        count, key, inner = goal.args
        if not isinstance(count, int) or count < 0:
            raise SkbError(f"top(N, Key, Goal) needs an integer N from 0, {write_term(count)} was found")
        is_descending = isinstance(key, Compound) and key.functor == "-" and len(key.args) == 1
        if is_descending and isinstance(key, Compound):
            key = key.args[0]
        value: Term = key
        body = inner
        if is_expression(key):
            value = Variable("$Value")
            body = Compound(",", (inner, Compound("is", (value, key))))
        head = Atom(self._fresh("top"), (value, *as_variables(ordered_names(goal))))
        self.add(head, body, text)
        return Top(count, is_descending, head)


def _is_local(name: str, template: Term, others: set[str]) -> bool:
    return name not in others or (isinstance(template, Variable) and template.name == name)


def as_aggregate(term: Term) -> tuple[str, Term, Term] | None:
    """(kind, template, goal) of `kind(T : Goal)`; a goal with commas may stand without brackets.

    A condition as template needs none either: `:` binds closer than `#=`, but there is nothing else it could mean.
    """
    if not isinstance(term, Compound) or term.functor not in AGGREGATES or not term.args:
        return None
    found = _before_colon(term.args[0])
    if found is None:
        return None
    template, inner = found
    goal = inner if len(term.args) == 1 else Compound(",", (inner, *term.args[1:]))
    return term.functor, template, goal


def _before_colon(term: Term) -> tuple[Term, Term] | None:
    """Template and goal of `T : Goal`, or of `A #= B : Goal` with the comparison as template."""
    if not isinstance(term, Compound) or len(term.args) != 2:
        return None
    if term.functor == ":":
        return term.args[0], term.args[1]
    if not term.functor.startswith("#") and term.functor not in ("=", "\\=") and not is_test(term.functor, 2):
        return None
    found = _before_colon(term.args[1])
    return None if found is None else (Compound(term.functor, (term.args[0], found[0])), found[1])


def _lift_aggregates(goal: Term, fresh: Callable[[str], str]) -> list[Term]:
    """Aggregates inside comparisons and `is` move to equations of their own before the goal."""
    if not isinstance(goal, Compound) or len(goal.args) != 2 or goal.functor == "=":
        return [goal]
    if goal.functor != "is" and not is_test(goal.functor, 2) and goal.functor not in _COMPARISON_OF:
        return [goal]
    lifted: list[Term] = []

    def lift(term: Term) -> Term:
        if as_aggregate(term) is not None:
            variable = Variable(fresh("_"))
            lifted.append(Compound("=", (variable, term)))
            return variable
        if isinstance(term, Compound) and is_expression(term):
            return Compound(term.functor, tuple([lift(arg) for arg in term.args]))
        return term

    rest = Compound(goal.functor, tuple([lift(arg) for arg in goal.args]))
    return [*lifted, rest]


def decompose(left: Term, right: Term) -> list[tuple[Term, Term]] | None:
    """An equation as equations whose one side is a variable; None where it cannot hold."""
    if isinstance(left, Variable) or isinstance(right, Variable):
        return [] if left == right else [(left, right)]
    if isinstance(left, Compound) and isinstance(right, Compound):
        if left.functor != right.functor or len(left.args) != len(right.args):
            return None
        return _all_decomposed(zip(left.args, right.args, strict=True))
    if isinstance(left, tuple) and isinstance(right, tuple):
        return _all_decomposed(zip(left, right, strict=True)) if len(left) == len(right) else None
    if (isinstance(left, Compound) and isinstance(right, tuple)) or isinstance(left, tuple):
        return [(left, right)]
    return [] if left == right else None


def _all_decomposed(pairs: Iterable[tuple[Term, Term]]) -> list[tuple[Term, Term]] | None:
    found: list[tuple[Term, Term]] = []
    for left, right in pairs:
        inner = decompose(left, right)
        if inner is None:
            return None
        found += inner
    return found


def _as_atom(term: Term) -> Atom:
    if isinstance(term, str):
        atom = Atom(term, ())
    elif isinstance(term, Compound):
        atom = Atom(term.functor, term.args)
    else:
        raise SkbError(f"{write_term(term)} is no goal; a relation with arguments is")
    return atom


def _refuse(name: str, arity: int) -> None:
    """Raises UnsupportedGoal for control, side effects and finite-domain constraints, which are no relations."""
    if name in _FINITE:
        raise UnsupportedGoal(
            f"{name} is a finite-domain constraint; the question takes it, a rule does not", details={"goal": name}
        )
    if name in _REFUSED or (name == "=.." and arity != 2):
        raise UnsupportedGoal(
            f"{name} is part of Prolog that this language leaves out; rules, negation and aggregates say it",
            details={"goal": name},
        )


def _directly_negatable(literals: list[Literal], shared: set[str]) -> Atom | None:
    """The atom of a one-literal negation whose local variables are plain and occur once."""
    if len(literals) != 1 or not isinstance(literals[0], Atom):
        return None
    seen: set[str] = set()
    for arg in literals[0].args:
        local = names(arg) - shared
        if local and (not isinstance(arg, Variable) or local & seen):
            return None
        seen |= local
    return literals[0]


def _with_needs(literal: Literal, literals: list[Literal]) -> Literal:
    if not isinstance(literal, Aggregate):
        return literal
    bound: set[str] = set()
    for other in literals:
        if isinstance(other, (Atom, Generator, Top, Equal, Assign)):
            bound |= literal_names(other)
    needed = frozenset(bound.intersection(literal.groups))
    return Aggregate(literal.kind, literal.result, literal.atom, literal.groups, needed)
