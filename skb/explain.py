"""Why an answer holds: a minimal set of stored facts from which it follows, and who said each of them."""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

from skb.evaluation.budget import Budget
from skb.evaluation.evaluate import Evaluator
from skb.evaluation.pipeline import Pipeline
from skb.evaluation.relations import RecordingStored, Stored
from skb.query.answer import Support
from skb.query.program import GOAL, Program
from skb.query.rules import PredicateId
from skb.snapshot import Snapshot, StoredFact
from skb.terms import Row

Fact: TypeAlias = tuple[PredicateId, Row]
Check: TypeAlias = Callable[[Sequence[Fact]], bool]


def who_said(snapshot: Snapshot, relation: str, args: Row) -> tuple[StoredFact, ...]:
    """Everyone who states a fact or contradicts it (same key, another value), the winner first, then denials of it."""
    return (*snapshot.rivals(relation, args), *snapshot.denials_of(relation, args))


def disputes(snapshot: Snapshot) -> Iterator[tuple[StoredFact, ...]]:
    """Every contradiction: what is said of one key, as `who_said` tells it."""
    for said in snapshot.contradictions():
        denials = {each: None for one in said for each in snapshot.denials_of(one.relation, one.args)}
        yield (*said, *denials)


def support(snapshot: Snapshot, program: Program, row: Row, budget: Budget) -> tuple[Support, ...]:
    """A minimal set of stored facts from which a row of the goal follows. Raises Stopped."""
    recording = RecordingStored(snapshot, program.facts)
    _follows(program, recording, row, budget)
    candidates = [fact for fact in recording.met() if fact[1] in set(snapshot.rows(*fact[0]))]

    def is_enough(facts: Sequence[Fact]) -> bool:
        budget.tick()
        small = Snapshot.of_facts((name, args, "static", "") for (name, _), args in facts)
        return _follows(program, Stored(small, program.facts), row, budget)

    kept = _minimal(candidates, is_enough)
    return tuple(Support(name, args, who_said(snapshot, name, args)) for (name, _), args in sorted(kept, key=str))


def _follows(program: Program, stored: Stored, row: Row, budget: Budget) -> bool:
    """Whether the goal has this row over these facts."""
    evaluator = Evaluator(program.rules, program.recursive, stored, budget)
    for rule in program.rules[GOAL, len(program.columns)]:
        for batch in Pipeline(rule, evaluator, start=rule.head.args).run([row]):
            if batch:
                return True
    return False


def _minimal(candidates: Sequence[Fact], is_enough: Check) -> list[Fact]:
    """QuickXplain (Junker 2004), then one deletion pass: negation and counts are not monotone."""
    if is_enough(()):
        return []
    kept = _explain([], list(candidates), is_enough, False)
    if not is_enough(kept):
        kept = list(candidates)
    for fact in list(kept):
        rest = [each for each in kept if each != fact]
        if is_enough(rest):
            kept = rest
    return kept


def _explain(background: list[Fact], candidates: list[Fact], is_enough: Check, has_changed: bool) -> list[Fact]:
    if has_changed and is_enough(background):
        return []
    if len(candidates) <= 1:
        return candidates
    half = len(candidates) // 2
    first, second = candidates[:half], candidates[half:]
    needed_second = _explain(background + first, second, is_enough, True)
    needed_first = _explain(background + needed_second, first, is_enough, bool(needed_second))
    return needed_first + needed_second
