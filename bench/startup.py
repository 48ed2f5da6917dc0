"""How long a user waits before anything happens: whole processes, and a machine read for planning."""

import os
import subprocess
import sys
import time
from pathlib import Path

import skb
from bench.figure import Figure, measure
from planner import Topology


def import_kernelsim() -> Figure:
    """`python -c "import kernelsim"`."""
    return measure("python -c 'import kernelsim'", lambda: _cpu([sys.executable, "-c", "import kernelsim"]), 0.060, 10)


def help_text() -> Figure:
    """`skb --help`."""
    skb = str(Path(sys.executable).with_name("skb"))
    return measure("skb --help", lambda: _cpu([skb, "--help"]), 0.150, 10)


def topology() -> Figure:
    """`Topology.of` and all latencies of 256 cores whose pairs were measured, from a knowledge base in memory."""
    knowledge = skb.load(f"machine(m). {measured_pairs(256)}")
    return measure("a topology and its matrix of 256 cores", lambda: _read_cpu(knowledge), 0.5, 5)


def measured_pairs(cores: int) -> str:
    """Facts of one machine in the notation: every core, and a latency for each ordered pair."""
    own = [f"core({core},{core // 16})." for core in range(cores)]
    pairs = (
        f"message_latency_ps({a},{b},{50_000 + a * b},0,0,0)." for a in range(cores) for b in range(cores) if a != b
    )
    return "\n".join([*own, *pairs])


def _read_cpu(knowledge: skb.KnowledgeBase) -> float:
    snapshot = knowledge.snapshot()
    start = time.process_time()
    machine = Topology.of(snapshot)
    machine.latency_matrix_ps(machine.core_ids)
    return time.process_time() - start


def _cpu(command: list[str]) -> float:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{command} ended with {process.returncode}")
    return usage.ru_utime + usage.ru_stime
