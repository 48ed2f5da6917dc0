"""How long a user waits before anything happens: whole processes, interpreter's start included."""

import os
import subprocess
import sys
from pathlib import Path

from bench.figure import Figure, measure


def import_kernelsim() -> Figure:
    """`python -c "import kernelsim"`."""
    return measure("python -c 'import kernelsim'", lambda: _cpu([sys.executable, "-c", "import kernelsim"]), 0.060, 10)


def help_text() -> Figure:
    """`skb --help`."""
    skb = str(Path(sys.executable).with_name("skb"))
    return measure("skb --help", lambda: _cpu([skb, "--help"]), 0.150, 10)


def _cpu(command: list[str]) -> float:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{command} ended with {process.returncode}")
    return usage.ru_utime + usage.ru_stime
