"""The kinds of capabilities: what each may be retyped to, which commands it knows, and which ones leave their core.

Dissertation, sections 2.5.1 and 2.5.3.
"""

PHYSICAL = "physical"
RAW = "raw"
PAGE_TABLE = "page table"
FRAME = "frame"
DISPATCHER = "dispatcher"
CAPABILITY_TABLE = "capability table"
ENDPOINT = "endpoint"
INTERRUPT_TABLE = "interrupt table"
IPI = "interprocessor interrupt"

FROM_RAW = (PAGE_TABLE, FRAME, DISPATCHER, CAPABILITY_TABLE)
"""What raw memory is for."""
UNTYPED = (PHYSICAL, RAW)
"""Memory that nobody uses as something yet: retyped once, and again only when nothing of it is left."""
RETYPES: dict[str, tuple[str, ...]] = {
    PHYSICAL: (RAW,),
    RAW: (RAW, *FROM_RAW),
    DISPATCHER: (ENDPOINT,),
}

COMMANDS: dict[str, tuple[str, ...]] = {
    INTERRUPT_TABLE: ("connect", "disconnect"),
    DISPATCHER: ("create", "destroy"),
    PAGE_TABLE: ("map", "unmap"),
    IPI: ("send",),
    CAPABILITY_TABLE: ("copy", "delete", "revoke", "retype"),
}
"""Objects of the CPU driver; no other capability can be invoked."""

TRAVELLING = (RAW, FRAME)
"""Memory; everything else names state of one core."""


def accepts(table_level: int, kind: str, level: int) -> bool:
    """Whether a page table of `table_level` takes an entry of a kind: the lowest ones frames, the others tables of the
    level below, so no table is ever a page.
    """
    return kind == FRAME if table_level == 0 else kind == PAGE_TABLE and level == table_level - 1
