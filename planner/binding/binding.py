"""Who is bound to which hardware threads and to which memory, free of any notation."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from planner.errors import PlanError

Policy: TypeAlias = Literal["bind", "preferred", "interleave", "local"]
Index: TypeAlias = Literal["os", "logical", "none"]


@dataclass(frozen=True, slots=True)
class Memory:
    """Where memory is taken from: `nodes` are SKB ids of NUMA nodes, none for the policy `local`."""

    policy: Policy
    nodes: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Bound:
    """One process or thread that may run on any of `cores`, SKB ids ascending without repeats.

    `memory` None says nothing about memory. `memory_bytes` is what was asked for, 0 where nobody said.
    """

    name: str
    cores: tuple[int, ...]
    memory: Memory | None = None
    memory_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Binding:
    """All that are bound, in the order of threads, tasks or ranks."""

    members: tuple[Bound, ...]


@dataclass(frozen=True, slots=True)
class Written:
    """A binding in words: `index` says by which numbers it names hardware threads."""

    text: str
    index: Index
    notes: tuple[str, ...] = ()

    @property
    def with_notes(self) -> str:
        """The text after its notes as comments; those that it already holds are not said again."""
        return "".join(f"# {note}\n" for note in self.notes if note not in self.text) + self.text


def not_expressible(notation: str, who: str, reason: str, accepted: str) -> PlanError:
    """The refusal of a binding that a notation has no words for."""
    return PlanError(
        f"{notation} cannot say how {who!r} is bound: {reason}; {accepted} is accepted",
        code="not_expressible",
        details={"format": notation, "dispatcher": who, "reason": reason, "accepted": accepted},
    )


def not_understood(notation: str, found: str, reason: str, accepted: str) -> PlanError:
    """The refusal of a text that is not in the notation, or binds by what a machine does not say."""
    shown = found if len(found) <= 60 else found[:57] + "..."
    details: Mapping[str, object] = {"format": notation, "found": shown, "accepted": accepted}
    return PlanError(
        f"{notation}: {reason} (in {shown!r}); {accepted} is accepted", code="bad_binding", details=details
    )
