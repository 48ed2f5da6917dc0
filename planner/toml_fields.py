"""Fields of a TOML table, taken one by one; a mistake is answered with its line, its key and what is accepted."""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from planner.errors import PlanError
from planner.key_lines import line_of
from planner.toml_text import read_document

_LINE = re.compile(r"at line (\d+)")
_SIZE = re.compile(r"(\d{1,15}(?:\.\d{1,15})?)\s*(B|kB|KB|MB|GB|TB|KiB|MiB|GiB|TiB)?", re.ASCII)
_UNITS = {
    "B": 1,
    "kB": 10**3,
    "KB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "TB": 10**12,
    "KiB": 2**10,
    "MiB": 2**20,
    "GiB": 2**30,
    "TiB": 2**40,
}
LARGEST_SIZE_BYTES = 4 * 2**40
LARGEST_NUMBER = 1e15
LONGEST_TEXT = 200
SIZES = 'a size in bytes such as 4096, "512 MiB" or "2 GB", at most 4 TiB,'


def read_toml(text: str, where: str) -> dict[str, Any]:
    """The document; a syntax error names its line."""
    try:
        return read_document(text)
    except tomllib.TOMLDecodeError as error:
        found = _LINE.search(str(error))
        line = int(found[1]) if found else text.count("\n") + 1
        raise PlanError(
            f"{where}, line {line}: {error}; TOML is accepted",
            code="bad_application",
            details={"where": where, "line": line, "found": str(error), "accepted": "TOML"},
        ) from error
    except RecursionError as error:
        raise PlanError(
            f"{where}: tables are nested too deeply; TOML of a few levels is accepted",
            code="bad_application",
            details={"where": where},
        ) from error


class Fields:
    """One table; every key must be taken or allowed before `close`, so a misspelt one is not passed over.

    `lines` has the lines of the text by path, and is empty for what was never text.
    """

    def __init__(self, table: Any, where: str, key: str, lines: Mapping[str, int]) -> None:
        self._where = where
        self._key = key
        self._lines = lines
        self._taken: list[str] = []
        if not isinstance(table, Mapping):
            raise self.refuse("", f"is {_shown(table)}", "a table")
        self._table = table

    def refuse(self, key: str, found: str, accepted: str) -> PlanError:
        path = ".".join(part for part in (self._key, key) if part) or "document"
        line = line_of(self._lines, path)
        place = f"{self._where}, line {line}, key {path}" if line else f"{self._where}, key {path}"
        details = {"where": self._where, "key": path, "found": found, "accepted": accepted}
        return PlanError(
            f"{place}: {found}; {accepted} is accepted",
            code="bad_application",
            details={**details, "line": line} if line else details,
        )

    def __contains__(self, key: str) -> bool:
        return key in self._table

    def __iter__(self) -> Iterator[str]:
        return iter(self._table)

    @property
    def key(self) -> str:
        """The path of this table, empty for the document."""
        return self._key

    def line(self, path: str) -> int | None:
        """The line of a path from the document's start, None for what was never text."""
        return line_of(self._lines, path)

    def take(self, key: str, default: Any = None) -> Any:
        self._taken.append(key)
        return self._table.get(key, default)

    def text(self, key: str, default: str | None = None) -> str:
        value = self.take(key, default)
        if not isinstance(value, str) or not 0 < len(value) <= LONGEST_TEXT:
            raise self.refuse(key, _found(value), f"a text of up to {LONGEST_TEXT} characters")
        return value

    def choice(self, key: str, accepted: Sequence[str], default: str | None = None) -> str:
        value = self.take(key, default)
        if value not in accepted:
            raise self.refuse(key, _found(value), " or ".join(accepted))
        return str(value)

    def count(self, key: str, default: int | None = None, *, least: int = 1, most: int = 1_000_000) -> int:
        value = self.take(key, default)
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise self.refuse(key, _found(value), f"a whole number from {least} to {most}")
        return value

    def number(self, key: str, default: float | None = None) -> float:
        """A finite number from 0 on."""
        return self.check_number(key, self.take(key, default))

    def check_number(self, key: str, value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= LARGEST_NUMBER:
            raise self.refuse(key, _found(value), "a finite number from 0 to 1e15")
        return float(value)

    def flag(self, key: str, default: bool) -> bool:
        value = self.take(key, default)
        if not isinstance(value, bool):
            raise self.refuse(key, _found(value), "true or false")
        return value

    def size_bytes(self, key: str) -> int | None:
        """Bytes; None where the key is absent."""
        value = self.take(key)
        if value is None:
            return None
        match = _SIZE.fullmatch(value.strip()) if isinstance(value, str) else None
        if match is not None:
            size_bytes = round(float(match[1]) * _UNITS[match[2] or "B"])
        else:
            size_bytes = value if isinstance(value, int) and not isinstance(value, bool) else -1
        if not 0 <= size_bytes <= LARGEST_SIZE_BYTES:
            raise self.refuse(key, _found(value), SIZES)
        return size_bytes

    def names(self, key: str, default: Sequence[str] | None = None) -> tuple[str, ...]:
        """A list of texts, or one text as a list of one."""
        value = self.take(key, default)
        if isinstance(value, str):
            value = [value]
        if not isinstance(value, list | tuple) or not value or not all(isinstance(one, str) for one in value):
            raise self.refuse(key, _found(value), "a name or a list of names")
        return tuple(value)

    def tables(self, key: str) -> list["Fields"]:
        value = self.take(key, [])
        if not isinstance(value, list):
            raise self.refuse(key, _found(value), f"[[{key}]] tables")
        return [Fields(table, self._where, f"{key}[{index}]", self._lines) for index, table in enumerate(value)]

    def table(self, key: str) -> "Fields":
        value = self.take(key)
        if not isinstance(value, Mapping):
            raise self.refuse(key, _found(value), f"a table [{key}]")
        return Fields(value, self._where, f"{self._key}.{key}" if self._key else key, self._lines)

    def close(self, allowed: Iterable[str] = ()) -> None:
        """Refuse keys that nobody took."""
        accepted = [*dict.fromkeys([*self._taken, *allowed])]
        unknown = sorted(set(self._table) - set(accepted))
        if unknown:
            raise self.refuse(str(unknown[0]), "is unknown", ", ".join(accepted))


def _found(value: Any) -> str:
    return "is missing" if value is None else f"is {_shown(value)}"


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
