"""A capability on its way from a dispatcher to one of another core: by both monitors, and by nobody else.

The dispatcher hands it to its monitor by local message; the monitor serialises it for the other core's monitor, which
makes it again and hands it on by local message (dissertation, section 2.5.3).
"""

from dataclasses import dataclass, replace

from kernelsim.capabilities.database import Database, Refused
from kernelsim.capabilities.sharing import deserialise, serialise
from kernelsim.nodes.node import MONITOR, RECEIVE_SLOT, Node
from kernelsim.nodes.system_calls import send

_NO_WORDS = (0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Hop:
    """One message: by LMP within a core, by UMP between two; ends as (core, space)."""

    transport: str
    source: tuple[int, str]
    target: tuple[int, str]


def send_across(
    source: Node, target: Node, monitor: int, capability: int, endpoint: int
) -> tuple[Node, Node, tuple[Hop, ...]]:
    """The running dispatcher of `source` sends the capability in slot `capability`; both nodes afterwards, and the way.

    `monitor` is the slot of its monitor's endpoint, `endpoint` the slot of the destination's in the space of the
    other core's monitor. Raises Refused, wherever on the way it is; nothing has changed then.
    """
    caller = source.running
    if caller is None or caller == MONITOR:
        raise Refused("wrong_caller", f"{caller!r} sends a capability to another core; accepted: a running dispatcher")
    source = send(source, monitor, _NO_WORDS, capability)
    hops = [Hop("LMP", (source.core, caller), (source.core, MONITOR))]
    database, message = serialise(source.database, MONITOR, RECEIVE_SLOT)
    source = _with(source, database.delete(MONITOR, RECEIVE_SLOT))
    hops.append(Hop("UMP", (source.core, MONITOR), (target.core, MONITOR)))
    target = _with(target, deserialise(target.database, MONITOR, RECEIVE_SLOT, message))
    number = target.database.look(MONITOR, endpoint).parent
    receiver = next((space for space, owner, _ in target.dispatchers if owner == number), None)
    target = send(_run(target, MONITOR), endpoint, _NO_WORDS, RECEIVE_SLOT)
    hops.append(Hop("LMP", (target.core, MONITOR), (target.core, str(receiver))))
    return source, _with(target, target.database.delete(MONITOR, RECEIVE_SLOT)), tuple(hops)


def _run(node: Node, space: str) -> Node:
    return node if node.running == space else node.tick_off().dispatched(None, space)


def _with(node: Node, database: Database) -> Node:
    return replace(node, database=database).settled()
