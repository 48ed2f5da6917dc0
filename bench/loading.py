"""Loading a million measured latencies from text: into memory and into an SQLite file, beside SWI-Prolog's consult."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random
from statistics import median

from bench.machines import LARGE, latencies
from bench.prolog import MISSING, is_installed

SEED = 20
LEAST_RATIO, MOST_MB = 3, 400
_RUNS = 5
_GOAL = "message_rtt(7, 9, V, _, _, _)"

_CONSULT = (
    "statistics(cputime, S), consult('latencies.pl'), statistics(cputime, E), "
    f"{_GOAL}, statistics(cputime, Q), T is E - S, U is Q - E, format('~6f ~6f ~w~n', [T, U, V])"
)

# A warm process: everything is imported and has run once before the clock starts.
_OURS = f"""
import sys, time
from functools import partial
from pathlib import Path
import facts, skb
from skb.asking import ask
from skb.store.loading import read_stated

file, database = Path(sys.argv[1]), sys.argv[2]
skb.load("message_rtt(7, 9, 1, 1, 1, 1).").ask("{_GOAL}")
begin = time.process_time()
if database:
    kb = skb.load(facts.read(file), database=database)
else:
    snapshot = skb.Snapshot.of_statements(read_stated(facts.read(file), None).statements)
loaded = time.process_time()
answer = kb.ask("{_GOAL}") if database else ask(snapshot, "{_GOAL}")
print(loaded - begin, time.process_time() - loaded, answer.rows[0][0])
"""


@dataclass(frozen=True, slots=True)
class Load:
    """CPU seconds to read the text and to answer the first point query; what it answered; megabytes at the most."""

    load_s: float
    ask_s: float
    answer: int
    peak_mb: float

    def __str__(self) -> str:
        return f"{self.load_s:6.3f} s, first query {self.ask_s:6.3f} s, {self.peak_mb:4.0f} MB at most"


def load_text() -> str:
    """Medians of fresh processes: the consult; a store in memory and in a file; a snapshot of the file alone."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "latencies.pl")
        count = _write(file)
        lines = [f"load {count:,} message_rtt facts from text, seed {SEED}: CPU s, medians of {_RUNS} processes"]
        theirs = _middle(partial(_consulted, file)) if is_installed() else None
        lines.append(f"  {MISSING}" if theirs is None else f"  {'SWI-Prolog consult':<18} {theirs}")
        ways = {"store in memory": "sqlite://", "store in a file": f"sqlite:///{folder}/store.db", "no store": ""}
        for name, database in ways.items():
            ours = _middle(partial(_loaded, file, database))
            lines.append(f"  {name:<18} {ours}{_verdict(ours, theirs)}")
    return "\n".join(lines)


def _write(file: Path) -> int:
    """Fact by fact: a child starts with the resident size of its parent, and is to be measured alone."""
    count = 0
    with file.open("w") as lines:
        for name, args in latencies(LARGE, Random(SEED)):
            lines.write(f"{name}({','.join(map(str, args))}).\n")
            count += 1
    return count


def _consulted(file: Path) -> Load:
    return _run(["swipl", "-q", "--stack-limit=4g", "-g", _CONSULT, "-t", "halt"], file.parent)


def _loaded(file: Path, database: str) -> Load:
    for stored in file.parent.glob("store.db*"):
        stored.unlink()
    return _run([sys.executable, "-c", _OURS, str(file), database], Path.cwd())


def _run(command: Sequence[str], folder: Path) -> Load:
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        load_s, ask_s, answer = process.stdout.read().split()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    return Load(float(load_s), float(ask_s), int(answer), usage.ru_maxrss / 1024)


def _middle(run: Callable[[], Load]) -> Load:
    runs = [run() for _ in range(_RUNS)]
    assert len({each.answer for each in runs}) == 1
    return Load(
        median(each.load_s for each in runs),
        median(each.ask_s for each in runs),
        runs[0].answer,
        max(each.peak_mb for each in runs),
    )


def _verdict(ours: Load, theirs: Load | None) -> str:
    memory = f"goal under {MOST_MB} MB: {'reached' if ours.peak_mb < MOST_MB else 'not reached'}"
    if theirs is None:
        return f"  {memory}"
    ratio, whole = theirs.load_s / ours.load_s, (theirs.load_s + theirs.ask_s) / (ours.load_s + ours.ask_s)
    reached = "reached" if min(ratio, whole) >= LEAST_RATIO else "not reached"
    agrees = "equal" if ours.answer == theirs.answer else "DIFFERENT ANSWERS"
    return f"  {ratio:.1f}x, with the query {whole:.1f}x, {agrees}  goal {LEAST_RATIO}x: {reached}  {memory}"
