"""Cores that nobody can reach, taken out of a scenario and simulated by themselves."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace

from kernelsim.engine import Ask, rarely_collected
from kernelsim.outcome import ApplicationOutcome, Outcome
from kernelsim.scenario import Application, CpuBound, Reservation, Scenario, Schedule
from kernelsim.shortcuts.hard_core import HardCore, HardTask
from kernelsim.shortcuts.plain import first_reservations, is_plain

_ASK_EVERY_PS = 100 * 10**12
"""Of virtual time on one core, between two questions whether to stop."""


@dataclass(frozen=True, slots=True)
class Apart:
    """`rest` is the scenario without them; `alone[core]` are a core's applications with what each is promised."""

    whole: Scenario
    rest: Scenario
    alone: Mapping[int, tuple[tuple[Application, Reservation], ...]]

    def join(self, outcome: Outcome, is_asked_to_stop: Ask) -> Outcome:
        """The outcome of the whole scenario from that of the rest, as far as both came."""
        begin = outcome.start_ps + self.whole.warmup_ps
        end = begin + self.whole.duration_ps if outcome.interrupted_ps is None else outcome.interrupted_ps
        applications = dict(outcome.applications)
        cores = [self._core(core, outcome) for core in self.alone]
        with rarely_collected():
            begun = _run(cores, min(begin, end), is_asked_to_stop)
            before = [[core.used(task) for task in core.tasks] for core in cores]
            ended = _run(cores, end, is_asked_to_stop) if begun == begin else begun
        for core, used in zip(cores, before, strict=True):
            core.finish()
            for task, then in zip(core.tasks, used, strict=True):
                applications[task.application] = self._outcome(core.core, task, *then)
        return replace(
            outcome,
            duration_ps=ended - begun,
            interrupted_ps=ended if ended < end else outcome.interrupted_ps,
            applications={each.name: applications[each.name] for each in self.whole.applications},
            events_represented=outcome.events_represented + sum(core.decisions for core in cores),
            dispatches=outcome.dispatches + sum(core.dispatches for core in cores),
        )

    def _core(self, core: int, outcome: Outcome) -> HardCore:
        scenario = self.whole
        late = scenario.clock_skew_ps if outcome.phase_locked else scenario.timer_offset_ps
        origin = outcome.start_ps + (late[core] if late else 0)
        return HardCore(
            core,
            [_task(application, reservation, origin) for application, reservation in self.alone[core]],
            scenario.machine.context_switch_ps,
            outcome.trace,
        )

    def _outcome(self, core: int, task: HardTask, cpu_ps: int, computed_ps: int) -> ApplicationOutcome:
        workload = next(each.workload for each in self.whole.applications if each.name == task.application)
        assert isinstance(workload, CpuBound)
        hz = self.whole.machine.clock_hz[core]
        work_ps = (workload.work_cycles * 10**12 + hz // 2) // hz
        progress = task.computed_ps // work_ps - computed_ps // work_ps
        return ApplicationOutcome(progress, tuple(task.misses), (task.cpu_ps - cpu_ps,))


def _run(cores: list[HardCore], until_ps: int, is_asked_to_stop: Ask) -> int:
    """Run all up to a time, or to where they are asked to stop; returns how far they came."""
    now = min((core.now_ps for core in cores), default=until_ps)
    parts = max(1, len(cores) * (until_ps - now) // _ASK_EVERY_PS)
    for part in range(1, parts + 1):
        reached = now + (until_ps - now) * part // parts
        for core in cores:
            core.run(reached)
        if is_asked_to_stop():
            return reached
    return until_ps


def take_apart(scenario: Scenario) -> Apart | None:
    """Without the cores whose dispatchers all compute in hard real time, each the only one of its application; None
    where there is no such core.
    """
    if not is_plain(scenario) or scenario.rules != "protect_hard":
        return None
    promised = first_reservations(scenario)
    on_core: dict[int, list[Application]] = defaultdict(list)
    for application in scenario.applications:
        for core in application.cores:
            on_core[core].append(application)
    alone = {
        core: tuple((each, promised[each.name][0]) for each in applications)
        for core, applications in on_core.items()
        if all(_only_computes(each, promised) for each in applications)
    }
    if not alone:
        return None
    gone = {application.name for pairs in alone.values() for application, _ in pairs}
    rest = replace(
        scenario,
        applications=tuple(each for each in scenario.applications if each.name not in gone),
        schedules=tuple(_without(schedule, gone) for schedule in scenario.schedules),
    )
    return Apart(scenario, rest, alone)


def _only_computes(application: Application, promised: Mapping[str, tuple[Reservation, ...]]) -> bool:
    reservations = promised.get(application.name, ())
    return (
        isinstance(application.workload, CpuBound)
        and len(application.cores) == 1
        and application.threads <= 1
        and len(reservations) == 1
        and reservations[0].dispatcher == 0
        and reservations[0].kind in ("H", "G")
    )


def _without(schedule: Schedule, gone: set[str]) -> Schedule:
    return replace(
        schedule,
        phases={name: phase for name, phase in schedule.phases.items() if name not in gone},
        reservations={name: each for name, each in schedule.reservations.items() if name not in gone},
    )


def _task(application: Application, reservation: Reservation, origin_ps: int) -> HardTask:
    """Its first release is the first one congruent to its offset, its delay after its dispatcher was created."""
    start = application.starts_ps[0] if application.starts_ps else 0
    earliest = start + reservation.delay_ps
    return HardTask(
        application.name,
        start_ps=origin_ps + start,
        release_ps=origin_ps + earliest + (reservation.offset_ps - earliest) % reservation.period_ps,
        budget_ps=reservation.wcet_ps,
        period_ps=reservation.period_ps,
        deadline_ps=reservation.deadline_ps,
    )
