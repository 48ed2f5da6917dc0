"""The dissertation's text form of a manifest: one phase a line, `#` starts a comment."""

import re
from decimal import Decimal

from planner.manifests.phase_check import (
    ACCEPTED_LINES,
    DERIVED_RELEASE,
    Spot,
    as_milliseconds,
    check_phases,
    make_best_effort,
    make_kind,
    make_reserved,
)
from planner.manifests.phases import Phase

_NUMBER = re.compile(r"\+?(\d{1,15}(\.\d{0,15})?|\.\d{1,15})", re.ASCII)


def read_phases(text: str, manifest: str) -> tuple[Phase, ...]:
    """Phases in line order, numbered from 0."""
    phases = []
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.split("#", 1)[0].split()
        if words:
            phases.append(_read_line(words, Spot(manifest, line=number)))
    return check_phases(tuple(phases), Spot(manifest, line=max(1, len(text.splitlines()))))


def write_phases(phases: tuple[Phase, ...]) -> str:
    return "".join(f"{_write_line(phase)}\n" for phase in phases)


def _read_line(words: list[str], spot: Spot) -> Phase:
    kind = make_kind(words[0], spot)
    is_derived = kind != "B" and words[-1] == DERIVED_RELEASE
    numbers = [_read_number(word, spot) for word in words[1 : -1 if is_derived else None]]
    if kind == "B":
        if len(numbers) != 1:
            raise spot.refuse(f"B has {len(numbers)} numbers", "`B weight` is accepted")
        return make_best_effort(numbers[0], spot)
    if not 2 <= len(numbers) <= 4 - is_derived:
        raise spot.refuse(
            f"{kind} has {len(numbers)} numbers",
            f"`{kind} wcet period [deadline [release]]`, or {DERIVED_RELEASE} for the release, is accepted",
        )
    deadline = numbers[2] if len(numbers) > 2 else None
    release = None if is_derived else numbers[3] if len(numbers) > 3 else Decimal(0)
    return make_reserved(kind, numbers[0], numbers[1], deadline, release, spot)


def _read_number(word: str, spot: Spot) -> Decimal:
    if _NUMBER.fullmatch(word) is None:
        shown = word if len(word) <= 40 else word[:37] + "..."
        raise spot.refuse(f"{shown!r} is no decimal number", f"{ACCEPTED_LINES} is accepted")
    return Decimal(word)


def _write_line(phase: Phase) -> str:
    if not phase.is_reserved:
        return f"B {phase.weight}"
    times = [as_milliseconds(time) for time in (phase.wcet_ns, phase.period_ns, phase.deadline_ns)]
    release = DERIVED_RELEASE if phase.is_release_derived else as_milliseconds(phase.release_ns)
    return f"{phase.kind} {' '.join(times)} {release}"
