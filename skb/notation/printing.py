"""Terms written back as notation, quoted so that reading gives the same term again."""

import re

from skb.notation.operators import INFIX, PREFIX
from skb.notation.parser import STRUCT_SUFFIX
from skb.terms import PARTIAL_LIST, Compound, Real, String, Term

_PLAIN_ATOM = re.compile(r"[^\W\d_A-Z]\w*\Z|[+\-*/\\^<>=~:.?@#&$]+\Z|[!;]\Z|\[\]\Z")
_SPECIAL = {"\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r", "\0": "\\x0\\"}


# An operator stands alone as an atom between the commas of arguments, not between those of a conjunction.
_ARGUMENT = 999
_CONJUNCT = 998


def _is_plain(atom: str) -> bool:
    if not _PLAIN_ATOM.match(atom) or atom[0].isupper():
        return False
    return atom not in ("[]", ".") and not atom.startswith("/*")


def _quoted(text: str, quote: str) -> str:
    escaped = "".join(_SPECIAL.get(letter, letter) for letter in text)
    return quote + escaped.replace(quote, "\\" + quote) + quote


def _atom(name: str) -> str:
    return name if _is_plain(name) else _quoted(name, "'")


def write_term(term: Term, most: int = 1200) -> str:
    """The notation of a term; operators get brackets where their priority exceeds `most`."""
    if isinstance(term, str):
        written = _atom(term)
        return f"({written})" if (term in INFIX or term in PREFIX) and most not in (_ARGUMENT, 1200) else written
    if isinstance(term, int):
        return str(term)
    if isinstance(term, Compound):
        return _compound(term, most)
    if isinstance(term, tuple):
        return "[" + ",".join([write_term(item, _ARGUMENT) for item in term]) + "]"
    if isinstance(term, Real):
        return _real(term.value)
    if isinstance(term, String):
        return _quoted(term.text, '"')
    return "_" if re.fullmatch(r"_\d+", term.name) else term.name


def _real(value: float) -> str:
    text = repr(value)
    mantissa, mark, exponent = text.partition("e")
    return text if "." in mantissa else f"{mantissa}.0{mark}{exponent}"


def _compound(term: Compound, most: int) -> str:
    name, args = term.functor, term.args
    if name == PARTIAL_LIST and len(args) == 2:
        return _open_list(term)
    if name == "{}" and len(args) == 1:
        return "{" + write_term(args[0]) + "}"
    if name == "," and len(args) >= 2:
        return _wrapped(", ".join([write_term(arg, _CONJUNCT) for arg in args]), 1000, most)
    if len(args) == 2 and name in INFIX and name != "|":
        return _infix(name, args[0], args[1], most)
    if len(args) == 1 and name in PREFIX and name not in ("-", "+"):
        operator = PREFIX[name]
        return _wrapped(f"{_atom(name)} {write_term(args[0], operator.right)}", operator.priority, most)
    inner = ",".join([write_term(arg, _ARGUMENT) for arg in args])
    if name.endswith(STRUCT_SUFFIX) and name != STRUCT_SUFFIX:
        return f"{_atom(name.removesuffix(STRUCT_SUFFIX))}{{{inner}}}"
    return f"{_atom(name)}({inner})"


def _infix(name: str, left: Term, right: Term, most: int) -> str:
    operator = INFIX[name]
    text = f"{write_term(left, operator.left)} {_atom(name)} {write_term(right, operator.right)}"
    return _wrapped(text, operator.priority, most)


def _wrapped(text: str, priority: int, most: int) -> str:
    return f"({text})" if priority > most else text


def _open_list(term: Compound) -> str:
    items = []
    tail: Term = term
    while isinstance(tail, Compound) and tail.functor == PARTIAL_LIST and len(tail.args) == 2:
        items.append(write_term(tail.args[0], _ARGUMENT))
        tail = tail.args[1]
    return "[" + ",".join(items) + "|" + write_term(tail, _ARGUMENT) + "]"


def write_fact(relation: str, args: tuple[Term, ...]) -> str:
    """A fact as one line of notation, without the full stop."""
    if not args:
        return _atom(relation)
    return f"{_atom(relation)}({','.join([write_term(arg, _ARGUMENT) for arg in args])})"
