"""Work stealing by request: threads with a queue of items each, and what one that has run out does about the others.

A thief asks a peer, who answers between two of its own items: a peer that has lost its core does not answer until it
has it again. The count of de-allocations tells the thief who has lost it; from such a peer's queue it takes by itself,
since nobody else works on it just then (dissertation, section 2.5.2).
"""

from collections.abc import Callable
from dataclasses import dataclass

from kernelsim.programs.cell import Cell
from kernelsim.programs.inbox import Inbox
from kernelsim.programs.requests import Program, Steps
from kernelsim.programs.team import Body, Make, Member, Team


@dataclass(frozen=True, slots=True)
class _Word:
    """A peer's message: `items` is None for a question, else what it gives."""

    sender: int
    items: int | None


def work_stealing(
    items: int, item_ps: int, *, uses_count: bool, done: Callable[[int], None], retry_ps: int = 100_000_000
) -> Make:
    """Every thread begins with so many items of `item_ps` each; `done` is told when the last one of all is finished.

    A thief that finds nothing anywhere tries again after `retry_ps`.
    """

    def make(team: Team) -> Body:
        crowd = _Crowd(team, items, item_ps, uses_count, done, retry_ps)
        return crowd.run

    return make


class _Crowd:
    """What the threads of one run share: queues in cells, an inbox each, and how many items are left."""

    def __init__(
        self, team: Team, items: int, item_ps: int, uses_count: bool, done: Callable[[int], None], retry_ps: int
    ) -> None:
        self._team = team
        self._item_ps = item_ps
        self._uses_count = uses_count
        self._done = done
        self._retry_ps = retry_ps
        self._left = items * team.size
        self._queues = [Cell(team, items, "a queue") for _ in range(team.size)]
        self._inboxes: list[Inbox[_Word]] = [Inbox(team, core, what="steal") for core in team.cores]

    def run(self, me: Member) -> Program:
        """One thread."""
        while self._left:
            if not (yield from self._take(me, me.index)):
                if not (yield from self._steal(me)):
                    yield me.compute_ps(self._retry_ps)
            else:
                yield me.compute_ps(self._item_ps)
                me.count()
                self._left -= 1
                if not self._left:
                    self._done(me.now_ps)
            yield from self._answer_all(me)

    def _take(self, me: Member, queue: int) -> Steps[int]:
        """One item of a queue, if it has any."""
        before = yield from self._queues[queue].update(me, lambda items: max(0, items - 1))
        return min(1, before)

    def _steal(self, me: Member) -> Steps[bool]:
        """Half a peer's items, of the next one that has any."""
        size = self._team.size
        for peer in ((me.index + step) % size for step in range(1, size)):
            if self._uses_count and not (yield from self._sees_running(me, peer)):
                got = yield from self._help_oneself(me, peer)
            else:
                got = yield from self._ask(me, peer)
            if got:
                yield from self._queues[me.index].update(me, lambda items, got=got: items + got)  # type: ignore[misc]
                return True
        return False

    def _sees_running(self, me: Member, peer: int) -> Steps[bool]:
        """Read the peer's count, for the price of its line."""
        core = self._team.cores[peer]
        yield me.compute_ps(self._team.machine.line_ps[core][me.core])
        return self._team.runs_on(core)

    def _help_oneself(self, me: Member, peer: int) -> Steps[int]:
        before = yield from self._queues[peer].update(me, lambda items: items // 2)
        return before - before // 2

    def _ask(self, me: Member, peer: int) -> Steps[int]:
        yield from self._inboxes[peer].send(me, _Word(me.index, None))
        while True:
            word = yield from self._inboxes[me.index].receive(me)
            if word.items is not None:
                return word.items
            yield from self._answer(me, word)

    def _answer_all(self, me: Member) -> Program:
        inbox = self._inboxes[me.index]
        while len(inbox):
            word = yield from inbox.receive(me)
            yield from self._answer(me, word)

    def _answer(self, me: Member, word: _Word) -> Program:
        given = yield from self._help_oneself(me, me.index)
        yield from self._inboxes[word.sender].send(me, _Word(me.index, given))
