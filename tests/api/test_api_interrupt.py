"""An interrupted run: what was simulated until then is answered, and in the trace."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

LONG = """
machine = "amd-4x4"
seconds = 1000000
scheduler = "linux-like"

[[application]]
name = "barrier"
workload = "barrier"
cores = "0-15"

[[application]]
name = "cpu"
workload = "cpu-bound"
cores = "8-15"
"""

INTERRUPTED = """
import signal, sys
from kernelsim.engine import Engine

enter, entered = Engine.at, []

def counted(self, *arguments):
    entered.append(1)
    if len(entered) == 20_000:
        signal.raise_signal(signal.SIGINT)
    enter(self, *arguments)

Engine.at = counted
from api.cli import main
sys.exit(main(sys.argv[1:]))
"""


def test_an_interrupt_leaves_an_answer_and_a_trace_of_what_was_simulated(tmp_path: Path) -> None:
    scenario, trace = tmp_path / "long.toml", tmp_path / "trace.json"
    scenario.write_text(LONG)
    words = ["simulate", str(scenario), "--trace", str(trace), "--json", "--database", "sqlite://"]
    program = [sys.executable, "-c", INTERRUPTED, *words]
    done = subprocess.run(program, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 130, done.stderr
    answer = json.loads(done.stdout)
    assert answer["interrupted_us"] == pytest.approx(answer["virtual_seconds"] * 1e6)
    assert 0 < answer["virtual_seconds"] < 1000
    assert answer["applications"]["cpu"]["progress"] > 0
    assert max(event.get("ts", 0) for event in json.loads(trace.read_text())["traceEvents"]) <= answer["interrupted_us"]
