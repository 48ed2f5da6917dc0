"""The reader of terms: a Pratt parser over the operator table of Prolog and ECLiPSe, which op/3 in the text extends."""

from collections.abc import Mapping
from typing import NamedTuple

from skb.errors import QuerySyntaxError
from skb.notation.operators import STANDARD, Operator, Operators
from skb.notation.tokens import Token, Tokens
from skb.terms import MAX_DEPTH, PARTIAL_LIST, Compound, Real, Term, Variable

STRUCT_SUFFIX = "{}"
SUBSCRIPT = "subscript"
ATTRIBUTES = "with attributes"
_CLOSING = {")", "]", "}", ",", "|"}


class Clause(NamedTuple):
    """One sentence of a program: `term` as read, the text between its ends, the line of its first token."""

    term: Term
    start: int
    end: int
    line: int


class _Read(NamedTuple):
    term: Term
    priority: int
    depth: int


class Reader:
    """Reads clause after clause from a text; `why`, `dynamic` and the like are ordinary operators here."""

    def __init__(self, text: str, start: int = 0) -> None:
        self._tokens = Tokens(text, start)
        self._token: Token = Token("eof", "", start, False)
        self._level = 0
        self._is_argument = False
        self._operators: Operators = STANDARD
        self._anonymous = 0
        self._line, self._counted = 1, 0

    def clause(self) -> Clause | None:
        """The next sentence, or None at the end of the text."""
        self._advance()
        if self._token.kind == "eof":
            return None
        start = self._token.start
        self._anonymous = 0
        term = self._parse(1200).term
        if self._token.kind not in ("end", "eof"):
            raise self._expected("an operator or '.' before a space")
        if isinstance(term, Compound) and term.functor == ":-" and len(term.args) == 1:
            self._take_operators(term.args[0], start)
        return Clause(term, start, self._tokens.offset, self._line_of(start))

    def _take_operators(self, directive: Term, at: int) -> None:
        """`op(Priority, Kind, Names)` holds from here on, also inside `local`, `export` and a conjunction."""
        if not isinstance(directive, Compound):
            return
        if directive.functor in ("local", "export", ","):
            for part in directive.args:
                self._take_operators(part, at)
        if directive.functor != "op" or len(directive.args) != 3:
            return
        priority, kind, named = directive.args
        for name in named if isinstance(named, tuple) else (named,):
            if isinstance(name, Compound) and name.functor == ":":
                name = name.args[-1]
            if isinstance(priority, int) and isinstance(kind, str) and isinstance(name, str):
                self._take_operator(priority, kind, name, at)

    def _take_operator(self, priority: int, kind: str, name: str, at: int) -> None:
        try:
            self._operators = self._operators.extended(priority, kind, name)
        except ValueError as error:
            raise self._tokens.error(f"in op/3, {error}", at) from None

    def _line_of(self, offset: int) -> int:
        """Counted on from the clause before, so that a long text is counted once."""
        if offset < self._counted:
            self._line, self._counted = 1, 0
        self._line += self._tokens.text.count("\n", self._counted, offset)
        self._counted = offset
        return self._line

    @property
    def ended(self) -> bool:
        """Whether the last clause was closed by a full stop (not by the end of the text)."""
        return self._token.kind == "end"

    def move_to(self, offset: int) -> None:
        self._tokens.offset = offset

    def error(self, message: str, at: int) -> QuerySyntaxError:
        return self._tokens.error(message, at)

    def _advance(self) -> None:
        self._token = self._tokens.next()

    def _is(self, text: str) -> bool:
        return self._token.kind == "punctuation" and self._token.value == text

    def _expected(self, wanted: str) -> QuerySyntaxError:
        token = self._token
        if token.kind == "eof":
            found = "the text ends"
        else:
            shown = self._tokens.text[token.start : self._tokens.offset]
            found = f"'{shown[:30]}' was found"
        return self._tokens.error(f"{found} where {wanted} was expected", token.start)

    def _take(self, text: str, wanted: str) -> None:
        if not self._is(text):
            raise self._expected(wanted)
        self._advance()

    def _deeper(self, depth: int, at: int) -> int:
        if depth >= MAX_DEPTH:
            raise self._tokens.error(f"the term nests deeper than the {MAX_DEPTH} levels that are accepted", at)
        return depth + 1

    def _parse(self, most: int) -> _Read:
        self._level = self._deeper(self._level, self._token.start)
        left = self._primary(most)
        while True:
            if (operator := self._operator_here(self._operators.infix, left.priority, most)) is not None:
                left = self._infix(left, operator)
            elif (operator := self._operator_here(self._operators.postfix, left.priority, most)) is not None:
                left = self._postfix(left, operator)
            else:
                self._level -= 1
                return left

    def _operator_here(self, table: Mapping[str, Operator], left_priority: int, most: int) -> Operator | None:
        token = self._token
        if token.kind == "name" or (
            token.kind == "punctuation" and token.value in (",", "|") and not self._is_argument
        ):
            operator = table.get(str(token.value))
            if operator and operator.priority <= most and left_priority <= operator.left:
                return operator
        return None

    def _postfix(self, left: _Read, operator: Operator) -> _Read:
        name, at = str(self._token.value), self._token.start
        self._advance()
        return _Read(Compound(name, (left.term,)), operator.priority, self._deeper(left.depth, at))

    def _infix(self, left: _Read, operator: Operator) -> _Read:
        name, at = str(self._token.value), self._token.start
        if name == ",":
            return self._conjunction(left)
        self._advance()
        right = self._parse(operator.right)
        depth = self._deeper(max(left.depth, right.depth), at)
        return _Read(Compound(";" if name == "|" else name, (left.term, right.term)), operator.priority, depth)

    def _conjunction(self, first: _Read) -> _Read:
        """`a, b, c` is one compound of three arguments, so that a long body is not a deep term."""
        at = self._token.start
        parts = [first]
        while self._is(","):
            self._advance()
            parts.append(self._parse(999))
        depth = self._deeper(max(part.depth for part in parts), at)
        return _Read(Compound(",", tuple(part.term for part in parts)), 1000, depth)

    def _primary(self, most: int) -> _Read:
        token = self._token
        if token.kind == "name":
            self._advance()
            return self._after_name(str(token.value), token, most)
        if token.kind == "punctuation":
            return self._bracketed(token)
        if token.kind in ("end", "eof"):
            raise self._expected("a term")
        self._advance()
        if token.kind == "quoted":
            return self._subscripted(self._applied(str(token.value), token))
        if token.kind == "variable":
            return self._subscripted(self._attributed(self._named_apart(token.value), token))
        return _Read(token.value, 0, 0)

    def _named_apart(self, value: Term) -> Term:
        if isinstance(value, Variable) and value.name == "_":
            self._anonymous += 1
            return Variable(f"_{self._anonymous}")
        return value

    def _bracketed(self, token: Token) -> _Read:
        if token.value == "(":
            self._advance()
            inner = self._inside(is_argument=False)
            self._take(")", "an operator or ')'")
            return _Read(inner.term, 0, inner.depth)
        if token.value == "[":
            self._advance()
            return self._list(token.start)
        if token.value == "{":
            self._advance()
            if self._is("}"):
                self._advance()
                return self._applied("{}", token)
            inner = self._inside(is_argument=False)
            self._take("}", "an operator or '}'")
            return _Read(Compound("{}", (inner.term,)), 0, self._deeper(inner.depth, token.start))
        raise self._expected("a term")

    def _inside(self, *, is_argument: bool) -> _Read:
        """A term of any priority between brackets; as an argument it ends at a comma or a bar."""
        before, self._is_argument = self._is_argument, is_argument
        inner = self._parse(1200)
        self._is_argument = before
        return inner

    def _subscripted(self, read: _Read) -> _Read:
        """`W[I]` and `grid(x)[I, J]` are `subscript(W, [I])`, as in ECLiPSe."""
        while self._is_glued("[") and isinstance(read.term, (Variable, Compound)):
            at = self._token.start
            self._advance()
            inner = self._list(at)
            depth = self._deeper(max(read.depth, inner.depth), at)
            read = _Read(Compound(SUBSCRIPT, (read.term, inner.term)), 0, depth)
        return read

    def _attributed(self, term: Term, token: Token) -> _Read:
        """`X{name: V}` is a variable with attributes."""
        if not self._is_glued("{"):
            return _Read(term, 0, 0)
        fields = self._applied("", token)
        assert isinstance(fields.term, Compound)
        return _Read(Compound(ATTRIBUTES, (term, fields.term.args)), 0, self._deeper(fields.depth, token.start))

    def _list(self, at: int) -> _Read:
        if self._is("]"):
            self._advance()
            return self._applied("[]", self._token) if self._is_glued("(") else _Read((), 0, 0)
        items, depth = self._arguments()
        tail: Term = ()
        if self._is("|"):
            self._advance()
            rest = self._inside(is_argument=True)
            tail, depth = rest.term, max(depth, rest.depth)
        self._take("]", "',', '|' or ']'")
        return _Read(make_list(items, tail), 0, self._deeper(depth, at))

    def _arguments(self) -> tuple[list[Term], int]:
        parts = [self._inside(is_argument=True)]
        while self._is(","):
            self._advance()
            parts.append(self._inside(is_argument=True))
        return [part.term for part in parts], max(part.depth for part in parts)

    def _is_glued(self, text: str) -> bool:
        return self._is(text) and self._token.glued

    def _after_name(self, name: str, token: Token, most: int) -> _Read:
        if self._is_glued("(") or self._is_glued("{"):
            return self._subscripted(self._applied(name, token))
        if name in ("-", "+") and self._token.kind == "number" and self._token.glued:
            return self._signed(name)
        operator = self._operators.prefix.get(name)
        if operator is None or self._ends_operand():
            return _Read(name, 0, 0)
        if operator.priority > most:
            operator = Operator(999, 0, 999) if most >= 999 else Operator(most, 0, most)
        operand = self._parse(operator.right)
        return _Read(Compound(name, (operand.term,)), operator.priority, self._deeper(operand.depth, token.start))

    def _signed(self, sign: str) -> _Read:
        at, value = self._token.start, self._token.value
        self._advance()
        if sign == "-" and isinstance(value, int):
            if value > 2**63:
                raise self._tokens.error("an integer lies outside -2^63 .. 2^64-1", at)
            return _Read(-value, 0, 0)
        if sign == "-" and isinstance(value, Real):
            return _Read(Real(-value.value), 0, 0)
        return _Read(value, 0, 0)

    def _ends_operand(self) -> bool:
        """Whether a prefix operator stands alone here, as an atom: before a closing or an infix operator."""
        token = self._token
        if token.kind in ("end", "eof") or (token.kind == "punctuation" and token.value in _CLOSING):
            return True
        infix, prefix, postfix = self._operators
        if token.kind != "name" or token.value in prefix or not (token.value in infix or token.value in postfix):
            return False
        if self._tokens.text.startswith("(", self._tokens.offset):
            return False
        behind = self._tokens.peek()
        return not (behind.kind in ("end", "eof") or (behind.kind == "punctuation" and behind.value in _CLOSING))

    def _applied(self, name: str, token: Token) -> _Read:
        if self._is_glued("("):
            self._advance()
            if self._is(")"):
                self._advance()
                return _Read(Compound(name, ()), 0, self._deeper(0, token.start))
            args, depth = self._arguments()
            self._take(")", "',' or ')'")
            return _Read(Compound(name, tuple(args)), 0, self._deeper(depth, token.start))
        if self._is_glued("{"):
            self._advance()
            fields, depth = ([], 0) if self._is("}") else self._arguments()
            self._take("}", "',' or '}'")
            return _Read(Compound(name + STRUCT_SUFFIX, tuple(fields)), 0, self._deeper(depth, token.start))
        return _Read(name, 0, 0)


def make_list(items: list[Term], tail: Term) -> Term:
    """A list; one whose tail is no list stays open as nested `[|]` pairs."""
    if isinstance(tail, tuple):
        return (*items, *tail)
    for item in reversed(items):
        tail = Compound(PARTIAL_LIST, (item, tail))
    return tail


def read_clauses(text: str) -> list[Clause]:
    """Every sentence of a program, in order. Raises QuerySyntaxError with line and column."""
    check_characters(text)
    reader = Reader(text)
    found = []
    while (clause := reader.clause()) is not None:
        found.append(clause)
    return found


def read_term(text: str) -> Term:
    """The one term that a text holds, with or without the final full stop."""
    clauses = read_clauses(text)
    if len(clauses) != 1:
        raise QuerySyntaxError(f"{len(clauses)} terms were found where one was expected", 1, 1)
    return clauses[0].term


def check_characters(text: str) -> None:
    """Refuses text that no UTF-8 file could hold (lone surrogates)."""
    try:
        if not text.isascii():
            text.encode()
    except UnicodeEncodeError as error:
        raise Tokens(text).error("a lone surrogate is no character", error.start) from None
