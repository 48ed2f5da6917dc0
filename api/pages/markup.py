"""HTML and SVG text from elements, every string escaped."""

import html
import re
from typing import TypeAlias

Attribute: TypeAlias = str | int | float
Child: TypeAlias = "Markup | str | int"

_VOID = frozenset({"meta", "link", "br", "hr", "img"})
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")


class Markup(str):
    """Text that is markup already."""

    __slots__ = ()


def element(name: str, attributes: dict[str, Attribute] | None = None, *children: Child) -> Markup:
    """One element. `_` in an attribute's name is `-`, a `_` at its end is dropped.

    >>> element("p", {"class_": "note"}, "a < b")
    '<p class="note">a &lt; b</p>'
    """
    stated = "".join(
        f' {key.removesuffix("_").replace("_", "-")}="{_value(value)}"' for key, value in (attributes or {}).items()
    )
    if name in _VOID:
        return Markup(f"<{name}{stated}>")
    return Markup(f"<{name}{stated}>{joined(*children)}</{name}>")


def joined(*children: Child) -> Markup:
    """Children one after the other; what is not markup is escaped."""
    return Markup("".join(child if isinstance(child, Markup) else escape(str(child)) for child in children))


def escape(text: str) -> Markup:
    """Text with nothing left in it that HTML, SVG or a terminal could take for more than text."""
    return Markup(html.escape(_BIDI.sub("\ufffd", _UNPRINTABLE.sub("\ufffd", text))))


def _value(value: Attribute) -> str:
    return f"{value:g}" if isinstance(value, float) else escape(str(value))
