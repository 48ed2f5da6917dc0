"""What applications ask of monitors, in a running kernel: map and unmap in one phase, agreements in two, capabilities.

Those who agree are the cores of the application: they hold a replica of its regions and of who takes part.
"""

from collections.abc import Callable, Mapping, Sequence

from kernelsim.capabilities.kinds import RAW
from kernelsim.core.dispatcher import Dispatcher
from kernelsim.engine import Engine
from kernelsim.errors import ScenarioError
from kernelsim.outcome import OperationOutcome
from kernelsim.scenario import Operation
from kernelsim.system.agreement.replica import JOIN, LEAVE, RETYPE, Change, Replica
from kernelsim.system.agreement.round import Round, check_cover
from kernelsim.system.agreement.routes import unicast
from kernelsim.system.agreement.shootdown import Tlb
from kernelsim.system.agreement.two_phase import COMMIT, PREPARE, Message, Node, Step, Transaction
from kernelsim.system.monitor import Monitor
from kernelsim.trace import Mark, Trace

SEND = "send"


class Operations:
    """All operations of one run: the translation buffers and the replicas that they change."""

    def __init__(self, operations: Sequence[Operation], monitors: Mapping[int, Monitor], engine: Engine, trace: Trace):
        self._monitors = monitors
        self._engine = engine
        self._trace = trace
        mapped = {one.subject for one in operations if one.kind == "map"}
        pages = [one.subject for one in operations if one.kind == "unmap" and one.subject not in mapped]
        self.tlbs = {core: Tlb(pages) for core in monitors}
        self._regions = {one.subject: RAW for one in operations if one.kind in ("retype", "revoke")}
        self._groups: dict[frozenset[int], dict[int, Node]] = {}
        self._asked: list[_Asked] = []

    def ask(self, operation: Operation, caller: Dispatcher, cores: tuple[int, ...]) -> None:
        """The first dispatcher of an application asks now, by LMP to the monitor of its core.

        Those who agree stay the `cores` on which the application began: where a dispatcher was once there are
        translations and a replica. If the caller has been moved from the first of them, it tells all the others itself.
        """
        asked = _Asked(operation, len(self._asked), cores, caller.core, self._engine, self._trace)
        self._asked.append(asked)
        monitor = self._monitors[asked.core]
        arrival = self._engine.now + monitor.machine.lmp_ps[asked.core]
        self._engine.at(arrival, lambda: monitor.call(lambda: self._begin(asked), caller))

    def outcomes(self) -> tuple[OperationOutcome, ...]:
        """What has been asked, and what it came to."""
        return tuple(asked.outcome(self._monitors[asked.core].machine.cycles) for asked in self._asked)

    def nodes(self, cores: tuple[int, ...]) -> dict[int, Node]:
        """The replicas of those who agree, by core; all begin as members, their regions raw."""
        group = frozenset(cores)
        if group not in self._groups:
            replica = Replica.of(self._regions, group)
            self._groups[group] = {core: Node(core, replica) for core in group}
        return self._groups[group]

    def _begin(self, asked: "_Asked") -> None:
        if asked.operation.kind in ("map", "unmap"):
            self._in_one_phase(asked, maps=asked.operation.kind == "map")
        else:
            go_on = self._hand_over if asked.operation.kind == SEND else self._propose
            cost = self._work_ps(asked.operation, asked.core)
            self._monitors[asked.core].then(cost, lambda: go_on(asked))

    # -- one phase ---------------------------------------------------------------------------------------------

    def _in_one_phase(self, asked: "_Asked", *, maps: bool) -> None:
        page, cores = asked.operation.subject, asked.cores
        sends = asked.tree() or unicast(asked.core, cores)
        monitors = {core: self._monitors[core] for core in cores}

        def work(core: int) -> None:
            tlb = self.tlbs[core]
            (tlb.fill if maps else tlb.invalidate)(page)

        round_ = Round(
            monitors,
            asked.core,
            sends,
            request=f"map {page}" if maps else f"invalidate {page}",
            reply="mapped" if maps else "invalidated",
            work_ps={core: self._work_ps(asked.operation, core) for core in cores},
            work=work,
            order=asked.operation.order,
        )
        asked.messages = round_.messages
        round_.begin(lambda: self._answer(asked, done=all(self.tlbs[core].holds(page) is maps for core in cores)))

    # -- two phases --------------------------------------------------------------------------------------------

    def _propose(self, asked: "_Asked") -> None:
        operation, core = asked.operation, asked.core
        node = self.nodes(asked.cores)[core]
        members = node.replica.members if node.replica else (core,)
        joining = (operation.subject,) if operation.kind == JOIN else ()
        sends = asked.tree() or unicast(core, (*members, *(each for each in joining if each not in members)))
        change = Change(operation.kind, operation.subject, operation.to if operation.kind == RETYPE else "")
        transaction = Transaction(core, asked.number, change, tuple(sends.items()), node.replica if joining else None)
        self._take(asked.cores, core, node.ask(transaction))

    def _take(self, cores: tuple[int, ...], core: int, step: Step) -> None:
        """Make a step of the state machine happen: its messages are sent, its ends are answered."""
        self.nodes(cores)[core] = step.node
        for message in step.messages:
            self._send(message)
        for transaction, yes in step.ended:
            asked = self._asked[transaction.number]
            cost = self._work_ps(asked.operation, core) if yes else 0
            self._monitors[core].then(cost, lambda asked=asked, yes=yes: self._answer(asked, done=yes))  # type: ignore[misc]

    def _send(self, message: Message) -> None:
        source, target = self._monitors[message.source], self._monitors[message.target]
        asked = self._asked[message.transaction.number]
        asked.messages += 1
        cost = self._work_ps(asked.operation, target.core)

        def receive() -> None:
            def take() -> None:
                self._take(asked.cores, target.core, self.nodes(asked.cores)[target.core].receive(message))

            if message.kind == PREPARE:
                target.then(cost, take)
            else:
                take()
                if message.kind == COMMIT:
                    target.then(cost, lambda: None)

        source.send(target, f"{message.kind} {message.transaction.change.kind}", receive)

    # -- a capability for another core -------------------------------------------------------------------------

    def _hand_over(self, asked: "_Asked") -> None:
        """Serialised by now; the other core's monitor makes it again, and its LMP takes it to the dispatcher there."""
        source, target = self._monitors[asked.core], self._monitors[asked.operation.subject]
        cost = self._work_ps(asked.operation, target.core)

        def receive() -> None:
            target.then(cost, lambda: self._answer(asked, done=True, core=target.core))

        if source is target:
            receive()
        else:
            asked.messages = 1
            source.send(target, f"capability {asked.operation.to}", receive)

    # -- the answer --------------------------------------------------------------------------------------------

    def _work_ps(self, operation: Operation, core: int) -> int:
        return self._monitors[core].machine.work_ps[core] if operation.work_ps is None else operation.work_ps

    def _answer(self, asked: "_Asked", *, done: bool, core: int | None = None) -> None:
        """By LMP to who has asked, or else to the dispatcher on `core`."""
        asked.done = done
        told = asked.core if core is None else core
        lmp_ps = self._monitors[told].machine.lmp_ps[told]
        self._engine.at(self._engine.now + lmp_ps, lambda: asked.answer(told))


