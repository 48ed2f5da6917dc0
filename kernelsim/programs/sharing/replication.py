"""Four ways to keep replicas of a registry: two-phase commit, a sequencer, virtual synchrony, and eventually.

Each core has a replica, which takes part in a scheme by two calls, `write` and `receive`, and answers with letters to
others. Channels deliver in order. A name belongs to who has registered it first, in the scheme's order (dissertation,
section 2.4.3).
"""

from dataclasses import dataclass
from typing import Protocol

from kernelsim.capabilities.kinds import RAW
from kernelsim.system.agreement.replica import RETYPE, Change
from kernelsim.system.agreement.replica import Replica as Agreed
from kernelsim.system.agreement.two_phase import COMMIT, Message, Node, Step, Transaction

Stamp = tuple[int, int]
"""A Lamport clock, then the core."""


@dataclass(frozen=True, slots=True)
class Write:
    """The `number`-th of all writes: `core` registers `name`; or, without one, leaves the group."""

    core: int
    number: int
    name: int | None


@dataclass(frozen=True, slots=True)
class Ordered:
    """A write in its place, or None for an acknowledgement alone."""

    stamp: Stamp
    write: Write | None


Content = Write | Ordered | Message
Letters = list[tuple[int, Content]]


class Registry(Protocol):
    """One core's replica. `log` are the writes that it has applied, in its order, `holders` who has which name;
    `answers` whether an own write was accepted, once that is known; `covered` are the writes that reads of their names
    wait for here.
    """

    log: list[Write]
    holders: dict[int, int]
    answers: dict[Write, bool]
    covered: set[Write]

    def write(self, write: Write) -> Letters:
        """Begin with an own write."""

    def receive(self, source: int, content: Content) -> Letters:
        """A letter has come."""


class _Replica:
    def __init__(self, core: int, members: tuple[int, ...], names: int) -> None:
        self.core = core
        self.members = members
        self.names = names
        self.log: list[Write] = []
        self.holders: dict[int, int] = {}
        self.answers: dict[Write, bool] = {}
        self.covered: set[Write] = set()

    def _others(self) -> tuple[int, ...]:
        return tuple(member for member in self.members if member != self.core)

    def _apply(self, write: Write) -> None:
        """In an order that all share: the first gets the name."""
        self.log.append(write)
        is_accepted = True
        if write.name is None:
            self.members = tuple(member for member in self.members if member != write.core)
        else:
            is_accepted = self.holders.setdefault(write.name, write.core) == write.core
        if write.core == self.core:
            self.answers[write] = is_accepted


class Transactional(_Replica):
    """One-copy serialisable, by the monitors' two-phase commit; who has voted lets reads of the name wait."""

    def __init__(self, core: int, members: tuple[int, ...], names: int) -> None:
        super().__init__(core, members, names)
        self._node = Node(core, Agreed.of(dict.fromkeys(range(names), RAW), members))
        self._writes: dict[tuple[int, int], Write] = {}

    def write(self, write: Write) -> Letters:
        """Prepare everywhere."""
        assert write.name is not None
        change = Change(RETYPE, write.name, "frame")
        return self._take(self._node.ask(Transaction(self.core, write.number, change, ((self.core, self._others()),))))

    def receive(self, source: int, content: Content) -> Letters:
        """A step of the commit."""
        assert isinstance(content, Message)
        if content.kind == COMMIT:
            self._apply(_registration(content.transaction))
        return self._take(self._node.receive(content))

    def _take(self, step: Step) -> Letters:
        self._node = step.node
        for transaction, yes in step.ended:
            if yes:
                self._apply(_registration(transaction))
            else:
                self.answers[_registration(transaction)] = False
        self.covered |= {_registration(one.transaction) for one in self._node.pending if one.own}
        return [(message.target, message) for message in step.messages]


def _registration(transaction: Transaction) -> Write:
    return Write(transaction.core, transaction.number, transaction.change.subject)


