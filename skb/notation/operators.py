"""The operator table of the notation: ECLiPSe's, with the label `@` and the family `for`; op/3 extends a copy."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

MOST_PRIORITY = 1200
_KINDS = ("xfx", "xfy", "yfx", "fx", "fy", "xf", "yf")
_FIXED = (",", "|", "[]", "{}", "(", ")")


class Operator(NamedTuple):
    """Priority of the operator itself and the greatest priorities that its operands may have."""

    priority: int
    left: int
    right: int


def _operator(priority: int, kind: str) -> Operator:
    """An operator of a kind such as xfy; the side that has no operand gets 0."""
    left, right = kind.partition("f")[::2]
    return Operator(priority, _most(priority, left), _most(priority, right))


def _most(priority: int, side: str) -> int:
    return {"x": priority - 1, "y": priority}.get(side, 0)


class Operators(NamedTuple):
    """The operators that a text is read with, by name: between operands, before one, behind one."""

    infix: Mapping[str, Operator]
    prefix: Mapping[str, Operator]
    postfix: Mapping[str, Operator]

    def extended(self, priority: int, kind: str, name: str) -> "Operators":
        """The table after `:- op(priority, kind, name)`; priority 0 takes the operator away.

        Raises ValueError, which says what op/3 accepts.
        """
        if not 0 <= priority <= MOST_PRIORITY:
            raise ValueError(f"the priority {priority} is outside 0..{MOST_PRIORITY}")
        if kind not in _KINDS:
            raise ValueError(f"{kind} is no kind of operator; {', '.join(_KINDS)} are")
        if name in _FIXED:
            raise ValueError(f"{name} keeps its place in the notation")
        place = "infix" if len(kind) == 3 else "prefix" if kind[0] == "f" else "postfix"
        table = dict(getattr(self, place))
        table.pop(name, None)
        if priority:
            table[name] = _operator(priority, kind)
        return self._replace(**{place: MappingProxyType(table)})


_INFIX = {
    (1200, "xfx"): ":- --> if",
    (1170, "xfy"): "else",
    (1150, "xfx"): "then",
    (1100, "xfy"): "; | do",
    (1050, "xfy"): "-> *->",
    (1000, "xfy"): ",",
    (790, "xfx"): "@",
    (780, "xfx"): "for",
    (760, "yfx"): "#<=> #<==> =>",
    (750, "xfy"): "#=> #==>",
    (750, "yfx"): "or",
    (740, "yfx"): "#\\/ and",
    (720, "yfx"): "#/\\",
    (700, "xfx"): (
        "= \\= == \\== @< @> @=< @>= =.. is =:= =\\= < > =< >= :: #:: "
        "#= #\\= #< #=< #> #>= $= $\\= $< $> $=< $>= $:: from with of in ~="
    ),
    (600, "xfx"): "..",
    (600, "xfy"): ":",
    (500, "yfx"): "+ - /\\ \\/ xor",
    (400, "yfx"): "* / // mod rem div << >>",
    (200, "xfx"): "**",
    (200, "xfy"): "^",
}
_PREFIX = {
    (1200, "fx"): ":- ?-",
    (1190, "fx"): "delay",
    (1180, "fx"): "-?->",
    (1160, "fx"): "if",
    (1150, "fx"): (
        "why dynamic discontiguous multifile table local export reexport import mode initialization global "
        "demon parallel traceable untraceable skipped unskipped"
    ),
    (900, "fy"): "\\+ not ~ once",
    (730, "fy"): "neg",
    (710, "fy"): "#\\",
    (200, "fy"): "- + \\",
}


def _table(rows: Mapping[tuple[int, str], str]) -> Mapping[str, Operator]:
    return MappingProxyType({name: _operator(*key) for key, names in rows.items() for name in names.split()})


STANDARD = Operators(_table(_INFIX), _table(_PREFIX), _table({}))
INFIX = STANDARD.infix
PREFIX = STANDARD.prefix
