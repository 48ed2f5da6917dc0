"""hwloc's XML as an element tree, read under limits that hold while it is parsed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser, ParseError

from facts.reading import ReadError

MAX_BYTES = 16 * 1024 * 1024
MAX_DEPTH = 64
MAX_OBJECTS = 200_000
MAX_ELEMENTS = 500_000
CHUNK_BYTES = 1024 * 1024

_WITH_TEXT = frozenset({"indexes", "u64values"})
_VERSION = re.compile(r"(\d{1,3})(\.\d{1,3})?\Z", re.ASCII)


@dataclass(slots=True)
class Element:
    """One XML element with the line it starts on; only matrices keep their text, gathered in pieces until they end."""

    tag: str
    attributes: dict[str, str]
    line: int
    children: list[Element] = field(default_factory=list)
    text: str = ""
    pieces: list[str] = field(default_factory=list)

    def get(self, name: str) -> str | None:
        """Return an attribute's text, None where it is absent."""
        return self.attributes.get(name)

    def named(self, tag: str) -> Iterator[Element]:
        """Return the children with this tag."""
        return (child for child in self.children if child.tag == tag)

    @property
    def where(self) -> str:
        """Say where this element is, for a message."""
        kind = self.get("type")
        return f"line {self.line}, <{self.tag}{f' type={kind!r}' if kind else ''}>"


@dataclass(frozen=True, slots=True)
class Document:
    """A topology file: format version 1, 2 or 3, the root object, and the elements that follow it."""

    version: int
    root: Element
    rest: tuple[Element, ...]


def parse(data: bytes) -> Document:
    """Return the document that hwloc's XML (of version 1, 2 or 3) holds.

    A DTD is allowed and never fetched; entities are refused. Raises ReadError for XML that is broken, beyond one of
    this module's limits, no topology, of a version above 3, or with several roots.
    """
    if len(data) > MAX_BYTES:
        raise ReadError(
            "too_large",
            f"The hwloc XML has {len(data)} bytes; at most {MAX_BYTES} are read.",
            {"bytes": len(data), "limit": MAX_BYTES},
        )
    top = _elements(data)
    if top.tag != "topology":
        raise ReadError(
            "not_hwloc",
            f"The XML's outermost element is <{top.tag[:40]}>; an hwloc export, <topology>, is accepted.",
            {"found": top.tag[:40], "line": top.line},
        )
    version = _version(top)
    roots = list(top.named("object"))
    if len(roots) != 1:
        raise ReadError(
            "not_one_root",
            f"The topology holds {len(roots)} root objects; exactly one (a Machine) is accepted.",
            {"roots": len(roots), "line": (roots[1] if roots else top).line},
        )
    return Document(version, roots[0], tuple(child for child in top.children if child.tag != "object"))


def _version(top: Element) -> int:
    text = top.get("version")
    if text is None:
        return 1
    match = _VERSION.match(text)
    version = int(match.group(1)) if match else 0
    if not 1 <= version <= 3:
        raise ReadError(
            "unknown_version",
            f"The topology says version={text[:40]!r} (line {top.line}); versions 1, 2 and 3 are read.",
            {"found": text[:40], "line": top.line},
        )
    return version


def _elements(data: bytes) -> Element:
    builder = _Builder()
    # The mypy stubs of defusedxml do not exist; the parser is the standard library's pure-Python one.
    parser: Any = DefusedXMLParser(target=builder, forbid_dtd=False, forbid_entities=True, forbid_external=True)
    builder.expat = parser.parser
    try:
        for start in range(0, len(data), CHUNK_BYTES):
            parser.feed(data[start : start + CHUNK_BYTES])
        parser.close()
    except ParseError as error:
        line, column = error.position
        raise ReadError(
            "broken_xml",
            f"The XML breaks off or is not well-formed at line {line}, column {column + 1} ({_reason(error)}); "
            "a whole hwloc XML export is accepted.",
            {"line": line, "column": column + 1},
        ) from error
    except DefusedXmlException as error:
        raise ReadError(
            "hostile_xml",
            f"The XML declares an entity or an external reference (line {builder.line}); "
            "hwloc exports have none and none is accepted.",
            {"line": builder.line},
        ) from error
    except (LookupError, ValueError) as error:
        raise ReadError(
            "broken_xml",
            f"The XML cannot be decoded ({error}); UTF-8, as hwloc writes it, is accepted.",
            {"line": builder.line},
        ) from error
    if builder.top is None:
        raise ReadError("broken_xml", "The XML holds no element; an hwloc XML export is accepted.", {"line": 1})
    return builder.top


def _reason(error: ParseError) -> str:
    return str(error).split(":", 1)[0]


class _Builder:
    """Receives the parser's events; refuses what is too deep or too many as it comes."""

    def __init__(self) -> None:
        self.expat: Any = None
        self.top: Element | None = None
        self._open: list[Element] = []
        self._objects = 0
        self._elements = 0

    @property
    def line(self) -> int:
        return int(self.expat.CurrentLineNumber)

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        element = Element(tag, attributes, self.line)
        if len(self._open) >= MAX_DEPTH:
            raise ReadError(
                "too_deep",
                f"The XML nests more than {MAX_DEPTH} elements at line {element.line}; at most {MAX_DEPTH} are read.",
                {"line": element.line, "limit": MAX_DEPTH},
            )
        self._count(tag, element.line)
        if self._open:
            self._open[-1].children.append(element)
        else:
            self.top = element
        self._open.append(element)

    def _count(self, tag: str, line: int) -> None:
        self._elements += 1
        self._objects += tag == "object"
        if self._objects > MAX_OBJECTS or self._elements > MAX_ELEMENTS:
            raise ReadError(
                "too_many_objects",
                f"The topology has more than {MAX_OBJECTS} objects or {MAX_ELEMENTS} elements at line {line}; "
                "at most so many are read.",
                {"line": line, "limit": MAX_OBJECTS},
            )

    def end(self, tag: str) -> None:
        element = self._open.pop()
        if element.tag in _WITH_TEXT:
            element.text = "".join(element.pieces)
            element.pieces.clear()

    def data(self, text: str) -> None:
        if self._open[-1].tag in _WITH_TEXT:
            self._open[-1].pieces.append(text)

    def close(self) -> None:
        return None
