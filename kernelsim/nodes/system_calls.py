"""The three system calls: invoke a capability, yield the core, send a local message. There is no fourth.

Only capabilities for objects of the CPU driver can be invoked, with a command of their kind (dissertation, section
2.5.1). Whatever user code hands in, the answer is a node and, where it is refused, why; then nothing has changed.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from kernelsim.capabilities.database import Object, Refused
from kernelsim.capabilities.kinds import (
    CAPABILITY_TABLE,
    COMMANDS,
    DISPATCHER,
    ENDPOINT,
    INTERRUPT_TABLE,
    IPI,
    PAGE_TABLE,
)
from kernelsim.dispatchers.delivery import Delivery
from kernelsim.nodes.node import RECEIVE_SLOT, Node, started


@dataclass(frozen=True, slots=True)
class Answer:
    """The node afterwards; `error` is a refusal's code and `reason` its text, both empty otherwise."""

    node: Node
    error: str = ""
    reason: str = ""


def invoke(node: Node, slot: int, command: str, *arguments: Any) -> Node:
    """Do something with the driver's object to which a slot of the running dispatcher's space refers."""
    own = node.database.look(_caller(node), slot)
    accepted = COMMANDS.get(own.kind, ())
    if command not in accepted:
        found = ", ".join(accepted) or "no command: it is no object of the driver"
        raise Refused("not_invocable", f"{command!r} of a {own.kind}; accepted: {found}")
    after = _INVOCATIONS[own.kind](node, own, slot, command, *arguments).settled()
    return after if after.running is not None else after.dispatched(None)


def yield_core(node: Node, to: str | None = None) -> Node:
    """Give the core to the dispatcher of a space, or to who is next, which may be the caller."""
    caller = _caller(node)
    if to is not None and to not in node.runnable():
        raise Refused("not_runnable", f"a yield to {to!r}; accepted: {', '.join(node.runnable()) or 'nobody'}")
    return node.with_execution(caller, node.execution(caller).give_up()).dispatched(caller, to)


def send(node: Node, slot: int, words: tuple[int, int, int, int], capability: int | None = None) -> Node:
    """Send four words, and a capability if one is named, to the endpoint in a slot.

    A receiver that waits has the core at once; otherwise the message lies in its buffer, and the sender goes on.
    """
    caller = _caller(node)
    endpoint = node.database.look(caller, slot)
    is_message = isinstance(words, tuple) and len(words) == 4 and all(isinstance(word, int) for word in words)
    if endpoint.kind != ENDPOINT or endpoint.number not in dict(node.buffers) or not is_message:
        raise Refused("bad_message", f"{words!r} to a {endpoint.kind}; accepted: four words to a living endpoint")
    receiver = next(space for space, number, _ in node.dispatchers if number == endpoint.parent)
    given = node
    if capability is not None:
        database = node.database.copy(caller, capability, RECEIVE_SLOT, into=receiver)
        given = replace(node, database=database).settled()
    sent, how = given.delivered(endpoint.number, words)
    if how is Delivery.FULL:
        raise Refused("full", f"the buffer of {receiver!r} is full")
    if how is Delivery.BUFFERED:
        return sent
    return sent.with_execution(caller, sent.execution(caller).preempt())


SYSTEM_CALLS: tuple[Callable[..., Node], ...] = (invoke, yield_core, send)
"""By number, from 0."""


def system_call(node: Node, number: Any, *arguments: Any) -> Answer:
    """Enter the CPU driver. What is no call, or has no such arguments, is refused like everything else."""
    try:
        if type(number) is not int or not 0 <= number < len(SYSTEM_CALLS):
            raise Refused("no_such_call", f"system call {number!r}; accepted: 0 to {len(SYSTEM_CALLS) - 1}")
        return Answer(SYSTEM_CALLS[number](node, *arguments))
    except Refused as refused:
        return Answer(node, refused.code, str(refused))
    except (TypeError, ValueError) as wrong:
        return Answer(node, "bad_arguments", f"{SYSTEM_CALLS[number].__name__}: {wrong}")


def _caller(node: Node) -> str:
    running = node.running
    if running is None:
        raise Refused("idle", f"core {node.core} runs nothing; accepted: from a running dispatcher")
    return running


# -- what each kind does with its commands ---------------------------------------------------------------------


def _capability_table(node: Node, own: Object, slot: int, command: str, *arguments: Any) -> Node:
    """Commands of the database that work on slots of the space that the table is."""
    space = next((name for name, number in node.database.spaces if number == own.number), None)
    if space is None:
        raise Refused("no_space", "the capability table is nobody's space yet")
    if command == "retype":
        return replace(node, database=node.database.retype(space, *arguments))
    (first, *second) = arguments
    if command == "copy":
        (target,) = second
        return replace(node, database=node.database.copy(space, first, target))
    if second:
        raise TypeError(f"{command} takes one slot, not {1 + len(second)}")
    change = node.database.delete if command == "delete" else node.database.revoke
    return replace(node, database=change(space, first))


def _page_table(node: Node, own: Object, slot: int, command: str, *arguments: Any) -> Node:
    change = node.database.map if command == "map" else node.database.unmap
    return replace(node, database=change(_caller(node), slot, *arguments))


def _dispatcher(node: Node, own: Object, slot: int, command: str, *arguments: Any) -> Node:
    """Create a process of the dispatcher, a name, and the slot of a capability table; or destroy it."""
    known = {number: space for space, number, _ in node.dispatchers}
    if command == "destroy" and own.number in known:
        return _destroyed(node, known[own.number])
    if command == "destroy" or own.number in known:
        state = "in use" if own.number in known else "no process"
        raise Refused("wrong_state", f"{command} of a dispatcher that is {state}")
    name, table = arguments
    if not isinstance(name, str):
        raise TypeError(f"{name!r} is no name")
    database = node.database.open_space(name, node.database.look(_caller(node), table))
    return replace(node, database=database, dispatchers=(*node.dispatchers, (name, own.number, started())))


def _destroyed(node: Node, space: str) -> Node:
    left = tuple(each for each in node.dispatchers if each[0] != space)
    return replace(node, dispatchers=left, database=node.database.close_space(space))


def _interrupt_table(node: Node, own: Object, slot: int, command: str, vector: int, *arguments: int) -> Node:
    others = tuple(each for each in node.interrupts if each[0] != vector)
    if command == "disconnect":
        return replace(node, interrupts=others)
    (target,) = arguments
    endpoint = node.database.look(_caller(node), target)
    if endpoint.kind != ENDPOINT or not isinstance(vector, int):
        raise Refused("wrong_kind", f"interrupt {vector!r} to a {endpoint.kind}; accepted: a vector and an endpoint")
    return replace(node, interrupts=(*others, (vector, endpoint.number)))


def _ipi(node: Node, own: Object, slot: int, command: str, core: int) -> Node:
    if not isinstance(core, int) or core == node.core:
        raise Refused("wrong_core", f"an interrupt to core {core!r}; accepted: another core than {node.core}")
    return replace(node, sent_ipis=(*node.sent_ipis, core))


_INVOCATIONS: dict[str, Callable[..., Node]] = {
    CAPABILITY_TABLE: _capability_table,
    PAGE_TABLE: _page_table,
    DISPATCHER: _dispatcher,
    INTERRUPT_TABLE: _interrupt_table,
    IPI: _ipi,
}
