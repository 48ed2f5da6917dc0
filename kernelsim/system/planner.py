"""The planner: the module of a monitor that knows which reservations its core has in which combination of
phases.
"""

from collections.abc import Mapping

from kernelsim.core.cpu_driver import CpuDriver
from kernelsim.core.dispatcher import Dispatcher
from kernelsim.scenario import Reservation, Schedule, group_key


class Planner:
    """A replica of the group's information for one core: phases as far as it was told, and a local table.

    A combination that is not in the table means best effort until it arrives (dissertation, section 3.6.2),
    and so does a gang where timers are not synchronised.
    """

    def __init__(
        self,
        driver: CpuDriver,
        dispatchers: Mapping[str, Dispatcher],
        *,
        phase_locked: bool,
        grouped: frozenset[str] = frozenset(),
    ) -> None:
        self._driver = driver
        self._dispatchers = dispatchers
        self._phase_locked = phase_locked
        self._grouped = grouped
        """Applications whose dispatchers have no guarantees but those of the group that they join."""
        self._phases: dict[str, int] = {}
        self._table: dict[tuple[tuple[str, int], ...], Mapping[str, tuple[Reservation, ...]]] = {}
        self._current: dict[str, Reservation] = {}
        self._started: set[str] = set()
        self._withdrawn: set[str] = set()
        self._groups: dict[tuple[str, int], str] = {}
        """(application, dispatcher) -> the group that it has joined, of all dispatchers of the applications here."""

    def receive(self, schedule: Schedule) -> None:
        """One schedule from the placement controller."""
        self._table[_key(schedule.phases)] = schedule.reservations
        for application in schedule.phases:
            self._phases.setdefault(application, 0)

    def begin(self, application: str) -> None:
        """An application's dispatcher on this core starts, in whatever phase its application is by now."""
        self._started.add(application)
        self.apply()

    def enter(self, application: str, phase: int, asked_ps: int | None = None) -> dict[str, int]:
        """An application, or a group, is in a phase from now on, as was asked at `asked_ps`. Returns the first release
        of each dispatcher that got a new one.
        """
        self._phases[application] = phase
        return self.apply(asked_ps)

    def apply(self, asked_ps: int | None = None) -> dict[str, int]:
        """Program the CPU driver with what the table says for the phases of now. Whoever gets less comes before whoever
        gets more, since the core has no more than all of it to promise in between either.
        """
        reservations = self._table.get(_key(self._phases), {})
        changed: list[tuple[str, Reservation]] = []
        for application, dispatcher in self._dispatchers.items():
            if application not in self._started:
                continue
            wanted = self._reservation(reservations.get(self._key_of(application, dispatcher), ()), dispatcher)
            held = self._current.get(application)
            if wanted is not held and wanted != held:
                changed.append((application, wanted))
        releases = {}
        if len(changed) > 1:
            changed.sort(key=lambda change: self._gains(*change))
        for application, wanted in changed:
            self._current[application] = wanted
            release = self._driver.adopt(self._dispatchers[application], wanted, asked_ps)
            if release is not None:
                releases[application] = release
        return releases

    def _gains(self, application: str, wanted: Reservation) -> bool:
        """Whether it would be guaranteed more of the core than now."""
        held = self._current.get(application)
        return wanted.share > (held.share if held else 0)

    def note_member(self, application: str, dispatcher: int, group: str) -> None:
        """A dispatcher, of this core or of another, is in a group from now on, and in no other."""
        self._groups[application, dispatcher] = group

    def members(self, application: str, group: str) -> frozenset[int]:
        """The dispatchers in a group, as far as this planner was told."""
        return frozenset(own for (name, own), joined in self._groups.items() if (name, joined) == (application, group))

    def withdraw(self, application: str) -> None:
        """The application has no guaranteed time on this core any more."""
        self._withdrawn.add(application)
        self.apply()

    def forget(self, application: str) -> None:
        """The application's dispatcher is this core's no longer."""
        self._started.discard(application)

    def knows(self, application: str, phase: int) -> bool:
        """Whether the table has the combination that this phase would make."""
        return _key({**self._phases, application: phase}) in self._table

    def _key_of(self, application: str, dispatcher: Dispatcher) -> str:
        if application not in self._grouped:
            return application
        return group_key(application, self._groups.get((application, dispatcher.index), ""))

    def _reservation(self, reservations: tuple[Reservation, ...], dispatcher: Dispatcher) -> Reservation:
        for reservation in reservations:
            if reservation.dispatcher == dispatcher.index and dispatcher.application not in self._withdrawn:
                gang = reservation.kind != "B" and len(reservations) > 1
                if self._phase_locked or not gang:
                    return reservation
        return Reservation(dispatcher.index, "B", weight=dispatcher.weight)


def _key(phases: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(phases.items()))
