"""SWI-Prolog as the peer: the same facts and goals in one warm process, its CPU time and its answers."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.machines import Fact

MISSING = "swipl is not installed (apt-get install swi-prolog-nox): SWI-Prolog's side is left out"

# `forall` walks the solutions without collecting them: less work than the sorted rows that the other side makes.
_DRIVER = """
timed(Goal, Ms) :- abolish_all_tables, statistics(cputime, S), forall(Goal, true),
    statistics(cputime, E), Ms is (E - S) * 1000.
runs(Name, Goal, N) :- forall(between(0, N, _), (timed(Goal, Ms), format("time ~w ~6f~n", [Name, Ms]))).
line(Row) :- atomic_list_concat(Row, ' ', Line), format("row ~w~n", [Line]).
shown(Name, Row, Goal) :- abolish_all_tables, format("rows ~w~n", [Name]), forall(Goal, line(Row)).
"""


@dataclass(frozen=True, slots=True)
class Measured:
    """Milliseconds of each warm run, and the rows of the answer in the order given."""

    milliseconds: tuple[float, ...]
    rows: tuple[tuple[int, ...], ...]


def is_installed() -> bool:
    return shutil.which("swipl") is not None


def run_prolog(
    facts: Iterable[Fact], rules: str, goals: Mapping[str, tuple[str, str]], runs: int
) -> dict[str, Measured]:
    """Each goal as (row, goal) by name: `runs` timed runs after one to warm up, then its rows once."""
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder, "program.pl")
        with program.open("w") as file:
            for name, args in sorted(facts, key=lambda fact: fact[0]):
                file.write(f"{name}({','.join(map(str, args))}).\n")
            file.write(rules + _DRIVER)
        asked = [f"runs({name}, ({goal}), {runs})" for name, (_, goal) in goals.items()]
        asked += [f"shown({name}, {row}, ({goal}))" for name, (row, goal) in goals.items()]
        command = ["swipl", "-q", "--stack-limit=4g", "-g", ", ".join(asked), "-t", "halt", str(program)]
        output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return _read(output.splitlines())


def _read(lines: Sequence[str]) -> dict[str, Measured]:
    times: dict[str, list[float]] = {}
    rows: dict[str, list[tuple[int, ...]]] = {}
    current: list[tuple[int, ...]] = []
    for line in lines:
        match line.split():
            case ["time", name, value]:
                times.setdefault(name, []).append(float(value))
            case ["rows", name]:
                current = rows.setdefault(name, [])
            case ["row", *values]:
                current.append(tuple(map(int, values)))
    return {name: Measured(tuple(found[1:]), tuple(rows[name])) for name, found in times.items()}
