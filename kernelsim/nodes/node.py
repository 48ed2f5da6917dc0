"""What the CPU driver of one core keeps, as a value: its dispatchers, its capabilities, its interrupt table.

Nothing here is of another core, and the driver makes no memory: dispatchers, tables and buffers come of retyped
capabilities. Events of the hardware are methods; what user code may ask for is in `core.system_calls`. Each handles
one event and returns the node after it: none waits, and none begins before another has ended (dissertation, 2.5.1).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from kernelsim.capabilities.database import ROOT, SLOT_BYTES, TABLE_SLOTS, Database, Object, Refused
from kernelsim.capabilities.kinds import CAPABILITY_TABLE, DISPATCHER, ENDPOINT
from kernelsim.dispatchers.delivery import Delivery, Endpoint, Payload, deliver
from kernelsim.dispatchers.execution import Execution
from kernelsim.dispatchers.resuming import CRITICAL, END, ENTRY_POINTS
from kernelsim.dispatchers.structure import Registers, Structure

MONITOR = "monitor"
BUFFER_SLOTS = 4
"""Messages for which an endpoint has room."""
RECEIVE_SLOT = 9
"""Where a space finds a capability that came with a message."""
OWN_DISPATCHER, MONITOR_ENDPOINT = TABLE_SLOTS - 1, TABLE_SLOTS - 2
"""Slots of the first space: its dispatcher, and the way to this core's monitor."""


@dataclass(frozen=True, slots=True)
class Node:
    """`dispatchers` are (space, dispatcher object, execution), in the order in which they take turns.

    `buffers` are endpoints by their object, `interrupts` (vector, endpoint object), `sent_ipis` the cores that have
    been interrupted, in order.
    """

    core: int
    database: Database
    dispatchers: tuple[tuple[str, int, Execution], ...]
    buffers: tuple[tuple[int, Endpoint], ...] = ()
    interrupts: tuple[tuple[int, int], ...] = ()
    sent_ipis: tuple[int, ...] = ()

    @classmethod
    def boot(
        cls, core: int, memory: tuple[tuple[int, int], ...] = (), *, regions: tuple[tuple[int, int], ...] = ()
    ) -> "Node":
        """A first dispatcher, which runs, and the monitor, to whose endpoint the first one holds a capability."""
        database = Database.boot(core, memory, regions=regions)
        database = database.insert(ROOT, OWN_DISPATCHER, Object(0, DISPATCHER))
        first = database.made - 1
        table = Object(0, CAPABILITY_TABLE, -2 * SLOT_BYTES * TABLE_SLOTS, SLOT_BYTES * TABLE_SLOTS)
        database = database.insert(ROOT, MONITOR_ENDPOINT, table)
        database = database.open_space(MONITOR, database.look(ROOT, MONITOR_ENDPOINT))
        database = database.copy(ROOT, MONITOR_ENDPOINT, 0, into=MONITOR).delete(ROOT, MONITOR_ENDPOINT)
        database = database.insert(MONITOR, 1, Object(0, DISPATCHER))
        second = database.made - 1
        database = database.insert(ROOT, MONITOR_ENDPOINT, Object(0, ENDPOINT, parent=second))
        node = cls(core, database, ((ROOT, first, started().dispatch()), (MONITOR, second, started())))
        return node.settled()

    # -- reading -----------------------------------------------------------------------------------------------

    @property
    def running(self) -> str | None:
        """Whose space the running dispatcher's is."""
        return next((space for space, _, execution in self.dispatchers if execution.is_running), None)

    def execution(self, space: str) -> Execution:
        """A dispatcher by its space."""
        return next(execution for name, _, execution in self.dispatchers if name == space)

    def runnable(self, after: str | None = None) -> tuple[str, ...]:
        """Those with work, from the one after `after` on, that one last."""
        names = [space for space, _, _ in self.dispatchers]
        turn = names.index(after) + 1 if after in names else 0
        return tuple(name for name in names[turn:] + names[:turn] if self.execution(name).structure.haswork)

    # -- events of the hardware --------------------------------------------------------------------------------

    def tick(self) -> "Node":
        """The timer: the running dispatcher is preempted, and the next one has its turn."""
        running = self.running
        node = self if running is None else self.with_execution(running, self.execution(running).preempt())
        return node.dispatched(running)

    def fault(self, address: int) -> "Node":
        """A page fault of the running dispatcher: it is told, and nothing else happens."""
        return self._told(lambda execution: execution.fault(address))

    def trap(self, cause: int) -> "Node":
        """An exception of the running dispatcher."""
        return self._told(lambda execution: execution.trap(cause))

    def interrupt(self, vector: int) -> "Node":
        """A device: a message to the endpoint that the interrupt table names, without one it is dropped. Who was
        interrupted goes on where the message has to wait, or finds no room.
        """
        endpoint = dict(self.interrupts).get(vector)
        if endpoint is None:
            return self
        interrupted = self.running
        node, _ = self.tick_off().delivered(endpoint, (vector, 0, 0, 0))
        return node if node.running is not None else node.dispatched(None, interrupted)

    # -- what they and the system calls are made of ------------------------------------------------------------

    def tick_off(self) -> "Node":
        """Nobody runs: an interrupt has taken the core."""
        running = self.running
        return self if running is None else self.with_execution(running, self.execution(running).preempt())

    def dispatched(self, after: str | None, space: str | None = None) -> "Node":
        """`space` has the core, or else who is next after `after`; the core idles without any."""
        chosen = space if space is not None else next(iter(self.runnable(after)), None)
        return self if chosen is None else self.with_execution(chosen, self.execution(chosen).dispatch())

    def delivered(self, endpoint: int, words: Payload) -> tuple["Node", Delivery]:
        """A local message, to the entry of its dispatcher or into its buffer."""
        owner = self.database.object(endpoint).parent
        space, _, execution = next(each for each in self.dispatchers if each[1] == owner)
        how, execution, buffer = deliver(execution, dict(self.buffers)[endpoint], words)
        kept = tuple((number, buffer if number == endpoint else each) for number, each in self.buffers)
        return replace(self, buffers=kept).with_execution(space, execution), how

    def with_execution(self, space: str, execution: Execution) -> "Node":
        """One dispatcher has gone on."""
        return replace(
            self,
            dispatchers=tuple(
                (name, number, execution if name == space else each) for name, number, each in self.dispatchers
            ),
        )

    def settled(self) -> "Node":
        """Capabilities have changed: dispatchers and buffers whose objects are gone are gone, new endpoints have
        buffers.
        """
        spaces = dict(self.database.spaces)
        numbers = {each.number for each in self.database.objects}
        dispatchers = tuple(each for each in self.dispatchers if each[1] in numbers and each[0] in spaces)
        owners = {number for _, number, _ in dispatchers}
        known = dict(self.buffers)
        buffers = tuple(
            (each.number, known.get(each.number, Endpoint(each.number, BUFFER_SLOTS)))
            for each in self.database.objects
            if each.kind == ENDPOINT and each.parent in owners
        )
        interrupts = tuple(each for each in self.interrupts if each[1] in dict(buffers))
        return replace(self, dispatchers=dispatchers, buffers=buffers, interrupts=interrupts)

    def _told(self, how: Callable[[Execution], Execution]) -> "Node":
        running = self.running
        if running is None:
            raise Refused("idle", f"core {self.core} runs nothing; accepted: while a dispatcher runs")
        return self.with_execution(running, how(self.execution(running)))


def started() -> Execution:
    """A dispatcher that has never run, with the default code."""
    return Execution(Structure(CRITICAL, END, ENTRY_POINTS, Registers(0)))
