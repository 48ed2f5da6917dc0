"""The least time from a request for a phase to its first release, with the way that it was found."""

from dataclasses import dataclass
from typing import Any

NS_PER_US = 1_000

HAND_PICKED = (
    "as the manifest states: planners are best effort, so nothing bounds when the last of them knows of the change"
)
DERIVED = (
    "derived: from the request on, along the tree, each link's delay plus the longest response of the core's planner "
    "in its own reservation, for one change of each application at a time; no earlier than the manifest states"
)


@dataclass(frozen=True, slots=True)
class Hop:
    """A core on the way: from whom it hears (None: its own dispatcher asks), and by when it has done its part."""

    core: int
    parent: int | None
    link_ns: int
    response_ns: int
    by_ns: int

    def to_json(self) -> dict[str, Any]:
        return {
            "core": self.core,
            "from": self.parent,
            "link_us": microseconds(self.link_ns),
            "response_us": microseconds(self.response_ns),
            "by_us": microseconds(self.by_ns),
        }


@dataclass(frozen=True, slots=True)
class Release:
    """The least time from the request for a phase to its first release, ns, and the path that it follows from.

    `stated_ns` is the manifest's; `derived_ns` is None where planners have no guaranteed time.
    """

    application: str
    phase: int
    stated_ns: int
    derived_ns: int | None = None
    path: tuple[Hop, ...] = ()

    @property
    def release_ns(self) -> int:
        return max(self.stated_ns, self.derived_ns or 0)

    def to_json(self) -> dict[str, Any]:
        return {
            "application": self.application,
            "phase": self.phase,
            "release_us": microseconds(self.release_ns),
            "stated_us": microseconds(self.stated_ns),
            "derived_us": None if self.derived_ns is None else microseconds(self.derived_ns),
            "how": HAND_PICKED if self.derived_ns is None else DERIVED,
            "path": [hop.to_json() for hop in self.path],
        }


def microseconds(value_ns: int) -> int | float:
    """An integer when whole, else a decimal of at most three places."""
    whole, rest = divmod(value_ns, NS_PER_US)
    return whole if rest == 0 else value_ns / NS_PER_US
