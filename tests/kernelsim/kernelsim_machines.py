"""Machines and scenarios for the simulator's tests: the 4x4-core AMD of Table 2.5, BARRIER beside CPU-Bound, chance."""

import random
from dataclasses import replace

from kernelsim import Application, Machine, PhaseChange, Reservation, Scenario, Schedule
from kernelsim.scenario import (
    MICROSECOND_PS,
    MILLISECOND_PS,
    SECOND_PS,
    Barrier,
    CpuBound,
    Scripted,
    Traffic,
    Workload,
)

HZ = 2_500_000_000
US, MS, S = MICROSECOND_PS, MILLISECOND_PS, SECOND_PS


def cycles(count: float) -> int:
    """Cycles of these machines in picoseconds."""
    return round(count * 10**12 / HZ)


def machine(cores: int = 16, per_package: int = 4, timeslice_ps: int = 80 * MS) -> Machine:
    """Packages in a ring; latencies and occupancies by hops as Table 2.5 prints them for the 4x4-core AMD."""
    packages = tuple(core // per_package for core in range(cores))
    ring = max(packages) + 1

    def hops(a: int, b: int) -> int:
        apart = abs(packages[a] - packages[b])
        return min(2, apart, ring - apart)

    def table(by_hops: tuple[int, int, int]) -> list[list[int]]:
        return [[by_hops[hops(a, b)] for b in range(cores)] for a in range(cores)]

    latency = (cycles(448), cycles(545), cycles(558))
    return Machine(
        name=f"{ring}x{per_package}",
        clock_hz=(HZ,) * cores,
        package=packages,
        latency_ps=table(latency),
        occupancy_ps=table((cycles(1000 / 3.57), cycles(1000 / 3.53), cycles(1000 / 3.51))),
        send_ps=table((latency[0] * 19 // 100, latency[1] * 19 // 100, latency[2] * 19 // 100)),
        line_ps=table((cycles(75), cycles(160), cycles(160))),
        lmp_ps=(cycles(1463),) * cores,
        work_ps=(cycles(10_000),) * cores,
        context_switch_ps=4 * US,
        timeslice_ps=timeslice_ps,
        block_ps=7_370_000,
    )


def best_effort(dispatchers: int) -> tuple[Reservation, ...]:
    return tuple(Reservation(index, "B", weight=1) for index in range(dispatchers))


def gang(dispatchers: int, wcet_ms: int = 80, period_ms: int = 160, delay_ms: int = 480) -> tuple[Reservation, ...]:
    """Fig 3.4's second line, or another without laxity."""
    return tuple(
        Reservation(
            index,
            "H",
            wcet_ps=wcet_ms * MS,
            period_ps=period_ms * MS,
            deadline_ps=wcet_ms * MS,
            delay_ps=delay_ms * MS,
        )
        for index in range(dispatchers)
    )


def two_phases(name: str, first: tuple[Reservation, ...], second: tuple[Reservation, ...]) -> tuple[Schedule, ...]:
    return Schedule({name: 0}, {name: first}), Schedule({name: 1}, {name: second})


def barrier_beside_cpu_bound(threads: int, *, barrier: Barrier | None = None, contended: bool = True) -> Scenario:
    """BARRIER on cores 0 to n-1 and CPU-Bound on 8 to 15, all timers in phase, 1 to 16 s measured."""
    applications = [Application("barrier", barrier or Barrier(), tuple(range(threads)))]
    if contended:
        applications.append(Application("cpu", CpuBound(), tuple(range(8, 16))))
    return Scenario(machine(), tuple(applications), 15 * S, warmup_ps=1 * S)


def out_of_phase(scenario: Scenario, seed: int) -> Scenario:
    """Every core's timer starts somewhere in the first time slice."""
    draw = random.Random(seed)
    slice_ps = scenario.machine.timeslice_ps
    return replace(scenario, timer_offset_ps=tuple(draw.randrange(slice_ps) for _ in scenario.machine.clock_hz))


def with_manifest(scenario: Scenario, *, stagger_ms: int = 0) -> Scenario:
    """BARRIER asks for the gang of Fig 3.4 at once; dispatcher i's release is `stagger_ms` x i later."""
    threads = len(scenario.applications[0].cores)
    members = tuple(
        replace(member, offset_ps=member.dispatcher * stagger_ms * MS % (160 * MS)) for member in gang(threads)
    )
    schedules = two_phases("barrier", best_effort(threads), members)
    return replace(scenario, schedules=schedules, synchronise=True, phase_changes=(PhaseChange("barrier", 1),))


def with_skew(scenario: Scenario, seed: int, below_ps: int) -> Scenario:
    """Synchronised clocks that are up to `below_ps` late."""
    draw = random.Random(seed)
    return replace(scenario, clock_skew_ps=tuple(draw.randrange(below_ps) for _ in scenario.machine.clock_hz))


# -- chance ----------------------------------------------------------------------------------------------------


def random_scenario(seed: int) -> Scenario:
    """A tenth of a second of up to five applications under any rules; barriers long enough to be stepped through."""
    draw = random.Random(seed)
    threads = draw.randint(2, 10)
    wait = draw.choice(("yield", "yield", "spin", "block"))
    spin_ps, work = draw.choice((50, 10, 200)) * US, draw.choice((20_000, 200_000))
    applications = [_application(draw, "barrier", Barrier(wait, spin_ps, work_cycles=work), threads)]
    applications.extend(_others(draw))
    schedules: tuple[Schedule, ...] = ()
    changes: tuple[PhaseChange, ...] = ()
    if wait != "block" and draw.random() < 0.5:
        schedules = two_phases("barrier", best_effort(threads), _random_gang(draw, threads))
        changes = (PhaseChange("barrier", 1, draw.randrange(50 * MS)),)
    return Scenario(
        machine(timeslice_ps=draw.choice((2, 5, 20)) * MS),
        tuple(applications),
        100 * MS,
        schedules,
        scheduler=draw.choice(("rbed", "rbed", "rbed", "linux-like")),
        rules=draw.choice(("protect_hard", "exact")),
        synchronise=bool(schedules),
        timer_offset_ps=tuple(draw.randrange(5 * MS) for _ in range(16)),
        clock_skew_ps=tuple(draw.randrange(60 * US) for _ in range(16)) if draw.random() < 0.4 else (),
        phase_changes=changes,
        slices_ps={core: (draw.randrange(1, 20) * MS, draw.randrange(1, 20) * MS) for core in range(16)},
        warmup_ps=draw.choice((0, 7 * MS)),
    )


def _others(draw: random.Random) -> list[Application]:
    others = []
    if draw.random() < 0.8:
        others.append(_application(draw, "cpu", CpuBound(), draw.randint(1, 8)))
    if draw.random() < 0.5:
        second = Barrier(draw.choice(("yield", "block")), work_cycles=30_000)
        others.append(_application(draw, "second", second, draw.randint(2, 5), draw.choice((1, 1, 2))))
    if draw.random() < 0.4:
        scripts = tuple(_script(draw) for _ in range(draw.randint(1, 3)))
        others.append(_application(draw, "restless", Scripted(scripts), len(scripts)))
    if draw.random() < 0.3:
        flows = ((0, 1, draw.randint(20, 900) * US), (1, 2, draw.randint(20, 900) * US), (1, 0, 700 * US))
        others.append(_application(draw, "traffic", Traffic(flows), 3))
    return others


def _application(draw: random.Random, name: str, workload: Workload, cores: int, threads_each: int = 1) -> Application:
    return Application(name, workload, tuple(sorted(draw.sample(range(16), cores))), threads=cores * threads_each)


def _script(draw: random.Random) -> tuple[tuple[int, str], ...]:
    return tuple(sorted((draw.randrange(100 * MS), draw.choice(("run", "yield", "block"))) for _ in range(30)))


def _random_gang(draw: random.Random, threads: int) -> tuple[Reservation, ...]:
    period = draw.choice((16, 24, 40))
    members = gang(threads, draw.randint(2, period // 2), period, 20)
    together = draw.random() < 0.7
    return tuple(replace(member, offset_ps=3 * MS if together else draw.randrange(period) * MS) for member in members)
