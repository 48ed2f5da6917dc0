"""Keys of a TOML file taken one by one, with an error that names file, line, key, what was found, what is accepted."""

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from experiments.errors import ExperimentError
from planner.key_lines import key_lines, line_of
from planner.toml_text import read_document

_LINE = re.compile(r"at line (\d+)")
MOST_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class Source:
    """A file or text under its name; `folder` is where its relative paths start, None if it may name none."""

    name: str
    lines: Mapping[str, int] = field(default_factory=dict)
    folder: Path | None = None

    def refuse(self, path: str, found: str, accepted: str, *, line: int | None = None) -> ExperimentError:
        """The error for what stands at a key."""
        line = line if line is not None else self.line_of(path)
        details: dict[str, object] = {"where": self.name, "found": found, "accepted": accepted}
        details |= {"line": line} if line else {}
        details |= {"key": path} if path else {}
        return ExperimentError(f"{self.where(path, line)}: {found}; accepted: {accepted}", details=details)

    def where(self, path: str, line: int | None = None) -> str:
        """Name, line and key, as far as they are known."""
        line = line if line is not None else self.line_of(path)
        return ", ".join(
            part for part in (self.name, f"line {line}" if line else "", f"key {path}" if path else "") if part
        )

    def line_of(self, path: str) -> int | None:
        """The key's line, else that of the table it is missing from."""
        return line_of(self.lines, path)


def open_fields(text: str, name: str, folder: Path | None) -> "Fields":
    """A TOML text's keys. Raises ExperimentError with the line of a syntax error."""
    plain = Source(name)
    try:
        document = read_document(text)
    except tomllib.TOMLDecodeError as error:
        found = _LINE.search(str(error))
        line = int(found[1]) if found else text.count("\n") + 1
        raise plain.refuse("", str(error), "TOML", line=line) from error
    except RecursionError as error:
        raise plain.refuse("", "tables nested too deeply", "TOML of a few levels") from error
    return Fields(document, Source(name, key_lines(text), folder), "")


def read_text(path: Path, wanted: str) -> str:
    """A file that a user names. Raises ExperimentError where it cannot be read."""
    try:
        data = path.read_bytes()
        if len(data) > MOST_BYTES:
            raise ExperimentError(
                f"{path}: {len(data)} bytes are too many for {wanted}; accepted: at most {MOST_BYTES}",
                details={"where": str(path)},
            )
        return data.decode("utf-8")
    except OSError as error:
        raise ExperimentError(
            f"{path}: {error.strerror or error} (while looking for {wanted}); accepted: a file that can be read",
            code="no_such_file",
            details={"where": str(path)},
        ) from error
    except UnicodeDecodeError as error:
        raise ExperimentError(
            f"{path}: byte {error.start} is not UTF-8; accepted: {wanted} as text", details={"where": str(path)}
        ) from error


class Fields:
    """One table. Every key must be taken before `close`, so that a misspelt one is not passed over."""

    def __init__(self, table: Any, source: Source, path: str) -> None:
        self.source = source
        self.path = path
        self._taken: list[str] = []
        if not isinstance(table, Mapping):
            raise source.refuse(path, f"found {shown(table)}", "a table")
        self.table: Mapping[str, Any] = table

    def refuse(self, key: str, found: str, accepted: str) -> ExperimentError:
        return self.source.refuse(".".join(part for part in (self.path, key) if part), found, accepted)

    def __contains__(self, key: str) -> bool:
        return key in self.table

    def take(self, key: str, default: Any = None) -> Any:
        self._taken.append(key)
        return self.table.get(key, default)

    def text(self, key: str, default: str | None = None) -> str:
        value = self.take(key, default)
        if not isinstance(value, str) or not value:
            raise self.refuse(key, said(value), "a text")
        return value

    def file_text(self, key: str, wanted: str) -> tuple[str, Path]:
        """What the file named at a key holds, with its path; refused where the text came without a folder."""
        name = self.text(key)
        if self.source.folder is None:
            found = f"found the file name {name!r}"
            raise self.refuse(key, found, "the file's keys in place: no folder is known here")
        path = self.source.folder / name
        try:
            return read_text(path, wanted), path
        except ExperimentError as error:
            own = ".".join(part for part in (self.path, key) if part)
            details = {**error.details, "key": own, "line": self.source.line_of(own), "found": name}
            raise ExperimentError(
                f"{self.source.where(own)}: {error.message}", code=error.code, details=details
            ) from error

    def choice(self, key: str, accepted: Sequence[str], default: str | None = None) -> str:
        value = self.take(key, default)
        if value not in accepted:
            raise self.refuse(key, said(value), " or ".join(accepted))
        return str(value)

    def count(self, key: str, default: int | None = None, *, least: int = 0, most: int = 1_000_000) -> int:
        value = self.take(key, default)
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise self.refuse(key, said(value), f"a whole number from {least} to {most}")
        return value

    def number(self, key: str, default: float | None = None, *, most: float = 1e12) -> float:
        return self.check_number(key, self.take(key, default), most)

    def check_number(self, key: str, value: Any, most: float) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
            raise self.refuse(key, said(value), f"a number from 0 to {most:g}")
        return value

    def span(self, key: str, *, most: float, is_relative: bool = False) -> tuple[float, float] | None:
        """`[low, high]`, or one number; None where the key is absent.

        One number is both ends, or the upper one of what `is_relative`: where it is the same for all, it is nothing.
        """
        value = self.take(key)
        if value is None:
            return None
        if isinstance(value, list) and len(value) == 2:
            low, high = (self.check_number(key, each, most) for each in value)
            if low <= high:
                return low, high
            raise self.refuse(key, said(value), "[low, high] with low <= high")
        number = self.check_number(key, value, most)
        return 0 if is_relative else number, number

    def flag(self, key: str, default: bool | None) -> bool | None:
        value = self.take(key, default)
        if value is not None and not isinstance(value, bool):
            raise self.refuse(key, said(value), "true or false")
        return value

    def is_set(self, key: str) -> bool:
        """A flag that is false where it is absent."""
        return self.flag(key, False) is True

    def tables(self, key: str) -> list["Fields"]:
        value = self.take(key, [])
        if not isinstance(value, list):
            raise self.refuse(key, said(value), f"[[{key}]] tables")
        own = f"{self.path}.{key}" if self.path else key
        return [Fields(table, self.source, f"{own}[{index}]") for index, table in enumerate(value)]

    def part(self, key: str) -> "Fields":
        """A table within; empty where it is absent."""
        own = f"{self.path}.{key}" if self.path else key
        return Fields(self.take(key, {}), self.source, own)

    def close(self, allowed: Iterable[str] = ()) -> None:
        """Refuse keys that were neither taken nor allowed."""
        accepted = [*dict.fromkeys([*self._taken, *allowed])]
        for key in self.table:
            if key not in accepted:
                raise self.refuse(str(key), "found an unknown key", ", ".join(accepted))


def said(value: Any) -> str:
    """What was found, for an error."""
    return "found nothing" if value is None else f"found {shown(value)}"


def shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
