"""A domain with two threads, stepped instruction by instruction, and what may happen to it at each."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

from kernelsim.dispatchers.execution import Execution
from kernelsim.dispatchers.resuming import (
    CRITICAL,
    ENTRY_POINTS,
    LEAVE,
    PAGE_FAULT_DISABLED,
    RUN,
    TRAP,
    Runtime,
)
from kernelsim.dispatchers.structure import (
    GENERAL,
    Registers,
    Structure,
)
from kernelsim.exploring import Exploration

THREAD = 100


"""Where threads compute; the dispatcher's code is below."""


def context(thread: int, step: int = 0, pc: int = THREAD) -> Registers:
    """A thread's registers: all but the first, which is where it goes on after a yield, tell who and how far it is."""
    return Registers(pc, (THREAD, *(2 * thread + step,) * (GENERAL - 1)))


def structure(**fields: Any) -> Structure:
    return replace(Structure(5, 9, ENTRY_POINTS, context(0)), **fields)


def running(pc: int = THREAD, **fields: Any) -> Execution:
    return Execution(structure(**fields), context(0, pc=pc), pointer=7)


World = tuple[Runtime, tuple[int, ...]]


"""A dispatcher with two threads, and the step at which each of them really is."""


Moves = Callable[[World], Iterable[tuple[str, World]]]


def without_the_dead(runtime: Runtime) -> Runtime:
    """The same without counts and without what nobody can read again, so that states that go on alike are one."""
    execution = runtime.execution
    registers, fields = execution.registers, execution.structure
    going_on = registers if registers is not None else fields.disabled_save_area if execution.is_disabled else None
    pc = None if going_on is None else going_on.pc
    if registers is not None and registers.pc <= CRITICAL:
        registers = Registers(registers.pc)
    kept = fields.disabled_save_area if registers is None and execution.is_disabled else None
    if kept is not None and kept.pc <= CRITICAL:
        kept = Registers(kept.pc)
    trapped = fields.trap_save_area if pc in (TRAP, PAGE_FAULT_DISABLED) else None
    if trapped is not None and trapped.pc <= CRITICAL:
        trapped = Registers(trapped.pc)
    if registers is not None:
        fields = replace(fields, was_disabled=False)
    fields = replace(fields, disabled_save_area=kept, trap_save_area=trapped, deallocations=0)
    return replace(runtime, execution=replace(execution, structure=fields, registers=registers), faults=0, received=0)


def start(*, has_critical_section: bool = True) -> World:
    return Runtime.of((context(0), context(1)), has_critical_section=has_critical_section), (0, 0)


def moves(world: World) -> Iterator[tuple[str, World]]:
    """What can happen next: the driver preempts, dispatches, delivers; the machine carries out an instruction."""
    runtime, steps = world
    execution = runtime.execution

    def with_(after: Execution) -> World:
        return without_the_dead(replace(runtime, execution=after)), steps

    if not execution.is_running:
        yield "dispatch domain", with_(execution.dispatch())
        if not execution.is_disabled:
            yield "idc_local", with_(execution.receive(9, (1, 2, 3, 4)))
        return
    yield "preempt domain", with_(execution.preempt())
    registers = execution.registers
    assert registers is not None
    if runtime.is_in_library:
        after = without_the_dead(runtime.advance())
        before = execution.is_disabled
        kind = {(True, False): "dispatch thread", (False, True): "preempt thread"}
        yield kind.get((before, after.execution.is_disabled), "library"), (after, steps)
        if registers.pc in (RUN, RUN + 1):
            yield "fault", with_(execution.fault(0xBAD))
        return
    if registers.pc != THREAD:
        return
    current = runtime.current
    if registers != context(current, steps[current]):
        return
    onward = (*steps[:current], 1 - steps[current], *steps[current + 1 :])
    for pc in (THREAD, LEAVE):
        done = execution.step(context(current, onward[current], pc), execution.structure)
        yield "compute", (without_the_dead(replace(runtime, execution=done)), onward)
    yield "fault", with_(execution.fault(0xBAD))
    yield "trap", with_(execution.trap(3))


def computes(world: World, thread: int) -> bool:
    """Whether a thread carries out an instruction of its own here, with its own registers."""
    runtime, steps = world
    return runtime.current == thread and runtime.execution.registers == context(thread, steps[thread])


def lost(found: Exploration[World], moves: Moves = moves) -> set[World]:
    """States from which one of the threads never goes on with the registers that it had."""
    edges: dict[World, set[World]] = {}
    for state in found.came:
        for _, after in moves(state):
            edges.setdefault(after, set()).add(state)
    missing: set[World] = set()
    for thread in (0, 1):
        open_ = [state for state in found.came if computes(state, thread) and not state[0].is_in_library]
        reached = set(open_)
        while open_:
            for before in edges.get(open_.pop(), ()):
                if before not in reached:
                    reached.add(before)
                    open_.append(before)
        missing |= set(found.came) - reached
    return missing
