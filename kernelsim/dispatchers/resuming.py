"""The default dispatcher's code, one instruction after the other: what it does when entered, and how a thread goes on.

A dispatcher puts the thread that was preempted away, chooses the next, and restores it from the enabled save area. Its
last instructions are the critical section: they clear `disabled`, load the registers and jump, and only because the
driver takes them for disabled does a preemption among them lose nothing (dissertation, section 2.5.2).
"""

from dataclasses import dataclass, replace

from kernelsim.dispatchers.execution import Execution
from kernelsim.dispatchers.structure import GENERAL, VOLATILE, Registers, Structure, user_write

RUN, PAGE_FAULT, PAGE_FAULT_DISABLED, TRAP, LMP = 0, 10, 20, 30, 40
ENTRY_POINTS = (RUN, PAGE_FAULT, PAGE_FAULT_DISABLED, TRAP, LMP)
CHOOSE, CRITICAL, END = 2, 5, 9
LEAVE, PUT_AWAY = 50, 51
"""Where a thread that yields enters the dispatcher's code by itself, and where it is then disabled."""
HALF = GENERAL // 2


@dataclass(frozen=True, slots=True)
class Runtime:
    """A dispatcher with its library's memory: the registers of each thread that is put away, and which one is current.

    `faults` counts page faults that the library answered, `received` messages taken from registers.
    """

    execution: Execution
    threads: tuple[Registers, ...]
    current: int = 0
    faults: int = 0
    received: int = 0

    @classmethod
    def of(cls, threads: tuple[Registers, ...], *, has_critical_section: bool = True) -> "Runtime":
        """Threads that have never run; the first one's registers lie where the driver would have saved them."""
        low, high = (CRITICAL, END) if has_critical_section else (0, 0)
        return cls(Execution(Structure(low, high, ENTRY_POINTS, threads[0])), threads)

    @property
    def is_in_library(self) -> bool:
        """Whether the next instruction is the dispatcher's own, and no thread's."""
        registers = self.execution.registers
        return registers is not None and registers.pc <= PUT_AWAY

    def advance(self) -> "Runtime":
        """Carry out the dispatcher's next instruction."""
        registers = self.execution.registers
        assert registers is not None
        if registers.pc >= LEAVE:
            return self._leave(registers)
        if registers.pc >= PAGE_FAULT:
            return self._answer(registers)
        if registers.pc >= CRITICAL:
            return self._resume(registers)
        return self._switch(registers)

    # -- instructions ------------------------------------------------------------------------------------------

    def _switch(self, registers: Registers) -> "Runtime":
        """Put the current thread away, half by half; choose the next; lay it out where it is restored from."""
        structure = self.execution.structure
        area = structure.enabled_save_area
        mine = self.threads[self.current]
        if registers.pc == RUN:
            return self._keep(replace(mine, general=area.general[:HALF] + mine.general[HALF:]))._to(RUN + 1)
        if registers.pc == RUN + 1:
            return self._keep(Registers(area.pc, mine.general[:HALF] + area.general[HALF:]))._to(CHOOSE)
        if registers.pc == CHOOSE:
            return replace(self, current=(self.current + 1) % len(self.threads))._to(CHOOSE + 1)
        if registers.pc == CHOOSE + 1:
            area = replace(area, general=mine.general[:HALF] + area.general[HALF:])
        else:
            area = Registers(mine.pc, area.general[:HALF] + mine.general[HALF:])
        return self._write("enabled_save_area", area)._to(registers.pc + 1)

    def _resume(self, registers: Registers) -> "Runtime":
        """Clear the word, load the registers half by half, jump: the critical section."""
        area = self.execution.structure.enabled_save_area
        if registers.pc == CRITICAL:
            return self._write("disabled", 0)._to(CRITICAL + 1)
        if registers.pc == CRITICAL + 1:
            return self._load(Registers(CRITICAL + 2, area.general[:HALF] + registers.general[HALF:]))
        if registers.pc == CRITICAL + 2:
            return self._load(Registers(CRITICAL + 3, registers.general[:HALF] + area.general[HALF:]))
        return self._load(replace(registers, pc=area.pc))

    def _answer(self, registers: Registers) -> "Runtime":
        """A fault, a trap or a message."""
        structure = self.execution.structure
        if registers.pc == PAGE_FAULT:
            area = structure.enabled_save_area
            whole = replace(area, general=area.general[:VOLATILE] + registers.general[VOLATILE:])
            return replace(self._write("enabled_save_area", whole), faults=self.faults + 1)._to(CRITICAL)
        if registers.pc == PAGE_FAULT_DISABLED:
            assert structure.trap_save_area is not None
            area = structure.trap_save_area
            whole = Registers(area.pc, area.general[:VOLATILE] + registers.general[VOLATILE:])
            return replace(self, faults=self.faults + 1)._load(whole)
        if registers.pc == TRAP:
            assert structure.trap_save_area is not None
            return self._write("enabled_save_area", structure.trap_save_area)._to(RUN)
        return replace(self, received=self.received + 1)._to(RUN)

    def _leave(self, registers: Registers) -> "Runtime":
        """A thread yields: it disables the dispatcher, which then saves the thread itself; register 0 is where the
        thread goes on.
        """
        if registers.pc == LEAVE:
            return self._write("disabled", 1)._to(PUT_AWAY)
        assert registers.general[0] is not None
        return self._write("enabled_save_area", replace(registers, pc=registers.general[0]))._to(RUN)

    def _keep(self, registers: Registers) -> "Runtime":
        mine = self.current
        return replace(self, threads=(*self.threads[:mine], registers, *self.threads[mine + 1 :]))

    def _write(self, name: str, value: object) -> "Runtime":
        structure = user_write(self.execution.structure, name, value)
        return replace(self, execution=replace(self.execution, structure=structure))

    def _to(self, pc: int) -> "Runtime":
        assert self.execution.registers is not None
        return self._load(replace(self.execution.registers, pc=pc))

    def _load(self, registers: Registers) -> "Runtime":
        return replace(self, execution=self.execution.step(registers, self.execution.structure))
