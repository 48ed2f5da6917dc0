"""Two-phase commit between monitors: retype and revoke of memory, and cores that come and go, as one state machine.

A change is prepared at every member, each votes, and only if all can do it is it committed; a conflicting change of
the same region, or any change beside one of membership, is refused on one side. Of two changes under way the one of
the lower core goes first: it waits where it meets the other, the other is refused where it meets it, so nobody waits
in a circle. Channels deliver in order and lose nothing (dissertation, sections 2.4.3 and 2.7; hot topics 2009).

States and messages are values: nothing here knows a clock, and a test walks all of them.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from kernelsim.system.agreement.replica import Change, Replica

PREPARE, VOTE, COMMIT, ABORT = "prepare", "vote", "commit", "abort"


@dataclass(frozen=True, slots=True)
class Transaction:
    """A change proposed by `core`, its `number`-th. `sends` is the tree by which it travels; the root is the core.

    `snapshot` is the replica that a joining core begins with.
    """

    core: int
    number: int
    change: Change
    sends: tuple[tuple[int, tuple[int, ...]], ...]
    snapshot: Replica | None = None

    @property
    def precedence(self) -> tuple[int, int]:
        """The lower goes first."""
        return self.core, self.number

    def children(self, core: int) -> tuple[int, ...]:
        """To whom `core` passes it on."""
        return next((children for sender, children in self.sends if sender == core), ())


@dataclass(frozen=True, slots=True)
class Message:
    """One message between two monitors; `yes` is what a vote says."""

    kind: str
    source: int
    target: int
    transaction: Transaction
    yes: bool = True


@dataclass(frozen=True, slots=True)
class Pending:
    """A transaction that a core knows of. `own` is its own vote, None while it waits for another to end.

    `missing` children have not voted yet, `all_yes` is what the others have said.
    """

    transaction: Transaction
    parent: int
    missing: int
    own: bool | None = None
    all_yes: bool = True


@dataclass(frozen=True, slots=True)
class Step:
    """What follows: the node after it, messages to send in this order, and own transactions that have ended."""

    node: "Node"
    messages: tuple[Message, ...] = ()
    ended: tuple[tuple[Transaction, bool], ...] = ()


@dataclass(frozen=True, slots=True)
class Node:
    """One monitor's part of it. `replica` is None on a core that is no member."""

    core: int
    replica: Replica | None
    pending: tuple[Pending, ...] = ()

    def ask(self, transaction: Transaction) -> Step:
        """Propose a change; it ends at once, refused, if this core already knows that it cannot be."""
        known = (one.transaction.change for one in self.pending if one.own is not False)
        busy = any(change.conflicts_with(transaction.change) for change in known)
        if self.replica is None or busy or not self.replica.allows(transaction.change):
            return Step(self, (), ((transaction, False),))
        children = transaction.children(self.core)
        node = self._with(Pending(transaction, self.core, len(children), own=True))
        sent = tuple(Message(PREPARE, self.core, child, transaction) for child in children)
        return _and_then(Step(node, sent), Node._vote_or_decide, transaction)

    def receive(self, message: Message) -> Step:
        """A message has come."""
        if message.kind == PREPARE:
            return self._prepare(message)
        if message.kind == VOTE:
            return self._count(message)
        return self._finish(message.transaction, message.kind == COMMIT)

    # -- the first phase ---------------------------------------------------------------------------------------

    def _prepare(self, message: Message) -> Step:
        transaction = message.transaction
        children = transaction.children(self.core)
        sent = tuple(Message(PREPARE, self.core, child, transaction) for child in children)
        node = self._with(Pending(transaction, message.source, len(children)))
        return _and_then(Step(node, sent), Node._consider, transaction)

    def _consider(self, transaction: Transaction) -> Step:
        """Vote now, or wait for others that are to give way."""
        mine = self._of(transaction)
        others = [
            one
            for one in self.pending
            if one.own is not False
            and one is not mine
            and one.transaction.change.conflicts_with(transaction.change)
            and (one.own is True or one.transaction.precedence < transaction.precedence)
        ]
        if any(one.transaction.precedence < transaction.precedence for one in others):
            voted = replace(mine, own=False)
        elif others:
            return Step(self)
        else:
            known = self.replica or transaction.snapshot
            voted = replace(mine, own=known is not None and known.allows(transaction.change))
        return _and_then(Step(self._with(voted)), Node._vote_or_decide, transaction)

    def _count(self, message: Message) -> Step:
        mine = self._of(message.transaction)
        counted = replace(mine, missing=mine.missing - 1, all_yes=mine.all_yes and message.yes)
        return _and_then(Step(self._with(counted)), Node._vote_or_decide, message.transaction)

    def _vote_or_decide(self, transaction: Transaction) -> Step:
        mine = self._of(transaction)
        if mine.own is None or mine.missing:
            return Step(self)
        yes = mine.own and mine.all_yes
        if mine.parent != self.core:
            return Step(self, (Message(VOTE, self.core, mine.parent, transaction, yes),))
        finished = self._finish(transaction, yes)
        return replace(finished, ended=((transaction, yes), *finished.ended))

    # -- the second phase --------------------------------------------------------------------------------------

    def _finish(self, transaction: Transaction, commit: bool) -> Step:
        kind = COMMIT if commit else ABORT
        sent = tuple(Message(kind, self.core, child, transaction) for child in transaction.children(self.core))
        replica = self.replica
        if commit:
            known = replica or transaction.snapshot
            assert known is not None
            replica = known.after(transaction.change).seen_by(self.core)
        left = tuple(one for one in self.pending if one.transaction != transaction)
        step = Step(Node(self.core, replica, left), sent)
        for one in sorted(left, key=lambda one: one.transaction.precedence):
            if one.own is None:
                step = _and_then(step, Node._consider, one.transaction)
        return step

    # -- bookkeeping -------------------------------------------------------------------------------------------

    def _of(self, transaction: Transaction) -> Pending:
        return next(one for one in self.pending if one.transaction == transaction)

    def _with(self, pending: Pending) -> "Node":
        others = (one for one in self.pending if one.transaction != pending.transaction)
        return replace(self, pending=(*others, pending))


def _and_then(step: Step, what: Callable[[Node, Transaction], Step], transaction: Transaction) -> Step:
    more = what(step.node, transaction)
    return Step(more.node, step.messages + more.messages, step.ended + more.ended)
