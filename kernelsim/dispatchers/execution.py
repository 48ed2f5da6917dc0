"""A dispatcher's execution on its core: what the CPU driver saves, restores and calls, as a state machine.

The states are those of the dissertation's Fig 2.9 (enabled or disabled, running or not) and of Fig 2.10 (where in the
dispatcher the core is). Every method returns the execution after it; nothing here knows a clock.
"""

from dataclasses import dataclass, replace
from enum import Enum

from kernelsim.dispatchers.structure import GENERAL, VOLATILE, Entry, Registers, Structure

_ENTRIES = tuple(Entry)


class Mode(Enum):
    """The states of Fig 2.9."""

    NOTRUNNING_ENABLED = "notrunning enabled"
    NOTRUNNING_DISABLED = "notrunning disabled"
    RUNNING_DISABLED = "running disabled"
    RUNNING_ENABLED = "running enabled"


@dataclass(frozen=True, slots=True)
class Execution:
    """`registers` are None while the dispatcher has no core; `pointer` is the address of its structure.

    `entered` is the entry point at which it was last invoked, None once it has resumed a thread.
    """

    structure: Structure
    registers: Registers | None = None
    pointer: int = 0
    entered: Entry | None = None

    @property
    def is_running(self) -> bool:
        """Whether it has its core."""
        return self.registers is not None

    @property
    def is_disabled(self) -> bool:
        """Whether the driver resumes it where it was, rather than calling it: by its word, or by where it is.

        Of one that is not running, this is what was so when it lost the core.
        """
        if self.registers is None:
            return self.structure.was_disabled
        return self.structure.disabled != 0 or self.structure.is_critical(self.registers.pc)

    @property
    def mode(self) -> Mode:
        """Its state in Fig 2.9."""
        if self.is_running:
            return Mode.RUNNING_DISABLED if self.is_disabled else Mode.RUNNING_ENABLED
        return Mode.NOTRUNNING_DISABLED if self.is_disabled else Mode.NOTRUNNING_ENABLED

    @property
    def place(self) -> str:
        """Its state in Fig 2.10: `notrunning`, an entry point's name, or `running`."""
        if not self.is_running:
            return "notrunning"
        return "running" if self.entered is None else self.entered.value

    # -- the driver's transitions ------------------------------------------------------------------------------

    def dispatch(self) -> "Execution":
        """schedule(): go on where it was disabled, with nothing modified, or enter at Run."""
        assert not self.is_running
        if self.is_disabled:
            return replace(self, registers=self.structure.disabled_save_area)
        return self._enter(Entry.RUN, self.structure)

    def preempt(self) -> "Execution":
        """Take the core away: the registers go to the disabled area if it is disabled, else to the enabled one."""
        was_disabled = self.is_disabled
        saved = self._saved(was_disabled)
        return self._off(replace(saved, was_disabled=was_disabled))

    def give_up(self, *, has_work: bool = True) -> "Execution":
        """A yield: whatever it was, it is next entered at Run, unless by a message. A disabled dispatcher has put its
        thread's registers away itself; those of an enabled one are saved.
        """
        assert self.is_running
        kept = self.structure if self.is_disabled else self._saved(False)
        return self._off(replace(kept, disabled=0, was_disabled=False, haswork=int(has_work)))

    def fault(self, address: int) -> "Execution":
        """A page fault: the volatile registers are saved, in the trap area if it is disabled, and the arguments tell
        the address and the instruction; all other registers stay as they are.
        """
        assert self.registers is not None
        saved = Registers(self.registers.pc, self.registers.general[:VOLATILE] + (None,) * (GENERAL - VOLATILE))
        if self.is_disabled:
            entry, structure = Entry.PAGE_FAULT_DISABLED, replace(self.structure, trap_save_area=saved)
        else:
            entry, structure = Entry.PAGE_FAULT, replace(self.structure, enabled_save_area=saved)
        return self._enter(entry, structure, (address, self.registers.pc), self.registers.general[VOLATILE:])

    def trap(self, cause: int) -> "Execution":
        """An exception: the whole state goes to the trap area, enabled or not."""
        assert self.registers is not None
        structure = replace(self.structure, trap_save_area=self.registers)
        return self._enter(Entry.TRAP, structure, (cause, self.registers.pc))

    def receive(self, endpoint: int, payload: tuple[int, int, int, int]) -> "Execution":
        """idc_local(): a message is delivered in registers. Only to one that is neither running nor disabled."""
        assert self.mode is Mode.NOTRUNNING_ENABLED
        return self._enter(Entry.LMP, self.structure, (endpoint, *payload))

    def call(self) -> "Execution":
        """syscall(): the driver answers, the dispatcher stays as it is."""
        assert self.is_running
        return self

    # -- the dispatcher's own transitions ----------------------------------------------------------------------

    def step(self, registers: Registers, structure: Structure) -> "Execution":
        """An instruction of user code; the first one outside the dispatcher's own code ends what it was entered for."""
        assert self.is_running
        after = replace(self, registers=registers, structure=structure)
        return after if after.is_disabled else replace(after, entered=None)

    # -- saving and entering -----------------------------------------------------------------------------------

    def _saved(self, is_disabled: bool) -> Structure:
        assert self.registers is not None
        if is_disabled:
            return replace(self.structure, disabled_save_area=self.registers)
        return replace(self.structure, enabled_save_area=self.registers)

    def _off(self, structure: Structure) -> "Execution":
        counted = replace(structure, deallocations=structure.deallocations + 1)
        return replace(self, structure=counted, registers=None)

    def _enter(
        self,
        entry: Entry,
        structure: Structure,
        arguments: tuple[int, ...] = (),
        further: tuple[int | None, ...] = (None,) * (GENERAL - VOLATILE),
    ) -> "Execution":
        """Whatever the entry point, the dispatcher is disabled from here on, and finds its structure's address."""
        volatile = (self.pointer, *arguments, *(None,) * (VOLATILE - 1 - len(arguments)))
        entered = Registers(structure.entry_points[_ENTRIES.index(entry)], volatile + further)
        return replace(self, structure=replace(structure, disabled=1), registers=entered, entered=entry)