class Sequenced(_Replica):
    """A replicated state machine: the lowest core puts all writes in one order, in which everybody applies them."""

    def write(self, write: Write) -> Letters:
        """Have it put in order."""
        sequencer = min(self.members)
        return self._order(write) if self.core == sequencer else [(sequencer, write)]

    def receive(self, source: int, content: Content) -> Letters:
        """A request for an order, or a write in order."""
        if isinstance(content, Write):
            return self._order(content)
        assert isinstance(content, Ordered)
        assert content.write is not None
        self._apply(content.write)
        return []

    def _order(self, write: Write) -> Letters:
        ordered = Ordered((len(self.log), self.core), write)
        told = self._others()
        self._apply(write)
        return [(other, ordered) for other in told]


class Synchronous(_Replica):
    """Virtual synchrony: a write goes to all members of the view, and is applied in the order of stamps once every
    member is known to be past it. Who leaves does so in the same order, so all that stay have applied the same before.
    """

    waits = True

    def __init__(self, core: int, members: tuple[int, ...], names: int) -> None:
        super().__init__(core, members, names)
        self._clock = 0
        self._heard: dict[int, Stamp] = {member: (0, member) for member in members}
        self._waiting: list[Ordered] = []

    def write(self, write: Write) -> Letters:
        """Cast it to the view."""
        return self._cast(write)

    def receive(self, source: int, content: Content) -> Letters:
        """A write or an acknowledgement; writes are acknowledged to all."""
        assert isinstance(content, Ordered)
        if self.core not in self.members:
            return []
        self._clock = max(self._clock, content.stamp[0])
        self._heard[source] = content.stamp
        letters: Letters = []
        if content.write is not None:
            self._waiting.append(content)
            letters = self._cast(None)
        self._deliver()
        return letters

    def _cast(self, write: Write | None) -> Letters:
        self._clock += 1
        ordered = Ordered((self._clock, self.core), write)
        self._heard[self.core] = ordered.stamp
        if write is not None:
            self._waiting.append(ordered)
        letters: Letters = [(other, ordered) for other in self._others()]
        self._deliver()
        return letters

    def _deliver(self) -> None:
        self._waiting.sort(key=lambda ordered: ordered.stamp)
        while self._waiting and self.core in self.members and self._may_apply(self._waiting[0].stamp):
            write = self._waiting.pop(0).write
            assert write is not None
            self._apply(write)

    def _may_apply(self, stamp: Stamp) -> bool:
        """Whether nobody can cast anything before it any more."""
        return not self.waits or all(self._heard[member] >= stamp for member in self.members)


class Eventual(_Replica):
    """Every write is applied where it is made, and answered, before anybody is told; the lower stamp has the name."""

    def __init__(self, core: int, members: tuple[int, ...], names: int) -> None:
        super().__init__(core, members, names)
        self._clock = 0
        self._stamps: dict[int, Stamp] = {}

    def write(self, write: Write) -> Letters:
        """Apply it; the others will hear of it."""
        self._clock += 1
        ordered = Ordered((self._clock, self.core), write)
        assert write.name is not None
        self.answers[write] = write.name not in self.holders
        self._merge(ordered)
        return [(other, ordered) for other in self._others()]

    def receive(self, source: int, content: Content) -> Letters:
        """Merge another's write."""
        assert isinstance(content, Ordered)
        self._clock = max(self._clock, content.stamp[0])
        self._merge(content)
        return []

    def _merge(self, ordered: Ordered) -> None:
        write = ordered.write
        assert write is not None
        assert write.name is not None
        self.log.append(write)
        if write.name not in self._stamps or ordered.stamp < self._stamps[write.name]:
            self._stamps[write.name] = ordered.stamp
            self.holders[write.name] = write.core


SCHEMES: dict[str, type[Transactional | Sequenced | Synchronous | Eventual]] = {
    "transactional": Transactional,
    "state machine": Sequenced,
    "virtual synchrony": Synchronous,
    "eventual": Eventual,
}
