"""The placement controller: manifests that a machine has admitted for good; everyone keeps what was promised."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from planner.admission.admit import admit
from planner.admission.reservations import Decision, Schedule
from planner.control.shipping import derive
from planner.control.submissions import (
    SOURCE,
    Submission,
    changed_facts,
    granted,
    schedule_of,
    standing_decision,
    submissions,
)
from planner.control.utilisation import suggest
from planner.errors import PlanError
from planner.machine.topology import Topology
from planner.manifests.manifest import Manifest
from planner.overcommit.shares import Rules
from skb.errors import RevisionConflict
from skb.knowledge import KnowledgeBase
from skb.snapshot import Snapshot

__all__ = ["Submission", "change_phase", "consider", "find_submission", "running_schedule", "schedules", "submissions",
           "submit", "withdraw"]  # fmt: skip

LARGEST_ID = 2**32 - 1
MOST_ATTEMPTS = 8

Admit = Callable[..., Decision]
Decide = Callable[[Snapshot], Decision]


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
    knowledge: KnowledgeBase | Snapshot,
    manifests: Sequence[Manifest] = (),
    *,
    admit: Admit = admit,
    policy: str | Rules = "refuse",
    **asked: Any,
) -> Decision:
    """Whether manifests fit beside what is admitted already, which keeps its cores and offsets.

    What was admitted keeps its WCETs, too, unless `policy` reduces: then everybody's are cut anew from what was asked.
    Notes name reservations that are larger than what runs measured.
    `asked` goes to `planner.admit`. Without manifests the answer holds the schedules as they stand.
    """
    snapshot = knowledge if isinstance(knowledge, Snapshot) else knowledge.snapshot()
    known = submissions(snapshot)
    machine = Topology.of(snapshot)
    _check_standing(known, machine)
    if isinstance(policy, Rules):
        policy = replace(policy, machine=snapshot)
    decision = admit(
        [*(one.held if policy == "refuse" else one.manifest for one in known), *manifests],
        machine,
        policy=policy,
        standing=standing_decision(known) if known else None,
        running={one.manifest.name: one.phase for one in known},
        **asked,
    )
    return replace(decision, notes=(*decision.notes, *(one.sentence for one in suggest(known, machine))))


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

    The same revision holds what the others' reservations became, where a policy reduced them or releases grew longer.

    `text` is kept as it was written. Another write in between makes the question be asked again, unless a revision is
    expected: then it raises RevisionConflict. `decide` is `consider` with this manifest if left out.
    """
    for _ in range(MOST_ATTEMPTS):
        snapshot = knowledge.snapshot()
        _check_revision(snapshot, expected_revision)
        decision = consider(snapshot, [manifest], **asked) if decide is None else decide(snapshot)
        if not decision.admitted:
            return None, decision
        accepted = granted(_next_id(snapshot), manifest, text, 0, decision)
        facts = [*accepted.facts(), *changed_facts(submissions(snapshot), decision)]
        try:
            knowledge.tell(facts, source=SOURCE, expected_revision=snapshot.revision)
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
    return schedule_of((one, one.phase) for one in submissions(knowledge))


def schedules(knowledge: KnowledgeBase | Snapshot) -> Iterator[Schedule]:
    """The schedule of each combination of phases of what is admitted, the running one first, derived as it is taken."""
    return derive(submissions(knowledge))


def _check_revision(snapshot: Snapshot, expected: int | None) -> None:
    if expected is not None and snapshot.revision != expected:
        raise RevisionConflict(
            f"the write expected revision {expected}, the store is at {snapshot.revision}; read again and retry",
            details={"expected": expected, "found": snapshot.revision},
        )


def _next_id(snapshot: Snapshot) -> int:
    number = snapshot.revision + 1
    if number > LARGEST_ID:
        raise PlanError(f"the store is past revision {LARGEST_ID}, the last id", code="no_id_left")
    return number


def _check_standing(known: Sequence[Submission], machine: Topology) -> None:
    usable = set(machine.allowed_ids)
    for one in known:
        lost = sorted(set(one.cores) - usable)
        if lost or len(one.cores) != one.manifest.dispatcher_count:
            raise PlanError(
                f"manifest {one.id} ({one.manifest.name}) holds cores {lost} that {machine.name} no longer "
                "offers; replan, or withdraw it first",
                code="stale_manifest",
                details={"manifest": one.id, "cores": lost},
            )
