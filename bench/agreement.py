"""Agreement between monitors: how many events a second it takes to simulate, and how it grows to a thousand cores."""

import time

import facts
import skb
from bench.figure import Figure
from experiments.comparing.phase_change import phase_change_cycles
from experiments.deploy import deploy
from kernelsim import Application, Operation, PhaseChange, Reservation, Scenario, Schedule, run
from kernelsim.scenario import MILLISECOND_PS, Scripted
from kernelsim.system.agreement.routes import by_package
from planner import Topology, multicast

GOAL_EVENTS_A_SECOND = 300_000
MONITORS, AGREEMENTS, RUNS = 48, 400, 5
PACKAGES, CORES_A_PACKAGE = (8, 16, 32, 64), 16
SEARCHES = 20


def events_of_messages() -> str:
    """48 monitors, phase changes and shootdowns in turn, tracing on: seconds of 300,000 executed events."""
    scenario = _agreements()
    run(scenario)
    return str(Figure("300,000 events of 48 monitors", tuple(_cost(scenario) for _ in range(RUNS)), 1.0))


def many_cores() -> str:
    """A phase change on 128 to 1,024 cores, in cycles: by unicast, by packages, by the planner's tree."""
    lines = []
    for packages in PACKAGES:
        machine = Topology.of(skb.load(facts.read(f"synthetic:pack:{packages} core:{CORES_A_PACKAGE} pu:1")))
        cores = machine.core_ids
        two_level = by_package(deploy(machine).machine, 0, range(len(cores)))
        planned = multicast(machine, 0, objective="with_ack", iterations=SEARCHES)
        lines.append(
            f"phase change, {len(cores):>5} cores: unicast {phase_change_cycles(machine):>7,}  "
            f"by packages {phase_change_cycles(machine, tree=two_level):>7,}  "
            f"planner's tree {phase_change_cycles(machine, tree=planned.sends):>7,} cycles"
        )
    return "\n".join(lines)


def _cost(scenario: Scenario) -> float:
    started = time.process_time()
    events = run(scenario).events
    return (time.process_time() - started) * GOAL_EVENTS_A_SECOND / events


def _agreements() -> Scenario:
    """A dispatcher that asks every millisecond and waits for the answer; everybody else sleeps."""
    machine = deploy(Topology.of(skb.load(facts.read("scc")))).machine
    at = [MILLISECOND_PS * (number + 1) for number in range(AGREEMENTS)]
    script = tuple((time_ps + later, what) for time_ps in at for later, what in ((-1, "run"), (100_000, "block")))
    application = Application("app", Scripted((script, *((),) * (MONITORS - 1))), tuple(range(MONITORS)))
    members = range(MONITORS)
    schedules = tuple(
        Schedule({"app": phase}, {"app": tuple(Reservation(each, "B", weight=1 + phase) for each in members)})
        for phase in (0, 1)
    )
    return Scenario(
        machine,
        (application,),
        MILLISECOND_PS * (AGREEMENTS + 1),
        schedules=schedules,
        synchronise=True,
        phase_changes=tuple(PhaseChange("app", (n // 2 + 1) % 2, at[n]) for n in range(0, AGREEMENTS, 2)),
        operations=tuple(Operation("unmap", "app", n, at_ps=at[n]) for n in range(1, AGREEMENTS, 2)),
    )
