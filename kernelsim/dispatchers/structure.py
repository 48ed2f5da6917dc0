"""The dispatcher control structure: its fields, in which of two regions they lie, and what user code may do with them.

The eight fields are those of the dissertation's Table 2.3. All lie in the region that driver and dispatcher share, so
user code can read every one of them: what the table marks `W` is read as well, since a dispatcher restores its threads
from the enabled save area (Fig 2.9), and no page is writable without being readable. `R` alone faults on a write.
"""

from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

GENERAL, VOLATILE = 8, 6
"""General registers of the machine, and how many of them carry arguments: the volatile ones come first."""


class Region(Enum):
    """Two pages, mapped with different rights."""

    SHARED = "shared"
    DRIVER = "driver-only"


class Entry(Enum):
    """The five functions at which a CPU driver may invoke a dispatcher, in the order of `Structure.entry_points`."""

    RUN = "Run"
    PAGE_FAULT = "PageFault"
    PAGE_FAULT_DISABLED = "PageFault_Disabled"
    TRAP = "Trap"
    LMP = "LMP"


@dataclass(frozen=True, slots=True)
class Registers:
    """The machine's registers; None is undefined."""

    pc: int
    general: tuple[int | None, ...] = (None,) * GENERAL

    def __post_init__(self) -> None:
        if len(self.general) != GENERAL:
            raise ValueError(f"{len(self.general)} general registers; accepted: {GENERAL}")


@dataclass(frozen=True, slots=True)
class Structure:
    """`disabled` and `haswork` are words that count as true unless 0; addresses are plain numbers.

    The first eight are Table 2.3's. `deallocations` counts how often the driver has taken the core away, and
    `lmp_delivered` is not 0 while messages lie in buffers of this dispatcher: their number. The rest is the driver's
    own: whether the dispatcher was disabled when it last lost the core.
    """

    crit_pc_low: int
    crit_pc_high: int
    entry_points: tuple[int, int, int, int, int]
    enabled_save_area: Registers
    disabled: int = 0
    haswork: int = 1
    disabled_save_area: Registers | None = None
    trap_save_area: Registers | None = None
    deallocations: int = 0
    lmp_delivered: int = 0
    was_disabled: bool = False

    def is_critical(self, pc: int) -> bool:
        """Whether an instruction belongs to the dispatcher's critical section."""
        return self.crit_pc_low <= pc < self.crit_pc_high


@dataclass(frozen=True, slots=True)
class Field:
    """One field: `rights` are the user's, as printed; `form` is the printed type."""

    name: str
    form: str
    rights: str
    region: Region = Region.SHARED

    @property
    def user_reads(self) -> bool:
        """Whether a read by the dispatcher goes through."""
        return self.region is Region.SHARED

    @property
    def user_writes(self) -> bool:
        """Whether a write by the dispatcher goes through."""
        return "W" in self.rights


TABLE = (
    Field("disabled", "word", "R/W"),
    Field("haswork", "pointer", "R"),
    Field("crit_pc_low", "pointer", "R"),
    Field("crit_pc_high", "pointer", "R"),
    Field("entry_points", "5 pointers", "R"),
    Field("enabled_save_area", "word array", "W"),
    Field("disabled_save_area", "word array", "R/W"),
    Field("trap_save_area", "word array", "W"),
)
"""Table 2.3, row by row."""

FURTHER = (
    Field("deallocations", "word", "R"),
    Field("lmp_delivered", "word", "R/W"),
    Field("was_disabled", "word", "", Region.DRIVER),
)
"""Named in the text (section 2.5.2), or kept by the driver for itself."""

_FIELDS = {field.name: field for field in (*TABLE, *FURTHER)}


class AccessFault(RuntimeError):  # noqa: N818 - the machine's own word
    """User code has touched what its mapping does not allow; the driver delivers it as a page fault."""

    def __init__(self, access: str, field: Field) -> None:
        rights = field.rights or "no access"
        super().__init__(f"a {access} of {field.name} by user code; accepted there: {rights} ({field.region.value})")
        self.access = access
        self.field = field


def user_read(structure: Structure, name: str) -> Any:
    """The field's value, as user code sees it. Raises AccessFault, and KeyError for what is no field."""
    field = _FIELDS[name]
    if not field.user_reads:
        raise AccessFault("read", field)
    return getattr(structure, name)


def user_write(structure: Structure, name: str, value: Any) -> Structure:
    """The structure after a write by user code. Raises AccessFault, and KeyError for what is no field."""
    field = _FIELDS[name]
    if not field.user_writes:
        raise AccessFault("write", field)
    return replace(structure, **{name: value})
