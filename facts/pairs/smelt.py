"""The reader of a Smelt machine folder: pairwise costs of sending, receiving and a round trip, beside lscpu's table."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

from facts.anomalies import AnomalyLog
from facts.linux.lscpu import read_lscpu
from facts.reading import Argument, Fact, ReadError, Reading

PREFIX = "pairwise-nsend_"
MAX_BYTES = 32 * 1024 * 1024
MAX_CORES = 1024

_LINE = re.compile(r"(\d{1,6})\s+(\d{1,6})\s+(\d{1,12}(?:\.\d{1,12})?)\s+(\d{1,12}(?:\.\d{1,12})?)\s*\Z", re.ASCII)
_KINDS = ("send", "receive", "rtt")

Costs = dict[tuple[int, int], tuple[int, int]]


def is_smelt(folder: Path) -> bool:
    """Tell whether a folder holds at least one of Smelt's pairwise files."""
    return any((folder / f"{PREFIX}{kind}").is_file() for kind in _KINDS)


def read_smelt(folder: Path, *, name: str) -> Reading:
    """Return a folder of `pairwise-nsend_{send,receive,rtt}` and perhaps `lscpu_parse.txt`, layer `measured`.

    Costs are cycles, rounded half up, with their deviation: `message_send`, `message_receive` and `message_rtt` (whose
    least and greatest value, which Smelt does not give, are the mean). Smelt's core numbers are OS indices; where
    lscpu's table is there they are translated to the SKB's core ids, and the topology is stated, too, as discovered.
    Raises ReadError where no pair at all can be read.
    """
    log, source = AnomalyLog(), f"Smelt: {folder}"
    topology = _topology(folder, name, log)
    core_of = {} if topology is None else _core_of(topology)
    facts: list[Fact] = [] if topology is None else list(topology.facts)
    costs = {kind: _costs(folder / f"{PREFIX}{kind}", log) for kind in _KINDS}
    cores = sorted({core for pairs in costs.values() for pair in pairs for core in pair})
    if not cores:
        raise ReadError(
            "empty",
            f"{folder} holds no readable pair; lines such as '0 1 62.18 25.10' in {PREFIX}send are accepted.",
            {"folder": str(folder)},
        )
    if topology is None:
        core_of = {core: core for core in cores}
        facts += [Fact("machine", (name,), "discovered", source)]
    for kind, pairs in costs.items():
        _note_missing(kind, pairs, cores, log)
        facts += (Fact(*row, "measured", source) for row in _rows(kind, pairs, core_of, log))
    objects = {"PU": len(cores)} if topology is None else topology.objects
    return Reading(name, tuple(facts), None, "measured", source, objects, log.all())


def _rows(
    kind: str, pairs: Costs, core_of: dict[int, int], log: AnomalyLog
) -> Iterator[tuple[str, tuple[Argument, ...]]]:
    for (here, there), (mean, deviation) in sorted(pairs.items()):
        if here not in core_of or there not in core_of:
            log.add("unknown_core", f"core {here} or {there} is not in lscpu's table; its cost is left out", kind)
            continue
        ends = (core_of[here], core_of[there])
        yield f"message_{kind}", (*ends, mean, deviation, *((mean, mean) if kind == "rtt" else ()))


def _topology(folder: Path, name: str, log: AnomalyLog) -> Reading | None:
    path = folder / "lscpu_parse.txt"
    if not path.is_file():
        return None
    try:
        reading = read_lscpu(_text(path), name=name, where=path.name)
    except ReadError as error:
        log.add(error.code, f"{error.message} It is left out.", path.name)
        return None
    for anomaly in reading.warnings:
        log.add(anomaly.code, anomaly.message, f"{path.name}, {anomaly.where}")
    return reading


def _core_of(topology: Reading) -> dict[int, int]:
    rows = (fact.args for fact in topology.facts if fact.relation == "pu")
    return {os_index: core for core, os_index, _ in rows if isinstance(os_index, int) and isinstance(core, int)}


def _costs(path: Path, log: AnomalyLog) -> Costs:
    found: Costs = {}
    if not path.is_file():
        log.add("missing_file", "a Smelt folder has this file; its costs stay unknown", path.name)
        return found
    for line, text in enumerate(_text(path).splitlines(), start=1):
        where = f"{path.name}, line {line}"
        match = _LINE.match(text.strip())
        if match is None or max(int(match[1]), int(match[2])) >= MAX_CORES:
            if text.strip():
                log.add("unreadable_line", f"{text[:40].strip()!r} is no 'from to mean deviation'", where)
            continue
        pair = (int(match[1]), int(match[2]))
        if pair[0] == pair[1]:
            log.add("same_core", f"core {pair[0]} to itself is no pair; it is left out", where)
        elif pair in found:
            log.add("duplicate", f"{pair[0]} to {pair[1]} is given again; the first value is kept", where)
        else:
            found[pair] = (_rounded(match[3]), _rounded(match[4]))
    return found


def _note_missing(kind: str, pairs: Costs, cores: list[int], log: AnomalyLog) -> None:
    every = len(cores) * (len(cores) - 1)
    if pairs and len(pairs) < every:
        log.add("missing_pair", f"{every - len(pairs)} of {every} ordered pairs have no cost", f"{PREFIX}{kind}")


def _rounded(text: str) -> int:
    return int(Decimal(text).to_integral_value(ROUND_HALF_UP))


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ReadError("too_large", f"{path} has more than {MAX_BYTES} bytes; at most so many are read.")
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise ReadError(
            "unreadable", f"{path} cannot be read ({error.strerror}); a Smelt measurement is accepted."
        ) from error
    except UnicodeDecodeError as error:
        raise ReadError(
            "not_text", f"{path} is no UTF-8 text at byte {error.start}; a Smelt measurement is accepted."
        ) from error
