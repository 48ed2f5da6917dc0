"""The placement controller: manifests that a machine has admitted for good, kept as facts about it.

Facts: `manifest(Id, Application, Dispatchers, Text)`, `phase(Id, Phase)` (the newest holds) and
`reservation(Id, Phase, Dispatcher, Core, Kind, Wcet, Period, Deadline, Release, Delay, Weight)`, times in ns.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice, product
from typing import Any

from planner.admission.admit import admit
from planner.admission.reservations import Decision, Reservation, Schedule
from planner.admission.schedules import MOST_COMBINATIONS
from planner.errors import PlanError
from planner.machine.topology import Topology
from planner.manifests.manifest import Manifest, looks_like_toml
from skb.errors import RevisionConflict
from skb.knowledge import KnowledgeBase
from skb.snapshot import Snapshot
from skb.terms import String

SOURCE = "placement controller"
LARGEST_ID = 2**32 - 1
MOST_ATTEMPTS = 8

Admit = Callable[..., Decision]
Decide = Callable[[Snapshot], Decision]


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

    def to_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "application": self.manifest.name,
            "dispatchers": self.manifest.dispatcher_count,
            "phase": self.phase,
            "phases": self.manifest.phase_count,
            "cores": list(self.cores),
            "text": self.text,
        }


def submissions(knowledge: KnowledgeBase | Snapshot) -> tuple[Submission, ...]:
    """What is admitted, oldest first."""
    snapshot = knowledge if isinstance(knowledge, Snapshot) else knowledge.snapshot()
    return tuple(_read_submission(snapshot, row) for row in sorted(snapshot.rows("manifest", 4), key=_id_of))


def find_submission(knowledge: KnowledgeBase, number: int) -> Submission:
    """Raises PlanError (code "unknown_manifest") for an id that is not admitted."""
    known = submissions(knowledge)
    for submission in known:
        if submission.id == number:
            return submission
    ids = ", ".join(str(one.id) for one in known) or "none"
    raise PlanError(
        f"manifest {number} is not admitted on {knowledge.machine}; admitted are {ids}",
        code="unknown_manifest",
        details={"manifest": number, "known": [one.id for one in known]},
    )


def consider(
    knowledge: KnowledgeBase | Snapshot, manifests: Sequence[Manifest] = (), *, admit: Admit = admit, **asked: Any
) -> Decision:
    """Whether manifests fit beside what is admitted already, which keeps its cores and offsets.

    `asked` goes to `planner.admit`. Without manifests the answer holds the schedules as they stand.
    """
    snapshot = knowledge if isinstance(knowledge, Snapshot) else knowledge.snapshot()
    known = submissions(snapshot)
    machine = Topology.of(snapshot)
    _check_standing(known, machine)
    return admit(
        [*(one.manifest for one in known), *manifests],
        machine,
        standing=_standing(known) if known else None,
        running={one.manifest.name: one.phase for one in known},
        **asked,
    )


def submit(
    knowledge: KnowledgeBase,
    manifest: Manifest,
    *,
    text: str | None = None,
    expected_revision: int | None = None,
    decide: Decide | None = None,
    **asked: Any,
) -> tuple[Submission | None, Decision]:
    """Admit a manifest for good: one revision holds it with its reservations; None beside a refusal.

    `text` is kept as it was written. Another write in between makes the question be asked again, unless a revision is
    expected: then it raises RevisionConflict. `decide` is `consider` with this manifest if left out.
    """
    for _ in range(MOST_ATTEMPTS):
        snapshot = knowledge.snapshot()
        _check_revision(snapshot, expected_revision)
        decision = consider(snapshot, [manifest], **asked) if decide is None else decide(snapshot)
        if not decision.admitted:
            return None, decision
        accepted = _submission(_next_id(snapshot), manifest, text, decision)
        try:
            knowledge.tell(_facts_of(accepted), source=SOURCE, expected_revision=snapshot.revision)
        except RevisionConflict:
            if expected_revision is not None:
                raise
            continue
        return accepted, decision
    raise PlanError(
        f"{manifest.name} was not admitted: other writes came first {MOST_ATTEMPTS} times; ask again",
        code="busy",
        details={"application": manifest.name},
    )


def withdraw(knowledge: KnowledgeBase, number: int, *, expected_revision: int | None = None) -> Submission:
    """Take an admitted manifest back; the others keep cores and offsets. Raises PlanError."""
    submission = find_submission(knowledge, number)
    snapshot = knowledge.snapshot()
    gone = [
        (fact.relation, fact.args)
        for relation, arity in (("manifest", 4), ("phase", 2), ("reservation", 11))
        for fact in snapshot.facts(relation)
        if len(fact.args) == arity and fact.args[0] == number
    ]
    knowledge.retract(gone, expected_revision=expected_revision)
    return submission


def change_phase(
    knowledge: KnowledgeBase, number: int, phase: int, *, expected_revision: int | None = None
) -> Submission:
    """Let an admitted application enter another of its phases. Raises PlanError for a phase it has not."""
    submission = find_submission(knowledge, number)
    most = submission.manifest.phase_count
    if not 0 <= phase < most:
        raise PlanError(
            f"{submission.manifest.name} has no phase {phase}; 0 to {most - 1} are accepted",
            code="unknown_phase",
            details={"manifest": number, "found": phase, "accepted": f"0 to {most - 1}"},
        )
    knowledge.tell([("phase", (number, phase))], source=SOURCE, expected_revision=expected_revision)
    return find_submission(knowledge, number)


def running_schedule(knowledge: KnowledgeBase | Snapshot) -> Schedule:
    """The schedule of the phases that the admitted applications are in."""
    return _schedule((one, one.phase) for one in submissions(knowledge))


def _check_revision(snapshot: Snapshot, expected: int | None) -> None:
    if expected is not None and snapshot.revision != expected:
        raise RevisionConflict(
            f"the write expected revision {expected}, the store is at {snapshot.revision}; read again and retry",
            details={"expected": expected, "found": snapshot.revision},
        )


def _id_of(row: Any) -> int:
    return int(row[0])


def _next_id(snapshot: Snapshot) -> int:
    number = snapshot.revision + 1
    if number > LARGEST_ID:
        raise PlanError(f"the store is past revision {LARGEST_ID}, the last id", code="no_id_left")
    return number


def _submission(number: int, manifest: Manifest, text: str | None, decision: Decision) -> Submission:
    held: dict[int, tuple[Reservation, ...]] = {}
    for schedule in decision.schedules:
        phase = schedule.phases[manifest.name]
        own = tuple(one for one in schedule.reservations if one.application == manifest.name)
        held.setdefault(phase, own)
    written = text if text is not None else manifest.to_toml()
    return Submission(number, manifest, written, 0, tuple(held[phase] for phase in range(manifest.phase_count)))


def _facts_of(submission: Submission) -> list[tuple[str, tuple[Any, ...]]]:
    number, manifest = submission.id, submission.manifest
    head = (number, manifest.name, manifest.dispatcher_count, String(submission.text))
    facts: list[tuple[str, tuple[Any, ...]]] = [("manifest", head), ("phase", (number, submission.phase))]
    facts += [
        ("reservation", _reservation_row(number, phase, one))
        for phase, own in enumerate(submission.reservations)
        for one in own
    ]
    return facts


def _reservation_row(number: int, phase: int, one: Reservation) -> tuple[Any, ...]:
    kind, times = one.kind.lower(), (one.wcet_ns, one.period_ns, one.deadline_ns, one.release_ns, one.delay_ns)
    return (number, phase, one.dispatcher, one.core, kind, *times, one.weight)


def _read_submission(snapshot: Snapshot, row: Any) -> Submission:
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


def _standing(known: Sequence[Submission]) -> Decision:
    """The decision that runs already, put together again from what was stored."""
    choices = [[(one, phase) for phase in range(one.manifest.phase_count)] for one in known]
    return Decision(True, tuple(islice(map(_schedule, product(*choices)), MOST_COMBINATIONS)))


def _schedule(chosen: Iterable[tuple[Submission, int]]) -> Schedule:
    chosen = tuple(chosen)
    return Schedule(
        {one.manifest.name: phase for one, phase in chosen},
        tuple(held for one, phase in chosen for held in one.reservations[phase]),
    )


def _check_standing(known: Sequence[Submission], machine: Topology) -> None:
    usable = set(machine.allowed_ids)
    for one in known:
        lost = sorted(set(one.cores) - usable)
        if lost or len(one.cores) != one.manifest.dispatcher_count:
            raise PlanError(
                f"manifest {one.id} ({one.manifest.name}) holds cores {lost} that {machine.name} no longer "
                "offers; withdraw it first",
                code="stale_manifest",
                details={"manifest": one.id, "cores": lost},
            )
