"""The parts of a machine that plans speak of: its cores with their caches."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Core:
    """One hardware thread. `id` is the SKB's own, `os_index` the operating system's, `hw_id` the APIC's.

    None means that the source does not say; `package`, `physical_core` and `node` are ids within the machine. `kind` is
    a rank, higher for faster cores. `features` are instruction set extensions and units by Linux's names.
    """

    id: int
    os_index: int | None = None
    hw_id: int | None = None
    package: int | None = None
    physical_core: int | None = None
    node: int | None = None
    die: int | None = None
    clock_hz: int | None = None
    isa: str | None = None
    kind: int | None = None
    allowed: bool = True
    isolated: bool = False
    tickless: bool = False
    features: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Cache:
    """One cache with the cores that it serves, ascending; None is a size that the source does not say."""

    id: int
    level: int
    type: str
    size_bytes: int | None
    line_bytes: int | None
    cores: tuple[int, ...]
