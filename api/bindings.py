"""A placement as words that bind threads on a real system, by the operating system's core indices."""

from collections.abc import Mapping
from typing import Any

from api.failures import BadRequest

FORMATS = ("taskset", "numactl", "hwloc-bind", "omp-places")


def check_format(name: str, *, has_machine: bool = True) -> None:
    """BadRequest for a format that is not written, or where no machine gives OS indices."""
    if name not in FORMATS:
        raise BadRequest(
            f"the binding format {name!r} is not written; {', '.join(FORMATS)} are accepted",
            code="unsupported_format",
            details={"found": name, "accepted": list(FORMATS)},
        )
    if not has_machine:
        raise BadRequest(
            "bindings name the operating system's cores, which matrices do not say; place on a machine instead",
            code="no_os_index",
        )


def bind(name: str, seats: Mapping[str, Any]) -> str:
    """The binding of every dispatcher, in their order. Raises BadRequest where a core has no OS index."""
    check_format(name)
    unknown = [dispatcher for dispatcher, seat in seats.items() if seat.os_index is None]
    if unknown:
        raise BadRequest(
            f"the core of {unknown[0]} has no OS index in the facts; a machine with pu/3 facts is accepted",
            code="no_os_index",
            details={"dispatchers": unknown},
        )
    if name == "omp-places":
        places = ",".join(f"{{{seat.os_index}}}" for seat in seats.values())
        return f"export OMP_NUM_THREADS={len(seats)}\nexport OMP_PLACES={places}\nexport OMP_PROC_BIND=true"
    return "\n".join(f"{_command(name, seat)}  # {dispatcher}" for dispatcher, seat in seats.items())


def _command(name: str, seat: Any) -> str:
    if name == "taskset":
        return f"taskset -c {seat.os_index}"
    if name == "numactl":
        return f"numactl --physcpubind={seat.os_index} --localalloc"
    return f"hwloc-bind --cpubind {os_mask(seat.os_index)} --"


def os_mask(os_index: int) -> str:
    """The CPU set of one OS index as hwloc writes it: 32-bit words, the most significant first.

    >>> os_mask(3), os_mask(33)
    ('0x00000008', '0x00000002,0x00000000')
    """
    words = ["0x00000000"] * (os_index // 32)
    return ",".join([f"0x{1 << os_index % 32:08x}", *words])
