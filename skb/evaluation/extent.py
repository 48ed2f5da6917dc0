"""How far terms reach: depth and size of what rules build, and the size of an answer when it is written out.

Terms share their parts, so that a short rule such as `p(f(X, X)) :- p(X)` builds terms whose written size doubles
with each step. Hashing and comparing take as long as writing; so what is built is measured at once, within limits.
"""

from dataclasses import replace

from skb.evaluation.budget import Budget, Stopped
from skb.evaluation.steps import Step, filtering
from skb.query.answer import Answer, Limits
from skb.query.comparing import Frame
from skb.terms import Compound, Row, String, Term

TICK_EVERY = 1_000_000
_PLAIN_SIZE = 8


def bounding(slot: int, budget: Budget) -> Step:
    """Stops the question where the term in `slot` is deeper or larger than the limits say."""
    limits = budget.limits

    def keep(frames: list[Frame]) -> list[Frame]:
        measured = 0
        for frame in frames:
            measured += measure(frame[slot], limits)
            if measured > TICK_EVERY:
                budget.tick()
                measured = 0
        return frames

    return filtering(keep)


def measure(term: Term, limits: Limits) -> int:
    """The number of parts of a term, shared ones counted as often as they stand there. Raises Stopped."""
    level = [term] if isinstance(term, (Compound, tuple)) else []
    depth = size = 0
    while level:
        depth += 1
        parts = [each.args if isinstance(each, Compound) else each for each in level]
        size += sum(map(len, parts))
        if depth > limits.max_depth:
            raise Stopped("max_depth")
        if size > limits.max_term_size:
            raise Stopped("max_term_size")
        level = [part for each in parts for part in each if isinstance(part, (Compound, tuple))]
    return size


def clipped(answer: Answer, most_size: int) -> Answer:
    """The answer with as many rows as can be written in about so many characters; its status says so."""
    written = 0
    for at, row in enumerate(answer.rows):
        written += _written_size(row, most_size)
        if answer.supports is not None:
            written += sum(_written_size(fact.args, most_size) for fact in answer.supports[at])
        if written > most_size:
            supports = None if answer.supports is None else answer.supports[:at]
            status = "truncated" if answer.status == "complete" else answer.status
            return replace(
                answer, rows=answer.rows[:at], supports=supports, status=status, stopped_by="max_answer_size"
            )
    return answer


def _written_size(row: Row, most_size: int) -> int:
    """About how many characters a row takes, counted on no further than `most_size`."""
    size = 0
    waiting: list[Term] = list(row)
    while waiting and size <= most_size:
        term = waiting.pop()
        size += _PLAIN_SIZE
        if isinstance(term, str):
            size += len(term)
        elif isinstance(term, String):
            size += len(term.text)
        elif isinstance(term, tuple):
            waiting.extend(term)
        elif isinstance(term, Compound):
            size += len(term.functor)
            waiting.extend(term.args)
    return size
