"""Interface references: a number that names a service of a dispatcher of a core, enough to find the way to it."""

from dataclasses import dataclass

from kernelsim.errors import ScenarioError

CORE_BITS, DISPATCHER_BITS, SERVICE_BITS = 24, 16, 24


@dataclass(frozen=True, slots=True, order=True)
class Iref:
    """Service `service` of dispatcher `dispatcher` of `core`; the numbers are the core's own (section 2.6.1)."""

    core: int
    dispatcher: int
    service: int

    def __post_init__(self) -> None:
        for name, bits in (("core", CORE_BITS), ("dispatcher", DISPATCHER_BITS), ("service", SERVICE_BITS)):
            value = getattr(self, name)
            if not 0 <= value < 1 << bits:
                raise _refused(f"{name} {value}", f"0 to {(1 << bits) - 1:,}")

    @property
    def number(self) -> int:
        """The reference as one word of 64 bits."""
        return (self.core << DISPATCHER_BITS | self.dispatcher) << SERVICE_BITS | self.service


def read_iref(number: int) -> Iref:
    """The reference that a word is; every word of 64 bits is one, of a service that there may be or not."""
    if not 0 <= number < 1 << (CORE_BITS + DISPATCHER_BITS + SERVICE_BITS):
        raise _refused(str(number), "words of 64 bits")
    rest, service = divmod(number, 1 << SERVICE_BITS)
    core, dispatcher = divmod(rest, 1 << DISPATCHER_BITS)
    return Iref(core, dispatcher, service)


def _refused(found: str, accepted: str) -> ScenarioError:
    return ScenarioError("bad_iref", f"an interface reference with {found}; accepted: {accepted}")
