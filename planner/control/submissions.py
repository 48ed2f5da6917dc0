"""Admitted manifests as facts about a machine, written and read.

Facts: `manifest(Id, Application, Dispatchers, Text)`, `phase(Id, Phase)` (the newest holds) and
`reservation(Id, Phase, Dispatcher, Core, Kind, Wcet, Period, Deadline, Release, Delay, Weight)`, times in ns.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from planner.admission.releases import Release
from planner.admission.reservations import Decision, Reservation, Schedule
from planner.manifests.manifest import Manifest, looks_like_toml
from planner.manifests.phases import Group, Phase
from skb.knowledge import KnowledgeBase
from skb.snapshot import Snapshot
from skb.terms import String

SOURCE = "placement controller"

Row = tuple[str, tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Submission:
    """An admitted manifest with its 32-bit id (the revision that admitted it) and its phase now.

    `reservations[phase]` is what its dispatchers hold in that phase, whatever the others' phases are.
    """

    id: int
    manifest: Manifest
    text: str
    phase: int
    reservations: tuple[tuple[Reservation, ...], ...]

    @property
    def cores(self) -> tuple[int, ...]:
        """Each dispatcher's core, in every phase."""
        return tuple(one.core for one in self.reservations[0])

    @property
    def held(self) -> Manifest:
        """The manifest as it was granted: with the WCETs that a reduction left of it."""
        groups = tuple(
            replace(group, phases=tuple(self._granted(group, number) for number in range(len(group.phases))))
            for group in self.manifest.groups
        )
        return Manifest(self.manifest.name, groups)

    @property
    def kept_ppm(self) -> int:
        """The least part of a WCET that was granted."""
        pairs = [
            (given.wcet_ns, asked.wcet_ns)
            for group, granted in zip(self.manifest.groups, self.held.groups, strict=True)
            for asked, given in zip(group.phases, granted.phases, strict=True)
            if asked.is_reserved
        ]
        return min((round(given * 10**6 / asked) for given, asked in pairs), default=10**6)

    def release(self) -> Release | None:
        """When its phase of now began at the earliest, as was stated or derived when it was last admitted."""
        asked = [phase for group in self.manifest.groups if (phase := group.phase(self.phase)).is_reserved]
        if not asked:
            return None
        delay_ns = max(one.delay_ns for one in self.reservations[self.phase])
        is_derived = any(phase.is_release_derived for phase in asked)
        stated_ns = max(phase.release_ns for phase in asked)
        return Release(self.manifest.name, self.phase, stated_ns, delay_ns if is_derived else None)

    def to_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "application": self.manifest.name,
            "dispatchers": self.manifest.dispatcher_count,
            "phase": self.phase,
            "phases": self.manifest.phase_count,
            "cores": list(self.cores),
            "kept_ppm": self.kept_ppm,
            "text": self.text,
        }

    def facts(self) -> list[Row]:
        """All of it, to be told."""
        head = (self.id, self.manifest.name, self.manifest.dispatcher_count, String(self.text))
        return [("manifest", head), ("phase", (self.id, self.phase)), *self.reservation_facts()]

    def reservation_facts(self) -> list[Row]:
        return [
            ("reservation", _row(self.id, phase, one)) for phase, own in enumerate(self.reservations) for one in own
        ]

    def _granted(self, group: Group, number: int) -> Phase:
        phase = group.phases[number]
        first = self.manifest.first_dispatcher(group)
        own = next((one for one in self.reservations[number] if one.dispatcher == first), None)
        if own is None or not phase.is_reserved or own.wcet_ns == phase.wcet_ns:
            return phase
        deadline_ns = own.wcet_ns if phase.deadline_ns == phase.wcet_ns else phase.deadline_ns
        return replace(phase, wcet_ns=own.wcet_ns, deadline_ns=deadline_ns)


def submissions(knowledge: KnowledgeBase | Snapshot) -> tuple[Submission, ...]:
    """What is admitted, oldest first."""
    snapshot = knowledge if isinstance(knowledge, Snapshot) else knowledge.snapshot()
    return tuple(_read(snapshot, row) for row in sorted(snapshot.rows("manifest", 4), key=_id_of))


def granted(number: int, manifest: Manifest, text: str | None, phase: int, decision: Decision) -> Submission:
    """What a decision gives a manifest."""
    written = text if text is not None else manifest.to_toml()
    held = tuple(decision.promises[manifest.name, each] for each in range(manifest.phase_count))
    return Submission(number, manifest, written, phase, held)


def changed_facts(known: Sequence[Submission], decision: Decision) -> list[Row]:
    """Reservations that a decision grants otherwise than they stand: reduced, moved, or released later."""
    rows: list[Row] = []
    for one in known:
        after = granted(one.id, one.manifest, one.text, one.phase, decision)
        before = set(one.reservation_facts())
        rows += [row for row in after.reservation_facts() if row not in before]
    return rows


def standing_decision(known: Sequence[Submission]) -> Decision:
    """The decision that runs already, put together again from what was stored."""
    promises = {(one.manifest.name, phase): own for one in known for phase, own in enumerate(one.reservations)}
    return Decision(True, (schedule_of((one, one.phase) for one in known),), promises=promises)


def schedule_of(chosen: Iterable[tuple[Submission, int]]) -> Schedule:
    chosen = tuple(chosen)
    return Schedule(
        {one.manifest.name: phase for one, phase in chosen},
        tuple(held for one, phase in chosen for held in one.reservations[phase]),
    )


def _id_of(row: Any) -> int:
    return int(row[0])


def _row(number: int, phase: int, one: Reservation) -> tuple[Any, ...]:
    kind, times = one.kind.lower(), (one.wcet_ns, one.period_ns, one.deadline_ns, one.release_ns, one.delay_ns)
    return (number, phase, one.dispatcher, one.core, kind, *times, one.weight)


def _read(snapshot: Snapshot, row: Any) -> Submission:
    number, name, dispatchers = row[:3]
    text = row[3].text if isinstance(row[3], String) else str(row[3])
    manifest = Manifest.parse(text, name=name, dispatchers=None if looks_like_toml(text) else dispatchers)
    phases = [fact for fact in snapshot.facts("phase") if len(fact.args) == 2 and fact.args[0] == number]
    newest: Any = max(phases, key=lambda fact: fact.revision).args[1] if phases else 0
    held: list[list[Reservation]] = [[] for _ in range(manifest.phase_count)]
    for own in sorted((own for own in snapshot.rows("reservation", 11) if own[0] == number), key=lambda own: own[1:3]):
        held[int(str(own[1]))].append(_reservation(name, own))
    return Submission(number, manifest, text, newest, tuple(map(tuple, held)))


def _reservation(application: str, row: Any) -> Reservation:
    wcet, period, deadline, release, delay, weight = row[5:]
    return Reservation(application, row[2], row[3], row[4].upper(), wcet, period, deadline, release, weight, delay)