class _Asked:
    """One operation under way."""

    def __init__(
        self, operation: Operation, number: int, cores: tuple[int, ...], core: int, engine: Engine, trace: Trace
    ) -> None:
        self.operation = operation
        self.number = number
        self.cores = cores
        self.core = core
        self.messages = 0
        self.done = False
        self._requested_ps = engine.now
        self._answered_ps: int | None = None
        self._engine = engine
        self._trace = trace

    def tree(self) -> Mapping[int, tuple[int, ...]] | None:
        """Who tells whom, where that is given and begins at the core that asks."""
        return self.operation.sends if self.core == self.cores[0] else None

    def answer(self, core: int) -> None:
        """The dispatcher on `core` has what it waits for."""
        self._answered_ps = self._engine.now
        text = f"{self.operation.subject} {'done' if self.done else 'refused'}"
        self._trace.marks.append(Mark(self._engine.now, core, f"{self.operation.kind} answered", text))

    def outcome(self, cycles: Callable[[int, int], int]) -> OperationOutcome:
        """So far."""
        taken = None if self._answered_ps is None else cycles(self._answered_ps - self._requested_ps, self.core)
        return OperationOutcome(
            self.operation.kind,
            self.operation.subject,
            self._requested_ps,
            self._answered_ps,
            taken,
            self.messages,
            self.done,
        )


def check_operation(operation: Operation, cores: tuple[int, ...]) -> None:
    """Raise ScenarioError for a tree that does not reach each of the application's cores once, and for a core that is
    to join or leave, or to be sent a capability, and is none of them.
    """
    accepted = cores[1:] if operation.kind == SEND else cores
    if operation.kind in (JOIN, LEAVE, SEND) and operation.subject not in accepted:
        raise ScenarioError(
            "bad_scenario",
            f"{operation.kind} to or by core {operation.subject} in {operation.application!r}; "
            f"accepted: {list(accepted)}",
            core=operation.subject,
        )
    if operation.sends is not None:
        check_cover(operation.sends, cores[0], cores, repr(operation.application))
