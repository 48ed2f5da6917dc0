"""Regular expressions that a stranger may write: matched by sets of states (Thompson 1968), never by backtracking.

Time is at most the text's length times the expression's: `(a+)+$` costs no more than it looks.
"""

from collections.abc import Callable, Iterator
from typing import TypeAlias

MOST_STATES = 1000

Node: TypeAlias = Callable[["_Machine", int], int]
"""Adds what it matches before a state; the state where that begins."""

_Test: TypeAlias = Callable[[str], bool]
_PLAIN_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v"}
_CLASSES: dict[str, _Test] = {
    "d": str.isdecimal,
    "w": lambda letter: letter.isalnum() or letter == "_",
    "s": str.isspace,
}


class ExpressionError(ValueError):
    """Text that is no regular expression of this kind; its message says where and why."""


class Expression:
    """`.`, `[...]`, `\\d \\w \\s`, groups, `|`, `* + ? {m,n}`, `^ $ \\b`; no back-references and no look-around."""

    def __init__(self, text: str) -> None:
        self._machine = _Machine()
        end = self._machine.add()
        self._start = _Parser(text).whole()(self._machine, end)
        self._end = end

    def is_found_in(self, text: str) -> bool:
        """Whether some part of a text matches."""
        machine, current = self._machine, set[int]()
        for at in range(len(text) + 1):
            waiting = machine.closed({*current, self._start}, text, at)
            if self._end in waiting:
                return True
            if at < len(text):
                current = machine.step(waiting, text[at])
        return False


class _Machine:
    """States: each tests a letter and goes on, or goes to several at once, or asserts something of its place."""

    def __init__(self) -> None:
        self._tests: list[_Test | None] = []
        self._asserts: list[Callable[[str, int], bool] | None] = []
        self._next: list[tuple[int, ...]] = []

    def add(self, *following: int, test: _Test | None = None, asserts: Callable[[str, int], bool] | None = None) -> int:
        if len(self._next) >= MOST_STATES:
            raise ExpressionError(f"its repetitions come to more than {MOST_STATES} parts")
        self._tests.append(test)
        self._asserts.append(asserts)
        self._next.append(following)
        return len(self._next) - 1

    def lead(self, state: int, *following: int) -> None:
        self._next[state] = following

    def closed(self, states: set[int], text: str, at: int) -> set[int]:
        """All states reached without a letter."""
        waiting = list(states)
        while waiting:
            state = waiting.pop()
            holds = self._asserts[state]
            if self._tests[state] is None and (holds is None or holds(text, at)):
                fresh = [each for each in self._next[state] if each not in states]
                states.update(fresh)
                waiting += fresh
        return states

    def step(self, states: set[int], letter: str) -> set[int]:
        found: set[int] = set()
        for state in states:
            test = self._tests[state]
            if test is not None and test(letter):
                found.update(self._next[state])
        return found


