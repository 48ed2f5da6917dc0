"""Cores that are alike: one of them is simulated and stands for all.

Cores with one clock, one timer and the same parts of the same applications do the same at the same time, as long as
nobody sends a message. A gang on a thousand such cores is a gang on one.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from kernelsim.outcome import ApplicationOutcome, Miss, Outcome
from kernelsim.scenario import Application, Reservation, Scenario, Schedule
from kernelsim.shortcuts.plain import is_even, is_plain, threads_of
from kernelsim.trace import Mark, application_of
from kernelsim.workloads.crew import StandIn


@dataclass(frozen=True, slots=True)
class Folded:
    """`scenario` has one core of each kind; `alike[core]` are all that it stands for, itself first."""

    whole: Scenario
    scenario: Scenario
    alike: Mapping[int, tuple[int, ...]]

    @property
    def times(self) -> dict[int, int]:
        """How many cores each core stands for."""
        return {core: len(cores) for core, cores in self.alike.items()}

    def stand_ins(self) -> dict[str, StandIn]:
        """By name, what each application stands for."""
        return {application.name: StandIn(application, self.times) for application in self.whole.applications}

    def unfold(self, outcome: Outcome) -> Outcome:
        """The outcome of the whole scenario from that of the folded one."""
        stands_for = {core: source for source, cores in self.alike.items() for core in cores}
        applications = {
            application.name: self._unfolded(outcome.applications[application.name], application, stands_for)
            for application in self.whole.applications
        }
        names = {source: {core: self._names(core) for core in cores} for source, cores in self.alike.items()}
        outcome.trace.marks[:] = [each for mark in outcome.trace.marks for each in _everywhere(mark, names)]
        outcome.trace.slices.unfold(names)
        return replace(outcome, applications=applications)

    def _unfolded(
        self, outcome: ApplicationOutcome, application: Application, stands_for: Mapping[int, int]
    ) -> ApplicationOutcome:
        slots = {core: slot for slot, core in enumerate(application.cores)}
        small = next(each for each in self.scenario.applications if each.name == application.name)
        cpu_ps = dict(zip(small.cores, outcome.cpu_ps, strict=True))
        misses = [
            Miss(core, slots[core], miss.deadline_ps, miss.time_ps)
            for miss in outcome.misses
            for core in self.alike[miss.core]
        ]
        return replace(
            outcome,
            misses=tuple(sorted(misses, key=lambda miss: (miss.time_ps, miss.core))),
            cpu_ps=tuple(cpu_ps[stands_for[core]] for core in application.cores),
        )

    def _names(self, core: int) -> dict[str, str]:
        """The dispatchers of a core by application."""
        return {
            application.name: f"{application.name}.{application.cores.index(core)}"
            for application in self.whole.applications
            if core in application.cores
        }


def fold(scenario: Scenario) -> Folded | None:
    """The scenario with one core of each kind; None where every core is one of a kind."""
    if not is_plain(scenario) or not all(is_even(application) for application in scenario.applications):
        return None
    if any(0 < application.threads < len(application.cores) for application in scenario.applications):
        return None
    kinds: dict[object, list[int]] = defaultdict(list)
    parts = _parts(scenario)
    for core, part in parts.items():
        kinds[_timer(scenario, core), part].append(core)
    if len(kinds) == len(parts):
        return None
    alike = {cores[0]: tuple(cores) for cores in kinds.values()}
    kept = {application.name: _kept(application, alike) for application in scenario.applications}
    folded = replace(
        scenario,
        applications=tuple(_smaller(application, kept[application.name]) for application in scenario.applications),
        schedules=tuple(_renumbered(schedule, kept) for schedule in scenario.schedules),
    )
    return Folded(scenario, folded, alike)


def _timer(scenario: Scenario, core: int) -> object:
    late = scenario.clock_skew_ps if scenario.synchronise else scenario.timer_offset_ps
    return scenario.machine.clock_hz[core], late[core] if late else 0


def _parts(scenario: Scenario) -> dict[int, tuple[object, ...]]:
    """What each core has of each application: start, number of threads, and reservations in every schedule."""
    reserved: dict[tuple[str, int], list[object]] = defaultdict(list)
    for number, schedule in enumerate(scenario.schedules):
        for name, reservations in schedule.reservations.items():
            for one in reservations:
                reserved[name, one.dispatcher].append((number, replace(one, dispatcher=0)))
    parts: dict[int, tuple[object, ...]] = defaultdict(tuple)
    for application in scenario.applications:
        for slot, core in enumerate(application.cores):
            start = application.starts_ps[slot] if application.starts_ps else 0
            promised = tuple(reserved[application.name, slot])
            parts[core] += ((application.name, start, threads_of(application, slot), promised),)
    return dict(parts)


def _kept(application: Application, alike: Mapping[int, tuple[int, ...]]) -> tuple[int, ...]:
    """The slots of the application that stay."""
    return tuple(slot for slot, core in enumerate(application.cores) if core in alike)


def _smaller(application: Application, slots: tuple[int, ...]) -> Application:
    """With one core of each kind; the number of threads of each dispatcher is that of the whole."""
    counts = [threads_of(application, slot) for slot in slots]
    return replace(
        application,
        cores=tuple(application.cores[slot] for slot in slots),
        threads=sum(counts),
        starts_ps=tuple(application.starts_ps[slot] for slot in slots) if application.starts_ps else (),
    )


def _renumbered(schedule: Schedule, kept: Mapping[str, tuple[int, ...]]) -> Schedule:
    """Those who stay in their new places; the others behind them, since a promise to several is a gang's."""

    def moved(name: str, reservations: tuple[Reservation, ...]) -> tuple[Reservation, ...]:
        place = {slot: number for number, slot in enumerate(kept[name])}
        others = iter(range(len(place), len(reservations) + len(place)))
        return tuple(
            replace(one, dispatcher=place[one.dispatcher] if one.dispatcher in place else next(others))
            for one in reservations
        )

    return replace(schedule, reservations={name: moved(name, each) for name, each in schedule.reservations.items()})


def _everywhere(mark: Mark, names: Mapping[int, Mapping[int, Mapping[str, str]]]) -> Iterator[Mark]:
    """A missed deadline on every core that it was missed on, other marks as they are."""
    if mark.kind != "miss":
        yield mark
        return
    who, rest = mark.text.split(" ", 1)
    for core, dispatchers in names[mark.core].items():
        yield Mark(mark.time_ps, core, mark.kind, f"{dispatchers[application_of(who)]} {rest}")
