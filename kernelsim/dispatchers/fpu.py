"""The floating-point registers of a core: who had them last, and when the CPU driver saves them.

The driver saves, the dispatcher's library restores, since it alone knows which thread comes next. Of an enabled
dispatcher they are saved only when another one uses some, so integer-only threads pay nothing; of a disabled one, which
may be moving them just then and is not called again, at once, and the driver restores them itself (dissertation,
section 2.5.5).
"""

from dataclasses import dataclass, field, replace
from typing import TypeVar

Value = TypeVar("Value")
Words = tuple[int, int]
"""All registers, as two words: enough for a library to be interrupted between them."""


@dataclass(frozen=True, slots=True)
class Fpu:
    """`registers` belong to dispatcher `owner`, None once they are saved; `enabled` and `disabled` are the areas in
    which the driver saves them, by dispatcher. `moved` counts saves and restores.

    Without `is_eager` the driver is lazy with disabled dispatchers, too.
    """

    enabled: tuple[Words, ...]
    disabled: tuple[Words | None, ...]
    registers: Words = (0, 0)
    owner: int | None = None
    running: int | None = None
    is_eager: bool = True
    moved: int = field(default=0, compare=False)

    @classmethod
    def idle(cls, dispatchers: int, *, is_eager: bool = True) -> "Fpu":
        """Nobody runs, and everybody's registers are 0."""
        return cls(((0, 0),) * dispatchers, (None,) * dispatchers, is_eager=is_eager)

    # -- the driver --------------------------------------------------------------------------------------------

    def preempt(self, *, is_disabled: bool) -> "Fpu":
        """The running dispatcher loses the core."""
        assert self.running is not None
        off = replace(self, running=None)
        if not (is_disabled and self.is_eager and self.owner == self.running):
            return off
        saved = _set(self.disabled, self.running, self.registers)
        return replace(off, disabled=saved, owner=None, moved=self.moved + 1)

    def dispatch(self, dispatcher: int) -> "Fpu":
        """A dispatcher gets the core; what was saved at once is restored at once."""
        begun = replace(self, running=dispatcher)
        saved = self.disabled[dispatcher]
        if saved is None:
            return begun
        freed = begun.take()
        return replace(freed, disabled=_set(freed.disabled, dispatcher, None), registers=saved, moved=freed.moved + 1)

    @property
    def traps(self) -> bool:
        """Whether the first use by the running dispatcher traps: the registers are not its own."""
        return self.owner != self.running

    def take(self) -> "Fpu":
        """The driver's part of a trap: what the owner left is saved, and the running dispatcher is the owner of
        registers that still hold it.
        """
        if self.owner is None or not self.traps:
            return replace(self, owner=self.running)
        left = _set(self.enabled, self.owner, self.registers)
        return replace(self, enabled=left, owner=self.running, moved=self.moved + 1)

    # -- the dispatcher ----------------------------------------------------------------------------------------

    def load(self, word: int) -> "Fpu":
        """The library's part: one word of what the driver has saved of its thread; the last one counts as a restore."""
        own = self.take()
        assert own.running is not None
        loaded = _set(own.registers, word, own.enabled[own.running][word])
        return replace(own, registers=(loaded[0], loaded[1]), moved=own.moved + word)

    def restore(self) -> "Fpu":
        """Trap, and load all."""
        return self.take().load(0).load(1)

    def compute(self, value: int) -> "Fpu":
        """A thread writes the registers."""
        assert not self.traps
        return replace(self, registers=(value, value))


def _set(values: tuple[Value, ...], index: int, value: Value) -> tuple[Value, ...]:
    return (*values[:index], value, *values[index + 1 :])
