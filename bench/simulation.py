"""How much CPU time a simulated second costs."""

import time
from dataclasses import replace

import facts
import skb
from bench.figure import Figure, measure
from experiments.deploy import deploy
from experiments.reproduce.contention import Setting, scenario
from kernelsim import Application, Machine, Reservation, Scenario, Schedule, run
from kernelsim.scenario import MICROSECOND_PS, MILLISECOND_PS, SECOND_PS, Barrier
from planner import Topology


def contended_run() -> Figure:
    """REP-13 at 16 threads, 15 virtual seconds, tracing on, in a warm process."""
    contended = scenario(Setting(16, manifest=True))

    def cost() -> float:
        begin = time.process_time()
        run(contended)
        return time.process_time() - begin

    return measure("REP-13, 16 threads, 15 virtual s, traced", cost, 0.1, 9)


def many_cores() -> str:
    """Two gangs of BARRIER on 1,024 cores, traced: slices of 20 us for a second, and of 80 ms for ten."""
    machine = deploy(Topology.of(skb.load(facts.read("synthetic:pack:64 core:16 pu:1")))).machine
    fine, coarse = _two_gangs(machine, 20 * MICROSECOND_PS, 1), _two_gangs(machine, 80 * MILLISECOND_PS, 10)
    return "\n".join(
        (
            str(measure("two gangs, 1,024 cores, 20 us slices, 1 virtual s", lambda: _cost(fine), 10.0, 5)),
            str(measure("two gangs, 1,024 cores, 80 ms slices, 10 virtual s", lambda: _cost(coarse), 1.0, 5)),
        )
    )


def _two_gangs(machine: Machine, slice_ps: int, seconds: int) -> Scenario:
    """Each has its slice of every frame of two and a half; best effort keeps the rest."""
    cores = tuple(range(machine.cores))

    def gang(offset_ps: int) -> tuple[Reservation, ...]:
        return tuple(Reservation(core, "G", 0, slice_ps, 5 * slice_ps // 2, slice_ps, offset_ps) for core in cores)

    applications = Application("a", Barrier(), cores), Application("b", Barrier(), cores)
    schedules = (Schedule({"a": 0, "b": 0}, {"a": gang(0), "b": gang(slice_ps)}),)
    machine = replace(machine, timeslice_ps=slice_ps)
    return Scenario(machine, applications, seconds * SECOND_PS, schedules, synchronise=True)


def _cost(scenario: Scenario) -> float:
    """CPU seconds of a run and of the hash of its trace."""
    begin = time.process_time()
    run(scenario).trace.sha256()
    return time.process_time() - begin
