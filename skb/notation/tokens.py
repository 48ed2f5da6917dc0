"""The tokenizer of the notation: one regular expression, positions kept."""

import re
from typing import NamedTuple

from skb.errors import QuerySyntaxError
from skb.terms import Real, String, Term, Variable, is_integer_in_range


class Token(NamedTuple):
    """`kind`: name, quoted, variable, number, string, punctuation, end or eof; `glued`: no layout before."""

    kind: str
    value: Term
    start: int
    glued: bool


_LAYOUT = re.compile(r"(?:\s+|%[^\n]*|/\*.*?\*/)+", re.DOTALL)
_TOKEN = re.compile(
    r"""
    (?P<character>0'(?:\\x[0-9a-fA-F]+\\|\\.|''?|[^'\\]))
  | (?P<radix>0x[0-9a-fA-F]+|0o[0-7]+|0b[01]+|\d{1,2}'[0-9a-zA-Z]+)
  | (?P<real>\d+(?:\.\d+(?:[eE][+-]?\d+)?|[eE][+-]?\d+))
  | (?P<integer>\d+(?:_\d+)*)
  | (?P<variable>[A-Z_]\w*)
  | (?P<name>[^\W\d_]\w*)
  | (?P<quoted>'(?>[^'\\]+|\\(?>x[0-9a-fA-F]+\\?|[0-7]+\\?|.)|'')*+')
  | (?P<string>"(?>[^"\\]+|\\(?>x[0-9a-fA-F]+\\?|[0-7]+\\?|.)|"")*+")
  | (?P<end>\.(?=[\s%]|\Z))
  | (?P<symbol>[+\-*/\\^<>=~:.?@#&$]+|[!;])
  | (?P<punctuation>[()\[\]{},|])
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(
    r"\\(?:x(?P<hex>[0-9a-fA-F]{1,8})\\?|u(?P<u4>[0-9a-fA-F]{4})|U(?P<u8>[0-9a-fA-F]{8})"
    r"|(?P<octal>[0-7]{1,7})\\|(?P<nothing>\r?\n|c\s*)|(?P<plain>.))",
    re.DOTALL,
)
_PLAIN_ESCAPES = {
    "n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v", "e": "\x1b",
    "0": "\0", "s": " ", "\\": "\\", "'": "'", '"': '"', "`": "`",
}  # fmt: skip


class Tokens:
    """The tokens of one text, read one after another from an offset that the caller may move."""

    def __init__(self, text: str, start: int = 0) -> None:
        self.text = text
        self.offset = start

    def error(self, message: str, at: int) -> QuerySyntaxError:
        line = self.text.count("\n", 0, at) + 1
        return QuerySyntaxError(message, line, at - self.text.rfind("\n", 0, at))

    def next(self) -> Token:
        layout = _LAYOUT.match(self.text, self.offset)
        start = layout.end() if layout else self.offset
        glued = start == self.offset
        if start >= len(self.text):
            self.offset = len(self.text)
            return Token("eof", "", start, glued)
        found = _TOKEN.match(self.text, start)
        if found is None or self.text.startswith("/*", start):
            raise self._unreadable(start)
        self.offset = found.end()
        kind = found.lastgroup or ""
        return self._token(kind, found.group(), start, glued)

    def peek(self) -> Token:
        """The next token, without taking it."""
        offset = self.offset
        token = self.next()
        self.offset = offset
        return token

    def _unreadable(self, start: int) -> QuerySyntaxError:
        text = self.text[start : start + 2]
        if text == "/*":
            return self.error("a comment that starts with /* is never closed; */ would close it", start)
        if text[0] in "'\"":
            return self.error(f"text that starts with {text[0]} is never closed by another {text[0]}", start)
        return self.error(f"the character {text[0]!r} starts no term; quote it as in 'a b'", start)

    def _token(self, kind: str, text: str, start: int, glued: bool) -> Token:
        if kind in ("punctuation", "end"):
            return Token(kind, text, start, glued)
        if kind in ("name", "symbol"):
            return Token("variable" if text[0].isupper() else "name", _named(kind, text), start, glued)
        if kind == "variable":
            return Token(kind, Variable(text), start, glued)
        if kind in ("quoted", "string"):
            body = self._unescaped(text, start)
            return Token(kind, body if kind == "quoted" else String(body), start, glued)
        return Token("number", self._number(kind, text, start), start, glued)

    def _number(self, kind: str, text: str, start: int) -> Term:
        if kind == "real":
            return self._real(text, start)
        if kind == "character":
            body = "'" if text[2:] in ("'", "''") else self._escapes(text[2:], start)
            return ord(body[0])
        if kind == "radix":
            value = self._radix(text, start)
        else:
            digits = text.replace("_", "").lstrip("0")
            value = int(digits or "0") if len(digits) < 40 else -1
        if value < 0 or not is_integer_in_range(value):
            raise self.error("an integer lies outside -2^63 .. 2^64-1, the range that is kept exactly", start)
        return value

    def _real(self, text: str, start: int) -> Real:
        value = float(text)
        if value == float("inf"):
            raise self.error(f"the number {text[:20]} is too large for a 64-bit float", start)
        return Real(value)

    def _radix(self, text: str, start: int) -> int:
        if text[1] in "xob":
            return int(text, 0)
        base, digits = text.split("'", 1)
        try:
            return int(digits[:80], int(base))
        except ValueError:
            raise self.error(f"{text[:20]} is no integer: base 2..36, then digits of that base", start) from None

    def _unescaped(self, text: str, start: int) -> str:
        quote = text[0]
        return self._escapes(text[1:-1].replace(quote * 2, quote), start)

    def _escapes(self, text: str, start: int) -> str:
        if "\\" not in text:
            return text

        def replace(found: re.Match[str]) -> str:
            group = found.lastgroup or ""
            if group == "nothing":
                return ""
            if group == "plain":
                letter = found.group("plain")
                if letter not in _PLAIN_ESCAPES:
                    raise self.error(
                        f"the escape \\{letter} is unknown; \\n \\t \\\\ \\' \\\" \\xHH\\ are known", start
                    )
                return _PLAIN_ESCAPES[letter]
            code = int(found.group(group), 8 if group == "octal" else 16)
            if code > 0x10FFFF or 0xD800 <= code < 0xE000:
                raise self.error("an escape names no Unicode character", start)
            return chr(code)

        return _ESCAPE.sub(replace, text)


def _named(kind: str, text: str) -> Term:
    return Variable(text) if kind == "name" and text[0].isupper() else text
