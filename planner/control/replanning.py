"""A new plan after cores came or went: what has to move, what stays, and why."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from planner.admission.admit import admit
from planner.admission.reservations import Decision
from planner.control.submissions import SOURCE, Submission, changed_facts, granted, standing_decision, submissions
from planner.cpu_list import format_cpu_list
from planner.machine.topology import Topology
from skb.knowledge import KnowledgeBase


@dataclass(frozen=True, slots=True)
class Move:
    """A dispatcher that gets another core: it is started anew there, since dispatchers do not migrate."""

    application: str
    dispatcher: int
    source: int
    target: int
    reason: str

    def to_json(self) -> dict[str, Any]:
        return {
            "application": self.application,
            "dispatcher": self.dispatcher,
            "from": self.source,
            "to": self.target,
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True)
class Replan:
    """`kept` says of each application that stays why; `regained` have their whole WCETs again; `decision` is the plan,
    or the refusal under which everything is left as it was."""

    decision: Decision
    moves: tuple[Move, ...] = ()
    kept: tuple[tuple[str, str], ...] = ()
    regained: tuple[str, ...] = ()
    lost_cores: tuple[int, ...] = ()
    revision: int = 0

    @property
    def is_changed(self) -> bool:
        return bool(self.moves or self.regained)

    def to_json(self) -> dict[str, Any]:
        return {
            "changed": self.is_changed,
            "lost_cores": list(self.lost_cores),
            "moved": [move.to_json() for move in self.moves],
            "kept": [{"application": name, "reason": reason} for name, reason in self.kept],
            "regained": list(self.regained),
            "refusal": None if self.decision.refusal is None else self.decision.refusal.to_json(),
            "revision": self.revision,
        }


@dataclass(frozen=True, slots=True)
class _Attempt:
    """Who keeps what: applications that stay whole, dispatchers that stay, the sentence for those that do not.

    `is_whole` asks for the WCETs of the manifests rather than for those that a reduction left.
    """

    fixed: tuple[str, ...]
    keep: Mapping[str, tuple[int | None, ...]]
    reason: str
    is_whole: bool = False


def replan(
    knowledge: KnowledgeBase, *, dry_run: bool = False, seed: int = 0, time_limit: float | None = None
) -> Replan:
    """Fit what is admitted to the cores that the machine offers now, and store it unless `dry_run`.

    As little moves as can be: first only dispatchers whose core is gone, then their applications as a whole, then
    everybody. Whoever was reduced gets his WCETs back where they fit again. One revision holds the outcome.
    """
    snapshot = knowledge.snapshot()
    known, machine = submissions(snapshot), Topology.of(snapshot)
    usable = set(machine.allowed_ids)
    lost = tuple(sorted({core for one in known for core in one.cores} - usable))
    decision = Decision(True, revision=snapshot.revision)
    for attempt in _attempts(known, usable) if known else ():
        decision = _try(known, machine, attempt, seed, time_limit)
        if decision.admitted:
            found = _describe(known, decision, attempt, lost)
            return found if dry_run else _store(knowledge, known, found, snapshot.revision)
    return Replan(decision, lost_cores=lost, revision=snapshot.revision)


def _attempts(known: Sequence[Submission], usable: set[int]) -> Iterator[_Attempt]:
    names = tuple(one.manifest.name for one in known)
    hit = [one for one in known if not set(one.cores) <= usable]
    safe = tuple(one.manifest.name for one in known if one not in hit)
    stays = {one.manifest.name: tuple(core if core in usable else None for core in one.cores) for one in hit}
    reduced = {one.manifest.name for one in known if one.held != one.manifest}
    if reduced:
        yield _Attempt(safe, stays, "its core {source} is no longer offered", is_whole=True)
        unreduced = tuple(name for name in safe if name not in reduced)
        yield _Attempt(unreduced, {}, "{application} was reduced, and has its whole WCETs there", is_whole=True)
    yield _Attempt(safe, stays, "its core {source} is no longer offered")
    if hit:
        yield _Attempt(
            safe, {}, "{application} lost core {lost}, and no other core fits beside those that its others hold"
        )
    yield _Attempt(
        (), {}, f"room had to be made among {', '.join(names)}, and nothing less than moving all of them did"
    )


def _try(
    known: Sequence[Submission], machine: Topology, attempt: _Attempt, seed: int, time_limit: float | None
) -> Decision:
    staying = [one for one in known if one.manifest.name in attempt.fixed]
    told = [one for one in known if one.manifest.name in attempt.fixed or one.manifest.name in attempt.keep]
    standing = replace(standing_decision(staying), promises=standing_decision(told).promises)
    running = {one.manifest.name: one.phase for one in known}
    return admit(
        [one.manifest if attempt.is_whole else one.held for one in known],
        machine,
        keep=attempt.keep,
        standing=standing,
        running=running,
        seed=seed,
        time_limit=time_limit,
    )


def _describe(known: Sequence[Submission], decision: Decision, attempt: _Attempt, lost: tuple[int, ...]) -> Replan:
    moves: list[Move] = []
    kept: list[tuple[str, str]] = []
    regained = []
    for one in known:
        name, after = one.manifest.name, granted(one.id, one.manifest, one.text, one.phase, decision)
        gone = format_cpu_list([core for core in one.cores if core in lost])
        own = [
            Move(name, index, old, new, attempt.reason.format(source=old, application=name, lost=gone))
            for index, (old, new) in enumerate(zip(one.cores, after.cores, strict=True))
            if old != new
        ]
        moves += own
        if not own:
            kept.append((name, "all its cores are still offered, and its offsets fit beside those who moved"))
        if after.kept_ppm > one.kept_ppm:
            regained.append(name)
    return Replan(decision, tuple(moves), tuple(kept), tuple(regained), lost, decision.revision)


def _store(knowledge: KnowledgeBase, known: Sequence[Submission], found: Replan, expected: int) -> Replan:
    facts = changed_facts(known, found.decision)
    if not facts:
        return found
    return replace(found, revision=knowledge.tell(facts, source=SOURCE, expected_revision=expected))
