"""Cores that are alike, cores that nobody can reach: outcome and trace are those of the run without shortcuts."""

import random
from dataclasses import replace

import pytest
from kernelsim_machines import MS, US, S, best_effort, machine

from kernelsim import Application, Outcome, Reservation, Scenario, Schedule, run
from kernelsim.multikernel import run_whole
from kernelsim.scenario import Barrier, CpuBound, Scripted
from kernelsim.shortcuts.apart import take_apart
from kernelsim.shortcuts.symmetry import fold

KEPT = ("applications", "phase_changes", "phase_locked", "start_ps", "duration_ps", "dispatches", "monitor_misses")


def same(one: Outcome, other: Outcome) -> bool:
    """Whether all is equal but the number of events."""
    return (
        all(getattr(one, field) == getattr(other, field) for field in KEPT)
        and list(one.trace.lines()) == list(other.trace.lines())
        and one.trace.sha256() == other.trace.sha256()
    )


# -- chance ----------------------------------------------------------------------------------------------------


def random_gangs(seed: int) -> Scenario:
    """Up to four applications, each on one block of cores or on all; timers in step, or with few different offsets."""
    draw = random.Random(seed)
    applications = tuple(_application(draw, number) for number in range(draw.randint(1, 4)))
    synchronise = draw.random() < 0.7
    offsets = tuple(draw.choice((0, 0, 0, 3 * MS, 700 * US)) for _ in range(16))
    schedules = _schedules(draw, applications)
    return Scenario(
        machine(timeslice_ps=draw.choice((2, 5)) * MS),
        applications,
        60 * MS,
        schedules,
        rules=draw.choice(("protect_hard", "exact")),
        synchronise=synchronise,
        timer_offset_ps=() if synchronise else offsets,
        clock_skew_ps=tuple(offset // 100 for offset in offsets) if synchronise and draw.random() < 0.5 else (),
        warmup_ps=draw.choice((0, 7 * MS)),
    )


def _application(draw: random.Random, number: int) -> Application:
    first = draw.choice((0, 0, 4, 8))
    cores = tuple(range(first, draw.choice((first + 2, first + 5, 16))))
    barrier = Barrier(
        draw.choice(("yield", "spin")), draw.choice((10, 50)) * US, draw.choice(("counter", "tree")), 9_000
    )
    starts = tuple(draw.choice((0, 2 * MS)) for _ in cores) if draw.random() < 0.3 else ()
    threads = draw.choice((0, 0, 2 * len(cores), len(cores) + 1, len(cores) - 1))
    workload = draw.choice((barrier, barrier, CpuBound(draw.choice((30, 400)))))
    return Application(f"app{number}", workload, cores, threads, draw.choice((1, 3)), starts)


def _schedules(draw: random.Random, applications: tuple[Application, ...]) -> tuple[Schedule, ...]:
    if draw.random() < 0.25:
        return ()
    promised = {each.name: _promise(draw, len(each.cores), len(applications)) for each in applications}
    return (Schedule(dict.fromkeys(promised, 0), promised),)


def _promise(draw: random.Random, dispatchers: int, applications: int) -> tuple[Reservation, ...]:
    if draw.random() < 0.3:
        return best_effort(dispatchers)
    period = draw.choice((8, 12, 16))
    wcet = draw.randint(1, max(1, int(0.9 * period) // applications))
    deadline = draw.randint(wcet, period)
    offsets = [draw.choice((0, 0, wcet)) * MS] * dispatchers if draw.random() < 0.7 else [0, *[1 * MS] * dispatchers]
    return tuple(
        Reservation(i, draw.choice("HG"), 0, wcet * MS, period * MS, deadline * MS, offsets[i])
        for i in range(dispatchers)
    )


def test_random_gangs_give_the_same_with_and_without_shortcuts(full_scale: bool) -> None:
    scenarios = [random_gangs(seed) for seed in range(1000 if full_scale else 40)]
    folded = [fold(scenario) is not None for scenario in scenarios]
    assert sum(folded) > len(scenarios) // 3
    for seed, scenario in enumerate(scenarios):
        assert same(run(scenario), run_whole(scenario)), seed


# -- cores that are alike --------------------------------------------------------------------------------------


def two_gangs(cores: int, slice_us: int, seconds: float) -> Scenario:
    """Each has its slice of every frame of two and a half."""
    hardware = machine(cores, 16, timeslice_ps=slice_us * US)
    used = tuple(range(cores))
    slice_ps = slice_us * US

    def gang(offset_ps: int) -> tuple[Reservation, ...]:
        return tuple(Reservation(i, "G", 0, slice_ps, 5 * slice_ps // 2, slice_ps, offset_ps) for i in used)

    applications = Application("a", Barrier(), used), Application("b", Barrier(), used)
    schedules = (Schedule({"a": 0, "b": 0}, {"a": gang(0), "b": gang(slice_ps)}),)
    return Scenario(hardware, applications, round(seconds * S), schedules, synchronise=True)


def test_a_gang_on_many_cores_costs_the_events_of_one() -> None:
    few, many = (run(two_gangs(cores, 1000, 0.05)) for cores in (16, 128))
    assert many.events <= few.events + 1
    assert (many.dispatches, len(many.trace.slices)) == (8 * few.dispatches, 8 * len(few.trace.slices))


def test_whoever_differs_is_simulated_for_himself() -> None:
    plain = two_gangs(16, 1000, 0.05)
    late = replace(plain, clock_skew_ps=(0,) * 5 + (20 * US,) + (0,) * 10)
    folded = fold(late)
    assert folded is not None
    assert folded.alike == {0: tuple(core for core in range(16) if core != 5), 5: (5,)}
    assert same(run(late), run_whole(late))


@pytest.mark.parametrize(
    "change",
    [
        {"response_delay_ps": (0, *(1,) * 15)},
        {"shared_read_ps": 1000},
        {"scheduler": "central-ipi", "schedules": ()},
        {"monitors": {3: Reservation(0, "H", wcet_ps=1 * MS, period_ps=80 * MS, deadline_ps=80 * MS)}},
        {"applications": (Application("a", Scripted(((),) * 16), tuple(range(16))),), "schedules": ()},
        {"applications": (Application("a", Barrier(spread_percent=5), tuple(range(16))),), "schedules": ()},
    ],
)
def test_where_cores_may_differ_none_stands_for_another(change: dict[str, object]) -> None:
    assert fold(replace(two_gangs(16, 1000, 0.05), **change)) is None  # type: ignore[arg-type]


def test_a_missed_deadline_is_missed_on_every_core() -> None:
    tight = two_gangs(16, 1000, 0.05)
    both = {
        name: tuple(replace(one, offset_ps=0) for one in each) for name, each in tight.schedules[0].reservations.items()
    }
    clash = replace(tight, schedules=(Schedule({"a": 0, "b": 0}, both),))
    outcome = run(clash)
    missed = [miss for each in outcome.applications.values() for miss in each.misses]
    assert {miss.core for miss in missed} == set(range(16))
    assert same(outcome, run_whole(clash))


# -- cores that nobody can reach -------------------------------------------------------------------------------


def random_hard_cores(seed: int) -> Scenario:
    """One to three cores of up to five tasks that may be late, beside a gang, timers and starts at random."""
    draw = random.Random(seed)
    applications: list[Application] = []
    promised: dict[str, tuple[Reservation, ...]] = {}
    for core in range(draw.randint(1, 3)):
        for number in range(draw.randint(1, 5)):
            name = f"task{core}-{number}"
            start = (draw.choice((0, 0, 3 * MS, draw.randrange(5 * MS))),)
            applications.append(Application(name, CpuBound(draw.choice((30, 9000))), (core,), starts_ps=start))
            promised[name] = (_hard_task(draw),)
    if draw.random() < 0.5:
        applications.insert(0, Application("gang", Barrier(), (4, 5)))
        promised["gang"] = best_effort(2)
    return Scenario(
        replace(machine(6, 3), context_switch_ps=draw.choice((0, 4, 300)) * US),
        tuple(applications),
        80 * MS,
        (Schedule(dict.fromkeys(promised, 0), promised),),
        synchronise=draw.random() < 0.5,
        timer_offset_ps=tuple(draw.randrange(3 * MS) for _ in range(6)),
        clock_skew_ps=tuple(draw.randrange(60 * US) for _ in range(6)),
        warmup_ps=draw.choice((0, 7 * MS, 11 * MS + 13)),
    )


def _hard_task(draw: random.Random) -> Reservation:
    period_ps = draw.choice((2 * MS, 4 * MS, 5 * MS, draw.randrange(1 * MS, 9 * MS)))
    wcet_ps = draw.choice((period_ps // 8, period_ps // 6, 1 + draw.randrange(period_ps // 7)))
    deadline_ps = draw.choice((period_ps, period_ps, wcet_ps, draw.randint(wcet_ps, 2 * period_ps)))
    offset_ps = draw.choice((0, 0, 1 * MS, draw.randrange(period_ps)))
    return Reservation(0, draw.choice("HG"), 0, wcet_ps, period_ps, deadline_ps, offset_ps, draw.choice((0, 0, 9 * MS)))


def test_random_hard_tasks_give_the_same_with_and_without_shortcuts(full_scale: bool) -> None:
    scenarios = [random_hard_cores(seed) for seed in range(1000 if full_scale else 60)]
    outcomes = [run(scenario) for scenario in scenarios]
    assert all(take_apart(scenario) is not None for scenario in scenarios)
    late = [name for outcome in outcomes for name, each in outcome.applications.items() if each.misses]
    assert len(late) > len(scenarios) // 4
    for seed, (scenario, outcome) in enumerate(zip(scenarios, outcomes, strict=True)):
        assert same(outcome, run_whole(scenario)), seed
