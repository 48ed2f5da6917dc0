"""Where the goals of a question stand in its text, for the refusals that name one of them."""

from collections.abc import Iterator
from contextlib import contextmanager

from skb.errors import SkbError
from skb.notation.tokens import Tokens
from skb.query.rulebook import Place
from skb.terms import Compound, Term

_OPENING = ("(", "[", "{")
_CLOSING = (")", "]", "}")


class Places:
    """Line and column of every top-level goal, found when first asked for."""

    def __init__(self, place: Place, goal: Term) -> None:
        self._place = place
        self._count = len(goal.args) if isinstance(goal, Compound) and goal.functor == "," else 1

    @contextmanager
    def naming(self, at: int) -> Iterator[None]:
        """Errors inside say where the goal `at` stands."""
        try:
            yield
        except SkbError as error:
            if "line" in error.details or type(error).__init__ is not SkbError.__init__:
                raise
            line, column = self._line_and_column(at)
            message = f"line {line}, column {column}: {error.message}"
            details = {**error.details, "line": line, "column": column}
            raise type(error)(message, code=error.code, details=details) from None

    def _line_and_column(self, at: int) -> tuple[int, int]:
        starts = _starts(self._place)
        start = starts[at] if len(starts) == self._count else starts[0]
        text = self._place.text
        return text.count("\n", 0, start) + 1, start - text.rfind("\n", 0, start)


def _starts(place: Place) -> list[int]:
    """The offsets at which the goals between commas outside all brackets begin."""
    tokens = Tokens(place.text, place.start)
    starts: list[int] = []
    depth = 0
    is_next = True
    while tokens.offset < place.end:
        token = tokens.next()
        if is_next and token.value in ("?-", "why") and not starts:
            continue
        if is_next and token.kind != "eof":
            starts.append(token.start)
        is_next = token.kind == "punctuation" and token.value == "," and not depth
        depth += (token.value in _OPENING) - (token.value in _CLOSING) if token.kind == "punctuation" else 0
    return starts or [place.start]
