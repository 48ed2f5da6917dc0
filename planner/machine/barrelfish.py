"""The cores that Barrelfish's own relations describe, where nobody has stated the SKB's."""

from collections.abc import Callable
from typing import Any

from planner.machine.parts import Core

Row = tuple[Any, ...]
Rows = Callable[[str, int], tuple[Row, ...]]


def barrelfish_cores(rows: Rows) -> tuple[Core, ...]:
    """Cores from `corename/3`, else `cpu/2`, else `cpu_thread/4`, else `arm_core/2`; none without any of them.

    Three numbers name a core there: Barrelfish's id, which becomes the SKB's, the APIC id (or MPIDR), which becomes
    `hw_id`, and the ACPI processor id, which is not used. `corename(Id, Arch, apic(HwId))` is the bridge from the first
    to the second. `cpu/2` has none: its ids are taken as APIC ids only where the enabled ids of `apic/3` are the very
    same set, as on the machines before `corename` (their core id was the APIC id). `cpu_thread/4` and `arm_core/2` know
    no core id: cores are numbered from 0 by rising APIC id or MPIDR. The package is that of `cpu/2`, else
    of `cpu_thread/4`; the node is `cpu_affinity`'s proximity domain.
    """
    found = _identities(rows)
    threads = {row[0]: row[1:] for row in rows("cpu_thread", 4)}
    packages = {row[0]: row[1] for row in rows("cpu", 2)}
    nodes = {row[0]: row[2] for row in rows("cpu_affinity", 3)}
    physical = _physical_cores(threads)
    return tuple(
        Core(
            id=core,
            hw_id=hw_id,
            package=packages.get(core, threads.get(hw_id, (None,))[0]),
            physical_core=physical.get(hw_id),
            node=nodes.get(hw_id),
            isa=isa,
        )
        for core, hw_id, isa in found
    )


def _identities(rows: Rows) -> list[tuple[int, int | None, str | None]]:
    """(core id, hardware id, architecture), ascending."""
    named = [(row[0], _inside(row[2]), str(row[1])) for row in rows("corename", 3) if isinstance(row[0], int)]
    if named:
        return sorted(named, key=lambda one: one[0])
    cpus = sorted(row[0] for row in rows("cpu", 2) if isinstance(row[0], int))
    if cpus:
        enabled = sorted(row[1] for row in rows("apic", 3) if row[2] == 1 and isinstance(row[1], int))
        return [(core, core if enabled == cpus else None, None) for core in cpus]
    for name, arity in (("cpu_thread", 4), ("arm_core", 2)):
        ids = sorted(row[0] for row in rows(name, arity) if isinstance(row[0], int))
        if ids:
            return [(core, hw_id, None) for core, hw_id in enumerate(ids)]
    return []


def _inside(term: Any) -> int | None:
    """The number in `apic(Number)`."""
    args: Row = getattr(term, "args", ())
    return args[0] if len(args) == 1 and isinstance(args[0], int) else None


def _physical_cores(threads: dict[Any, Row]) -> dict[Any, int]:
    """A number from 0 for each (package, core in package), by APIC id."""
    places = {place: number for number, place in enumerate(sorted({row[:2] for row in threads.values()}))}
    return {apic: places[row[:2]] for apic, row in threads.items()}
