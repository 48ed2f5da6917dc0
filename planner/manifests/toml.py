"""The TOML form of a manifest: several groups, each with its own phases."""

import re
import tomllib
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from planner.key_lines import key_lines, line_of
from planner.manifests.phase_check import (
    DERIVED_RELEASE,
    Spot,
    as_milliseconds,
    check_phases,
    make_best_effort,
    make_kind,
    make_reserved,
)
from planner.manifests.phases import Group, Phase, check_dispatchers
from planner.toml_text import read_document

MOST_GROUPS = 256
_GROUP_KEYS = ("name", "dispatchers", "phase")
_BEST_EFFORT_KEYS = ("kind", "weight")
_RESERVED_KEYS = ("kind", "wcet_ms", "period_ms", "deadline_ms", "release_ms")
_LINE = re.compile(r"at line (\d+)")


class _Place(Spot):
    """Where a table stands; `at` is where one of its keys stands."""

    def __init__(self, manifest: str, lines: Mapping[str, int], path: str) -> None:
        line = line_of(lines, path)
        super().__init__(manifest, **({"line": line} if line else {}), key=path or "group")
        self.path = path
        self._lines = lines
        self._of = manifest

    def at(self, key: str) -> "_Place":
        return _Place(self._of, self._lines, f"{self.path}.{key}" if self.path else key)


def read_groups(text: str, manifest: str) -> tuple[Group, ...]:
    """Groups in the order of the text. Raises PlanError naming the line and, for values, the key."""
    try:
        document = read_document(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        found = _LINE.search(str(error))
        line = int(found[1]) if found else text.count("\n") + 1
        raise Spot(manifest, line=line).refuse(str(error), "TOML with [[group]] tables is accepted") from error
    except RecursionError as error:
        raise Spot(manifest, key="group").refuse("nested too deeply", "[[group]] tables are accepted") from error
    root = _Place(manifest, key_lines(text), "")
    _check_keys(document, ("group",), root)
    tables = document.get("group")
    if not isinstance(tables, list) or not tables:
        raise root.refuse("no group", "[[group]] tables are accepted")
    if len(tables) > MOST_GROUPS:
        raise root.refuse(f"{len(tables)} groups", f"at most {MOST_GROUPS} are accepted")
    groups = tuple(_read_group(table, index, root.at(f"group[{index}]")) for index, table in enumerate(tables))
    names = [group.name for group in groups]
    if len(set(names)) < len(names):
        raise root.refuse(f"the group names {names}", "a name of its own for each group is accepted")
    return groups


def write_groups(groups: tuple[Group, ...]) -> str:
    return "\n".join(_write_group(group) for group in groups)


def _read_group(table: Any, index: int, spot: _Place) -> Group:
    _check_table(table, spot)
    _check_keys(table, _GROUP_KEYS, spot)
    name = table.get("name", "main" if index == 0 else f"group{index}")
    if not isinstance(name, str) or not name:
        raise spot.at("name").refuse(f"the name {name!r}", "a text that is not empty is accepted")
    count = table.get("dispatchers", 1)
    if isinstance(count, bool) or not isinstance(count, int):
        raise spot.at("dispatchers").refuse(f"{count!r} dispatchers", "a whole number is accepted")
    phases = table.get("phase")
    if not isinstance(phases, list):
        raise spot.refuse("no phase", "[[group.phase]] tables are accepted")
    read = tuple(_read_phase(phase, spot.at(f"phase[{number}]")) for number, phase in enumerate(phases))
    return Group(name, check_dispatchers(count, spot.at("dispatchers").place), check_phases(read, spot))


def _read_phase(table: Any, spot: _Place) -> Phase:
    _check_table(table, spot)
    kind = make_kind(table.get("kind"), spot.at("kind"))
    if kind == "B":
        _check_keys(table, _BEST_EFFORT_KEYS, spot)
        return make_best_effort(_number(table, "weight", spot), spot.at("weight"))
    _check_keys(table, _RESERVED_KEYS, spot)
    deadline = _number(table, "deadline_ms", spot) if "deadline_ms" in table else None
    release = _release(table, spot)
    return make_reserved(
        kind, _number(table, "wcet_ms", spot), _number(table, "period_ms", spot), deadline, release, spot
    )


def _release(table: Mapping[str, Any], spot: _Place) -> Decimal | None:
    """None where it is to be derived."""
    if "release_ms" not in table:
        return Decimal(0)
    if table["release_ms"] == DERIVED_RELEASE:
        return None
    return _number(table, "release_ms", spot, f"a number or {DERIVED_RELEASE!r}")


def _number(table: Mapping[str, Any], key: str, spot: _Place, accepted: str = "a number") -> Decimal:
    value = table.get(key)
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        found = "is missing" if value is None else f"is {value!r}"
        raise spot.at(key).refuse(f"{key} {found}", f"{accepted} is accepted")
    return Decimal(value)


def _check_table(table: Any, spot: Spot) -> None:
    if not isinstance(table, dict):
        raise spot.refuse(f"found {table!r}", "a table is accepted")


def _check_keys(table: Mapping[str, Any], accepted: tuple[str, ...], spot: _Place) -> None:
    unknown = sorted(set(table) - set(accepted))
    if unknown:
        verb = "is" if len(accepted) == 1 else "are"
        raise spot.at(unknown[0]).refuse(f"the key {unknown[0]!r} is unknown", f"{', '.join(accepted)} {verb} accepted")


def _write_group(group: Group) -> str:
    lines = ["[[group]]", f'name = "{_escape(group.name)}"', f"dispatchers = {group.dispatchers}"]
    for phase in group.phases:
        lines += ["", "[[group.phase]]", f'kind = "{phase.kind}"', *_write_numbers(phase)]
    return "\n".join(lines) + "\n"


def _write_numbers(phase: Phase) -> list[str]:
    if not phase.is_reserved:
        return [f"weight = {phase.weight}"]
    times = [as_milliseconds(time) for time in (phase.wcet_ns, phase.period_ns, phase.deadline_ns)]
    release = f'"{DERIVED_RELEASE}"' if phase.is_release_derived else as_milliseconds(phase.release_ns)
    return [f"{key} = {value}" for key, value in zip(_RESERVED_KEYS[1:], [*times, release], strict=True)]


def _escape(text: str) -> str:
    return "".join(
        f"\\u{ord(char):04x}" if ord(char) < 32 or ord(char) == 127 else f"\\{char}" if char in '"\\' else char
        for char in text
    )