class _Parser:
    def __init__(self, text: str) -> None:
        self._text, self._at, self._depth = text, 0, 0

    def whole(self) -> Node:
        node = self._choice()
        if self._at < len(self._text):
            raise self._error("a parenthesis is closed that was not opened")
        return node

    def _error(self, why: str) -> ExpressionError:
        return ExpressionError(f"at character {self._at + 1} {why}")

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _take(self, what: str = "something") -> str:
        letter = self._peek()
        if not letter:
            raise self._error(f"it ends where {what} was expected")
        self._at += 1
        return letter

    def _choice(self) -> Node:
        branches = [self._sequence()]
        while self._peek() == "|":
            self._at += 1
            branches.append(self._sequence())
        if len(branches) == 1:
            return branches[0]
        return lambda machine, end: machine.add(*(branch(machine, end) for branch in branches))

    def _sequence(self) -> Node:
        parts: list[Node] = []
        while self._peek() not in ("", "|", ")"):
            parts.append(self._repeated(self._atom()))

        def node(machine: _Machine, end: int) -> int:
            for part in reversed(parts):
                end = part(machine, end)
            return end

        return node

    def _repeated(self, node: Node) -> Node:
        bounds = self._bounds()
        if bounds is None:
            return node
        if self._peek() == "?":
            self._at += 1
        if self._peek() in ("*", "+", "?"):
            raise self._error("a repetition is repeated; parentheses are needed")
        return _repeat(node, *bounds)

    def _bounds(self) -> tuple[int, int | None] | None:
        found = {"*": (0, None), "+": (1, None), "?": (0, 1)}.get(self._peek())
        if found is not None:
            self._at += 1
            return found
        if self._peek() != "{":
            return None
        inside, closing, _ = self._text[self._at + 1 :].partition("}")
        low, comma, high = inside.partition(",")
        numbers = [low or "0", high or "0"]
        if not closing or not inside or not all(map(_is_small_number, numbers)):
            raise self._error("a repetition {m,n} has no numbers below 1000; \\{ is the brace itself")
        self._at += len(inside) + 2
        least = int(numbers[0])
        most = least if not comma else int(high) if high else None
        if most is not None and most < least:
            raise self._error("a repetition ends before it begins")
        return least, most

    def _atom(self) -> Node:
        letter = self._take()
        if letter == "(":
            return self._group()
        if letter == "[":
            return _letter(self._set())
        if letter == "\\":
            return self._escaped()
        if letter in "*+?{":
            raise self._error(f"nothing stands before {letter} to be repeated")
        if letter == ".":
            return _letter(lambda found: found != "\n")
        if letter in "^$":
            return _assertion(_at_start if letter == "^" else _at_end)
        return _letter(letter.__eq__)

    def _group(self) -> Node:
        self._depth += 1
        if self._depth > 50:
            raise self._error("it nests deeper than 50 groups")
        if self._peek() == "?":
            if not self._text.startswith("?:", self._at):
                raise self._error("a group (?...) is none that is known; (?:...) is")
            self._at += 2
        node = self._choice()
        if self._take("a closing parenthesis") != ")":
            raise self._error("a group is not closed")
        self._depth -= 1
        return node

    def _escaped(self) -> Node:
        if self._peek() in ("b", "B"):
            is_wanted = self._take() == "b"
            return _assertion(lambda text, at: _is_edge(text, at) == is_wanted)
        return _letter(self._escape())

    def _escape(self) -> _Test:
        letter = self._take("an escaped character")
        known = _CLASSES.get(letter.lower())
        if known is not None:
            return known if letter.islower() else lambda found: not known(found)
        if letter in _PLAIN_ESCAPES:
            return _PLAIN_ESCAPES[letter].__eq__
        if letter.isalnum():
            raise self._error(f"the escape \\{letter} is not known")
        return letter.__eq__

    def _set(self) -> _Test:
        is_negated = self._peek() == "^"
        self._at += is_negated
        tests = list(self._members())
        return lambda found: any(test(found) for test in tests) != is_negated

    def _members(self) -> Iterator[_Test]:
        is_first = True
        while (letter := self._take("a closing bracket")) != "]" or is_first:
            is_first = False
            if letter == "\\":
                yield self._escape()
            elif self._peek() == "-" and self._text[self._at + 1 : self._at + 2] not in ("]", "\\", ""):
                self._at += 1
                yield self._range(letter, self._take())
            else:
                yield letter.__eq__

    def _range(self, low: str, high: str) -> _Test:
        if high < low:
            raise self._error("a range ends before it begins")
        return lambda found: low <= found <= high


def _is_small_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 3


def _letter(test: _Test) -> Node:
    return lambda machine, end: machine.add(end, test=test)


def _assertion(holds: Callable[[str, int], bool]) -> Node:
    return lambda machine, end: machine.add(end, asserts=holds)


def _repeat(node: Node, least: int, most: int | None) -> Node:
    def repeated(machine: _Machine, end: int) -> int:
        if most is None:
            begin = machine.add()
            machine.lead(begin, node(machine, begin), end)
        else:
            begin = end
            for _ in range(most - least):
                begin = machine.add(node(machine, begin), end)
        for _ in range(least):
            begin = machine.add(node(machine, begin))  # a state each, so that repeated nothing comes to an end, too
        return begin

    return repeated


def _at_start(_text: str, at: int) -> bool:
    return at == 0


def _at_end(text: str, at: int) -> bool:
    return at == len(text) or (at == len(text) - 1 and text[at] == "\n")


def _is_edge(text: str, at: int) -> bool:
    is_word = _CLASSES["w"]
    before, after = text[at - 1 : at] if at else "", text[at : at + 1]
    return (bool(before) and is_word(before)) != (bool(after) and is_word(after))
