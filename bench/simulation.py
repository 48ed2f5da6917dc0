"""How much CPU time a simulated second costs."""

import time

from bench.figure import Figure, measure
from experiments.reproduce.contention import Setting, scenario
from kernelsim import run


def contended_run() -> Figure:
    """REP-13 at 16 threads, 15 virtual seconds, tracing on, in a warm process."""
    contended = scenario(Setting(16, manifest=True))

    def cost() -> float:
        begin = time.process_time()
        run(contended)
        return time.process_time() - begin

    return measure("REP-13, 16 threads, 15 virtual s, traced", cost, 0.1, 9)
