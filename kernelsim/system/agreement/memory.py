"""Memory that monitors answer for together: each core's capabilities follow what two-phase commit decides.

A monitor's part, as a value: its node of the protocol and its core's database, changed in one step. Tests walk
through it; in a booted run monitors agree on regions alone (`operations`), with the same two-phase commit.
"""

from dataclasses import dataclass, replace

from kernelsim.capabilities.database import Database, Refused
from kernelsim.capabilities.sharing import Request, propose, region_to_agree_on, retyped, revoked
from kernelsim.system.agreement.replica import RETYPE, REVOKE, Change
from kernelsim.system.agreement.two_phase import COMMIT, Message, Node, Step, Transaction


@dataclass(frozen=True, slots=True)
class MemoryStep:
    """What follows: the keeper after it, messages to send, and own proposals that have ended, with the answer."""

    keeper: "Keeper"
    messages: tuple[Message, ...] = ()
    ended: tuple[tuple[Transaction, bool], ...] = ()


@dataclass(frozen=True, slots=True)
class Keeper:
    """`requests` are this core's retypes under way, by the number of their transaction."""

    node: Node
    database: Database
    requests: tuple[tuple[int, Request], ...] = ()

    def retype(self, number: int, request: Request) -> MemoryStep:
        """Ask all members for a retype. Raises Refused where the asking dispatcher has no right to it."""
        base = region_to_agree_on(self.database, request.space, request.slot)
        asking = replace(self, requests=(*self.requests, (number, request)))
        return asking._ask(number, Change(RETYPE, base, request.to))

    def revoke(self, number: int, space: str, slot: int) -> MemoryStep:
        """Ask all members to give back what was made of a region. Raises Refused as `retype` does."""
        return self._ask(number, Change(REVOKE, region_to_agree_on(self.database, space, slot)))

    def receive(self, message: Message) -> MemoryStep:
        """A message of the protocol has come."""
        taken = self._taken(self.node.receive(message))
        if message.kind != COMMIT:
            return taken
        return replace(taken, keeper=taken.keeper._after(message.transaction.change, None))

    def _ask(self, number: int, change: Change) -> MemoryStep:
        if self.node.replica is None:
            raise Refused("no_member", f"core {self.node.core} takes no part in agreements")
        others = tuple(core for core in self.node.replica.members if core != self.node.core)
        transaction = Transaction(self.node.core, number, change, ((self.node.core, others),))
        shared = replace(self, database=propose(self.database, change.subject))
        return shared._taken(self.node.ask(transaction))

    def _taken(self, step: Step) -> MemoryStep:
        keeper = replace(self, node=step.node)
        for transaction, yes in step.ended:
            asked = dict(keeper.requests).get(transaction.number)
            left = tuple(each for each in keeper.requests if each[0] != transaction.number)
            keeper = replace(keeper, requests=left)
            if yes:
                keeper = keeper._after(transaction.change, asked)
        return MemoryStep(keeper, step.messages, step.ended)

    def _after(self, change: Change, asked: Request | None) -> "Keeper":
        if change.kind == RETYPE:
            return replace(self, database=retyped(self.database, change.subject, asked))
        if change.kind == REVOKE:
            return replace(self, database=revoked(self.database, change.subject))
        return self
