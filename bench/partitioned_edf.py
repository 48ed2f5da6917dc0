"""Partitioned EDF beside SimSo: on every core eight tasks, a load of 0.80, periods of 10 to 1,000 whole milliseconds.

SimSo (PyPI, 0.8.5) is installed into a folder of its own when it is first asked for, since it pins an old SimPy. Its
scheduler here is the partition given, by earliest deadline, with the least that SimSo lets a scheduler do. SimSo models
more than we do: caches and overheads, both off here.
"""

import subprocess
import sys
import time
from dataclasses import replace
from math import exp, log
from pathlib import Path
from random import Random
from statistics import median

import facts
import skb
from experiments.deploy import deploy
from kernelsim import Application, Reservation, Scenario, Schedule, run
from kernelsim.scenario import MILLISECOND_PS, SECOND_PS, CpuBound
from planner import Topology

SEED, TASKS, LOAD = 1, 8, 0.8
WORK = ((1, 100, 60), (48, 4, 150))
"""Cores, virtual seconds, and how many times SimSo's full run is to be slower at least."""
RUNS = 9
PEERS = Path(__file__).resolve().parents[1] / ".peers"

Task = tuple[int, int, int]
"""Core, period in ms, worst-case execution time in ps."""


def tasks(cores: int) -> list[Task]:
    """Periods log-uniform; shares of a core uniform, scaled to the load."""
    random = Random(f"{SEED} {cores}")
    found = []
    for core in range(cores):
        shares = [random.random() for _ in range(TASKS)]
        for share in shares:
            period_ms = round(exp(random.uniform(log(10), log(1000))))
            wcet_ps = round(share / sum(shares) * LOAD * period_ms * MILLISECOND_PS)
            found.append((core, period_ms, max(1, wcet_ps)))
    return found


def partitioned_edf() -> str:
    """Both on the same tasks, CPU seconds: ours traced, the median of nine; SimSo's full run, once."""
    return "\n".join(_compared(cores, seconds, goal) for cores, seconds, goal in WORK)


def _compared(cores: int, seconds: int, goal: int) -> str:
    scenario = _scenario(cores, seconds)
    ours = median(_cost(scenario) for _ in range(RUNS))
    theirs = _simso(cores, seconds)
    ratio = theirs / ours
    verdict = "reached" if ratio >= goal else "not reached"
    return (
        f"partitioned EDF, {cores} cores, {seconds} s: ours {ours:.3f} s for {run(scenario).dispatches:,} dispatches, "
        f"SimSo {theirs:.1f} s  {ratio:.0f}x  goal >= {goal}x: {verdict}"
    )


def _scenario(cores: int, seconds: int) -> Scenario:
    applications, promised = [], {}
    for number, (core, period_ms, wcet_ps) in enumerate(tasks(cores)):
        name, period_ps = f"task{number}", period_ms * MILLISECOND_PS
        applications.append(Application(name, CpuBound(), (core,)))
        promised[name] = (Reservation(0, "H", wcet_ps=wcet_ps, period_ps=period_ps, deadline_ps=period_ps),)
    topology = Topology.of(skb.load(facts.read(f"synthetic:pack:1 core:{cores} pu:1")))
    machine = replace(deploy(topology).machine, context_switch_ps=0)
    schedule = Schedule(dict.fromkeys(promised, 0), promised)
    return Scenario(machine, tuple(applications), seconds * SECOND_PS, (schedule,))


def _cost(scenario: Scenario) -> float:
    begin = time.process_time()
    run(scenario)
    return time.process_time() - begin


def _simso(cores: int, seconds: int) -> float:
    """CPU seconds of `run_model`, in a process of its own."""
    if not PEERS.exists():
        install = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(PEERS), "simso==0.8.5"]
        subprocess.run(install, check=True, capture_output=True)
    lines = "".join(f"{core} {period_ms} {wcet_ps}\n" for core, period_ms, wcet_ps in tasks(cores))
    program = Path(__file__).with_name("simso_run.py")
    done = subprocess.run(
        [sys.executable, str(program), str(PEERS), str(cores), str(seconds)],
        input=lines,
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout)
